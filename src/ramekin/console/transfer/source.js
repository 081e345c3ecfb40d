// A file that was dropped: what it is, and what its records look like, before anything is sent.
import { declaredFields, resolve } from "../fields.js";
import { isJson, member, parse } from "../json.js";
import { kindOf, many } from "../values.js";
import { delimiterOf, jsonOf, readCsv } from "./csv.js";
import { Ids } from "./ids.js";
import { surveyCsv } from "./survey.js";
import { inTurns, textOf } from "./text.js";

/**
 * @typedef {{name: string, type: string}} Column
 * @typedef {{kind: "csv" | "ndjson" | "json" | "database", file: File, table: string, delimiter: string, columns: Column[],
 *   records: any[], cells: string[][], seen: import("./survey.js").Seen[], tables: [string, number][], wrong: Wrong[], ids: Ids}} Source
 *   `records`: the first ones, of CSV as `cells`; `seen`: the columns of CSV; `wrong`: what the server would refuse
 * @typedef {import("./text.js").Wrong} Wrong
 */

/** Characters that say what a file is; records that say which columns it has. */
const START = 1 << 20;
const LOOKED_AT = 200;
/** Faults that are looked for. */
const MOST_WRONG = 100;
const PREVIEW = 20;
const WHOLE = 256 << 20;
/** Lines that are told of. */
const SAID = 5;

/**
 * @param {File} file
 * @returns {Promise<Source>}
 */
