// A list in other words: as a command, as a program, or its records as they are seen.
import { addressOf, curl, pathOf } from "../server.js";
import { print } from "../json.js";
import { writeCsv } from "../transfer/csv.js";
import { valueAt } from "./columns.js";

/** @param {string} table @param {[string, string][]} words */
export const asCurl = (table, words) => curl("GET", `data/${pathOf(table)}`, { words });

const COMPARED = { eq: "==", ne: "!=", gt: ">", gte: ">=", lt: "<", lte: "<=" };
const CALLED = { in: "is_in", nin: "not_in", null: "is_null" };

/**
 * A condition as the client for Python has it. Its values are typed; the kind of a field says how.
 * @param {import("../filter.js").Condition} condition
 * @param {Map<string, import("../fields.js").Field>} fields
 */
function predicate({ path, op, value }, fields) {
  const kind = fields.get(path)?.kind;
  const typed = (/** @type {string} */ text) => (kind === "number" || kind === "integer" ? text : kind === "boolean" ? (text === "true" ? "True" : "False") : print(text));
  if (op in COMPARED) return `Field(${print(path)}) ${COMPARED[/** @type {keyof typeof COMPARED} */ (op)]} ${typed(value)}`;
  const name = CALLED[/** @type {keyof typeof CALLED} */ (op)] ?? op;
  if (op === "null" || op === "exists") return `Field(${print(path)}).${name}(${value === "true" ? "" : "False"})`;
  return `Field(${print(path)}).${name}(${op.endsWith("in") && name !== op ? `[${value.split(",").map(typed).join(", ")}]` : typed(value)})`;
}

/**
 * @param {string} table
 * @param {import("../filter.js").Filter} filter
 * @param {Map<string, import("../fields.js").Field>} fields
 */
export function asPython(table, { conditions, order }, fields) {
  const sort = order.map(({ path, isDown }) => (isDown ? "-" : "") + path).join(",");
  const given = [...conditions.map((condition) => predicate(condition, fields)), ...(sort ? [`sort=${print(sort)}`] : [])].join(", ");
  return `from ramekin.client import Client, Field

with Client(${print(location.origin)}) as client:
    for record in client.table(${print(table)}).find(${given}):
        print(record)
`;
}

/** @param {string} table @param {[string, string][]} words */
export function asJavaScript(table, words) {
  return `const response = await fetch(${print(location.origin + addressOf(`data/${pathOf(table)}`, words))});
const { data, next } = await response.json();
`;
}

/** @param {any[]} records */
export const asJson = (records) => print(records, 2);

/** @param {any[]} records @param {string[]} columns */
export const asCsv = (records, columns) => writeCsv([columns, ...records.map((record) => columns.map((path) => valueAt(record, path)))]);
