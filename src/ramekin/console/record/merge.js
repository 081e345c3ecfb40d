// What becomes of a record that was changed twice: where only one has changed it, that holds; in objects, member by member.
import { pathOfName } from "../fields.js";
import { isSame, member, withMember } from "../json.js";
import { kindOf } from "../values.js";

/**
 * @typedef {{steps: string[], path: string, was: any, own: any, other: any}} Place where two versions are others, and what was there before
 * @typedef {{merged: any, conflicts: Place[], taken: Place[]}} Merged `conflicts`: what both changed, in which mine holds; `taken`: what they changed alone
 */

/** A value with another one at a place in it; an element of which nothing is left goes. @param {any} whole @param {string[]} steps @param {unknown} made @returns {any} */
export function withAt(whole, [step, ...rest], made) {
  const value = rest.length ? withAt(Array.isArray(whole) ? whole[Number(step)] : member(whole, step), rest, made) : made;
  if (!Array.isArray(whole)) return withMember(whole, step, value);
  return value === undefined ? whole.toSpliced(Number(step), 1) : whole.with(Number(step), value);
}

/** Whether all are objects, or arrays in which each element has kept its place. @param {any[]} all @param {boolean} isByElement */
function isInParts(all, isByElement) {
  const [kind, ...others] = new Set(all.map(kindOf));
  return !others.length && (kind === "object" || (isByElement && kind === "array" && all.every(({ length }) => length === all[0].length)));
}

/**
 * Where two versions are others, as far inside as all three have the same form.
 * @param {any} base as both found it @param {any} mine @param {any} theirs @param {boolean} [isByElement] look into arrays, too @param {string[]} [steps]
 * @returns {Place[]}
 */
export function places(base, mine, theirs, isByElement = false, steps = []) {
  if (isSame(mine, theirs)) return [];
  if (!isInParts([base, mine, theirs], isByElement)) return [{ steps, path: steps.map(pathOfName).join("."), was: base, own: mine, other: theirs }];
  const names = new Set([...Object.keys(theirs), ...Object.keys(mine)]);
  return [...names].flatMap((name) => places(member(base, name), member(mine, name), member(theirs, name), isByElement, [...steps, name]));
}

/** The part of an array in whose place there is another by now. @param {any[]} was @param {any[]} made */
function splice(was, made) {
  const least = Math.min(was.length, made.length);
  let [from, rest] = [0, 0];
  while (from < least && isSame(was[from], made[from])) from += 1;
  while (rest < least - from && isSame(was.at(-1 - rest), made.at(-1 - rest))) rest += 1;
  return { from, to: was.length - rest, items: made.slice(from, made.length - rest) };
}

/** Where both changed an array in parts that do not touch, both changes are mine. @param {Place} place @returns {Place} */
function spliced(place) {
  const { was, own, other } = place;
  if (![was, own, other].every(Array.isArray)) return place;
  const [one, next] = [own, other].map((made) => splice(was, made)).sort((left, right) => left.from - right.from);
  if (one.to > next.from) return place;
  return { ...place, was: other, own: [...was.slice(0, one.from), ...one.items, ...was.slice(one.to, next.from), ...next.items, ...was.slice(next.to)] };
}

/** @param {any} base as both found it @param {any} mine @param {any} theirs @param {boolean} [isByElement] @returns {Merged} */
export function merge(base, mine, theirs, isByElement = false) {
  const found = places(base, mine, theirs, isByElement);
  const own = found.filter((place) => !isSame(place.was, place.own)).map((place) => (isByElement ? spliced(place) : place));
  return {
    merged: own.reduce((record, place) => withAt(record, place.steps, place.own), theirs),
    conflicts: own.filter((place) => !isSame(place.was, place.other)),
    taken: found.filter((place) => isSame(place.was, place.own)),
  };
}
