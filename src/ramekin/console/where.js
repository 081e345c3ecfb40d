// Conditions of an address as the `where` of a query, which has the types of JSON: a value is what the schema says of its
// field; where none does, it is all that it may mean, as in an address.
import { fieldAt } from "./fields.js";
import { isJson, parse } from "./json.js";

/** @typedef {import("./fields.js").Field} Field */

const PLAIN = /^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false)$/;

/**
 * @param {import("./filter.js").Filter} filter
 * @param {any} schema of the table, if it has one
 * @returns {any} undefined where there is none
 */
export function whereOf({ conditions, where }, schema) {
  const all = conditions.map(({ path, op, value }) => conditionOf(path, op, value, fieldAt(schema, path)));
  if (where) all.push(isJson(where) ? parse(where) : where); // the server says what it makes of it
  return all.length > 1 ? { and: all } : all[0];
}

/** @param {string} path @param {string} op @param {string} text @param {Field | undefined} field */
function conditionOf(path, op, text, field) {
  if (op === "null" || op === "exists") return { [path]: { [op]: text === "true" } };
  if (op === "in" || op === "nin") return { [path]: { [op]: text.startsWith("[") ? parse(text) : text.split(",").flatMap((each) => readings(each, field)) } };
  const found = ["icontains", "startswith", "endswith"].includes(op) ? [text] : readings(text, field);
  if (found.length === 1) return { [path]: { [op]: found[0] } };
  if (op === "eq" || op === "ne") return { [path]: { [op === "eq" ? "in" : "nin"]: found } };
  return { or: found.map((each) => ({ [path]: { [op]: each } })) };
}

/** What a text may mean. @param {string} text @param {Field | undefined} field @returns {unknown[]} */
function readings(text, field) {
  const kind = field?.kind === "array" ? undefined : field?.kind; // of which an element is meant
  const chosen = kind === "enum" ? (field?.choices ?? []).filter((each) => String(each) === text) : [];
  if (chosen.length) return chosen;
  if (!PLAIN.test(text) || (kind && !["number", "integer", "boolean"].includes(kind))) return [text];
  return kind ? [parse(text)] : [parse(text), text];
}
