// Changes as they happen: the server's stream of events, read with `fetch`, since `EventSource` sends no key. It goes on
// where it was after every break.
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

let begun = { position: "", at: new Date() };

/** Note where things stand when somebody first looks, so that a record's history since then can be told. */
export async function beginHistory() {
  if (!begun.position) begun = { position: (await read("changes", { words: [["limit", "1"]] })).latest, at: new Date() };
  return begun;
}
