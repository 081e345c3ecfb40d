// Single records: read with their tag, and written only over what was seen.
import { Problem, ask, pathOf } from "../server.js";
import { isSame, member, parse, print, withMember } from "../json.js";
import { Naming, isNamedHere } from "../naming.js";
import { refresh, tableOf } from "../tables/catalog.js";
import { say } from "../ui/toast.js";
import { kindOf } from "../values.js";
import { doing, undoable } from "./deeds.js";
import { withAt } from "./merge.js";
import { NEW, caughtUp, mergeSeen, nothingOf, othersOf, ownOf, whoHas, wrote } from "./turns.js";
import { Undecided } from "./unsaved.js";

/** @typedef {{record: any, tag: string, expires?: string | null}} Tagged */

/** The code of what may be stored, or not. */
export const NOT_KNOWN = "not-known";

/** Members that are named at the most. */
const NAMED = 3;

/** @param {string} table @param {unknown} id */
const path = (table, id) => `data/${pathOf(table, String(id))}`;

/** @param {import("../server.js").Reply} reply @returns {Tagged} */
const tagged = ({ text, headers }) => ({ record: parse(text), tag: headers.get("ETag") ?? "", expires: headers.get("Expires") });

/** @param {string} table @param {unknown} id */
export const fetchRecord = async (table, id) => tagged(await ask("GET", path(table, id)));

/** @param {string} table @param {unknown} id @param {any} record @param {string} tag */
const putRecord = async (table, id, record, tag) =>
  tagged(await ask("PUT", path(table, id), { body: record, headers: { "If-Match": tag } }));

/** Records that may have been added though nobody said so, and the ids that were made for them: sent once more, they have the same. */
const unsure = /** @type {Map<string, string>} */ (new Map());

/**
 * Add a record, once, however often it is sent.
 * @param {string} table @param {any} record
 * @returns {Promise<Tagged>}
 */
async function postRecord(table, record) {
  const text = `${table} ${print(record)}`;
  const id = unsure.get(text) ?? new Naming().idOf(0);
  const isOwn = kindOf(record) === "object" && member(record, "id") === undefined && isNamedHere(tableOf(table)?.schema);
  const named = isOwn ? { id, ...record } : record;
  try {
    const made = tagged(await ask("POST", `data/${pathOf(table)}`, { body: named }));
    unsure.delete(text);
    return made;
  } catch (error) {
    const isOpen = error instanceof Problem && (error.isOpen || error.status === 409) && isOwn;
    if (isOpen) unsure.set(text, id);
    const found = isOpen ? await fetchRecord(table, id).catch(() => null) : null;
    if (!found) throw error;
    unsure.delete(text);
    return found;
  }
}

/** @param {string} table @param {any} record */
export const createRecord = (table, record) => doing(table, member(record, "id") ?? NEW, (deed) => make(table, record, deed));

/** Add a record whose turn it is. @param {string} table @param {any} record @param {import("./deeds.js").Deed} [deed] nothing: it undoes another @param {any} [before] what had been seen of it */
async function make(table, record, deed, before) {
  const made = await postRecord(table, record);
  wrote(table, before ?? nothingOf(made.record), made.record);
  tellOf(table, made.record);
  void refresh();
  const told = `Added ${made.record.id} to ${table}`;
  if (!deed) say(told);
  else {
    deed.id = made.record.id;
    undoable(deed, told, (mayAsk) => takeBack(table, made.record, mayAsk));
  }
  return made;
}

/** @param {string} table @param {any} record as it was seen */
export const removeRecord = (table, record) => doing(table, record.id, async (deed) => {
  const now = await fetchRecord(table, record.id);
  if (![record, caughtUp(table, record)].some((seen) => isSame(seen, now.record))) {
    tellOf(table, now.record);
    throw new Error(`${begun(othersOf(table))} has changed ${record.id} of ${table} since you saw it, so it is not deleted. It is shown as it is now.`);
  }
  await remove(table, now);
  undoable(deed, `Deleted ${record.id} from ${table}`, (mayAsk) => bringBack(table, now.record, mayAsk));
});

/** Delete a record whose turn it is. @param {string} table @param {Tagged} now */
async function remove(table, { record, tag }) {
  await ask("DELETE", path(table, record.id), { headers: { "If-Match": tag } }).catch(async (error) => {
    if (error.status === 404) return; // a browser may have sent it twice
    if (error.status === 412) throw new Undecided(`${table} ${record.id} has just been changed, so it is not deleted.`);
    const found = error.isOpen ? await fetchRecord(table, record.id).catch((fault) => fault) : null;
    if (found?.status !== 404) throw found instanceof Error ? notKnown(error) : error;
  });
  gone(table, record);
}

