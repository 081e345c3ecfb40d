// Buttons. One that shows a picture alone has its words as a label, for those who cannot see it. What one does that takes a
// while, which is what returns a promise, it does not begin twice.
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { useOnce } from "./once.js";

/**
 * @param {{icon?: string, label?: string, kind?: "plain" | "main" | "danger" | "quiet", children?: unknown} & Record<string, any>} given
 */
export function Button({ icon, label, kind = "plain", children, onClick, class: more = "", ...rest }) {
  const bare = children === undefined || (Array.isArray(children) && !children.length);
  const [act, isBusy] = useOnce(onClick);
  return html`<button type="button" class="button ${kind} ${bare ? "bare" : ""} ${more}"
      aria-label=${bare ? label : undefined} title=${bare ? label : undefined} aria-disabled=${isBusy || undefined} ...${rest} onClick=${onClick && act}>
    ${icon && html`<${Icon} name=${icon} />`}${children}
  </button>`;
}
