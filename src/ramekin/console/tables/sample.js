// Some records of a table, for whoever builds a question: they show which fields and values it has. Known for a minute.
import { pathOf, read } from "../server.js";

/** @type {Map<string, Promise<any[]>>} */
const known = new Map();
const KEPT_MS = 60_000;

/** @param {string} table @returns {Promise<any[]>} none where it cannot be read */
export function sampleOf(table) {
  const sample = known.get(table) ?? read(`data/${pathOf(table)}`, { words: [["limit", "50"]] }).then(({ data }) => data, () => []);
  if (!known.has(table)) setTimeout(() => known.delete(table), KEPT_MS);
  known.set(table, sample);
  return sample;
}
