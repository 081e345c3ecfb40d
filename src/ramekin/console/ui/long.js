// Long texts. A browser takes seconds to break a hundred thousand characters into lines, and ten times as long where they
// are read from right to left: beyond some it breaks none where one writes, and where one reads the beginning is shown.
import { many } from "../values.js";
import { html } from "./html.js";

/** Characters that are broken into lines at the most. */
const BROKEN = 20_000;

/** How a box for a text breaks its lines. @param {string} text */
export const wrapOf = (text) => (text.length > BROKEN ? "off" : "soft");

/** The beginning of a text, and how much more there is. @param {{text: string, label?: string}} given */
export function Beginning({ text, label }) {
  const rest = text.length - BROKEN;
  return html`<pre tabindex="0" aria-label=${label} dir="auto">${text.slice(0, BROKEN)}</pre>${rest > 0 && html`<p class="faint">… and ${many(rest, "more character")}</p>`}`;
}
