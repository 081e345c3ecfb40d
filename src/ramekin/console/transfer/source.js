// A file that was dropped: what it is, and what its records look like, before anything is sent.
import { declaredFields } from "../fields.js";
import { parse } from "../json.js";
import { kindOf, many } from "../values.js";
import { delimiterOf, objectOf } from "./csv.js";
import { Ids } from "./ids.js";
import { isDatabase, partsOf } from "./parts.js";
import { recordsOfJson, recordsOfLines, surveyRecords } from "./records.js";
import { surveyCsv } from "./survey.js";
import { textOf } from "./text.js";

/**
 * @typedef {{name: string, type: string}} Column
 * @typedef {{kind: "csv" | "ndjson" | "json" | "database", file: File, table: string, delimiter: string, columns: Column[],
 *   records: any[], cells: string[][], seen: import("./survey.js").Seen[], isObject: boolean, parts: Part[], wrong: Wrong[], ids: Ids}} Source
 *   `records`: the first ones, of CSV as `cells`; `seen`: the columns of CSV; `isObject`: it may be one record or a database, of
 *   which these are the parts; `wrong`: what the server would refuse
 * @typedef {import("./parts.js").Part} Part
 * @typedef {import("./text.js").Wrong} Wrong
 */

/** Characters that say what a file is. */
const START = 1 << 20;
const PREVIEW = 20;
const WHOLE = 256 << 20;
/** Lines that are told of. */
const SAID = 5;

/**
 * @param {File} file @param {"record" | "database"} [as] what an object in it is, if somebody says so
 * @returns {Promise<Source>}
 */
export async function readSource(file, as) {
  const start = await file.slice(0, START).text();
  const ending = /\.(\w+)$/.exec(file.name)?.[1].toLowerCase() ?? "";
  const source = { file, table: tableName(file.name), delimiter: ",", columns: [], records: [], cells: [], seen: [], isObject: false, parts: [], wrong: /** @type {Wrong[]} */ ([]), ids: new Ids() };
  if (ending === "csv" || ending === "tsv" || !/^\s*[[{]/.test(start)) return csvSource({ ...source, kind: "csv" }, start);
  if (ending === "ndjson" || ending === "jsonl" || /^\s*\{.*\}\s*\n\s*\{/.test(start.slice(0, 100_000))) {
    const text = await textOf(file, false, source.wrong);
    return { ...source, kind: "ndjson", ...await seen(recordsOfLines(text ?? "", source.wrong), source.wrong) };
  }
  return jsonSource(source, as);
}

/** @param {Omit<Source, "kind">} source @param {"record" | "database"} [as] @returns {Promise<Source>} */
async function jsonSource(source, as) {
  if (source.file.size > WHOLE) throw new Error("A file of JSON may have 256 MiB here. Larger ones: ramekin load FILE.");
  const text = await textOf(source.file, false, source.wrong);
  if (text === null) return { ...source, kind: "json" };
  JSON.parse(text); // which says where it is none
  const isObject = text.trimStart()[0] === "{";
  const parts = isObject && as !== "record" ? await partsOf(text) : [];
  if (as === "database" || (parts.length && isDatabase(text, parts))) return { ...source, kind: "database", isObject, parts };
  return { ...source, kind: "json", isObject, ...await seen(recordsOfJson(text, source.wrong), source.wrong) };
}

/** @param {Iterable<import("./records.js").Standing>} standing @param {Wrong[]} wrong */
async function seen(standing, wrong) {
  const { records, ids } = await surveyRecords(standing, wrong);
  wrong.sort((one, other) => one.line - other.line);
  return { ids, columns: columnsOf(records), records: records.slice(0, PREVIEW) };
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

/** @param {any[]} records @returns {Column[]} */
function columnsOf(records) {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const record of records) {
    for (const [name, value] of Object.entries(record ?? {})) found.set(name, (found.get(name) ?? new Set()).add(kindOf(value)));
  }
  return [...found].map(([name, kinds]) => ({ name, type: [...kinds].join(", ") }));
}

/** The first records as the chosen types make them. @param {Source} source @param {Column[]} columns @returns {any[]} */
export const previewOf = (source, columns) => (source.kind === "csv" ? source.cells.map((cells) => parse(objectOf(columns, cells))) : source.records);

/**
 * What the server would refuse, by line.
 * @param {Source} source @param {Column[]} columns @param {boolean} isOnce whether an id may be there once @param {Part[]} taken
 * @returns {Wrong[]}
 */
export function refusedOf({ wrong, ids }, columns, isOnce, taken) {
  const all = [...wrong, ...taken.flatMap((part) => part.wrong)];
  if (columns.some(({ name, type }) => name === "id" && type === "none")) return all;
  return [...all, ...ids.wrong, ...(isOnce ? ids.twice : [])].sort((one, other) => one.line - other.line);
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
    if (type === "text" && seen[place]?.isNearlyNumbers) {
      const { cell, line } = seen[place].odd.number;
      return [`${name}: it is text, as ${cell.slice(0, 40)} on line ${line} is no JSON number; most others are.`];
    }
    const odd = type === "number" || type === "boolean" ? seen[place]?.odd[type] : undefined;
    return odd ? [`${name}: ${odd.cell.slice(0, 40)} on line ${odd.line} is ${type === "number" ? "no JSON number" : "neither true nor false"} and stays a text.`] : [];
  });
  return [...refused, ...kept];
}
