// Rows brought to a file of the browser: a page at a time, since a list has a limit and a join may be long.
import { Spelled, member, parse, print } from "../json.js";
import { send } from "../server.js";
import { writeCsv } from "./csv.js";

/** @typedef {"json" | "ndjson" | "csv"} Format */

const PAGE_ROWS = 5_000;
const MEDIA = { json: "application/json", ndjson: "application/x-ndjson", csv: "text/csv" };

/**
 * Save what an address answers, as the server sends it.
 * @param {string} path @param {string} name @param {{media?: string, method?: string}} [how]
 */
export async function saveAnswer(path, name, { media, method = "GET" } = {}) {
  const response = await send(method, path, { headers: media ? { Accept: media } : {} });
  save(await response.blob(), name);
}

/**
 * Save all rows of a list or join.
 * @param {string} path @param {[string, string][]} words @param {string} name without an ending
 * @param {Format} format @returns {Promise<number>} how many there were
 */
export async function saveRows(path, words, name, format) {
  /** @type {any[]} */
  const rows = [];
  const asked = words.filter(([word]) => !["limit", "cursor", "offset", "count", "explain"].includes(word));
  let cursor = "";
  do {
    const page = [...asked, ["limit", String(PAGE_ROWS)], ...(cursor ? [["cursor", cursor]] : [])];
    const response = await send("GET", path, { words: /** @type {[string, string][]} */ (page) });
    const { data, next } = parse(await response.text());
    for (const row of data) rows.push(row);
    cursor = next ? new URLSearchParams(next.slice(next.indexOf("?"))).get("cursor") ?? "" : "";
  } while (cursor);
  saveRecords(rows, name, format);
  return rows.length;
}

/** @param {any[]} rows @param {string} name @param {Format} format */
export function saveRecords(rows, name, format) {
  const texts = { json: () => `[${rows.map((row) => print(row)).join(",\n")}]\n`, ndjson: () => rows.map((row) => `${print(row)}\n`).join(""), csv: () => csvOf(rows) };
  save(new Blob([texts[format]()], { type: MEDIA[format] }), `${name}.${format}`);
}

/** CSV as the server writes it: a joined row is flat, anything else that is nested is JSON. @param {any[]} rows */
function csvOf(rows) {
  const isSide = (/** @type {any} */ value) => value === null || (typeof value === "object" && !Array.isArray(value) && !(value instanceof Spelled));
  const flat = rows.length && rows.every((row) => Object.values(row).every(isSide)) ? rows.map(flattened) : rows;
  const names = [...new Set(flat.flatMap((row) => Object.keys(row)))];
  return writeCsv(names, flat.map((row) => names.map((name) => member(row, name))));
}

/** @param {any} row */
function flattened(row) {
  return Object.fromEntries(Object.entries(row).flatMap(([table, record]) => Object.entries(record ?? {}).map(([name, value]) => [`${table}.${name}`, value])));
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
