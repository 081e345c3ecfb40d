// Buttons. One that shows a picture alone has its words as a label, for those who cannot see it.
import { html } from "./html.js";
import { Icon } from "./icon.js";

/**
 * @param {{icon?: string, label?: string, kind?: "plain" | "main" | "danger" | "quiet", children?: unknown} & Record<string, any>} given
 */
export function Button({ icon, label, kind = "plain", children, class: more = "", ...rest }) {
  const bare = children === undefined || (Array.isArray(children) && !children.length);
  return html`<button type="button" class="button ${kind} ${bare ? "bare" : ""} ${more}"
      aria-label=${bare ? label : undefined} title=${bare ? label : undefined} ...${rest}>
    ${icon && html`<${Icon} name=${icon} />`}${children}
  </button>`;
}
