// What stands where nothing is: what would be here, and how it gets here.
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** @param {{icon: string, title: string, curl?: string, children?: unknown}} given */
export function Empty({ icon, title, curl, children }) {
  return html`<div class="empty"><${Icon} name=${icon} /><h2>${title}</h2>
    <div>${children}</div>
    ${curl && html`<pre tabindex="0" aria-label="The same as a command">${curl}</pre>`}
  </div>`;
}
