// Rows on their way to a file. Each page of them is given to the browser as it comes, which keeps it outside of this page's
// memory, and on the disk where it is long; the file is made of them one page after the other.
import { headerOf } from "../fields.js";
import { valueAt } from "../grid/columns.js";
import { Spelled, member, parse, print } from "../json.js";
import { writeCsv } from "./csv.js";

/** @typedef {"json" | "ndjson" | "csv"} Format */

const MEDIA = { json: "application/json", ndjson: "application/x-ndjson", csv: "text/csv" };

export class Pages {
  /** @param {string[]} [columns] paths: the columns of CSV in their order; none: all that rows have */
  constructor(columns = []) {
    this.columns = columns;
    this.count = 0;
    /** @type {Blob[]} lines of JSON */
    this.parts = [];
    this.names = /** @type {Set<string>} */ (new Set());
    this.flatNames = /** @type {Set<string>} */ (new Set());
    /** Whether all rows are joined ones: a record of each table, or null. */
    this.isJoined = !columns.length;
  }

  /** @param {any[]} rows */
  add(rows) {
    this.count += rows.length;
    this.parts.push(new Blob(rows.map((row) => `${print(row)}\n`)));
    this.isJoined &&= rows.every((row) => Object.values(row).every(isSide));
    for (const row of rows) {
      for (const name of Object.keys(row)) this.names.add(name);
      if (this.isJoined) for (const [name] of flattened(row)) this.flatNames.add(name);
    }
  }

  /** All of them as a file. @param {Format} format @returns {Promise<Blob>} */
  async file(format) {
    const type = MEDIA[format];
    if (format === "ndjson") return new Blob(this.parts, { type });
    const names = this.columns.length ? this.columns : [...(this.isJoined ? this.flatNames : this.names)];
    const made = [];
    for (const [at, part] of this.parts.entries()) {
      const text = await part.text();
      if (format === "json") made.push(new Blob([at ? ",\n" : "", text.trimEnd().replaceAll("\n", ",\n")]));
      else made.push(new Blob([this.csvOf(text, names, at === 0)]));
    }
    return new Blob(format === "json" ? ["[", ...made, "]\n"] : made, { type });
  }

  /** CSV as the server writes it: a joined row is flat, anything else that is nested is JSON. @param {string} text @param {string[]} names @param {boolean} isFirst */
  csvOf(text, names, isFirst) {
    const rows = text.split("\n").filter(Boolean).map((line) => {
      const row = parse(line);
      const found = this.isJoined ? new Map(flattened(row)) : null;
      return names.map((name) => (found ? found.get(name) : this.columns.length ? valueAt(row, name) : member(row, name)));
    });
    return writeCsv(isFirst ? [this.columns.length ? names.map(headerOf) : names, ...rows] : rows);
  }
}

/** @param {any} value */
const isSide = (value) => value === null || (typeof value === "object" && !Array.isArray(value) && !(value instanceof Spelled));

/** @param {any} row @returns {[string, unknown][]} */
const flattened = (row) => Object.entries(row).flatMap(([table, record]) =>
  Object.entries(record ?? {}).map(([name, value]) => /** @type {[string, unknown]} */ ([`${table}.${name}`, value])));
