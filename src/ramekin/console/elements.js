// What stands in a text of JSON, with its lines; and what of it the server refuses though a browser takes it: an integer
// beyond 64 bits, a number beyond a float, a member that is there twice, half of a surrogate pair (`values/codec.py`). The
// text is known to be JSON.
import { parse, print } from "./json.js";

/** @typedef {import("./transfer/text.js").Wrong} Wrong */
/**
 * @typedef {{name: string, level: number, kind: "array" | "object" | "other", begin: number, end: number, line: number}} Element
 *   a value that is `level` brackets deep, the name of the member that it is, and where it stands
 */

const TOKEN = /["[\]{}:,\n]|-?\d[\d.eE+-]*|true|false|null/g;
/** So many digits always fit. */
const SURE = 16;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const INTEGER = /^-?(0|[1-9]\d*)$/;

/** Whether a text is a number that a record can hold. @param {string} text */
export function isNumber(text) {
  if (!NUMBER.test(text)) return false;
  return INTEGER.test(text) ? BigInt(text) === BigInt.asIntN(64, BigInt(text)) : Number.isFinite(Number(text));
}

/** Whether it is the text of an id that is an integer. @param {string} text */
export const isInteger = (text) => INTEGER.test(text) && text !== "-0" && isNumber(text);

/**
 * The values that are few enough brackets deep, inner ones first.
 * @param {string} text @param {number} [deepest] @param {Wrong[]} [wrong] takes what the server refuses @param {number} [line] of its beginning
 * @returns {Generator<Element>}
 */
export function* elementsOf(text, deepest = 0, wrong = [], line = 1) {
  const next = new RegExp(TOKEN);
  /** @type {{begin: number, line: number, name: string, names: Set<string> | null, wantsName: boolean}[]} */
  const open = [];
  let name = "";
  for (let found = next.exec(text); found; found = next.exec(text)) {
    const [begin, token, around] = [found.index, found[0], open.at(-1)];
    if (token === "\n") line += 1;
    else if (token === ",") {
      if (around) around.wantsName = around.names !== null;
    } else if (token === "[" || token === "{") {
      open.push({ begin, line, name, names: token === "{" ? new Set() : null, wantsName: token === "{" });
      name = "";
    } else if (token === "]" || token === "}") {
      const { names, wantsName: _, ...closed } = /** @type {typeof open[number]} */ (open.pop());
      if (open.length <= deepest) yield { ...closed, level: open.length, kind: names ? "object" : "array", end: begin + 1 };
    } else if (token !== ":") {
      const end = token === '"' ? endOfText(text, begin) : begin + token.length;
      next.lastIndex = end;
      const told = faultOf(text.slice(begin, end));
      if (told) wrong.push({ line, told });
      if (around?.names && around.wantsName) {
        name = JSON.parse(text.slice(begin, end));
        if (around.names.has(name)) wrong.push({ line, told: `The member '${name.slice(0, 100)}' is there twice.` });
        around.names.add(name);
        around.wantsName = false;
      } else if (open.length <= deepest) yield { name, level: open.length, kind: "other", begin, end, line };
    }
  }
}

/** Where a text in quotes ends. @param {string} text @param {number} begin */
function endOfText(text, begin) {
  for (let at = text.indexOf('"', begin + 1); ; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - slashes - 1] === "\\") slashes += 1;
    if (slashes % 2 === 0) return at + 1;
  }
}

/** What the server refuses of a text, number or word; nothing if it takes it. @param {string} token */
function faultOf(token) {
  if (token[0] === '"') return token.includes("\\u") && !JSON.parse(token).isWellFormed() ? "The text is not valid JSON: an escape is half of a surrogate pair." : "";
  if ((token.length <= SURE && !/[eE]/.test(token)) || !/\d/.test(token) || isNumber(token)) return "";
  return /[.eE]/.test(token) ? "A number is too large for a 64-bit float; send it as text." : "An integer does not fit into 64 bits; send it as text.";
}

/**
 * Whether the server refuses nothing of a text, as far as can be told in a quarter of the time: it has no number that is long or has an
 * exponent and no escape, and as many colons as what it says has when it is printed, so that no member is there twice.
 * @param {string} text that is JSON @param {unknown} value what it says
 */
export const isPlain = (text, value) => !/\d{16}|\d[eE]|\\u/.test(text) && text.split(":").length === print(value).split(":").length;

/** The line of a member of an object. @param {string} text of the object @param {number} line of its beginning @param {string} name */
export function lineOf(text, line, name) {
  if (text.includes("\n")) for (const each of elementsOf(text, 1, [], line)) if (each.level === 1 && each.name === name) return each.line;
  return line;
}

/** A value that somebody has written as JSON. Throws an Error that says what is wrong. @param {string} text @returns {any} */
export function readJson(text) {
  const value = parse(text);
  const wrong = /** @type {Wrong[]} */ ([]);
  for (const _ of elementsOf(text, 0, wrong)); // which finds what is wrong
  if (wrong.length) throw new Error(text.includes("\n") ? `Line ${wrong[0].line}: ${wrong[0].told}` : wrong[0].told);
  return value;
}
