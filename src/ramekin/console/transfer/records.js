// The records of a file one after the other, each with where it stands, and what the server would refuse of them.
import { member, parse } from "../json.js";
import { kindOf } from "../values.js";
import { objectOf, readCsv } from "./csv.js";
import { elementsOf, isPlain, lineOf } from "../elements.js";
import { Ids } from "./ids.js";
import { inTurns } from "./text.js";

/**
 * @typedef {import("./text.js").Wrong} Wrong
 * @typedef {{record: any, text: string, line: number}} Standing a record, or what stands in the place of one
 */

/** Records that say which columns a file has. */
const LOOKED_AT = 200;
/** Faults that are looked for. */
const MOST_WRONG = 100;

/**
 * The elements of an array, or an object as the only record.
 * @param {string} text that is JSON @param {Wrong[]} [wrong] takes what the server refuses @param {number} [first] line of it
 * @returns {Generator<Standing>}
 */
export function* recordsOfJson(text, wrong = [], first = 1) {
  const wanted = text.trimStart()[0] === "[" ? 1 : 0;
  for (const { level, begin, end, line } of elementsOf(text, wanted, wrong, first)) {
    const found = text.slice(begin, end);
    if (level === wanted) yield { record: parse(found), text: found, line };
  }
}

/** @param {string} text @param {Wrong[]} [wrong] @returns {Generator<Standing>} */
export function* recordsOfLines(text, wrong = []) {
  let number = 0;
  for (const line of text.split("\n")) {
    number += 1;
    if (!line.trim()) continue;
    const record = valueOf(line);
    if (record === undefined) wrong.push({ line: number, told: "no JSON." });
    else {
      if (!isPlain(line, record)) for (const _ of elementsOf(line, 0, wrong, number)); // which finds what is wrong
      yield { record, text: line, line: number };
    }
  }
}

/** The value of a text of JSON, undefined if it is none. @param {string} text */
function valueOf(text) {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** @param {string} text @param {string} delimiter @param {import("./source.js").Column[]} columns @returns {Generator<Standing>} */
export function* recordsOfCsv(text, delimiter, columns) {
  let isHeader = true;
  for (const { cells, line } of readCsv(text, delimiter)) {
    const made = objectOf(columns, cells);
    if (!isHeader) yield { record: parse(made), text: made, line };
    isHeader = false;
  }
}

/**
 * The first records, how many there are, and what would be refused of all.
 * @param {Iterable<Standing>} standing @param {Wrong[]} wrong to which `standing` adds
 */
export async function surveyRecords(standing, wrong) {
  const [ids, records] = [new Ids(), /** @type {any[]} */ ([])];
  let count = 0;
  for await (const { record, text, line } of inTurns(standing)) {
    count += 1;
    if (kindOf(record) !== "object") wrong.push({ line, told: "A record is a JSON object." });
    else {
      ids.see(member(record, "id"), () => lineOf(text, line, "id"));
      if (records.length < LOOKED_AT) records.push(record);
    }
    if (wrong.length > MOST_WRONG) break;
  }
  return { records, count, ids };
}
