// Conditions of an address as the `where` of a query: there, values have the types of JSON, so the field says which.
import { parse } from "../json.js";

/**
 * @param {import("../filter.js").Filter} filter
 * @param {Map<string, import("../fields.js").Field>} fields
 * @returns {any} undefined where there is none
 */
export function whereOf({ conditions, where }, fields) {
  const all = conditions.map(({ path, op, value }) => ({ [path]: { [op]: valueOf(op, value, fields.get(path)?.kind) } }));
  if (where) all.push(parse(where));
  return all.length > 1 ? { and: all } : all[0];
}

/** @param {string} op @param {string} text @param {string | undefined} kind */
function valueOf(op, text, kind) {
  if (op === "null" || op === "exists") return text === "true";
  if (op === "in" || op === "nin") return text.startsWith("[") ? parse(text) : text.split(",").map((each) => typed(each, kind));
  return typed(text, kind);
}

/** @param {string} text @param {string | undefined} kind */
function typed(text, kind) {
  const isText = kind !== undefined && !["number", "integer", "boolean", "enum"].includes(kind);
  if (isText || !/^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false)$/.test(text)) return text;
  return parse(text);
}
