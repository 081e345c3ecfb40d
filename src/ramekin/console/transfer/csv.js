// CSV read in the page as the server reads it (`formats/delimited.py`), for what is shown before a file is sent, and for
// columns that are to be of another type than the server would take them; and written there, as the server writes it.
import { isNumber } from "../elements.js";
import { isJson, print } from "../json.js";

/** Rows of values as CSV. @param {unknown[][]} rows */
export const writeCsv = (rows) => rows.map((row) => `${row.map(cellOf).join(",")}\r\n`).join("");

/** An empty cell is none, null is one too; an empty text is `""`. @param {unknown} value */
function cellOf(value) {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : print(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Text that cannot be read further than a line. */
export class Unreadable extends Error {
  /** @param {number} line @param {string} told */
  constructor(line, told) {
    super(told);
    this.line = line;
  }
}

/**
 * Rows of cells, the header first, each with the line on which it begins, where in the text its cells begin, and which of
 * them are in quotes; blank lines are passed over. Throws Unreadable.
 * @param {string} text @param {string} delimiter
 * @returns {Generator<{line: number, cells: string[], begins: number[], quoted: number[]}>}
 */
export function* readCsv(text, delimiter) {
  let [at, line] = [text.charCodeAt(0) === 0xfeff ? 1 : 0, 1];
  while (at < text.length) {
    const row = { line, cells: /** @type {string[]} */ ([]), begins: /** @type {number[]} */ ([]), quoted: /** @type {number[]} */ ([]) };
    for (;;) {
      const { cell, end, isQuoted } = readCell(text, at, delimiter, line);
      if (isQuoted) row.quoted.push(row.cells.length);
      row.cells.push(cell);
      row.begins.push(at);
      line += isQuoted ? linesIn(cell) : 0;
      at = end;
      if (text[at] !== delimiter) break;
      at += 1;
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    line += 1;
    if (row.cells.length > 1 || row.cells[0] !== "" || row.quoted.length) yield row;
  }
}

/** @param {string} text @param {number} at @param {string} delimiter @param {number} line */
function readCell(text, at, delimiter, line) {
  if (text[at] !== '"') {
    let end = at;
    while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end += 1;
    return { cell: text.slice(at, end), end, isQuoted: false };
  }
  let [cell, from] = ["", at + 1];
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) throw new Unreadable(line, "The quotes that open here are never closed.");
    cell += text.slice(from, quote);
    const behind = text[quote + 1] ?? "\n";
    if (behind !== '"') {
      if (![delimiter, "\r", "\n"].includes(behind)) throw new Unreadable(line, "More text follows the quotes that open here.");
      return { cell, end: quote + 1, isQuoted: true };
    }
    cell += '"';
    from = quote + 2;
  }
}

/** @param {string} text */
const linesIn = (text) => text.match(/\r\n|\n|\r/g)?.length ?? 0;

/** What may stand between cells: its word for the server, and what several are called. @type {Record<string, [string, string]>} */
export const DELIMITERS = { ",": [",", "commas"], ";": [";", "semicolons"], "\t": ["tab", "tabs"], "|": ["|", "bars"] };

/** The mark between cells that the first line has most of. @param {string} text */
export function delimiterOf(text) {
  const first = /[^\r\n]*/.exec(text.trimStart())?.[0] ?? "";
  const counts = Object.keys(DELIMITERS).map((mark) => /** @type {[string, number]} */ ([mark, first.split(mark).length]));
  return counts.sort(([, some], [, other]) => other - some)[0][0];
}

/** @param {string} cell */
export const isBoolean = (cell) => cell === "true" || cell === "false";

/**
 * A cell as JSON text of the type that was chosen; nothing for an empty one. What is no such value stays text.
 * @param {string} cell @param {string} type
 */
export function jsonOf(cell, type) {
  if (cell === "") return undefined;
  if (type === "number" && isNumber(cell)) return cell;
  if (type === "boolean" && isBoolean(cell)) return cell;
  if (type === "json" && isJson(cell)) return cell;
  return JSON.stringify(cell);
}

/** A row as the text of a JSON object; a column of type `none` is left out. @param {{name: string, type: string}[]} columns @param {string[]} cells */
export function objectOf(columns, cells) {
  const members = columns.flatMap(({ name, type }, place) => {
    const text = type === "none" ? undefined : jsonOf(cells[place] ?? "", type);
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
  });
  return `{${members.join(",")}}`;
}
