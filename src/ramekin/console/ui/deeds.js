// What can be done on the page that is shown: what its buttons and menus say. The palette lists that, so nothing is told twice.
import { menus } from "./menu.js";

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
