// Which fields tables have, for those who build a query: as declared, or as some records show. Known for a minute.
import { useEffect, useState } from "preact/hooks";
import { declaredFields, shownFields } from "../fields.js";
import { member } from "../json.js";
import { pathOf, read } from "../server.js";
import { tableOf } from "../tables/catalog.js";
import { kindOf } from "../values.js";

/** @typedef {import("../fields.js").Field} Field */

/** @type {Map<string, Promise<Field[]>>} */
const seen = new Map();
const KEPT_MS = 60_000;

/** The fields that records show, of a kind where all that have a value agree on it. @param {any[]} records @returns {Field[]} */
const agreed = (records) => shownFields(records).map((field) => {
  const [kind, ...others] = new Set(records.map((record) => kindOf(member(record, field.path))).filter((each) => each !== "null" && each !== "missing"));
  return { ...field, kind: others.length ? undefined : /** @type {Field["kind"]} */ (kind) };
});

/** @param {string} table @returns {Promise<Field[]>} */
function fieldsOf(table) {
  const declared = declaredFields(tableOf(table)?.schema);
  if (declared.length) return Promise.resolve(declared);
  const known = seen.get(table);
  if (known) return known;
  const found = read(`data/${pathOf(table)}`, { words: [["limit", "50"]] }).then(({ data }) => agreed(data), () => []);
  seen.set(table, found);
  setTimeout(() => seen.delete(table), KEPT_MS);
  return found;
}

/**
 * The fields of some tables, in their order.
 * @param {string[]} tables
 * @returns {Field[][]}
 */
export function useFields(tables) {
  const [found, setFound] = useState(/** @type {Field[][]} */ (tables.map(() => [])));
  useEffect(() => {
    let isWanted = true;
    Promise.all(tables.map((table) => (table ? fieldsOf(table) : Promise.resolve([])))).then((fields) => isWanted && setFound(fields));
    return () => void (isWanted = false);
  }, [tables.join()]);
  return found;
}

/**
 * The fields of a joined row: those of both tables, behind their names.
 * @param {string[]} names @param {Field[][]} fields
 */
export function pairFields(names, fields) {
  return new Map(names.flatMap((name, place) => (fields[place] ?? []).map((field) => {
    const path = `${name}.${field.path}`;
    return /** @type {[string, Field]} */ ([path, { ...field, path }]);
  })));
}
