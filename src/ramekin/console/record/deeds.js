// What was done here, in the order in which it was begun, and how each is undone.
import { inOneLine } from "../ui/fault.js";
import { dismiss, say } from "../ui/toast.js";
import { inTurn } from "./turns.js";
import { Undecided } from "./unsaved.js";

/**
 * @typedef {() => boolean} MayAsk whether somebody may be asked for a decision now, or the keys are meant for another place by then
 * @typedef {{table: string, id: unknown, toast: number, undo?: (mayAsk: MayAsk) => Promise<unknown>}} Deed something that was done, or
 *   is being done, with a record, or with any of a table; `undo` is there once it is, and is called when it is its turn
 */

/** @type {Deed[]} */
const deeds = [];

/** Give up a place: it is undone, or nothing was done. @param {Deed} deed */
const endDeed = (deed) => void (deeds.includes(deed) && deeds.splice(deeds.indexOf(deed), 1));

/**
 * Do something that can be undone once it has said so by `undoable`, when it is its turn: it has its place among others from now on.
 * @template T
 * @param {string} table @param {unknown} id as for `inTurn` @param {(deed: Deed) => Promise<T>} run
 * @returns {Promise<T>}
 */
export function doing(table, id, run) {
  const deed = /** @type {Deed} */ ({ table, id, toast: 0 });
  deeds.push(deed);
  if (deeds.length > 50) deeds.shift();
  return inTurn(table, id, () => run(deed)).finally(() => deed.undo || endDeed(deed));
}

/**
 * Say what was done, with a way back.
 * @param {Deed} deed
 * @param {string} text
 * @param {NonNullable<Deed["undo"]>} undo
 */
export function undoable(deed, text, undo) {
  deed.undo = undo;
  deed.toast = say(text, { act: { name: "Undo", run: () => undoLast(deed) } });
}

/** Undo a deed, when it is its turn; where somebody has to decide, or it fails, it waits in a message and takes no keys. @param {Deed} deed @param {MayAsk} mayAsk @returns {Promise<unknown>} */
const undo = (deed, mayAsk) => inTurn(deed.table, deed.id, async () => {
  dismiss(deed.toast);
  await deed.undo?.(mayAsk);
}).catch((error) => {
  const name = error instanceof Undecided ? "Decide" : "Try again";
  say("Not undone yet", { kind: "failed", detail: inOneLine(error), isLasting: true, act: { name, run: () => undo(deed, () => true) } });
});

/** Undo what was begun last, or one deed: its turn is after all that was begun before this, and before all that is begun later. @param {Deed} [deed] */
export function undoLast(deed = deeds.at(-1)) {
  if (!deed || !deeds.includes(deed)) return;
  endDeed(deed);
  dismiss(deed.toast);
  void undo(deed, () => false);
}
