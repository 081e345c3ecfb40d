// A change of many records that can be undone: each is put back as it was, with what has been changed since elsewhere in it.
import { isSame, parse, print } from "../json.js";
import { fetchRecord, notKnown } from "../record/store.js";
import { mergeSeen, nothingOf, othersOf, whoHas, wrote } from "../record/turns.js";
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

/** What a change left of a record. @param {Left} after @param {any} record @returns {any} */
export const leftOf = (after, record) => parse(/** @type {{text: string}} */ (after.get(String(record.id))).text);

/** @typedef {{was: any, now: any, record: any, tag?: string}} Step a record as it was before a change, as it is by now under its tag, and what is to be written */
/** @typedef {{record: any, who: string}} Stayed a record that is not put back, and who has changed it */
/** @typedef {{put: number, stayed: Stayed[]}} Restored */

/**
 * Put records back as they were before a change of many, all at once; what changes meanwhile is looked at anew. What has been
 * changed since stays; where that is the same, the record does.
 * @param {string} table @param {any[]} before @param {Left} after
 * @returns {Promise<Restored>}
 */
export async function putBack(table, before, after) {
  let steps = before.map((was) => /** @type {Step} */ ({ was, now: leftOf(after, was), record: was, tag: after.get(String(was.id))?.tag }));
  const stayed = /** @type {Stayed[]} */ ([]);
  let put = 0;
  const end = (/** @type {Step[]} */ ended) => {
    ended.forEach(({ now, record }) => wrote(table, now, record));
    put += ended.length;
  };
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const operations = steps.map(({ record, tag }) => ({ op: "replace", table, id: record.id, record, if_match: tag }));
    try {
      if (operations.length) await ask("POST", "batch", { body: { operations }, headers: { Prefer: "return=minimal" } });
      end(steps);
      return { put, stayed };
    } catch (error) {
      if (isOpen(error) && attempt) throw notKnown(/** @type {Problem} */ (error));
      if (![404, 412].includes(/** @type {any} */ (error).status) && !isOpen(error)) throw error;
    }
    const asked = { where: { id: { in: steps.map(({ was }) => was.id) } }, limit: steps.length };
    const { data } = await read(`query/${pathOf(table)}`, { method: "POST", body: asked });
    const found = new Map(data.map((/** @type {any} */ record) => [String(record.id), record]));
    const isBack = (/** @type {Step} */ { record }) => isSame(found.get(String(record.id)), record); // the answer was lost
    end(steps.filter(isBack));
    const open = steps.filter((step) => !isBack(step));
    steps = [];
    for (const step of open) {
      const next = isSame(found.get(String(step.was.id)), step.now) ? step : await stepNow(table, step.was, leftOf(after, step.was));
      if ("who" in next) stayed.push(next);
      else steps.push(next);
    }
  }
  throw new Error("The records are being changed again and again; try once more.");
}

/** How a record that has been changed since is put back, if it is. @param {string} table @param {any} was @param {any} left @returns {Promise<Step | Stayed>} */
async function stepNow(table, was, left) {
  const now = await fetchRecord(table, was.id).catch((error) => { if (error.status !== 404) throw error; });
  if (!now) return { record: was, who: `${othersOf(table)} has` };
  const { merged, conflicts, who } = mergeSeen(table, left, was, now.record, false);
  return conflicts.length ? { record: was, who } : { was, now: now.record, record: merged, tag: now.tag };
}

/**
 * Make deleted records again; one that has been made since stays.
 * @param {string} table @param {any[]} before
 * @returns {Promise<Restored>}
 */
export async function makeAgain(table, before) {
  const now = await surely(() => read(`data/${pathOf(table)}`, { method: "POST", body: before, words: [["on_conflict", "ignore"]] }));
  const stayed = before.flatMap((record, at) => (isSame(record, now[at]) ? [] : [{ record, who: whoHas(table, nothingOf(record), now[at]) }]));
  before.forEach((record, at) => isSame(record, now[at]) && wrote(table, nothingOf(record), record));
  return { put: before.length - stayed.length, stayed };
}
