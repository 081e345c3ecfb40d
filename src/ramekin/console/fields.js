// What a table's fields are: as its schema declares them, or as its records show them.
import { member } from "./json.js";
import { kindOf } from "./values.js";

/**
 * @typedef {"text" | "number" | "integer" | "boolean" | "enum" | "date" | "date-time" | "array" | "object"} FieldKind
 * @typedef {{path: string, kind?: FieldKind, choices?: unknown[], isRequired: boolean, isNullable: boolean, told?: string,
 *   schema?: any, default?: unknown}} Field
 */

/**
 * The part of a schema that says what a value is: behind a `$ref`, and beside `null`.
 * @param {any} schema
 * @param {any} root
 * @returns {any}
 */
export function resolve(schema, root) {
  for (let step = 0; step < 20 && schema?.$ref; step += 1) {
    const path = String(schema.$ref).replace(/^#\/?/, "").split("/").filter(Boolean);
    schema = path.reduce((found, part) => found?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], root);
  }
  const options = schema?.anyOf ?? schema?.oneOf;
  const [only, ...others] = (options ?? []).filter((/** @type {any} */ each) => each.type !== "null");
  return only && !others.length ? { ...schema, ...resolve(only, root) } : schema ?? {};
}

/** @param {any} schema @returns {FieldKind | undefined} */
function kindOfSchema(schema) {
  if (schema.enum || "const" in schema) return "enum";
  const types = [schema.type].flat().filter((type) => type && type !== "null");
  if (types.length !== 1) return undefined;
  if (types[0] === "string") return schema.format === "date-time" || schema.format === "date" ? schema.format : "text";
  return types[0];
}

/** @param {any} schema */
function takesNull(schema) {
  return [schema.type].flat().includes("null") || (schema.anyOf ?? schema.oneOf ?? []).some((/** @type {any} */ each) => each.type === "null")
    || (schema.enum ?? []).includes(null);
}

/**
 * What a schema says of a value.
 * @param {string} path @param {any} told @param {any} root in which its references lead @param {boolean} isRequired
 * @returns {Field}
 */
export function fieldOf(path, told, root, isRequired) {
  const found = resolve(told, root);
  return {
    path, kind: kindOfSchema(found), choices: found.enum ?? ("const" in found ? [found.const] : undefined), schema: found,
    isRequired, isNullable: takesNull(told), told: told.description ?? found.description, default: told.default,
  };
}

/**
 * @param {any} schema of a table, or of an object in it
 * @param {any} [root] of the table
 */
export function declaredFields(schema, root = schema) {
  if (!schema) return [];
  const top = resolve(schema, root);
  return Object.entries(top.properties ?? {}).map(([path, told]) => fieldOf(path, told, root, (top.required ?? []).includes(path)));
}

/**
 * The fields of a table without a schema, as some records show them.
 * @param {any[]} records
 * @param {Field[]} [known] those that are found already
 * @returns {Field[]}
 */
export function shownFields(records, known = []) {
  const found = new Map(known.map((field) => [field.path, field]));
  for (const record of records) {
    for (const path of Object.keys(record)) {
      if (found.has(path)) continue;
      const kind = kindOf(member(record, path));
      found.set(path, { path, kind: kind === "null" || kind === "missing" ? undefined : kind, isRequired: false, isNullable: true });
    }
  }
  return [...found.values()];
}

/**
 * A record that a table takes, for a command that shows how; undefined where nobody knows one.
 * @param {any} schema of the table, if it has one
 */
export function exampleOf(schema) {
  if (!schema) return { name: "Rex", age: 3 };
  const { id: _, ...example } = resolve(schema, schema).examples?.[0] ?? {};
  return Object.keys(example).length ? example : undefined;
}

/** What a text of a format looks like. @type {Record<string, string>} */
const FORMATS = {
  "date-time": "2024-03-11T08:30:00Z", date: "2024-03-11", time: "08:30:00", duration: "PT30M", uuid: "3fa85f64-5717-4562-b3fc-2c963f66afa6", uri: "https://example.com/",
  email: "name@example.com", hostname: "example.com", ipv4: "192.0.2.1", ipv6: "2001:db8::1", ipvanyaddress: "192.0.2.1", ipv4network: "192.0.2.0/24", ipv6network: "2001:db8::/32",
  ipvanynetwork: "192.0.2.0/24", ipv4interface: "192.0.2.1/24", ipv6interface: "2001:db8::1/64", ipvanyinterface: "192.0.2.1/24",
};

/** What a value of a field may look like, as far as its schema tells. @param {Field | undefined} field */
export function exampleOfField(field) {
  const [given] = Array.isArray(field?.schema?.examples) ? field.schema.examples : [];
  return given === undefined || typeof given === "object" ? FORMATS[field?.schema?.format] ?? "" : String(given);
}

/** A name as a path that leads to this member and no other, wherever a path is written. @param {string} name */
export const pathOfName = (name) => (name === "" ? '""' : name.replace(/[\\.,]|^-|^""$/g, "\\$&"));

/** Where a sign stands that no backslash takes the meaning of. @param {string} sign */
const bare = (sign) => new RegExp(`(?<=(?:^|[^\\\\])(?:\\\\\\\\)*)${sign}`);
const [DOT, COMMA] = [bare("\\."), bare(",")];

/** The names that a path leads through. @param {string} path */
export const stepsOf = (path) => path.split(DOT).map((step) => (step === '""' ? "" : step.replace(/\\([^])/g, "$1")));

/** What a column of a file is called: as the field is, where a path leads to one. @param {string} path */
export const headerOf = (path) => {
  const steps = stepsOf(path);
  return steps.length === 1 ? steps[0] : path;
};

/** The paths of a list, as `sort` and `select` have them. @param {string} text */
export const pathsOf = (text) => text.split(COMMA).filter(Boolean);

/**
 * What a schema says at a path, into objects by names and into arrays by numbers; undefined where it does not.
 * @param {any} schema of the table, if it has one @param {string} path
 * @returns {Field | undefined}
 */
export function fieldAt(schema, path) {
  let told = schema;
  for (const step of stepsOf(path)) {
    const found = resolve(told, schema);
    told = Object.hasOwn(found.properties ?? {}, step) ? found.properties[step] : /^\d+$/.test(step) ? found.items : undefined;
  }
  return kindOf(told) === "object" ? fieldOf(path, told, schema, false) : undefined;
}