export async function readSource(file) {
  const start = await file.slice(0, START).text();
  const ending = /\.(\w+)$/.exec(file.name)?.[1].toLowerCase() ?? "";
  const source = { file, table: tableName(file.name), delimiter: ",", columns: [], records: [], cells: [], seen: [], tables: [], wrong: /** @type {Wrong[]} */ ([]), ids: new Ids() };
  if (ending === "csv" || ending === "tsv" || !/^\s*[[{]/.test(start)) return csvSource({ ...source, kind: "csv" }, start);
  if (ending === "ndjson" || ending === "jsonl" || /^\s*\{.*\}\s*\n\s*\{/.test(start.slice(0, 100_000))) return linesSource({ ...source, kind: "ndjson" });
  if (file.size > WHOLE) throw new Error("A file of JSON may have 256 MiB here. Larger ones: ramekin load FILE.");
  const text = await textOf(file, false, source.wrong);
  if (text === null) return { ...source, kind: "json" };
  const found = parse(text);
  if (Array.isArray(found)) {
    const other = found.findIndex((record) => kindOf(record) !== "object");
    if (other >= 0) throw new Error(`Record ${other + 1} is no JSON object.`);
    found.forEach((record, at) => source.ids.see(member(record, "id"), 0, `Record ${at + 1}: `));
    return { ...source, kind: "json", records: found.slice(0, PREVIEW), columns: columnsOf(found.slice(0, LOOKED_AT)) };
  }
  const tables = Object.entries(found);
  const other = tables.find(([, records]) => !Array.isArray(records));
  if (other) throw new Error(`This JSON is no array of records, and as an object of tables its member '${other[0]}' is none: an import has arrays of records alone.`);
  return { ...source, kind: "database", tables: tables.map(([name, records]) => [name, records.length]) };
}

/** @param {string} name of a file */
const tableName = (name) => name.replace(/\.\w+$/, "").replace(/[^A-Za-z0-9_-]+/g, "_").replace(/^[^A-Za-z_]+/, "").slice(0, 63) || "records";

/** @param {Source} source @param {string} start @returns {Promise<Source>} */
async function csvSource(source, start) {
  const delimiter = source.file.name.endsWith(".tsv") ? "\t" : delimiterOf(start);
  const { columns, cells, wrong, ids } = await surveyCsv(source.file, delimiter);
  if (!columns.length && !wrong.length) throw new Error("The file is empty.");
  return { ...source, delimiter, seen: columns, cells, wrong, ids };
}

/** The type that a column of CSV has as a schema declares it. @type {Record<string, string>} */
const DECLARED = { text: "text", date: "text", "date-time": "text", number: "number", integer: "number", boolean: "boolean", array: "json", object: "json" };

/**
 * The columns of a file, each of the type as which the server would store it.
 * @param {Source} source @param {any} schema of the table, if it has one
 * @returns {Column[]}
 */
export function columnsFor({ kind, columns, seen }, schema) {
  if (kind !== "csv") return columns;
  const declared = new Map(declaredFields(schema).map((field) => [field.path, DECLARED[field.kind ?? ""]]));
  return seen.map(({ name, type }) => ({ name, type: declared.get(name) ?? type }));
}

/** @param {Source} source @returns {Promise<Source>} */
async function linesSource(source) {
  const wrong = /** @type {Wrong[]} */ ([]);
  const records = /** @type {any[]} */ ([]);
  const text = await textOf(source.file, false, wrong);
  let number = 0;
  for await (const line of inTurns((text ?? "").split("\n"))) {
    number += 1;
    const fault = line.trim() && faultOf(line);
    if (fault) wrong.push({ line: number, told: fault });
    else if (line.trim()) {
      const record = parse(line);
      source.ids.see(member(record, "id"), number);
      if (records.length < LOOKED_AT) records.push(record);
    }
    if (wrong.length > MOST_WRONG) break;
  }
  return { ...source, wrong: wrong.sort((one, other) => one.line - other.line), columns: columnsOf(records), records: records.slice(0, PREVIEW) };
}

/** What is wrong with a line that is to be a record. @param {string} line */
const faultOf = (line) => (!isJson(line) ? "no JSON." : line.trimStart()[0] !== "{" ? "A record is a JSON object." : "");

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
 * What the server would refuse, by line.
 * @param {Source} source @param {Column[]} columns @param {boolean} isOnce whether an id may be there once @returns {Wrong[]}
 */
export function refusedOf({ wrong, ids }, columns, isOnce) {
  if (columns.some(({ name, type }) => name === "id" && type === "none")) return wrong;
  return [...wrong, ...ids.wrong, ...(isOnce ? ids.twice : [])].sort((one, other) => one.line - other.line);
}

/**
 * What the server would refuse, and what of a file is not as it was chosen, in sentences.
 * @param {Wrong[]} wrong @param {Source} source @param {Column[]} columns @returns {string[]}
 */
export function doubtsOf(wrong, { seen }, columns) {
  const refused = wrong.slice(0, SAID).map(({ line, told }) => (line ? `Line ${line}: ${told}` : told));
  if (wrong.length > SAID) refused.push(`${many(wrong.length - SAID, "more fault")} of the kind.`);
  if (wrong.length) refused.push("Nothing can be stored while that is so.");
  const kept = columns.flatMap(({ name, type }, place) => {
    const odd = type === "number" || type === "boolean" ? seen[place]?.odd[type] : undefined;
    return odd ? [`${name}: ${odd.cell.slice(0, 40)} on line ${odd.line} is ${type === "number" ? "no JSON number" : "neither true nor false"} and stays a text.`] : [];
  });
  return [...refused, ...kept];
}

/**
 * Where the columns of a file are not those of the table that it goes to, in sentences.
 * @param {Column[]} columns @param {string} table @param {any} schema of the table, if it has one @returns {string[]}
 */
export function unfitOf(columns, table, schema) {
  const sent = columns.filter(({ name, type }) => type !== "none" && name !== "id").map(({ name }) => name);
  const declared = declaredFields(schema);
  const missing = declared.filter(({ path, isRequired }) => isRequired && path !== "id" && !sent.includes(path));
  const unknown = resolve(schema, schema).additionalProperties === false ? sent.filter((name) => !declared.some(({ path }) => path === name)) : [];
  return [...missing.map(({ path }) => `${path}: the definition of ${table} asks for it, and no record seen here has it.`),
    ...unknown.map((name) => `${name}: the definition of ${table} has no such field, and takes no others.`)];
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
