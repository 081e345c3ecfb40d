// Where the focus goes. When somebody goes to a view: to what it shows. When what has the focus is taken from the page, as a
// panel that is closed: to the nearest place around it, so that whoever has no mouse goes on from there, and not from the top.
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
  new MutationObserver(() => {
    if (isNowhere() && around.length && !around[0].isConnected) place()?.focus({ preventScroll: true });
  }).observe(document.body, { childList: true, subtree: true });
}

const isNowhere = () => document.activeElement === document.body || document.activeElement === null;

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

/** @returns {HTMLElement | undefined} */
function place() {
  for (const each of around) {
    if (!each.isConnected || each === document.body) continue;
    if (each.matches("[tabindex]")) return each;
    const inside = /** @type {HTMLElement[]} */ ([...each.querySelectorAll('[tabindex="0"]'), ...each.querySelectorAll(FOCUSABLE)]);
    const found = inside.find((one) => one.checkVisibility());
    if (found) return found;
  }
  return undefined;
}
