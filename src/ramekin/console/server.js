// Every request that the console makes. The key is kept here alone, and only while the page is open.
import { signal } from "@preact/signals";
import { API, BRANCH, CONSOLE, HAS_KEYS, MOST_ROWS, ROOT, queryOf } from "./address.js";
import { parse, print } from "./json.js";

/** Whether the server asks for a key that it has not been given. */
export const isLocked = signal(HAS_KEYS);

/** Whether the last request found no server. */
export const isAway = signal(false);

/** Whether the branch that the page shows is gone, so that nothing is asked of it any more: to use a branch makes it. */
export const isGone = signal(false);

/** What the key may do, as the list of tables tells it; empty: everything. */
export const grantText = signal("");

/** How long, and how often, a request waits that was refused for its rate, or reads what cannot be read for a moment. */
const PATIENCE_S = 5;
const TRIES = 5;

let key = "";

/** @param {string} secret */
export function useKey(secret) {
  key = secret;
}

export const hasKey = () => key !== "";

/** A refusal, in the server's own words (problem+json). */
export class Problem extends Error {
  /** @param {any} told @param {Headers} [headers] */
  constructor(told, headers) {
    super(told.detail || told.title);
    this.status = /** @type {number} */ (told.status);
    this.code = /** @type {string} */ (told.code);
    this.title = /** @type {string} */ (told.title);
    this.detail = /** @type {string} */ (told.detail ?? "");
    this.hint = /** @type {string} */ (told.hint ?? "");
    this.errors = /** @type {{pointer?: string, detail?: string, message?: string, line?: number}[]} */ (told.errors ?? []);
    this.told = told;
    this.headers = headers;
  }

  /** Whether what was asked may have been done all the same: nobody answered, or it is not the server that says it was not. */
  get isOpen() {
    const isTold = [503, 507].includes(this.status) && this.code && !["outcome-unknown", "on-purpose"].includes(this.code);
    return this.status === 0 || (this.status >= 500 && !isTold);
  }
}

/**
 * @typedef {{status: number, headers: Headers, text: string}} Reply
 * @typedef {object} Asking
 * @property {[string, string][]} [words] words of the query
 * @property {unknown} [body] a value that is sent as JSON
 * @property {BodyInit} [raw] a body that is sent as it is
 * @property {string} [media] its media type
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */

/**
 * The address of a path: below the API, unless it begins with a slash.
 * @param {string} path
 * @param {[string, string][]} [words]
 */
export function addressOf(path, words = []) {
  const base = path.startsWith("/") ? ROOT + path : `${API}/${path}`;
  return words.length ? `${base}?${queryOf(words)}` : base;
}

/** @param {string[]} parts */
export const pathOf = (...parts) => parts.map(encodeURIComponent).join("/");

/**
 * Send a request and return the response as `fetch` gives it. Throws a Problem for every refusal, but waits a little where
 * the server says when it takes more.
 * @param {string} method
 * @param {string} path
 * @param {Asking} [asking]
 * @param {number} [tries] how often it was sent, with this time
 * @returns {Promise<Response>}
 */
export async function send(method, path, asking = {}, tries = 1) {
  const { words, body, raw, media, headers = {}, signal: stop } = asking;
  const sent = new Headers(headers);
  if (key) sent.set("Authorization", `Bearer ${key}`);
  if (body !== undefined || raw !== undefined) sent.set("Content-Type", media ?? "application/json");
  const init = { method, headers: sent, body: body === undefined ? raw : print(body), signal: stop };
  let response;
  try {
    await checkBranch(path, stop);
    const bounded = words?.map(([name, value]) => /** @type {[string, string]} */ ([name, name === "limit" ? String(Math.min(Number(value), MOST_ROWS)) : value]));
    response = await fetch(addressOf(path, bounded), init);
  } catch (error) {
    if (stop?.aborted || error instanceof Problem) throw error;
    isAway.value = true;
    const detail = "It may have stopped, or the network is down. Nothing is lost here: try again.";
    throw new Problem({ status: 0, code: "away", title: "The server does not answer", detail });
  }
  isAway.value = false;
  if (response.ok || response.status === 304) return response;
  const isRead = method === "GET" || path.startsWith("query/");
  const wait = response.status === 429 || (response.status === 503 && isRead) ? Number(response.headers.get("Retry-After") ?? NaN) : NaN;
  if (wait <= PATIENCE_S && tries < TRIES) {
    await new Promise((done) => setTimeout(done, wait * 1000));
    return send(method, path, asking, tries + 1); // one that is refused for its rate has done nothing, and reading does nothing
  }
  throw await problemOf(response);
}

