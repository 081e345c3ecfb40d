// Which fields tables have, for those who build a query: as declared, or as some records show. Known for a minute.
import { useEffect, useState } from "preact/hooks";
import { declaredPaths, shownPaths } from "../paths.js";
import { pathOf, read } from "../server.js";
import { tableOf } from "../tables/catalog.js";

/** @typedef {import("../fields.js").Field} Field */

/** @type {Map<string, Promise<Field[]>>} */
const seen = new Map();
const KEPT_MS = 60_000;

/** @param {string} table @returns {Promise<Field[]>} */
function fieldsOf(table) {
  const declared = declaredPaths(tableOf(table)?.schema);
  if (declared.length) return Promise.resolve(declared);
  const known = seen.get(table);
  if (known) return known;
  const found = read(`data/${pathOf(table)}`, { words: [["limit", "50"]] }).then(({ data }) => shownPaths(data), () => []);
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
