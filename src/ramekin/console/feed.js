// Changes as they happen: the server's stream of events, read with `fetch`, since `EventSource` sends no key. It goes on
// where it was after every break.
import { API } from "./address.js";
import { parse } from "./json.js";
import { Problem, read, send } from "./server.js";

/**
 * @typedef {{position: string, at: string, table: string, id?: unknown, op: string, record?: any}} Change
 * @typedef {"waiting" | "open" | "lost"} State `lost`: some changes were missed, so whoever follows reads again
 */

const WAIT_MS = 2_000;

/**
 * Follow what happens. Returns what ends it.
 * @param {[string, string][]} words which changes: `table`, conditions
 * @param {{onChange: (change: Change) => void, onState?: (state: State, error?: unknown) => void}} reader
 */
export function follow(words, { onChange, onState = () => {} }) {
  const stop = new AbortController();
  void run(words, onChange, onState, stop.signal);
  return () => stop.abort();
}

/**
 * @param {[string, string][]} words
 * @param {(change: Change) => void} onChange
 * @param {(state: State, error?: unknown) => void} onState
 * @param {AbortSignal} stop
 */
async function run(words, onChange, onState, stop) {
  let since = "";
  while (!stop.aborted) {
    try {
      /** @type {Record<string, string>} */
      const headers = { Accept: "text/event-stream", ...(since && { "Last-Event-ID": since }) };
      const response = await send("GET", "changes", { words, headers, signal: stop });
      onState("open");
      for await (const event of events(/** @type {ReadableStream} */ (response.body))) {
        if (event.kind === "lost") break;
        since = event.id || since;
        if (event.data) onChange(parse(event.data));
      }
    } catch (error) {
      if (stop.aborted) return;
      if (error instanceof Problem && error.code === "changes-gone") {
        since = "";
        onState("lost");
        continue;
      }
      onState("waiting", error);
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) return;
    }
    await new Promise((done) => setTimeout(done, WAIT_MS));
  }
}

/** @param {ReadableStream} body */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = /** @type {string} */ (parts.pop());
    for (const part of parts) {
      const event = { kind: "message", id: "", data: "" };
      for (const line of part.split("\n")) {
        if (line.startsWith("event:")) event.kind = line.slice(6).trim();
        else if (line.startsWith("id:")) event.id = line.slice(3).trim();
        else if (line.startsWith("data:")) event.data += line.slice(5).trim();
      }
      yield event;
    }
  }
}

const KEPT = `ramekin.history.${API}`;

/** @typedef {{position: string, at: string}} Beginning */

/** @type {Promise<Beginning> | null} */
let begun = null;

/** Since when the history of records can be told: when this browser first looked, or as far back as the server keeps it. */
export const beginHistory = () => (begun ??= begin().catch((error) => {
  begun = null;
  throw error;
}));

/** Begin anew: what was kept is gone. */
export function beginHistoryAnew() {
  localStorage.removeItem(KEPT);
  begun = null;
  return beginHistory();
}

/** @returns {Promise<Beginning>} */
async function begin() {
  const kept = localStorage.getItem(KEPT);
  if (kept) {
    try {
      const found = /** @type {Beginning} */ (JSON.parse(kept));
      await read("changes", { words: [["since", found.position], ["limit", "0"]] });
      return found;
    } catch (error) {
      if (error instanceof Problem && error.status !== 410 && error.status !== 400) throw error;
    }
  }
  const found = { position: (await read("changes", { words: [["limit", "1"]] })).latest, at: new Date().toISOString() };
  localStorage.setItem(KEPT, JSON.stringify(found));
  return found;
}
