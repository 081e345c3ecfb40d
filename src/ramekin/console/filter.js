// What a list shows: conditions, order and columns, in the words of the API, and these alone.
import { queryOf } from "./address.js";

/**
 * @typedef {{path: string, op: string, value: string}} Condition
 * @typedef {{path: string, isDown: boolean}} Order
 * @typedef {{conditions: Condition[], where: string, order: Order[], columns: string[]}} Filter
 */

const RESERVED = ["sort", "select", "limit", "cursor", "offset", "count", "where", "explain"];

/** The operators, with the words for them, in the order in which they are offered. */
const OPERATORS = /** @type {const} */ ([
  ["eq", "is"], ["ne", "is not"], ["gt", "is above"], ["gte", "is from"], ["lt", "is below"], ["lte", "is up to"],
  ["in", "is one of"], ["nin", "is none of"], ["contains", "contains"], ["icontains", "contains (any case)"],
  ["startswith", "starts with"], ["endswith", "ends with"], ["null", "is null or missing"], ["exists", "is there"],
]);

const TEXTS = ["contains", "icontains", "startswith", "endswith"];

/**
 * The operators that make sense for a field of a kind.
 * @param {string | undefined} kind as `fields.js` has it; undefined: nobody knows
 */
export function operatorsFor(kind) {
  return OPERATORS.filter(([op]) => {
    if (!kind) return true;
    if (TEXTS.includes(op)) return kind === "text" || kind === "enum" || (kind === "array" && op === "contains");
    if (["gt", "gte", "lt", "lte"].includes(op)) return ["text", "number", "integer", "date", "date-time"].includes(kind);
    if (["in", "nin"].includes(op)) return !["boolean", "array", "object"].includes(kind);
    return true;
  });
}

/**
 * @param {[string, string][]} words
 * @returns {Filter}
 */
export function filterOf(words) {
  /** @type {Filter} */
  const filter = { conditions: [], where: "", order: [], columns: [] };
  for (const [name, value] of words) {
    if (name === "sort") filter.order = value.split(",").filter(Boolean).map(orderOf);
    else if (name === "select") filter.columns = value.split(",").filter(Boolean);
    else if (name === "where") filter.where = value;
    else if (!RESERVED.includes(name)) filter.conditions.push(conditionOf(name, value));
  }
  return filter;
}

/** @param {string} text */
const orderOf = (text) => (text.startsWith("-") ? { path: text.slice(1), isDown: true } : { path: text, isDown: false });

/** @param {string} name @param {string} value @returns {Condition} */
function conditionOf(name, value) {
  const at = name.lastIndexOf(":");
  return at < 0 ? { path: name, op: "eq", value } : { path: name.slice(0, at), op: name.slice(at + 1), value };
}

/** @param {Condition} condition @returns {[string, string]} */
function wordOf({ path, op, value }) {
  const isPlain = op === "eq" && !path.includes(":") && !RESERVED.includes(path);
  return [isPlain ? path : `${path}:${op}`, value];
}

/**
 * The words that choose records, without order and columns: what a change by condition takes.
 * @param {Filter} filter
 * @returns {[string, string][]}
 */
export function conditionWords({ conditions, where }) {
  return [...conditions.map(wordOf), ...(where ? [/** @type {[string, string]} */ (["where", where])] : [])];
}

/**
 * @param {Filter} filter
 * @returns {[string, string][]}
 */
export function wordsOf(filter) {
  const words = conditionWords(filter);
  if (filter.order.length) words.push(["sort", filter.order.map(({ path, isDown }) => (isDown ? "-" : "") + path).join(",")]);
  if (filter.columns.length) words.push(["select", filter.columns.join(",")]);
  return words;
}

/** @param {Filter} filter */
export const textOf = (filter) => queryOf(wordsOf(filter));
