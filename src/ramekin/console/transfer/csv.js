// CSV read in the page: for a preview, and for columns that are to be of another type than the server would take them;
// and written there, as the server writes it.
import { print } from "../json.js";

/** Rows of values as CSV. @param {unknown[][]} rows */
export const writeCsv = (rows) => rows.map((row) => `${row.map(cellOf).join(",")}\r\n`).join("");

/** An empty cell is none, null is one too; an empty text is `""`. @param {unknown} value */
function cellOf(value) {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : print(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Rows of cells, each with the line on which it begins; the last one is left out where the text was cut.
 * @param {string} text @param {string} delimiter @param {number} [most] rows
 * @returns {{line: number, cells: string[]}[]}
 */
export function readCsv(text, delimiter, most = Infinity) {
  const rows = [];
  let [at, line] = [text.charCodeAt(0) === 0xfeff ? 1 : 0, 1];
  while (at < text.length && rows.length < most) {
    const row = { line, cells: /** @type {string[]} */ ([]) };
    for (;;) {
      const { cell, end, lines } = readCell(text, at, delimiter);
      row.cells.push(cell);
      line += lines;
      at = end;
      if (text[at] !== delimiter) break;
      at += 1;
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    line += 1;
    if (row.cells.length > 1 || row.cells[0] !== "") rows.push(row);
  }
  return rows;
}

/** @param {string} text @param {number} at @param {string} delimiter */
function readCell(text, at, delimiter) {
  if (text[at] !== '"') {
    let end = at;
    while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end += 1;
    return { cell: text.slice(at, end), end, lines: 0 };
  }
  let [cell, from] = ["", at + 1];
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return { cell: cell + text.slice(from), end: text.length, lines: linesIn(text.slice(from)) };
    cell += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { cell, end: quote + 1, lines: linesIn(cell) };
    cell += '"';
    from = quote + 2;
  }
}

/** @param {string} text */
const linesIn = (text) => text.split("\n").length - 1;

/** The mark between cells that the first line has most of. @param {string} text */
export function delimiterOf(text) {
  const first = text.slice(0, text.indexOf("\n") >>> 0);
  const counts = [",", ";", "\t"].map((mark) => /** @type {[string, number]} */ ([mark, first.split(mark).length]));
  return counts.sort(([, some], [, other]) => other - some)[0][0];
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * What the server takes a column for: numbers or truths if all cells that are not empty are, else text.
 * @param {string[]} cells
 * @returns {"number" | "boolean" | "text"}
 */
export function typeOf(cells) {
  const full = cells.filter((cell) => cell !== "");
  if (full.length && full.every((cell) => NUMBER.test(cell))) return "number";
  return full.length && full.every((cell) => cell === "true" || cell === "false") ? "boolean" : "text";
}

/**
 * A cell as JSON text of the type that was chosen; nothing for an empty one. What is no such value stays text.
 * @param {string} cell @param {string} type
 */
export function jsonOf(cell, type) {
  if (cell === "") return undefined;
  if (type === "number" && NUMBER.test(cell)) return cell;
  if (type === "boolean" && (cell === "true" || cell === "false")) return cell;
  if (type === "json" && isJson(cell)) return cell;
  return JSON.stringify(cell);
}

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
