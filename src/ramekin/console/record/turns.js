// Changes of one record are written one after the other, whoever makes them on this page; and what was written here is
// remembered, so that nobody is told of it as of another's change.
import { isSame, member, withMember } from "../json.js";
import { kindOf } from "../values.js";
import { merge, places, withAt } from "./merge.js";

/** What is being done to each record, or to all of a table, until it has ended. @type {Map<string, Promise<unknown>>} */
const turns = new Map();

/** Where no record has an id yet: none has an empty one. */
export const NEW = "";

/**
 * Do something with a record, once what was begun with it before has ended.
 * @template T
 * @param {string} table @param {unknown} id nothing: with any record of the table @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
export function inTurn(table, id, run) {
  const key = id === undefined ? table : `${table}/${id}`; // no table has a slash in its name
  const isBefore = (/** @type {string} */ each) => each === key || each === table || (key === table && each.startsWith(`${table}/`));
  const before = [...turns].filter(([each]) => isBefore(each)).map(([, turn]) => turn);
  const turn = Promise.all(before).then(run);
  const ended = turn.then(() => {}, () => {}).then(() => void (turns.get(key) === ended && turns.delete(key)));
  turns.set(key, ended);
  return turn;
}

/** Records of which it is remembered what was written here, and how often of each. */
const KEPT = 1_000;
const KEPT_OF_EACH = 20;

/** @type {Map<string, {before: any, after: any}[]>} */
const written = new Map();

/** Tables in which more was written here than is remembered. @type {Set<string>} */
const crowded = new Set();

/** Tell that much is written at once, of which nothing is remembered. @param {string} table */
export const wroteMany = (table) => void crowded.add(table);

/** What there is of a record that is not there. @param {any} record */
export const nothingOf = (record) => ({ id: record.id });

/** Remember what was written; where it was added, or deleted, nothing was there before, or is after. @param {string} table @param {any} before @param {any} after */
export function wrote(table, before, after) {
  const key = `${table}/${before.id}`;
  const all = [...(written.get(key) ?? []), { before, after }];
  if (all.length > KEPT_OF_EACH) wroteMany(table);
  written.delete(key);
  written.set(key, all.slice(-KEPT_OF_EACH));
  if (written.size <= KEPT) return;
  const oldest = /** @type {string} */ (written.keys().next().value);
  written.delete(oldest);
  wroteMany(oldest.split("/")[0]);
}

/** @param {string} table @param {any} record */
const writtenOf = (table, record) => written.get(`${table}/${record.id}`) ?? [];

/** A record as it was seen, with what was written here since. @param {string} table @param {any} seen */
export function caughtUp(table, seen, all = writtenOf(table, seen)) {
  let record = seen;
  for (const { before, after } of all) {
    const fresh = places(before, after, record, true).filter(({ was, other }) => isSame(was, other));
    record = fresh.reduce((made, { steps, own }) => withAt(made, steps, own), record);
  }
  return record;
}

/** Who has changed what one has not changed oneself, as far as that is remembered. @param {string} table */
export const othersOf = (table) => (crowded.has(table) ? "you or somebody else" : "somebody else");

/** Who has changed a record since it was seen. @param {string} table @param {any} seen @param {any} now */
export const whoHas = (table, seen, now) => (isSame(caughtUp(table, seen), now) ? "you have" : `${othersOf(table)} has`);

/**
 * What was meant of a record that is gone: what was written here since it was seen was meant, too.
 * @param {string} table @param {any} base @param {any} mine @param {string} [part] only that member of it was read
 */
export function ownOf(table, base, mine, part) {
  const all = writtenOf(table, base).filter(({ after }) => !isSame(after, nothingOf(base))); // but for its deletion
  const last = part === undefined ? undefined : all.at(-1)?.after;
  const [was, made] = last ? [base, mine].map((each) => withMember(last, String(part), member(each, String(part)))) : [base, mine];
  const seen = caughtUp(table, was, all);
  return { base: seen, mine: merge(was, made, seen, true).merged };
}

/** Whether a value holds others, so that two changes of it may mean different parts. @param {unknown} value */
const isWhole = (value) => ["array", "object"].includes(kindOf(value));

/**
 * What becomes of a record that has been changed since it was seen: what was written here in the meantime was seen, too, and
 * of two changes of one value here the last holds.
 * @param {string} table @param {any} base @param {any} mine @param {any} theirs @param {boolean} isLast whether mine was meant after all that was written here
 * @returns {import("./merge.js").Merged & {base: any, mine: any, who: string}} `base` and `mine`: with what was written here; `who` has changed it
 */
export function mergeSeen(table, base, mine, theirs, isLast) {
  const found = merge(base, mine, theirs);
  if (!found.conflicts.length && !found.taken.length) return { ...found, base, mine, who: "" };
  const seen = caughtUp(table, base);
  const own = merge(base, mine, seen, true);
  const isClear = own.conflicts.every((place) => isLast && ![place.was, place.own, place.other].some(isWhole));
  const who = whoHas(table, base, theirs);
  return isClear ? { ...merge(seen, own.merged, theirs), base: seen, mine: own.merged, who } : { ...found, base, mine, who };
}
