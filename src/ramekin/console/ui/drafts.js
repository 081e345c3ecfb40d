// What somebody has typed and neither stored nor given up. It stays while the page is open, whatever else is looked at, and
// the browser asks before the page goes with it.
import { signal } from "@preact/signals";
import { isSame } from "../json.js";

/** By names like paths: what belongs together begins with the same part. */
const drafts = signal(/** @type {Map<string, any>} */ (new Map()));

addEventListener("beforeunload", (event) => drafts.value.size && event.preventDefault());

/**
 * A value that somebody may change, and what keeps the change; what is as it was at the start is none.
 * @template T
 * @param {string} name @param {T} start
 * @returns {[T, (value: T) => void]}
 */
export function draft(name, start) {
  const keep = (/** @type {T} */ value) => {
    if (isSame(value, start)) forget(name);
    else drafts.value = new Map(drafts.value).set(name, value);
  };
  return [drafts.value.has(name) ? drafts.value.get(name) : start, keep];
}

/** Whether something is kept under a name, or below it. @param {string} name */
export const isDrafted = (name) => [...drafts.value.keys()].some((each) => isBelow(each, name));

/** Let go of what is kept under a name, and below it. @param {string} name */
export function forget(name) {
  if (isDrafted(name)) drafts.value = new Map([...drafts.value].filter(([each]) => !isBelow(each, name)));
}

/**
 * Let go of what is kept under a name, as it is stored; what was typed since it was sent stays. Whether nothing was.
 * @template T
 * @param {string} name @param {T} sent @param {(now: T) => T} [rest] what is kept of what was typed since
 */
export function settle(name, sent, rest = (now) => now) {
  const now = drafts.value.get(name);
  const isAll = now === undefined || isSame(now, sent);
  if (isAll) forget(name);
  else drafts.value = new Map(drafts.value).set(name, rest(now));
  return isAll;
}

/** @param {string} each @param {string} name */
const isBelow = (each, name) => each === name || each.startsWith(`${name}/`);