/**
 * Throw a Problem where the branch of the page is gone.
 * @param {string} path
 * @param {AbortSignal} [stop]
 */
async function checkBranch(path, stop) {
  if (!BRANCH || path.startsWith("/")) return;
  isGone.value = (await fetch(CONSOLE, { method: "HEAD", signal: stop })).status === 404;
  if (isGone.value) throw new Problem({ status: 404, code: "unknown-branch", title: `There is no branch ${BRANCH} any more`, detail: "It was dropped, or its time is over. Nothing was sent." });
}

/** @param {Response} response */
async function problemOf(response) {
  const text = await response.text();
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    told = { title: response.statusText, detail: text.slice(0, 200) };
  }
  if (response.status === 401) isLocked.value = true;
  return new Problem({ ...told, status: response.status }, response.headers);
}

/**
 * Send a request and return its answer as text.
 * @param {string} method
 * @param {string} path
 * @param {Asking} [asking]
 * @returns {Promise<Reply>}
 */
export async function ask(method, path, asking) {
  const response = await send(method, path, asking);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/**
 * Read a value: GET, or what `asking` says, parsed.
 * @param {string} path
 * @param {Asking & {method?: string}} [asking]
 * @returns {Promise<any>}
 */
export async function read(path, asking = {}) {
  const { text } = await ask(asking.method ?? "GET", path, asking);
  return text ? parse(text) : null;
}

/**
 * Send a body that may take long, and tell which part of it has gone; `fetch` does not. Returns the answer, parsed.
 * @param {string} method
 * @param {string} path
 * @param {Asking} asking
 * @param {(part: number) => void} onProgress
 * @returns {Promise<any>}
 */
export async function upload(method, path, { words, raw, media, headers = {}, signal: stop }, onProgress) {
  await checkBranch(path, stop);
  stop?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, addressOf(path, words));
    if (key) request.setRequestHeader("Authorization", `Bearer ${key}`);
    for (const [name, value] of Object.entries({ ...headers, "Content-Type": media ?? "application/json" })) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.total ? event.loaded / event.total : 0);
    request.upload.onload = () => onProgress(1);
    request.onerror = () => reject(new Problem({ status: 0, code: "away", title: "The connection was lost", detail: "The server may have stopped, or the network is down." }));
    request.onabort = () => reject(stop?.reason);
    stop?.addEventListener("abort", () => request.abort());
    request.onload = async () => {
      if (request.status < 400) return resolve(parse(request.responseText || "null"));
      return reject(await problemOf(new Response(request.responseText, { status: request.status })));
    };
    request.send(/** @type {XMLHttpRequestBodyInit} */ (raw));
  });
}

/** The cursor in the address of a next page; empty where there is none. @param {string | null | undefined} next */
export const cursorOf = (next) => (next ? new URLSearchParams(next.slice(next.indexOf("?"))).get("cursor") : null) ?? "";

/**
 * A request as a line for a shell.
 * @param {string} method
 * @param {string} path
 * @param {Asking} [asking]
 */
export function curl(method, path, { words, body, media } = {}) {
  const quote = (/** @type {string} */ text) => `'${text.replaceAll("'", "'\\''")}'`;
  const address = quote(location.origin + addressOf(path, words));
  const parts = ["curl", ...(method === "GET" ? [] : ["-X", method]), address];
  if (body !== undefined) parts.push("-H", quote(`Content-Type: ${media ?? "application/json"}`), "-d", quote(print(body)));
  if (hasKey()) parts.push("-H", '"Authorization: Bearer $RAMEKIN_KEY"');
  return parts.join(" ");
}