/** Tell that a record is deleted. @param {string} table @param {any} record */
function gone(table, record) {
  wrote(table, record, nothingOf(record));
  changed.forEach((tell) => tell(table, null, record.id));
  void refresh();
}

/** Delete a record that was added; where it has been changed since, somebody decides. @param {string} table @param {any} made @param {import("./deeds.js").MayAsk} mayAsk */
async function takeBack(table, made, mayAsk) {
  const now = await fetchRecord(table, made.id).catch((error) => { if (error.status !== 404) throw error; });
  if (now && !isSame(now.record, made)) {
    const why = `${begun(whoHas(table, made, now.record))} changed ${namesOf(made, now.record)} of ${table} ${made.id}, so it is not deleted yet.`;
    if (!(await decided("changed", table, now.record, mayAsk, why))) return;
  }
  if (now) await remove(table, now);
  else gone(table, made);
  say(`Deleted ${made.id} from ${table}`);
}

/** Make a deleted record again; where another has its id by now, somebody decides. @param {string} table @param {any} record @param {import("./deeds.js").MayAsk} mayAsk */
const bringBack = (table, record, mayAsk) => make(table, record).catch((error) => {
  if (error.code !== "record-exists") throw error;
  return undoRecord(table, nothingOf(record), record, mayAsk);
});

/** Whoever shows records is told of each that was written here, or was found to be another by now. */
export const changed = new Set(/** @type {((table: string, record: any, id: unknown) => void)[]} */ ([]));

/** Whoever shows one record is told of each change of its table that the feed tells of, while somebody follows it. */
export const followed = new Set(/** @type {((change: {id?: unknown, op?: string}) => void)[]} */ ([]));

/** @param {string} table @param {any} record */
const tellOf = (table, record) => changed.forEach((tell) => tell(table, record, record.id));

/** Is asked whether a record is to be there: one that is `gone`, or `changed` since it was added; undefined if nobody decides. Set by `gone.js`. */
export const presence = { ask: /** @type {(found: "gone" | "changed", table: string, record: any) => Promise<boolean | undefined>} */ (async () => undefined) };

/** Ask, or refuse as undecided, with why. @param {"gone" | "changed"} found @param {string} table @param {any} record @param {import("./deeds.js").MayAsk} mayAsk @param {string} why */
async function decided(found, table, record, mayAsk, why) {
  const answer = mayAsk() ? await presence.ask(found, table, record) : undefined;
  if (answer === undefined) throw new Undecided(why);
  return answer;
}

/** Words at the beginning of a sentence. @param {string} words */
const begun = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/** Is asked where two have changed the same: what is to be written, null to leave it, undefined if nobody decides. Set by `conflict.js`. */
export const conflict = { ask: /** @type {(base: any, mine: any, theirs: any, who: string, what?: string) => Promise<any>} */ (async () => null) };

/**
 * @typedef {{mayAsk?: import("./deeds.js").MayAsk, part?: string}} How
 *   `mayAsk`: where it says no, what somebody has to decide is refused as undecided; `part`: only that member of the record was read
 * @typedef {How & {isUndo: boolean, deed?: import("./deeds.js").Deed}} Writing
 */

const always = () => true;

/**
 * Write a record in place of one that was seen, once what is being written of it already is. If it has been changed since, both
 * changes are kept, or somebody decides; if it is gone, somebody decides, too.
 * @param {string} table
 * @param {any} base as it was seen
 * @param {any} mine
 * @param {How} [how]
 * @returns {Promise<any>} what is stored, null if it was left
 */
export const saveRecord = (table, base, mine, how = {}) => doing(table, base.id, (deed) => write(table, base, mine, { ...how, isUndo: false, deed }));

/** @param {string} table @param {any} base @param {any} mine @param {Writing} writing @returns {Promise<any>} */
async function write(table, base, mine, writing) {
  try {
    return await replaceRecord(table, base, mine, writing);
  } catch (error) {
    if (/** @type {any} */ (error).status !== 404) throw error;
    const own = ownOf(table, base, mine, writing.part);
    const why = `${base.id} of ${table} has been deleted or has expired, so it is not ${doneBy(writing)} yet. It can be created again.`;
    if (await decided("gone", table, own.mine, writing.mayAsk ?? always, why)) return (await make(table, own.mine, writing.deed, own.base)).record;
    if (writing.isUndo) return null;
    throw error; // what was typed stays
  }
}

