// A list in other words, which ask for exactly what it shows: as a command, as a program, or its records as they are seen.
import { API } from "../address.js";
import { headerOf } from "../fields.js";
import { addressOf, curl, hasKey, pathOf } from "../server.js";
import { Spelled, print } from "../json.js";
import { writeCsv } from "../transfer/csv.js";
import { kindOf } from "../values.js";
import { whereOf } from "../where.js";
import { valueAt } from "./columns.js";

/** @param {string} table @param {[string, string][]} words */
export const asCurl = (table, words) => curl("GET", `data/${pathOf(table)}`, { words });

const COMPARED = { eq: "==", ne: "!=", gt: ">", gte: ">=", lt: "<", lte: "<=" };
const CALLED = { in: "is_in", nin: "not_in", null: "is_null" };

/** A value as Python writes it. @param {unknown} value @returns {string} */
function literal(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object" && !(value instanceof Spelled)) return `{${Object.entries(value).map(([name, each]) => `${print(name)}: ${literal(each)}`).join(", ")}}`;
  return value instanceof Spelled ? value.text : print(value);
}

/** @param {string} path @param {string} op @param {unknown} value */
function comparison(path, op, value) {
  const field = `Field(${print(path)})`;
  if (op in COMPARED) return `${field} ${COMPARED[/** @type {keyof typeof COMPARED} */ (op)]} ${literal(value)}`;
  const name = CALLED[/** @type {keyof typeof CALLED} */ (op)] ?? op;
  return `${field}.${name}(${value === true && (op === "null" || op === "exists") ? "" : literal(value)})`;
}

/** The conditions of a `where`, all of which hold, as the client for Python has them. @param {any} where @returns {string[]} */
function predicates(where) {
  if (kindOf(where) !== "object") throw new Error("This view's 'where' is no object of JSON, so there is no program for it.");
  return Object.entries(where).flatMap(([name, told]) => {
    if (name === "and" && Array.isArray(told)) return told.flatMap(predicates);
    if (name === "or" && Array.isArray(told)) return [told.length ? told.map(joined).join(" | ") : 'Field("id").is_in([])'];
    if (kindOf(told) !== "object") return [comparison(name, "eq", told)];
    if (name === "not" && !Object.keys(told).every((op) => OPERATORS.has(op))) return [`~${joined(told)}`];
    return Object.entries(told).map(([op, value]) => comparison(name, op, value));
  });
}

const OPERATORS = new Set([...Object.keys(COMPARED), ...Object.keys(CALLED), "exists", "contains", "icontains", "startswith", "endswith"]);

/** A `where` as one condition, in brackets. @param {any} where */
function joined(where) {
  const all = predicates(where);
  return all.length > 1 ? `(${all.map((each) => `(${each})`).join(" & ")})` : `(${all[0] ?? 'Field("id").exists()'})`;
}

/**
 * @param {string} table
 * @param {import("../filter.js").Filter} filter
 * @param {any} schema of the table, if it has one
 */
export function asPython(table, filter, schema) {
  const sort = filter.order.map(({ path, isDown }) => (isDown ? "-" : "") + path).join(",");
  const conditions = predicates(whereOf(filter, schema) ?? {});
  const sorted = sort ? [`sort=${print(sort)}`] : [];
  const found = filter.columns.length ? `where(${conditions.join(", ")}).select(${filter.columns.map((path) => print(path)).join(", ")}).find(${sorted})`
    : `find(${[...conditions, ...sorted].join(", ")})`;
  const server = print(location.origin + API.slice(0, -"/api/v1".length));
  return `${hasKey() ? "import os\n\n" : ""}from ramekin.client import Client, Field

with Client(${server}${hasKey() ? ', key=os.environ["RAMEKIN_KEY"]' : ""}) as client:
    for record in client.table(${print(table)}).${found}:
        print(record)
`;
}

/** Whether some records have integers that a number of JavaScript does not hold. @param {any[]} records */
export const haveLarge = (records) => (print(records).match(/(?<=[:[,])-?\d{16,}(?=[,\]}])/g) ?? []).some((text) => !Number.isSafeInteger(Number(text)));

/** @param {string} table @param {[string, string][]} words @param {any[]} seen records that it is to find */
export function asJavaScript(table, words, seen) {
  const key = hasKey() ? ", { headers: { Authorization: `Bearer ${key}` } }" : "";
  return `${hasKey() ? 'const key = "..."; // yours\n' : ""}const response = await fetch(${print(location.origin + addressOf(`data/${pathOf(table)}`, words))}${key});
${haveLarge(seen) ? "// Some integers here are beyond 2^53, which response.json() rounds: read response.text() with a parser that keeps them.\n" : ""}const { data, next } = await response.json();
`;
}

/** @param {any[]} records @param {string[]} columns which were chosen, if any were */
export const asJson = (records, columns) => print(columns.length && !columns.includes("id") ? records.map(({ id: _, ...shown }) => shown) : records, 2);

/** @param {any[]} records @param {string[]} columns */
export const asCsv = (records, columns) => writeCsv([columns.map(headerOf), ...records.map((record) => columns.map((path) => valueAt(record, path)))]);
