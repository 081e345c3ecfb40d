// What is wrong with a record that is being written, by the places where it is. It is told at its place for as long as what
// is there is what was sent, wherever that stands by now.
import { isSame, member } from "../json.js";
import { kindOf } from "../values.js";

/**
 * @typedef {{at: string, pointer: string, was: unknown, told: string}} Fault `at`: the place by the keys of elements, which
 *   stay with them; `pointer`: where it was as it was sent; `was`: what was there
 */

/** A place inside of another. @param {string} at @param {string} step a name, or the key of an element */
export const below = (at, step) => `${at}/${step.replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** @param {string} pointer */
const stepsOf = (pointer) => pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

/** Whether a place is in another, or is that. @param {string} at @param {string} whole */
export const isIn = (at, whole) => at === whole || at.startsWith(`${whole}/`);

/** What is in a value at some steps. @param {any} value @param {string[]} steps */
const inside = (value, steps) => steps.reduce((found, step) => (Array.isArray(found) ? found[Number(step)] : kindOf(found) === "object" ? member(found, step) : undefined), value);

/** The place of a pointer, by the keys of elements as they were sent. @param {string} pointer @param {any} parts */
function placeOf(pointer, parts) {
  let at = "";
  for (const step of stepsOf(pointer)) {
    const part = Array.isArray(parts) ? parts.find(({ name }) => name === step) ?? parts[Number(step)] : member(parts ?? {}, step);
    at = below(at, part?.key ?? step);
    parts = part?.parts;
  }
  return at;
}

/** What the server finds wrong. @param {import("../server.js").Problem} problem @param {any} record that was sent @param {any} parts as which it was written, by their names @returns {Fault[]} */
export const faultsOf = ({ errors }, record, parts) => errors.map(({ pointer = "", detail = "" }) => ({ at: placeOf(pointer, parts), pointer, was: inside(record, stepsOf(pointer)), told: detail }));

/**
 * What is still wrong: where what was sent is there by now.
 * @param {Fault[]} faults
 * @param {any} typed the parts of the record, by their names: `made` of each, and its `parts` as they were typed
 * @returns {Fault[]} each at the place where that is
 */
export const stillWrong = (faults, typed) => faults.flatMap((fault) => {
  const keys = stepsOf(fault.at);
  let [at, part] = ["", /** @type {any} */ ({ parts: typed })];
  for (const [depth, name] of stepsOf(fault.pointer).entries()) {
    const isKeyed = Array.isArray(part.parts);
    part = isKeyed ? part.parts.find((/** @type {any} */ { key }) => key === keys[depth]) : member(part.parts ?? {}, name) ?? { made: inside(part.made, [name]) };
    if (!part) return []; // the element is removed
    at = below(at, isKeyed ? keys[depth] : name);
  }
  return isSame(part.made, fault.was) ? [{ ...fault, at }] : [];
});

/** What is wrong at a place and inside of it, but for what is told at its parts. @param {Fault[]} faults @param {string} at @param {string[]} [parts] places that tell their own */
export function toldAt(faults, at, parts = []) {
  const deeper = (/** @type {Fault} */ { pointer }) => pointer.split("/").slice(at.split("/").length).map((step) => `/${step}`).join("");
  return faults.filter((fault) => isIn(fault.at, at) && !parts.some((part) => isIn(fault.at, part))).map((fault) => [deeper(fault), fault.told].filter(Boolean).join(": ")).join(" ");
}

/** Go to the first place that is wrong. @param {HTMLElement | null} form */
export function enterFault(form) {
  const first = form?.querySelector('[aria-invalid="true"], .parts > .bad');
  const box = first?.matches(".bad") ? first.parentElement?.querySelector("input, textarea, select, button") : first;
  /** @type {HTMLElement | null | undefined} */ (box)?.focus();
}
