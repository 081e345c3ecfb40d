// A menu below a button. Arrows move in it; Escape, a click elsewhere and a focus that leaves it close it.
import { useEffect, useRef, useState } from "preact/hooks";
import { go } from "../address.js";
import { Button } from "./button.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** What tells the deeds of each menu that is on the page, open or not: as `Copy as curl`. @type {Set<() => {name: string, run: () => unknown}[]>} */
export const menus = new Set();

/**
 * @typedef {{name: string, icon?: string, run?: () => unknown, href?: string, kind?: "danger"} | null} Item
 * @param {{label: string, icon?: string, items: Item[], text?: string, kind?: string, children?: unknown}} given
 */
export function Menu({ label, icon = "more", items, text, kind = "quiet", children }) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const told = useRef(items);
  told.current = items;
  useEffect(() => {
    const tell = () => told.current.filter((item) => item !== null).map(({ name, run, href = "" }) => ({ name: [text, name].filter(Boolean).join(" "), run: run ?? (() => go(href)) }));
    menus.add(tell);
    return () => void menus.delete(tell);
  }, [text]);
  const close = () => {
    setOpen(false);
    box.current?.querySelector("button")?.focus();
  };
  useEffect(() => {
    if (!isOpen) return undefined;
    const leave = (/** @type {Event} */ event) => !box.current?.contains(/** @type {Node} */ (event.target)) && setOpen(false);
    for (const kind of ["pointerdown", "focusin"]) addEventListener(kind, leave);
    /** @type {HTMLElement | null | undefined} */ (box.current?.querySelector("[role=menuitem], input, .popover button"))?.focus();
    return () => ["pointerdown", "focusin"].forEach((kind) => removeEventListener(kind, leave));
  }, [isOpen]);
  const move = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      close();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !isOpen || children) return;
    event.preventDefault();
    const entries = /** @type {HTMLElement[]} */ ([...(box.current?.querySelectorAll("[role=menuitem]") ?? [])]);
    const at = entries.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    entries[(at + step + entries.length) % entries.length]?.focus();
  };
  return html`<div class="menu" ref=${box} onKeyDown=${move}>
    <${Button} icon=${icon} label=${label} kind=${kind} aria-haspopup=${children ? "dialog" : "menu"} aria-expanded=${isOpen}
      onClick=${() => setOpen(!isOpen)}>${text}<//>
    ${isOpen && (children ? html`<div class="popover" role="dialog" tabindex="-1" aria-label=${label}>${children}</div>`
      : html`<div class="popover" role="menu" aria-label=${label}>${items.map((item) => drawItem(item, close))}</div>`)}
  </div>`;
}

/** @param {Item} item @param {() => void} close */
function drawItem(item, close) {
  if (item === null) return html`<hr />`;
  const inside = html`${item.icon && html`<${Icon} name=${item.icon} />`}<span>${item.name}</span>`;
  if (item.href) return html`<a role="menuitem" href=${item.href} onClick=${close}>${inside}</a>`;
  return html`<button type="button" role="menuitem" class=${item.kind ?? ""} onClick=${() => { close(); item.run?.(); }}>
    ${inside}
  </button>`;
}
