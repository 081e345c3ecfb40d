// What can be done on the page that is shown: what its buttons and menus say. The palette lists that, so nothing is told twice.
import { visit } from "./focus.js";
import { menus } from "./menu.js";
import { say } from "./toast.js";

/** Those of a grid are its headers and rows, which have keys of their own; those of a menu are told by the menu. */
const BUTTONS = ":is(button, a.button):not(:disabled, [aria-haspopup=menu], .grid *)";

/**
 * @param {HTMLElement} place
 * @returns {{name: string, run: () => unknown}[]}
 */
export function deedsOf(place) {
  const buttons = /** @type {HTMLElement[]} */ ([...place.querySelectorAll(BUTTONS)]).filter((each) => each.checkVisibility());
  const pressed = buttons.map((each) => ({ name: each.ariaLabel ?? each.textContent?.trim() ?? "", run: () => { each.focus(); each.click(); } }));
  const all = [...[...menus].flatMap((tell) => tell()), ...pressed].filter(({ name }) => name);
  return [...new Map(all.toReversed().map((deed) => [deed.name, deed])).values()].reverse(); // of two with one name, the first
}

const WAIT_MS = 50;
const TRIES = 200;

/** Go to another page, and do what a button or menu does there, once it is there. @param {string} href @param {string} name */
export async function doThere(href, name) {
  visit(href);
  const there = location.href;
  for (let tries = 0; tries < TRIES && location.href === there; tries += 1) {
    await new Promise((done) => setTimeout(done, WAIT_MS)); // until the page before is gone
    const deed = deedsOf(/** @type {HTMLElement} */ (document.querySelector("main"))).find((each) => each.name === name);
    if (deed && location.href === there) return deed.run();
  }
  return location.href === there && say(`"${name}" cannot be done here now`, { kind: "failed" });
}
