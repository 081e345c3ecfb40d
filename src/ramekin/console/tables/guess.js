// A schema that some records satisfy, for whoever begins to define their table.
import { shownFields } from "../fields.js";
import { member } from "../json.js";
import { kindOf } from "../values.js";

/** @param {any[]} records */
export function guess(records) {
  const names = shownFields(records).map(({ path }) => path).filter((path) => path !== "id");
  const properties = Object.create(null); // a member may be called `__proto__`
  for (const name of names) properties[name] = { type: typesOf(records.map((record) => member(record, name))) };
  return { type: "object", properties, required: names.filter((name) => records.every((record) => Object.hasOwn(record, name))) };
}

/** @param {unknown[]} values undefined where there is none */
function typesOf(values) {
  const found = new Set(values.filter((value) => value !== undefined).map(typeOf));
  if (found.has("number")) found.delete("integer");
  return found.size === 1 ? [...found][0] : [...found];
}

/** The type of a value in the words of JSON Schema. @param {unknown} value */
function typeOf(value) {
  const kind = kindOf(value);
  if (kind === "number") return /^-?\d+$/.test(String(value)) ? "integer" : "number";
  return kind === "text" ? "string" : kind;
}
