// Which fields tables have, for those who build a query: as declared, or as some records show.
import { useEffect, useState } from "preact/hooks";
import { withMember } from "../json.js";
import { declaredPaths, shownPaths } from "../paths.js";
import { tableOf } from "../tables/catalog.js";
import { sampleOf } from "../tables/sample.js";

/** @typedef {import("../fields.js").Field} Field */

/** @typedef {{fields: Field[], records: any[]}} Known */

/** @param {string} table @returns {Promise<Known>} */
async function knownOf(table) {
  const [declared, records] = [declaredPaths(tableOf(table)?.schema), table ? await sampleOf(table) : []];
  return { fields: declared.length ? declared : shownPaths(records), records };
}

/**
 * The fields of some tables, in their order, and some records that show which values these have.
 * @param {string[]} tables @returns {Known[]}
 */
export function useKnown(tables) {
  const [found, setFound] = useState(/** @type {Known[]} */ (tables.map(() => ({ fields: [], records: [] }))));
  useEffect(() => {
    let isWanted = true;
    Promise.all(tables.map(knownOf)).then((known) => isWanted && setFound(known));
    return () => void (isWanted = false);
  }, [tables.join()]);
  return found;
}

/** Records as rows of a join have them: with the names of their tables. @param {string[]} names @param {Known[]} known */
export const pairRecords = (names, known) => names.flatMap((name, place) => (known[place]?.records ?? []).map((record) => withMember({}, name, record)));

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
