// Tabs: one is chosen, arrows go to the next.
import { html } from "./html.js";

/** @param {{label: string, chosen: string, tabs: [string, string][], onChoose: (name: string) => void}} given */
export function Tabs({ label, chosen, tabs, onChoose }) {
  const move = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex(([name]) => name === chosen);
    const next = (at + step + tabs.length) % tabs.length;
    onChoose(tabs[next][0]);
    /** @type {HTMLElement | undefined} */ (/** @type {Element} */ (event.currentTarget).querySelectorAll("[role=tab]")[next])?.focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${move}>
    ${tabs.map(([name, words]) => html`<button type="button" role="tab" aria-selected=${name === chosen} tabindex=${name === chosen ? 0 : -1}
      onClick=${() => onChoose(name)}>${words}</button>`)}
  </div>`;
}
