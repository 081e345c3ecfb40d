// A file that was dropped: what it is, and what its records look like, before anything is sent.
import { parse } from "../json.js";
import { kindOf } from "../values.js";
import { delimiterOf, jsonOf, readCsv, typeOf } from "./csv.js";

/**
 * @typedef {{name: string, type: string}} Column
 * @typedef {{kind: "csv" | "ndjson" | "json" | "database", file: File, table: string, delimiter: string, columns: Column[],
 *   records: any[], cells: string[][], tables: [string, number][], broken: number[]}} Source `records`: the first ones, of CSV as
 *   `cells`; `broken`: lines among the first that are no JSON
 */

const LOOKED_AT = 1 << 20;
const PREVIEW = 20;
const WHOLE = 256 << 20;

/**
 * @param {File} file
 * @returns {Promise<Source>}
 */
export async function readSource(file) {
  const start = await file.slice(0, LOOKED_AT).text();
  const ending = /\.(\w+)$/.exec(file.name)?.[1].toLowerCase() ?? "";
  const source = { file, table: tableName(file.name), delimiter: ",", columns: [], records: [], cells: [], tables: [], broken: /** @type {number[]} */ ([]) };
  if (ending === "csv" || ending === "tsv" || !/^\s*[[{]/.test(start)) return csvSource({ ...source, kind: "csv" }, start);
  if (ending === "ndjson" || ending === "jsonl" || /^\s*\{.*\}\s*\n\s*\{/.test(start.slice(0, 100_000))) return linesSource({ ...source, kind: "ndjson" }, start);
  if (file.size > WHOLE) throw new Error("A file of JSON may have 256 MiB here. Larger ones: ramekin load FILE.");
  const found = parse(await file.text());
  if (Array.isArray(found)) return { ...source, kind: "json", records: found.slice(0, PREVIEW), columns: columnsOf(found.slice(0, 200)) };
  const tables = Object.entries(found);
  const other = tables.find(([, records]) => !Array.isArray(records));
  if (other) throw new Error(`This JSON is no array of records, and as an object of tables its member '${other[0]}' is none: an import has arrays of records alone.`);
  return { ...source, kind: "database", tables: tables.map(([name, records]) => [name, records.length]) };
}

/** @param {string} name of a file */
const tableName = (name) => name.replace(/\.\w+$/, "").replace(/[^A-Za-z0-9_-]+/g, "_").replace(/^[^A-Za-z_]+/, "").slice(0, 63) || "records";

/** @param {Source} source @param {string} start @returns {Source} */
function csvSource(source, start) {
  const delimiter = source.file.name.endsWith(".tsv") ? "\t" : delimiterOf(start);
  const rows = readCsv(start, delimiter, 1_001);
  const [header, ...body] = rows.map(({ cells }) => cells);
  if (!header) throw new Error("The file is empty.");
  if (start.length >= LOOKED_AT && body.length < 1_000) body.pop(); // cut in its midst
  const columns = header.map((name, place) => ({ name, type: typeOf(body.map((cells) => cells[place] ?? "")) }));
  return { ...source, delimiter, columns, cells: body.slice(0, PREVIEW) };
}

/** @param {Source} source @param {string} start @returns {Source} */
function linesSource(source, start) {
  const lines = start.split("\n");
  if (start.length >= LOOKED_AT) lines.pop();
  const broken = /** @type {number[]} */ ([]);
  const records = lines.slice(0, 200).flatMap((line, at) => {
    try {
      return line.trim() ? [parse(line)] : [];
    } catch {
      broken.push(at + 1);
      return [];
    }
  });
  return { ...source, broken, columns: columnsOf(records), records: records.slice(0, PREVIEW) };
}

/** @param {any[]} records @returns {Column[]} */
function columnsOf(records) {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const record of records) {
    for (const [name, value] of Object.entries(record ?? {})) found.set(name, (found.get(name) ?? new Set()).add(kindOf(value)));
  }
  return [...found].map(([name, kinds]) => ({ name, type: [...kinds].join(", ") }));
}

/** A row as the text of a JSON object; a column of type `none` is left out. @param {Column[]} columns @param {string[]} cells */
function objectOf(columns, cells) {
  const members = columns.flatMap(({ name, type }, place) => {
    const text = type === "none" ? undefined : jsonOf(cells[place] ?? "", type);
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
  });
  return `{${members.join(",")}}`;
}

/** The first records as the chosen types make them. @param {Source} source @param {Column[]} columns @returns {any[]} */
export const previewOf = (source, columns) => (source.kind === "csv" ? source.cells.map((cells) => parse(objectOf(columns, cells))) : source.records);

/**
 * What the first records have that is not as it was chosen, in sentences.
 * @param {Source} source @param {Column[]} columns @returns {string[]}
 */
export function doubtsOf(source, columns) {
  const lines = source.broken.length ? [`${source.broken.length === 1 ? "Line" : "Lines"} ${source.broken.slice(0, 5).join(", ")}${source.broken.length > 5 ? " and more" : ""}: no JSON. Nothing will be stored while that is so.`] : [];
  const cells = columns.flatMap(({ name, type }, place) => {
    if (type !== "number" && type !== "boolean") return [];
    const stays = source.cells.map((row) => row[place] ?? "").find((cell) => jsonOf(cell, type)?.startsWith('"'));
    return stays === undefined ? [] : [`${name}: ${stays.slice(0, 40)} is ${type === "number" ? "no JSON number" : "neither true nor false"} and stays a text.`];
  });
  return [...lines, ...cells];
}

/**
 * A file of CSV as lines of JSON, each column of the type that was chosen.
 * @param {Source} source @param {Column[]} columns
 * @returns {Promise<{lines: string[], numbers: number[]}>} with the line of the file on which each begins
 */
export async function asLines(source, columns) {
  const [, ...rows] = readCsv(await source.file.text(), source.delimiter);
  return { lines: rows.map(({ cells }) => objectOf(columns, cells)), numbers: rows.map(({ line }) => line) };
}
