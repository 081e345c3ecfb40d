// Where the focus goes. When somebody goes to a view: to what it shows. When a button adds to what stands before it, as to a
// list: to what is new. When what has the focus is taken from the page, as a panel that is closed: to the nearest place beside
// it or around it, so that whoever has no mouse goes on from there, and not from the top.
import { go } from "../address.js";

const FOCUSABLE = ':is(a[href], button, input, select, textarea):not([tabindex="-1"], :disabled)';

/** What has the focus, and all around it, from the inside outwards. @type {HTMLElement[]} */
let around = [];

/** Begin to look after the focus of a page. */
export function keepFocus() {
  addEventListener("focusin", ({ target }) => {
    around = [];
    for (let each = /** @type {HTMLElement | null} */ (target); each; each = each.parentElement) around.push(each);
  });
  addEventListener("focusout", ({ target }) => setTimeout(() => {
    if (isNowhere() && target === around[0] && around[0].isConnected) around = []; // somebody has left it
  }));
  new MutationObserver((changes) => {
    if (isNowhere() && around.length && !around[0].isConnected) place(changes)?.focus({ preventScroll: true });
    else if (document.activeElement?.matches("[data-adds]")) enterAdded(document.activeElement, changes);
  }).observe(document.body, { childList: true, subtree: true });
}

export const isNowhere = () => document.activeElement === document.body || document.activeElement === null;

/** Whether whoever has done something in a part of the page is still there, so that what it asks takes no keys that are meant for another. @param {HTMLElement | null} part */
export const isStill = (part) => !!part?.isConnected && (isNowhere() || part.contains(document.activeElement));

const content = () => document.getElementById("main");

/** Go to what the view shows: its grid, or where it has none yet, the place that one will take the focus from. */
export const enter = () => (/** @type {HTMLElement | null | undefined} */ (content()?.querySelector(".grid")) ?? content())?.focus();

/** Show another view, and go to what it shows. @param {string} href */
export function visit(href) {
  go(href);
  enter();
}

/** Let a grid that has just come have the focus, if somebody waits for it. @param {HTMLElement | null} grid */
export const welcome = (grid) => void (document.activeElement === content() && grid?.focus());

/** Go to what a button has added. @param {Element} button @param {MutationRecord[]} changes */
function enterAdded(button, changes) {
  const added = changes.flatMap((change) => (change.target === button.parentElement ? [...change.addedNodes] : [])).filter((node) => node instanceof HTMLElement);
  const found = added.map(firstIn).find(Boolean);
  found?.focus();
  if (found instanceof HTMLInputElement) found.select();
}

/** The nearest place to what had the focus and is gone. @param {MutationRecord[]} changes */
function place(changes) {
  const gone = changes.find(({ removedNodes }) => around.some((each) => [...removedNodes].includes(each)));
  const [next, last] = /** @type {any[]} */ ([gone?.nextSibling, gone?.previousSibling]);
  const beside = [next instanceof Text ? next.nextElementSibling : next, last instanceof Text ? last.previousElementSibling : last];
  return [...beside.filter((each) => each?.isConnected), ...around.filter((each) => each.isConnected && each !== document.body)].map((each) => likeIn(/** @type {HTMLElement} */ (each)) ?? firstIn(/** @type {HTMLElement} */ (each))).find(Boolean);
}

/** What is called in a part of the page as that was which had the focus: who takes one of a list away goes on with the next. @param {HTMLElement} part */
const likeIn = (part) => /** @type {HTMLElement[]} */ ([...part.querySelectorAll(`${around[0].localName}[aria-label]`)]).find((each) => each.ariaLabel === around[0].ariaLabel);

/** Where to begin in a part of the page: itself, its grid or the like, or the first thing that can be used. @param {HTMLElement} part */
function firstIn(part) {
  if (part.matches(`[tabindex], ${FOCUSABLE}`)) return part;
  const inside = /** @type {HTMLElement[]} */ ([...part.querySelectorAll('[tabindex="0"]'), ...part.querySelectorAll(FOCUSABLE)]);
  return inside.find((one) => one.checkVisibility());
}
