// Files that the browser saves: an answer as the server sends it, or rows that are read a page at a time, since a list has a
// limit and a join may be long.
import { MOST_ROWS } from "../address.js";
import { parse } from "../json.js";
import { cursorOf, send } from "../server.js";
import { size } from "../values.js";
import { Pages } from "./pages.js";

/** @typedef {import("./pages.js").Format} Format */

const PAGE_ROWS = 5_000;

/** Bytes above which a file is written where somebody chooses as it comes, if the browser can; else the browser gathers it first. */
const LARGE = 100 << 20;

/**
 * Save what an address answers. Returns whether it was: whoever is asked for a place may think better of it.
 * @param {string} path @param {string} name
 * @param {{media?: string, method?: string, bytes?: number}} how `bytes`: how long it may be
 * @param {(sofar: string) => void} tell @param {AbortSignal} stop
 */
export async function saveAnswer(path, name, { media, method = "GET", bytes = 0 }, tell, stop) {
  const place = bytes > LARGE ? await chosen(name) : undefined;
  if (place === null) return false;
  const response = await send(method, path, { headers: media ? { Accept: media } : {}, signal: stop });
  const body = /** @type {ReadableStream} */ (response.body).pipeThrough(counted(tell));
  if (place) await body.pipeTo(await place.createWritable(), { signal: stop });
  else save(await new Response(body, { headers: response.headers }).blob(), name);
  return true;
}

/** What bytes go through, telling how many. @param {(sofar: string) => void} tell */
function counted(tell) {
  let [bytes, told] = [0, ""];
  return new TransformStream({
    transform(/** @type {Uint8Array} */ chunk, to) {
      bytes += chunk.length;
      if (size(bytes) !== told) tell((told = size(bytes)));
      to.enqueue(chunk);
    },
  });
}

/**
 * Where a large file is to go; undefined where the browser lets nobody choose, null where nobody did.
 * @param {string} name
 */
async function chosen(name) {
  try {
    return await /** @type {any} */ (window).showSaveFilePicker?.({ suggestedName: name });
  } catch (error) {
    if (/** @type {Error} */ (error).name === "AbortError") return null;
    throw error;
  }
}

/**
 * Save all rows of a list, join or query.
 * @param {string} path @param {{words: [string, string][], query?: object}} asking
 * @param {{name: string, format: Format, columns?: string[]}} file its name without an ending; `columns`: those of CSV, where not all are meant
 * @param {(rows: number) => void} onRows is told how many there are so far @param {AbortSignal} stop
 * @returns {Promise<number>} how many there were
 */
export async function saveRows(path, { words, query }, { name, format, columns }, onRows, stop) {
  const pages = new Pages(columns);
  const asked = words.filter(([word]) => !["limit", "cursor", "offset", "count", "explain"].includes(word));
  let cursor = "";
  do {
    const from = /** @type {[string, string][]} */ (cursor ? [["cursor", cursor]] : []);
    const response = await (query ? send("POST", path, { body: { ...query, limit: Math.min(PAGE_ROWS, MOST_ROWS) }, words: from, signal: stop })
      : send("GET", path, { words: [...asked, ["limit", String(PAGE_ROWS)], ...from], signal: stop }));
    const { data, next } = parse(await response.text());
    pages.add(data);
    onRows(pages.count);
    cursor = cursorOf(next);
  } while (cursor);
  save(await pages.file(format), `${name}.${format}`);
  return pages.count;
}

/** @param {any[]} rows @param {string} name @param {Format} format */
export async function saveRecords(rows, name, format) {
  const pages = new Pages();
  pages.add(rows);
  save(await pages.file(format), `${name}.${format}`);
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
