// A change of many records that can be undone: each is put back as it was, but for those that somebody has changed since.
import { isSame, parse, print } from "../json.js";
import { notKnown } from "../record/store.js";
import { wrote } from "../record/turns.js";
import { Problem, ask, pathOf, read } from "../server.js";

/** @typedef {Map<string, {tag: string, text: string}>} Left what a change left of records, by their ids */

/** Whether an error leaves open what became of it. @param {unknown} error */
const isOpen = (error) => error instanceof Problem && error.isOpen;

/**
 * Do what may be done twice; where no answer comes that tells, once more.
 * @template T
 * @param {() => Promise<T>} run
 */
export async function surely(run) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isOpen(error)) throw error;
      if (attempt) throw notKnown(/** @type {Problem} */ (error));
    }
  }
}

/**
 * Merge something into some records, all or none.
 * @param {string} table @param {any[]} before @param {object} patch
 * @returns {Promise<Left>}
 */
export async function patchEach(table, before, patch) {
  const ids = before.map(({ id }) => id);
  const operations = ids.map((id) => ({ op: "patch", table, id, record: patch }));
  const { results } = await surely(() => read("batch", { method: "POST", body: { operations } })).catch((error) => {
    if (error instanceof Problem) error.errors = error.errors.map((each) => ({ ...each, pointer: namedIn(each.pointer ?? "", ids) }));
    throw error;
  });
  before.forEach((record, at) => wrote(table, record, results[at].record));
  return new Map(results.map((/** @type {any} */ { id, etag, record }) => [String(id), { tag: etag, text: print(record) }]));
}

/** Where a fault is, by the id of the record and not by the operation that nobody made. @param {string} pointer @param {unknown[]} ids */
const namedIn = (pointer, ids) => pointer.replace(/^\/operations\/(\d+)(\/record)?/, (_said, at) => `/${ids[Number(at)]}`);

/**
 * Put records back where they still are what a change left. All at once, so what changes meanwhile is looked at anew.
 * @param {string} table @param {any[]} before @param {Left} after
 * @returns {Promise<number>} how many were put back
 */
export async function putBack(table, before, after) {
  let [own, restored] = [before, 0];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const operations = own.map((record) => ({ op: "replace", table, id: record.id, record, if_match: after.get(String(record.id))?.tag }));
    try {
      if (operations.length) await ask("POST", "batch", { body: { operations }, headers: { Prefer: "return=minimal" } });
      own.forEach((record) => wrote(table, parse(/** @type {{text: string}} */ (after.get(String(record.id))).text), record));
      return restored + operations.length;
    } catch (error) {
      if (isOpen(error) && attempt) throw notKnown(/** @type {Problem} */ (error));
      if (![404, 412].includes(/** @type {any} */ (error).status) && !isOpen(error)) throw error;
    }
    const asked = { where: { id: { in: own.map(({ id }) => id) } }, limit: own.length };
    const { data } = await read(`query/${pathOf(table)}`, { method: "POST", body: asked });
    const now = new Map(data.map((/** @type {any} */ record) => [String(record.id), print(record)]));
    const isBack = (/** @type {any} */ record) => now.get(String(record.id)) === print(record); // the answer was lost
    restored += own.filter(isBack).length;
    own = own.filter((record) => !isBack(record) && now.get(String(record.id)) === after.get(String(record.id))?.text);
  }
  throw new Error("The records are being changed again and again; try once more.");
}

/**
 * Make deleted records again; one that somebody has made since stays.
 * @param {string} table @param {any[]} before
 * @returns {Promise<number>} how many are as they were
 */
export async function makeAgain(table, before) {
  const now = await surely(() => read(`data/${pathOf(table)}`, { method: "POST", body: before, words: [["on_conflict", "ignore"]] }));
  return before.filter((record, at) => isSame(record, now[at])).length;
}
