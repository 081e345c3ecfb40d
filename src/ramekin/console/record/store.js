// Single records: read with their tag, and written only over what was read. What was done can be undone.
import { Problem, ask, pathOf } from "../server.js";
import { isSame, member, parse, print, withMember } from "../json.js";
import { Naming, isNamedHere } from "../naming.js";
import { refresh, tableOf } from "../tables/catalog.js";
import { dismiss, say, sayFault } from "../ui/toast.js";
import { kindOf } from "../values.js";

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
export async function createRecord(table, record) {
  const made = await postRecord(table, record);
  tellOf(table, made.record);
  void refresh();
  undoable(`Added ${made.record.id} to ${table}`, () => removeRecord(table, made.record, { isQuiet: true }));
  return made;
}

/** @param {string} table @param {any} record as it was seen @param {{isQuiet?: boolean}} [how] */
export async function removeRecord(table, record, { isQuiet = false } = {}) {
  const now = await fetchRecord(table, record.id);
  if (!isSame(record, now.record)) {
    tellOf(table, now.record);
    throw new Error(`Somebody else has changed ${record.id} of ${table} since you saw it, so it is not deleted. It is shown as it is now.`);
  }
  await ask("DELETE", path(table, record.id), { headers: { "If-Match": now.tag } }).catch((error) => {
    if (error.status !== 404) throw error; // gone it is: a browser may have sent it twice
  });
  changed.forEach((tell) => tell(table, null, record.id));
  void refresh();
  if (isQuiet) say(`Deleted ${record.id} from ${table}`);
  else undoable(`Deleted ${record.id} from ${table}`, () => createRecord(table, now.record));
}

/** Whoever shows records is told of each that was written here, or was found to be another by now. */
export const changed = new Set(/** @type {((table: string, record: any, id: unknown) => void)[]} */ ([]));

/** Whoever shows one record is told of each change of its table that the feed tells of, while somebody follows it. */
export const followed = new Set(/** @type {((change: {id?: unknown}) => void)[]} */ ([]));

/** @param {string} table @param {any} record */
const tellOf = (table, record) => changed.forEach((tell) => tell(table, record, record.id));

/**
 * What becomes of a record that two have changed: where only one did, that holds.
 * @param {any} base as both found it
 * @param {any} mine
 * @param {any} theirs
 * @returns {{merged: any, conflicts: string[], taken: string[]}} `taken`: what they changed and nobody contradicts
 */
export function merge(base, mine, theirs) {
  let merged = {};
  const conflicts = /** @type {string[]} */ ([]);
  const taken = /** @type {string[]} */ ([]);
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const [was, own, other] = [base, mine, theirs].map((each) => member(each, name));
    const isOther = !isSame(was, other);
    if (isOther && !isSame(own, other)) (isSame(was, own) ? taken : conflicts).push(name);
    const value = isOther && isSame(was, own) ? other : own;
    if (value !== undefined) merged = withMember(merged, name, value);
  }
  return { merged, conflicts, taken };
}

/** Is asked where a record has been deleted that somebody has changed here: whether to make it again. Set by `gone.js`. */
export const gone = { ask: /** @type {(table: string, mine: any) => Promise<boolean>} */ (async () => false) };

/** Is asked where two have changed the same: what is to be written, null to leave it, undefined if nobody decides. Set by `conflict.js`. */
export const conflict = { ask: /** @type {(base: any, mine: any, theirs: any, what?: string) => Promise<any>} */ (async () => null) };

/** Why something is not stored: somebody has to decide, and was not asked yet. */
export class Undecided extends Error {}

/**
 * @typedef {{isUndo?: boolean, isAskedLater?: boolean, deed?: Deed}} How
 *   `isAskedLater`: where somebody has to decide, nothing is asked, as keys may be meant for another place by then, and it is refused as undecided; `deed`: its place among what can be undone
 */

/**
 * Write a record in place of one that was seen. If it has been changed since, both changes are kept, or somebody decides;
 * if it is gone, somebody decides, too.
 * @param {string} table
 * @param {any} base as it was seen
 * @param {any} mine
 * @param {How} [how]
 * @returns {Promise<any>} what is stored, null if it was left
 */
export async function saveRecord(table, base, mine, how = {}) {
  try {
    return await replaceRecord(table, base, mine, how);
  } catch (error) {
    if (/** @type {any} */ (error).status !== 404) throw error;
    if (how.isAskedLater) throw new Undecided("Somebody has deleted this record, so it is not saved. It can be created again.");
    if (!(await gone.ask(table, mine))) throw error;
    return (await createRecord(table, mine)).record;
  }
}

