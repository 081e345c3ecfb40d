// Conditions of an address as the `where` of a query, which has the types of JSON: a value is what the schema says of its
// field; where that says nothing, it is all that it may mean, as in an address.
import { fieldAt } from "./fields.js";
import { isJson, parse } from "./json.js";

/** @typedef {import("./fields.js").Field} Field */

const PLAIN = /^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false)$/;
const ORDERED = ["gt", "gte", "lt", "lte"];

/**
 * @param {import("./filter.js").Filter} filter
 * @param {any} schema of the table, if it has one
 * @returns {any} undefined where there is none
 */
export function whereOf({ conditions, where }, schema) {
  const all = conditions.map(({ path, op, value }) => conditionOf(path, op, value, comparedWith(path, op, schema)));
  if (where) all.push(isJson(where) ? parse(where) : where); // the server says what it makes of it
  return all.length > 1 ? { and: all } : all[0];
}

/**
 * What a value of a condition is compared with: with `contains`, an element of an array.
 * @param {string} path @param {string} op @param {any} schema @returns {Field | undefined}
 */
function comparedWith(path, op, schema) {
  const declared = fieldAt(schema, path);
  return declared?.kind === "array" && op === "contains" ? fieldAt(schema, `${path}.0`) : declared;
}

/** @param {string} path @param {string} op @param {string} text @param {Field | undefined} field */
function conditionOf(path, op, text, field) {
  if (op === "null" || op === "exists") return { [path]: { [op]: text === "true" } };
  if (op === "in" || op === "nin") return { [path]: { [op]: listOf(text, field) } };
  const isText = ["icontains", "startswith", "endswith"].includes(op) || (ORDERED.includes(op) && /^(true|false)$/.test(text)); // which have no order
  const found = isText ? [text] : readings(text, field);
  if (found.length === 1) return { [path]: { [op]: found[0] } };
  if (op === "eq" || op === "ne") return { [path]: { [op === "eq" ? "in" : "nin"]: found } };
  return { or: found.map((each) => ({ [path]: { [op]: each } })) };
}

/** The values of a list; what is none stays a text, and the server says so. @param {string} text @param {Field | undefined} field */
function listOf(text, field) {
  if (text.startsWith("[")) return isJson(text) ? parse(text) : text;
  return text.split(",").flatMap((each) => readings(each, field));
}

/** What a text may mean. @param {string} text @param {Field | undefined} field @returns {unknown[]} */
function readings(text, field) {
  const kind = field?.kind === "array" ? undefined : field?.kind; // of which an element is meant
  const chosen = kind === "enum" ? (field?.choices ?? []).filter((each) => String(each) === text) : [];
  if (chosen.length) return chosen;
  if (!PLAIN.test(text) || (kind && !["number", "integer", "boolean"].includes(kind))) return [text];
  return kind ? [parse(text)] : [parse(text), text];
}
