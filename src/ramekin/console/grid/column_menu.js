// Which columns are shown, and in which order: of a grid, or of the rows of a join. What is chosen stands in the address, in the
// word that the API has for it.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Menu } from "../ui/menu.js";
import { html } from "../ui/html.js";
import { Button } from "../ui/button.js";

/** Columns among which one is sought. */
const MANY = 15;

/** @param {{all: string[], shown: string[], onChange: (columns: string[]) => void}} given `onChange` is told none where all are to be shown */
export function ColumnMenu({ all, shown, onChange }) {
  const [sought, setSought] = useState("");
  const [dragged, drag] = useState("");
  const [over, setOver] = useState("");
  const moved = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    moved.current?.focus(); // which goes where a row is put elsewhere
    moved.current = null;
  });
  const [first] = all;
  const found = [...shown, ...all.filter((path) => !shown.includes(path))].filter((path) => path.toLowerCase().includes(sought.toLowerCase()));
  const put = (/** @type {string[]} */ chosen) => onChange(chosen.length ? chosen : [first]);
  const show = () => (sought ? put([...new Set([...shown, ...found])]) : onChange([]));
  const hide = () => put(sought ? shown.filter((path) => !found.includes(path)) : []);
  const move = (/** @type {string} */ path, /** @type {number} */ to) => onChange(shown.filter((each) => each !== path).toSpliced(Math.max(0, to), 0, path));
  const press = (/** @type {string} */ path) => (/** @type {KeyboardEvent} */ event) => {
    const at = shown.indexOf(path);
    const to = event.altKey && at >= 0 ? { ArrowUp: event.shiftKey ? 0 : at - 1, ArrowDown: event.shiftKey ? shown.length : at + 1 }[event.key] : undefined;
    if (to === undefined) return;
    event.preventDefault();
    moved.current = /** @type {HTMLElement} */ (event.target);
    move(path, to);
  };
  const drop = (/** @type {string} */ path) => (/** @type {Event} */ event) => {
    event.preventDefault();
    if (dragged && dragged !== path) move(dragged, shown.indexOf(path));
  };
  const row = (/** @type {string} */ path) => {
    const isShown = shown.includes(path);
    const drags = isShown && {
      draggable: true, onDragStart: (/** @type {DragEvent} */ event) => { event.dataTransfer?.setData("text/plain", path); drag(path); },
      onDragEnd: () => { drag(""); setOver(""); }, onDrop: drop(path), onDragOver: (/** @type {Event} */ event) => { event.preventDefault(); setOver(path); },
    };
    return html`<li key=${path} class=${dragged && over === path ? "over" : ""} onKeyDown=${press(path)} ...${drags}>
      <label><input type="checkbox" checked=${isShown} onChange=${() => put(isShown ? shown.filter((each) => each !== path) : [...shown, path])} /><span class="clip">${path}</span></label>
      ${isShown && path !== shown[0] && html`<${Button} icon="up" label=${`Move ${path} to the front`} kind="quiet" onClick=${() => move(path, 0)} />`}
    </li>`;
  };
  return html`<${Menu} label="Choose columns" icon="columns" text="Columns" items=${[]}>
    <div class="column-menu">
      ${all.length > MANY && html`<input type="search" aria-label="Find a column" placeholder="Find a column" value=${sought} onInput=${(/** @type {any} */ event) => setSought(event.target.value)} />`}
      <div class="row"><${Button} kind="quiet" onClick=${show}>${sought ? "Show these" : "Show all"}<//><${Button} kind="quiet" onClick=${hide}>${sought ? "Hide these" : `Hide all but ${first}`}<//></div>
      <ul>${found.map(row)}</ul>
      <p class="faint">To move one, drag it, or press Alt and ↑ or ↓, with Shift to the ends.</p>
    </div>
  <//>`;
}