/** @param {string} table @param {any} base @param {any} mine @param {How} how */
async function replaceRecord(table, base, mine, { isUndo, isAskedLater, deed }) {
  const done = (/** @type {any} */ before, /** @type {any} */ wanted, /** @type {any} */ record, /** @type {string[]} */ taken) => {
    tellOf(table, record);
    const what = `${table} ${record.id}: ${namesOf(before, wanted)}`;
    if (isUndo) say(`Undone ${what}`);
    else undoable(`Saved ${what}${taken.length ? `, with what somebody else had changed: ${taken.join(", ")}` : ""}`, () => saveRecord(table, wanted, before, { isUndo: true }), deed);
    return record;
  };
  let lost = /** @type {Problem | null} */ (null); // no answer has come, or none that tells
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const now = await fetchRecord(table, base.id).catch((error) => { throw lost && error.status !== 404 ? notKnown(lost) : error; });
    const { merged, conflicts, taken } = merge(base, mine, now.record);
    if (isSame(merged, now.record) && !isSame(base, mine)) return done(base, mine, now.record, []); // it is there: sent before, and the answer was lost
    if (conflicts.length) tellOf(table, now.record);
    if (lost) throw conflicts.length ? notKnown(lost) : lost;
    if (conflicts.length && isAskedLater) throw new Undecided(`Somebody else has changed ${conflicts.join(", ")}, too, so it is not saved yet: choose which holds.`);
    const wanted = conflicts.length ? await conflict.ask(base, mine, now.record) : merged;
    if (wanted === null) return null;
    if (wanted === undefined) throw new Undecided("Somebody else has changed this record, so it is not saved yet.");
    try {
      const { record } = await putRecord(table, base.id, wanted, now.tag);
      return done(now.record, record, record, taken);
    } catch (error) {
      const isLost = error instanceof Problem && error.isOpen;
      if (!isLost && /** @type {any} */ (error).status !== 412) throw error;
      if (isLost) lost = error;
      if (conflicts.length) [base, mine] = [now.record, wanted]; // which is decided
    }
  }
  throw new Error("The record is being changed again and again; try once more.");
}

/** @param {Problem} lost what came instead of an answer */
const notKnown = (lost) => new Problem({ status: lost.status, code: NOT_KNOWN, title: "Whether it is stored is not known", detail: `${lost.detail || lost.title} Whether it is stored is not known: look at the record, or store it once more.` });

/** The members that are others in one record than in another, a few of them by name. @param {any} before @param {any} after */
function namesOf(before, after) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !isSame(member(before, name), member(after, name)));
  return names.length > NAMED ? `${names.slice(0, NAMED).join(", ")} and ${names.length - NAMED} more` : names.join(", ") || "as it was";
}

/** @typedef {{toast: number, undo?: () => Promise<unknown>, ended?: Promise<unknown>}} Deed something that was done, or is being done until it has `ended` */

/** @type {Deed[]} */
const deeds = [];

/** Have a place, in the order of what was begun, among what can be undone, for something that is being done. @returns {Deed} */
export function beginDeed() {
  const deed = { toast: 0 };
  deeds.push(deed);
  if (deeds.length > 50) deeds.shift();
  return deed;
}

/** Give up a place, as nothing was done. @param {Deed} deed */
export const endDeed = (deed) => void (deeds.includes(deed) && deeds.splice(deeds.indexOf(deed), 1));

/**
 * Say what was done, with a way back.
 * @param {string} text
 * @param {() => Promise<unknown>} undo
 */
export function undoable(text, undo, deed = beginDeed()) {
  deed.undo = undo;
  deed.toast = say(text, { act: { name: "Undo", run: () => undoLast(deed) } });
}

let undone = Promise.resolve();

/** Undo what was begun last, or one deed, once it is done. One after the other, as they may be of one record. @param {Deed} [deed] */
export function undoLast(deed = deeds.at(-1)) {
  if (!deed || !deeds.includes(deed)) return undone;
  endDeed(deed);
  dismiss(deed.toast);
  undone = undone.then(async () => {
    await deed.ended?.catch(() => {});
    dismiss(deed.toast);
    await deed.undo?.().catch(sayFault);
  });
  return undone;
}
