// A file of CSV, looked at whole before it is sent: its columns, its first rows, and what the server would refuse, by line and
// in the server's words (`formats/delimited.py`, `schema/columns.py`).
import { isInteger, isNumber } from "../elements.js";
import { DELIMITERS, Unreadable, isBoolean, readCsv } from "./csv.js";
import { Ids } from "./ids.js";
import { inTurns, textOf } from "./text.js";

/**
 * @typedef {import("./text.js").Wrong} Wrong
 * @typedef {{columns: Seen[], cells: string[][], wrong: Wrong[], ids: Ids}} Survey `cells` of the first rows
 */

const PREVIEW = 20;
/** Faults that are looked for. */
const MOST_WRONG = 100;

/** So many numbers for each other cell make a column look like one of numbers. */
const NEARLY = 10;

/** A column, and what its cells are. */
export class Seen {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.isEmpty = true;
    /** Cells that are numbers, and those that are not. */
    this.numbers = 0;
    this.others = 0;
    /** The first cell, with its line, that is no number, no truth value, neither of them, no integer. @type {Record<string, {line: number, cell: string}>} */
    this.odd = {};
  }

  /** @param {string} cell @param {number} line */
  see(cell, line) {
    if (cell === "") return;
    this.isEmpty = false;
    const [number, boolean] = [isNumber(cell), isBoolean(cell)];
    if (number) this.numbers += 1;
    else this.others += 1;
    if (!number) this.odd.number ??= { line, cell };
    if (!boolean) this.odd.boolean ??= { line, cell };
    if (!number && !boolean) this.odd.json ??= { line, cell };
    if (!isInteger(cell)) this.odd.integer ??= { line, cell };
  }

  /** Whether it is text for a few cells alone: the others are numbers. */
  get isNearlyNumbers() {
    return this.numbers >= NEARLY * this.others && this.others > 0;
  }

  /** What the server takes it for where no schema speaks: JSON if each cell is a number or truth value, else text; an id is an integer or text. */
  get type() {
    if (this.isEmpty) return "text";
    if (this.name === "id") return this.odd.integer ? "text" : "number";
    return ["number", "boolean", "json"].find((type) => !this.odd[type]) ?? "text";
  }
}

/** @param {Blob} file @param {string} delimiter @returns {Promise<Survey>} */
export async function surveyCsv(file, delimiter) {
  const wrong = /** @type {Wrong[]} */ ([]);
  const cells = /** @type {string[][]} */ ([]);
  const ids = new Ids();
  let key = -1;
  const text = await textOf(file, true, wrong);
  if (text && !/[\r\n]/.test(text)) wrong.push({ line: 1, told: "The text has no line end, with which every row ends." });
  /** @type {Seen[] | null} */
  let columns = null;
  try {
    for await (const row of inTurns(text === null ? [] : readCsv(text, delimiter))) {
      if (columns === null) {
        columns = row.cells.map((name) => new Seen(name));
        key = row.cells.indexOf("id");
        const told = wrongHeader(row, delimiter);
        if (told) wrong.push({ line: row.line, told });
        if (told) break;
      } else if (row.cells.length !== columns.length) {
        wrong.push({ line: row.line, told: `The row has ${row.cells.length} cells, the header ${columns.length}.` });
        if (wrong.length === MOST_WRONG) break;
      } else {
        row.cells.forEach((cell, place) => /** @type {Seen[]} */ (columns)[place].see(cell, row.line));
        ids.see(row.cells[key] || undefined, () => row.line);
        if (cells.length < PREVIEW) cells.push(row.cells);
      }
    }
  } catch (fault) {
    if (!(fault instanceof Unreadable)) throw fault;
    wrong.push({ line: fault.line, told: fault.message });
  }
  return { columns: columns ?? [], cells, ids, wrong: wrong.sort((one, other) => one.line - other.line) };
}

/** What is wrong with a header; nothing if it names columns. @param {{cells: string[], quoted: number[]}} row @param {string} delimiter */
function wrongHeader({ cells, quoted }, delimiter) {
  if (cells.some((cell) => cell.includes("\0"))) return "The header holds a NUL character, as UTF-16 does, which is not read; save it as UTF-8.";
  const bare = cells.filter((_, place) => !quoted.includes(place));
  if (bare.some((cell) => cell.startsWith("\ufeff"))) return "A name in the header begins with a byte order mark: one stands before the text, or none.";
  for (const [mark, [word, called]] of Object.entries(DELIMITERS)) {
    const others = bare.reduce((sum, cell) => sum + cell.split(mark).length - 1, 0);
    const isLikelier = others >= cells.length || (others === cells.length - 1 && others > 0 && delimiter === ","); // which nobody said
    if (mark !== delimiter && isLikelier) return `The header has ${called} where ${DELIMITERS[delimiter][1]} are expected: say '${word}' as the delimiter, or put names that hold them into quotes.`;
  }
  const nameless = cells.findIndex((cell, place) => cell === "" && !quoted.includes(place));
  if (nameless >= 0) return `The header has no name for column ${nameless + 1}: name it, leave it out, or write "" where the name is to be empty.`;
  const twice = cells.find((cell, place) => cells.indexOf(cell) !== place);
  return twice === undefined ? "" : `The header names '${twice}' twice.`;
}
