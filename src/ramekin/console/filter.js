// What a list shows: conditions, order and columns, in the words of the API, and these alone.
import { queryOf } from "./address.js";
import { pathsOf } from "./fields.js";

/**
 * @typedef {{path: string, op: string, value: string}} Condition
 * @typedef {{path: string, isDown: boolean}} Order
 * @typedef {{conditions: Condition[], where: string, order: Order[], columns: string[]}} Filter
 */

/** Words of the API about one page of a list, which have no place where all of it is shown. */
const PAGE = ["limit", "cursor", "offset", "count", "explain"];
const RESERVED = ["sort", "select", "where", ...PAGE];
/** Words that views of groups have besides. */
const OF_GROUPS = ["group_by", "aggregate", "chart"];

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
    if (name === "sort") filter.order = pathsOf(value).map(orderOf);
    else if (name === "select") filter.columns = pathsOf(value);
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
  const isPlain = op === "eq" && !path.includes(":") && !RESERVED.includes(path) && !OF_GROUPS.includes(path);
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

/**
 * An order once more by a field: up, then down, then not at all.
 * @param {Order[]} order @param {string} path @param {boolean} isMore whether others stay
 */
export function sortedBy(order, path, isMore) {
  const now = order.find((each) => each.path === path);
  const others = isMore ? order.filter((each) => each.path !== path) : [];
  return now?.isDown ? others : [...others, { path, isDown: !!now }];
}

/** What is wrong with words that are about a page, as a sentence; false if there are none. @param {[string, string][]} words */
export function wrongPage(words) {
  const found = words.map(([name]) => name).filter((name) => PAGE.includes(name));
  return found.length > 0 && `All that is found is shown here, so the address needs no ${found.join(", ")}.`;
}
