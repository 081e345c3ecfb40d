// The records of a file, each with an id: with one that is made here if it has none, so that a file that is sent twice is
// stored once. Lines stay where they are, so faults tell lines of the file.
import { elementsOf } from "../elements.js";
import { objectOf, readCsv } from "./csv.js";

/** @typedef {() => string} Next makes the id of the next record that has none */

/** A record, or an array of them, as JSON. @param {string} text @param {Next} next */
export function namedJson(text, next) {
  const wanted = text.trimStart()[0] === "[" ? 1 : 0;
  const made = [];
  let from = 0;
  for (const { level, kind, begin, end } of elementsOf(text, wanted)) {
    if (level !== wanted || kind !== "object") continue;
    const record = JSON.parse(text.slice(begin, end));
    if (Object.hasOwn(record, "id")) continue;
    made.push(text.slice(from, begin), `{"id":"${next()}"${Object.keys(record).length ? "," : ""}`);
    from = begin + 1;
  }
  return made.join("") + text.slice(from);
}

/** @param {string} text of NDJSON @param {Next} next */
export const namedLines = (text, next) => text.split("\n").map((line) => (line.trim() ? namedJson(line, next) : line)).join("\n");

/** @param {string} text of CSV @param {string} delimiter @param {Next} next */
export function namedCsv(text, delimiter, next) {
  const made = [];
  let [key, from, isHeader] = [-1, 0, true];
  for (const { cells, begins, quoted } of readCsv(text, delimiter)) {
    if (isHeader) key = cells.indexOf("id");
    const at = key < 0 ? begins[0] : begins[key] + Number(quoted.includes(key));
    if (key < 0 || (!isHeader && cells[key] === "")) {
      made.push(text.slice(from, at), isHeader ? "id" : next(), key < 0 ? delimiter : "");
      from = at;
    }
    isHeader = false;
  }
  return made.join("") + text.slice(from);
}

/**
 * A file of CSV as lines of JSON, each column of the type that was chosen.
 * @param {import("./source.js").Source} source @param {import("./source.js").Column[]} columns @param {Next | null} next null: ids are not made here
 * @returns {Promise<{lines: string[], numbers: number[]}>} with the line of the file on which each begins
 */
export async function asLines(source, columns, next) {
  const [, ...rows] = readCsv(await source.file.text(), source.delimiter);
  const lines = rows.map(({ cells }) => objectOf(columns, cells));
  return { lines: next ? lines.map((line) => namedJson(line, next)) : lines, numbers: rows.map(({ line }) => line) };
}
