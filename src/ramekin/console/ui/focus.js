// Where the focus goes when what has it is taken from the page, as a panel that is closed: to the nearest place around it,
// so that whoever has no mouse goes on from there, and not from the top of the page.

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
