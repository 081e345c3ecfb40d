// What was done here, in the order in which it was begun, and how each is undone.
import { dismiss, say, sayFault } from "../ui/toast.js";
import { Undecided } from "./unsaved.js";

/**
 * @typedef {() => boolean} MayAsk whether somebody may be asked for a decision now, or the keys are meant for another place by then
 * @typedef {{toast: number, undo?: (mayAsk: MayAsk) => Promise<unknown>, ended?: Promise<unknown>}} Deed something that was done, or is being done until it has `ended`
 */

/** @type {Deed[]} */
const deeds = [];

/** Have a place, in the order of what was begun, among what can be undone, for something that is being done. @returns {Deed} */
function beginDeed() {
  const deed = { toast: 0 };
  deeds.push(deed);
  if (deeds.length > 50) deeds.shift();
  return deed;
}

/** Give up a place: it is undone, or nothing was done. @param {Deed} deed */
const endDeed = (deed) => void (deeds.includes(deed) && deeds.splice(deeds.indexOf(deed), 1));

/**
 * Do something that can be undone once it has said so by `undoable`: it has its place among others from now on.
 * @template T
 * @param {(deed: Deed) => Promise<T>} run
 * @returns {Promise<T>}
 */
export async function doing(run) {
  const deed = beginDeed();
  const ended = run(deed);
  deed.ended = ended;
  try {
    return await ended;
  } finally {
    if (!deed.undo) endDeed(deed);
  }
}

/**
 * Say what was done, with a way back.
 * @param {string} text
 * @param {NonNullable<Deed["undo"]>} undo
 */
export function undoable(text, undo, deed = beginDeed()) {
  deed.undo = undo;
  deed.toast = say(text, { act: { name: "Undo", run: () => undoLast(deed) } });
}

/** Undo a deed; where somebody has to decide, that waits in a message and takes no keys. @param {Deed} deed @param {MayAsk} mayAsk @returns {Promise<unknown> | undefined} */
const undo = (deed, mayAsk) => deed.undo?.(mayAsk).catch((error) => {
  if (!(error instanceof Undecided)) return sayFault(error);
  return say("Not undone yet", { kind: "failed", detail: error.message, isLasting: true, act: { name: "Decide", run: () => undo(deed, () => true) } });
});

let undone = Promise.resolve();

/** Undo what was begun last, or one deed, once it is done. One after the other, as they may be of one record. @param {Deed} [deed] */
export function undoLast(deed = deeds.at(-1)) {
  if (!deed || !deeds.includes(deed)) return undone;
  endDeed(deed);
  dismiss(deed.toast);
  undone = undone.then(async () => {
    await deed.ended?.catch(() => {});
    dismiss(deed.toast);
    await undo(deed, () => false);
  });
  return undone;
}
