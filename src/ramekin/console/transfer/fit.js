// Where the records of a file are not as the definition of their table has them, in sentences with the line: members that it
// asks for or does not know, values of a unique field that come twice. The server judges; this is to know before.
import { declaredFields, resolve, stepsOf } from "../fields.js";
import { kindOf, many } from "../values.js";
import { valueAt } from "../grid/columns.js";
import { elementsOf, lineOf } from "../elements.js";
import { recordsOfCsv, recordsOfJson, recordsOfLines } from "./records.js";
import { inTurns } from "./text.js";

/**
 * @typedef {import("./source.js").Source} Source
 * @typedef {import("./records.js").Standing} Standing
 * @typedef {{schema: any, unique: string[]}} Definition
 */

/** Sentences of a table. */
const MOST = 20;

/**
 * @param {Source} source @param {import("./source.js").Column[]} columns
 * @param {{name: string, part?: import("./parts.js").Part, known?: Definition}[]} tables to which its records go
 * @param {AbortSignal} stop
 * @returns {Promise<string[]>}
 */
export async function unfitOf(source, columns, tables, stop) {
  const defined = tables.filter(({ known }) => known?.schema || known?.unique.length);
  const hasTexts = source.kind === "csv" && columns.some(({ type }) => type === "json"); // which were never read as JSON
  if (!defined.length && !hasTexts) return [];
  const text = await source.file.text();
  const told = [];
  for (const { name, part, known = { schema: null, unique: [] } } of hasTexts ? tables : defined) {
    const fit = new Fit(name, known);
    const standing = part ? recordsOfJson(text.slice(part.begin, part.end), [], part.line)
      : source.kind === "csv" ? recordsOfCsv(text, source.delimiter, columns) : source.kind === "ndjson" ? recordsOfLines(text) : recordsOfJson(text);
    for await (const each of inTurns(standing)) {
      if (stop.aborted) return [];
      if (hasTexts) fit.seeText(each);
      if (kindOf(each.record) === "object") fit.see(each);
    }
    told.push(...fit.sentences());
  }
  return told;
}

class Fit {
  /** @param {string} table @param {Definition} known */
  constructor(table, { schema, unique }) {
    this.table = table;
    this.schema = schema;
    /** The line on which a value of a unique field was. @type {[string, Map<string, number>][]} */
    this.held = unique.map((path) => [path, new Map()]);
    /** What is wrong, on which line first, and how often. @type {Map<string, {line: number, times: number}>} */
    this.found = new Map();
  }

  /** @param {Standing} standing */
  see(standing) {
    if (this.schema) this.compare(standing.record, this.schema, "", standing);
    for (const [path, held] of this.held) {
      const key = keyOf(valueAt(standing.record, path));
      if (key === undefined) continue;
      if (!held.has(key)) held.set(key, standing.line);
      else this.note(`${path} is unique in ${this.table}, and a record before has the same value.`, standing, path);
    }
  }

  /** @param {Standing} standing */
  seeText({ text, line }) {
    const wrong = /** @type {import("./text.js").Wrong[]} */ ([]);
    for (const _ of elementsOf(text, 0, wrong, line)); // which finds what is wrong
    for (const { told } of wrong) this.note(told, { record: null, text: "", line }, "");
  }

  /** @param {any} value an object @param {any} told what a schema says of it @param {string} where it is @param {Standing} standing */
  compare(value, told, where, standing) {
    const declared = declaredFields(told, this.schema);
    for (const { path, isRequired } of declared) {
      if (isRequired && !Object.hasOwn(value, path) && where + path !== "id") this.note(`the definition of ${this.table} asks for ${where}${path}.`, standing, "");
    }
    const { additionalProperties, patternProperties = {} } = resolve(told, this.schema);
    for (const name of Object.keys(value)) {
      const field = declared.find(({ path }) => path === name);
      const isKnown = field || where + name === "id" || additionalProperties !== false || Object.keys(patternProperties).some((pattern) => fits(pattern, name));
      if (!isKnown) this.note(`the definition of ${this.table} has no field ${where}${name}, and takes no others.`, standing, where + name);
      const inner = Array.isArray(value[name]) ? value[name] : [value[name]];
      const schema = Array.isArray(value[name]) ? field?.schema.items : field?.schema;
      for (const each of schema ? inner : []) if (kindOf(each) === "object") this.compare(each, schema, `${where}${name}.`, standing);
    }
  }

  /** @param {string} told @param {Standing} standing @param {string} path of the member that is wrong, if it is there */
  note(told, { text, line }, path) {
    const before = this.found.get(told);
    if (before) before.times += 1;
    else if (this.found.size < MOST) this.found.set(told, { line: path ? lineOf(text, line, stepsOf(path)[0]) : line, times: 1 });
  }

  sentences() {
    return [...this.found].map(([told, { line, times }]) => `Line ${line}${times > 1 ? ` and ${many(times - 1, "record")} behind it` : ""}: ${told}`);
  }
}

/** Whether a name satisfies a pattern; so does any where the pattern is none that a browser reads. @param {string} pattern @param {string} name */
function fits(pattern, name) {
  try {
    return new RegExp(pattern, "u").test(name);
  } catch {
    return true;
  }
}

/** What a value of a unique field is known by, as the server has it; undefined where it is like no other. @param {unknown} value */
function keyOf(value) {
  const kind = kindOf(value);
  if (kind === "boolean") return `is ${value}`;
  if (kind === "text") return `=${value}`;
  return kind === "number" ? `=${/^-?\d+$/.test(String(value)) ? value : Number(String(value))}` : undefined;
}
