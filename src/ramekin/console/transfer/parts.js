// A file of JSON that is an object: a database, each member of it a table, or one record; and what of it is taken.
import { TABLE_NAME } from "../tables/catalog.js";
import { count } from "../values.js";
import { elementsOf } from "../elements.js";
import { recordsOfJson, surveyRecords } from "./records.js";

/**
 * @typedef {import("./text.js").Wrong} Wrong
 * @typedef {{name: string, kind: "table" | "record" | "none", told: string, begin: number, end: number, line: number, wrong: Wrong[],
 *   nameless: number}} Part
 *   a member: an array of records, an object that is one record, or neither; `told`: what it is, in words; `nameless`: records without an id
 */

/** @param {string} text of an object @returns {Promise<Part[]>} */
export async function partsOf(text) {
  const wrong = /** @type {Wrong[]} */ ([]);
  const parts = [];
  for (const element of elementsOf(text, 1, wrong)) if (element.level === 1) parts.push(await partOf(text, element, wrong.splice(0)));
  return parts;
}

/** @param {string} text @param {import("../elements.js").Element} element @param {Wrong[]} wrong @returns {Promise<Part>} */
async function partOf(text, { name, kind, begin, end, line }, wrong) {
  const place = { name, begin, end, line, wrong, nameless: 0 };
  if (kind === "other") return { ...place, kind: "none", told: "is left out: it is neither an array of records nor an object" };
  if (!new RegExp(`^${TABLE_NAME}$`).test(name)) return { ...place, kind: "none", told: "is left out: no table can be called so" };
  const { records, count: number, ids } = await surveyRecords(recordsOfJson(text.slice(begin, end), [], line), wrong);
  wrong.push(...ids.wrong, ...ids.twice);
  wrong.sort((one, other) => one.line - other.line);
  place.nameless = ids.none;
  if (kind === "array") return { ...place, kind: "table", told: count(number) };
  return { ...place, kind: "record", told: Object.hasOwn(records[0], "id") ? "one record" : "one record, which gets an id" };
}

/**
 * Whether an object is likelier a database than a record: it has no id, and an array of objects or nothing but arrays and objects.
 * @param {string} text @param {Part[]} parts
 */
export function isDatabase(text, parts) {
  const hasRecords = parts.some(({ begin, end }) => /^\[\s*\{/.test(text.slice(begin, Math.min(end, begin + 1000))));
  return parts.every(({ name }) => name !== "id") && (hasRecords || parts.every(({ kind }) => kind !== "none"));
}

/** The parts that are taken, which all are that can be unless they are left out. @param {{parts: Part[]}} source @param {string[]} left */
export const takenOf = ({ parts }, left) => parts.filter(({ name, kind }) => kind !== "none" && !left.includes(name));

/**
 * A text with some of its parts alone, each a table. Lines stay where they are, so faults tell lines of the file.
 * @param {string} text @param {Part[]} taken @param {(value: string, part: Part) => string} write the records of a part
 */
export function withParts(text, taken, write) {
  const made = taken.map((part, at) => {
    const { name, kind, begin, end, line } = part;
    const before = at ? taken[at - 1] : { line: 1, begin: 0, end: 0 };
    const lines = line - before.line - (text.slice(before.begin, before.end).match(/\n/g)?.length ?? 0);
    const value = write(text.slice(begin, end), part);
    return `${at ? "," : ""}${"\n".repeat(lines)}${JSON.stringify(name)}:${kind === "record" ? `[${value}]` : value}`;
  });
  return `{${made.join("")}}`;
}
