// The way back from a change of many records: each is put back as it was, but for those that somebody has changed since.
import { fetchRecord } from "../record/store.js";
import { ask, pathOf } from "../server.js";

const AT_ONCE = 6;

/**
 * The tags that records have now; those that are gone have none.
 * @param {string} table @param {unknown[]} ids
 * @returns {Promise<Map<unknown, string>>}
 */
export async function tagsOf(table, ids) {
  const tags = new Map();
  const left = [...ids];
  const next = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      try {
        tags.set(id, (await fetchRecord(table, id)).tag);
      } catch (error) {
        if (/** @type {any} */ (error).status !== 404) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return tags;
}

/**
 * Put records back where they still are what a change left. All at once, so what changes meanwhile is looked at anew.
 * @param {string} table @param {any[]} before @param {Map<unknown, string>} after the tags that the change left
 * @returns {Promise<number>} how many were put back
 */
export async function putBack(table, before, after) {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const now = await tagsOf(table, [...after.keys()]);
    const operations = before.filter(({ id }) => now.has(id) && now.get(id) === after.get(id))
      .map((record) => ({ op: "replace", table, id: record.id, record, if_match: after.get(record.id) }));
    try {
      if (operations.length) await ask("POST", "batch", { body: { operations } });
      return operations.length;
    } catch (error) {
      if (![404, 412].includes(/** @type {any} */ (error).status)) throw error;
    }
  }
  throw new Error("The records are being changed again and again; try once more.");
}

/** Make deleted records again; one that somebody has made since stays. @param {string} table @param {any[]} before */
export async function makeAgain(table, before) {
  await ask("POST", `data/${pathOf(table)}`, { body: before, words: [["on_conflict", "ignore"]], headers: { Prefer: "return=minimal" } });
}
