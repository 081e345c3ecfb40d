// What is wrong with a record that is being written, by the places where it is: pointers, as the server has them.

/** @typedef {Record<string, string>} Faults by pointers */

/** A place inside of another. @param {string} at @param {string | number} step a name, or a place in an array */
export const below = (at, step) => `${at}/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** @param {string} pointer @param {string} at */
const isIn = (pointer, at) => pointer === at || pointer.startsWith(`${at}/`);

/** What the server finds wrong. @param {import("../server.js").Problem} problem @returns {Faults} */
export function faultsOf({ errors }) {
  /** @type {Faults} */
  const found = {};
  for (const { pointer = "", detail = "" } of errors) found[pointer] = [found[pointer], detail].filter(Boolean).join(" ");
  return found;
}

/** What is wrong at a place and inside of it, but for what is told at its parts. @param {Faults} faults @param {string} at @param {string[]} [parts] places that tell their own */
export const toldAt = (faults, at, parts = []) => Object.entries(faults).filter(([pointer]) => isIn(pointer, at) && !parts.some((part) => isIn(pointer, part)))
  .map(([pointer, told]) => (pointer === at ? told : `${pointer.slice(at.length)}: ${told}`)).join(" ");

/** What is still wrong once somebody has written at a place. @param {Faults} faults @param {string} at */
export const without = (faults, at) => Object.fromEntries(Object.entries(faults).filter(([pointer]) => !isIn(pointer, at)));

/** Go to the first place that is wrong. @param {HTMLElement | null} form */
export function enterFault(form) {
  const first = form?.querySelector('[aria-invalid="true"], .parts > .bad');
  const box = first?.matches(".bad") ? first.parentElement?.querySelector("input, textarea, select, button") : first;
  /** @type {HTMLElement | null | undefined} */ (box)?.focus();
}