/** Have a record whose turn it is as it was before, where it is what it became, or both, or somebody decides. @param {string} table @param {any} after @param {any} before @param {import("./deeds.js").MayAsk} mayAsk */
export const undoRecord = (table, after, before, mayAsk) => write(table, after, before, { isUndo: true, mayAsk });

/** @param {Writing} writing */
const doneBy = ({ isUndo }) => (isUndo ? "undone" : "saved");

/** @param {string} table @param {any} base @param {any} mine @param {Writing} writing */
async function replaceRecord(table, base, mine, writing) {
  const { isUndo, mayAsk = always, part } = writing;
  let lost = /** @type {Problem | null} */ (null); // no answer has come, or none that tells
  let sent = /** @type {{before: any, wanted: any} | null} */ (null);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const now = await fetchRecord(table, base.id).catch((error) => { throw lost && error.status !== 404 ? notKnown(lost) : error; });
    if (part !== undefined && !attempt) [base, mine] = [base, mine].map((each) => withMember(now.record, part, member(each, part)));
    const { merged, conflicts, taken, who: told, ...sides } = mergeSeen(table, base, mine, now.record, !isUndo);
    if (isSame(merged, now.record) && !isSame(base, mine)) { // it is there: sent before, and the answer was lost
      const { before, wanted } = sent ?? { before: sides.base, wanted: sides.mine };
      return done(table, before, wanted, now.record, [], writing);
    }
    if (conflicts.length) tellOf(table, now.record);
    if (lost) throw conflicts.length ? notKnown(lost) : lost;
    const who = begun(told);
    if (conflicts.length && !mayAsk()) throw new Undecided(`${who} changed ${pathsOf(conflicts)} of ${table} ${base.id}, too, so it is not ${doneBy(writing)} yet: choose which holds.`);
    const wanted = conflicts.length ? await conflict.ask(sides.base, sides.mine, now.record, who) : merged;
    if (wanted === null) return null;
    if (wanted === undefined) throw new Undecided(`${who} changed ${table} ${base.id}, so it is not ${doneBy(writing)} yet.`);
    sent = { before: now.record, wanted };
    try {
      const { record } = await putRecord(table, base.id, wanted, now.tag);
      if (conflicts.length) wrote(table, conflicts.reduce((seen, { steps, was }) => withAt(seen, steps, was), now.record), record); // whoever decides has seen both
      return done(table, now.record, record, record, taken, writing);
    } catch (error) {
      const isLost = error instanceof Problem && error.isOpen;
      if (!isLost && /** @type {any} */ (error).status !== 412) throw error;
      if (isLost) lost = error;
      if (conflicts.length) [base, mine] = [now.record, wanted]; // which is decided
    }
  }
  throw new Error("The record is being changed again and again; try once more.");
}

/**
 * Tell what was written.
 * @param {string} table @param {any} before @param {any} wanted @param {any} record @param {import("./merge.js").Place[]} taken @param {Writing} writing
 */
function done(table, before, wanted, record, taken, { isUndo, deed }) {
  wrote(table, before, wanted);
  tellOf(table, record);
  const what = `${table} ${record.id}: ${namesOf(before, wanted)}`;
  const undo = (/** @type {import("./deeds.js").MayAsk} */ mayAsk) => undoRecord(table, wanted, before, mayAsk);
  if (isUndo) say(`Undone ${what}`);
  else if (deed) undoable(deed, `Saved ${what}${taken.length ? `, with what ${othersOf(table)} had changed: ${pathsOf(taken)}` : ""}`, undo);
  return record;
}

/** @param {import("./merge.js").Place[]} found */
const pathsOf = (found) => found.map(({ path }) => path).join(", ");

/** @param {Problem} lost what came instead of an answer */
export const notKnown = (lost) => new Problem({ status: lost.status, code: NOT_KNOWN, title: "Whether it is done is not known", detail: `${lost.detail || lost.title} Whether it is done is not known: look at what is there, or do it once more.` });

/** The members that are others in one record than in another, a few of them by name. @param {any} before @param {any} after */
function namesOf(before, after) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !isSame(member(before, name), member(after, name)));
  return names.length > NAMED ? `${names.slice(0, NAMED).join(", ")} and ${names.length - NAMED} more` : names.join(", ") || "as it was";
}
