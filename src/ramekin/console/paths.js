// Which paths lead to the values of a table's records: its fields, and those of the objects in them, as far as the server
// tells of paths itself.
import { declaredFields, pathOfName, shownFields } from "./fields.js";
import { member } from "./json.js";
import { kindOf } from "./values.js";

const DEEPEST = 3;
/** Paths into one object that are told: some are dictionaries of thousands. */
const MOST = 100;

/** @typedef {import("./fields.js").Field} Field */

/** What every record has, whatever a schema declares. @type {Field} */
const ID = { path: "id", isRequired: false, isNullable: false };

/**
 * Those that a schema declares, the id first where it says nothing of that; none without a schema.
 * @param {any} schema of a table @returns {Field[]}
 */
export function declaredPaths(schema) {
  const found = pathsIn(schema, schema, DEEPEST);
  return found.length && !found.some(({ path }) => path === "id") ? [ID, ...found] : found;
}

/**
 * @param {any} schema of a table, or of an object in it @param {any} root of the table @param {number} depth @returns {Field[]}
 */
function pathsIn(schema, root, depth) {
  return declaredFields(schema, root).flatMap((field) => behind(field, field.kind === "object" && depth > 1 ? pathsIn(field.schema, root, depth - 1) : []));
}

/**
 * Those that some records show, of a kind where all that have a value agree on it.
 * @param {any[]} records or objects in them @param {number} [depth] @returns {Field[]}
 */
export function shownPaths(records, depth = DEEPEST) {
  return shownFields(records).flatMap((field) => {
    const values = records.map((record) => member(record, field.path));
    const [kind, ...others] = new Set(values.map(kindOf).filter((each) => each !== "null" && each !== "missing"));
    const objects = depth > 1 ? values.filter((value) => kindOf(value) === "object") : [];
    return behind({ ...field, kind: others.length ? undefined : /** @type {Field["kind"]} */ (kind) }, shownPaths(objects, depth - 1));
  });
}

/** A field and what is in it, by paths. @param {Field} field @param {Field[]} inner @returns {Field[]} */
function behind(field, inner) {
  const path = pathOfName(field.path);
  return [{ ...field, path }, ...inner.slice(0, MOST).map((each) => ({ ...each, path: `${path}.${each.path}` }))];
}
