// Which columns a grid has, and how wide: those that are asked for, else those of the schema, else what the records show.
// What somebody has set is kept by the browser, for each table.
import { stepsOf } from "../fields.js";
import { member } from "../json.js";
import { kindOf, show } from "../values.js";

const KEPT = "ramekin.columns.";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NARROW = 92;
const WIDE = 320;
const PADDING = 26;
/** Pixels of a letter at the least, about. */
const THINNEST = 3;

/** @param {string} table @returns {Record<string, number>} */
export function keptWidths(table) {
  try {
    return JSON.parse(localStorage.getItem(KEPT + table) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {string} table @param {Record<string, number>} widths */
export function keepWidths(table, widths) {
  localStorage.setItem(KEPT + table, JSON.stringify(widths));
}

/**
 * The value at a path, which goes into objects by names and into arrays by numbers.
 * @param {any} record
 * @param {string} path
 */
export function valueAt(record, path) {
  if (!/[.\\"]/.test(path)) return member(record, path);
  let value = record;
  for (const step of stepsOf(path)) {
    if (value === null || typeof value !== "object") return undefined;
    value = Array.isArray(value) ? value[Number(step)] : member(value, step);
  }
  return value;
}

/** @typedef {{from: number, to: number, before: number}} Span columns that are drawn, and the pixels before them */

/**
 * The columns between two places, in pixels.
 * @param {number[]} widths @param {number} left @param {number} right
 * @returns {Span}
 */
export function spanOf(widths, left, right) {
  let [from, to, before, x] = [0, 0, 0, 0];
  widths.forEach((width, at) => {
    if (x + width <= left) [from, before] = [at + 1, x + width];
    if (x < right) to = at + 1;
    x += width;
  });
  return { from, to, before };
}

/** @type {CanvasRenderingContext2D | null} what measures texts */
let pen = null;

/**
 * A width at which most of what a column holds can be read; where somebody says how much it may be, all.
 * @param {string} path
 * @param {any[]} records
 * @param {number} [wanted]
 */
export function fittingWidth(path, records, wanted) {
  const widest = wanted ?? WIDE;
  const family = getComputedStyle(document.body).fontFamily;
  const widthOf = (/** @type {string} */ text, /** @type {string} */ weight) => {
    pen ??= /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
    pen.font = `${weight} 13.5px ${family}`;
    return pen.measureText(text).width + PADDING;
  };
  let most = widthOf(path, "550") + 28; // the arrow of an order, and its place among others
  for (const record of records.slice(0, 50)) {
    const value = valueAt(record, path);
    most = Math.max(most, widthOf(show(value).slice(0, Math.ceil(widest / THINNEST)), kindOf(value) === "number" ? "600" : "400"));
  }
  if (!wanted && records.length && records.slice(0, 5).every((record) => UUID.test(show(valueAt(record, path))))) return 150;
  return Math.min(widest, Math.max(NARROW, Math.ceil(most)));
}
