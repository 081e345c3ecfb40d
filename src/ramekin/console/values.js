// What a value is, how it shows in a cell, and how it is read from what somebody typed. Null, a missing member, an empty
// text and a large integer must never look alike.
import { Spelled, print } from "./json.js";

/** @typedef {"missing" | "null" | "text" | "spelled" | "number" | "boolean" | "array" | "object"} Kind `spelled`: a text, edited as JSON */

/**
 * @param {unknown} value
 * @returns {Exclude<Kind, "spelled">}
 */
export function kindOf(value) {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (typeof value === "string") return "text";
  if (typeof value === "number" || value instanceof Spelled) return "number";
  if (typeof value === "boolean") return "boolean";
  return Array.isArray(value) ? "array" : "object";
}

/** Characters of a value that a cell shows at the most: a megabyte in one cell must not stop the page. */
const SHOWN = 300;

/**
 * A value as a cell shows it, cut to what can be seen.
 * @param {unknown} value
 */
export function show(value) {
  const kind = kindOf(value);
  if (kind === "missing") return "";
  if (kind === "null") return "null";
  if (kind === "text") return /^ *$/.test(/** @type {string} */ (value)) ? `"${"␣".repeat(Math.min(SHOWN, /** @type {string} */ (value).length))}"` : cut(/** @type {string} */ (value));
  if (kind === "array" || kind === "object") return cut(print(value));
  return String(value);
}

/** Blanks at an end, which nobody would see, are drawn. @param {string} text */
const cut = (text) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text).replace(/^ +| +$/g, (blanks) => "␣".repeat(blanks.length)).replace(/[\r\n]+/g, " ⏎ ").replace(/\t+/g, " ⇥ ");

/** Characters that a box for text does not give back as it got them: a carriage return becomes a line feed or nothing. */
const CHANGED_BY_BOXES = /[\0-\x08\x0b-\x1f\x7f]/;

/**
 * The kind as which a value is edited.
 * @param {unknown} value
 * @returns {Kind}
 */
export const editedAs = (value) => (typeof value === "string" && CHANGED_BY_BOXES.test(value) ? "spelled" : kindOf(value));

/**
 * A value as a person edits it: text as it is, anything else as JSON.
 * @param {unknown} value
 */
export function edited(value) {
  if (value === undefined) return "";
  return editedAs(value) === "text" ? /** @type {string} */ (value) : print(value, typeof value === "object" ? 2 : 0);
}

/**
 * What was typed, as a value of the kind that is meant. Throws an Error that says what is wrong.
 * @param {string} text
 * @param {Kind} kind
 * @param {(text: string) => unknown} parse
 * @param {{kind?: string, choices?: unknown[]}} [field] which may offer choices, of several kinds
 */
export function readAs(text, kind, parse, field) {
  if (kind === "missing") return undefined;
  if (kind === "null") return null;
  const at = field?.kind === "enum" && kind !== "spelled" ? (field.choices ?? []).findIndex((each) => String(each) === text) : -1;
  if (at >= 0) return field?.choices?.[at];
  if (kind === "text") return text;
  let value;
  try {
    value = parse(text);
  } catch (error) {
    throw new Error(kind === "number" ? "This is no JSON number, such as 12, 4.5 or 1e3." : `No JSON: ${/** @type {Error} */ (error).message}`);
  }
  if (kindOf(value) !== (kind === "spelled" ? "text" : kind)) throw new Error(`This is ${named(kindOf(value))}, and ${named(kind)} is meant.`);
  return value;
}

/** @param {Kind} kind */
export const named = (kind) => ({
  missing: "nothing", null: "null", text: "a text", spelled: "a text as JSON", number: "a number", boolean: "true or false", array: "an array",
  object: "an object",
})[kind];

const NUMBER = new Intl.NumberFormat("en");
const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"];

/** @param {number} value */
export const count = (value) => NUMBER.format(value);

/** So many of something: `1 row`, `2 rows`. @param {number} value @param {string} noun */
export const many = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

/** @param {number} bytes */
export function size(bytes) {
  let power = 0;
  while (bytes >= 1024 && power < SIZES.length - 1) {
    bytes /= 1024;
    power += 1;
  }
  return `${power && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${SIZES[power]}`;
}

/** @param {number} seconds */
export function duration(seconds) {
  for (const [unit, length] of /** @type {[string, number][]} */ ([["d", 86400], ["h", 3600], ["min", 60]])) {
    if (seconds >= length && seconds % length === 0) return `${count(seconds / length)} ${unit}`;
  }
  return `${count(seconds)} s`;
}
