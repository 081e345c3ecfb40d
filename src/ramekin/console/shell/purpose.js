// What is done on purpose, told on every page: a clock that is set, faults. Whatever else looks odd may come of them.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { may } from "../access.js";
import { IS_DEV, link } from "../address.js";
import { read } from "../server.js";
import { state } from "../tables/catalog.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { many } from "../values.js";

export const CLOCK = "/api/v1/clock";
export const FAULTS = "/api/v1/faults";

/** @typedef {{now: string, is_frozen: boolean, is_real: boolean}} Time */

/** What the clock is said to be, and how many rules of faults there are; as they were known last. */
const known = signal({ clock: /** @type {Time | null} */ (null), rules: 0 });

const EVERY_MS = 5_000;

/** Look what there is now. */
export async function look() {
  try {
    const [{ rules }, clock] = await Promise.all([read(FAULTS), read(CLOCK)]);
    known.value = { clock, rules: rules.length };
  } catch {
    // it may be a fault on purpose, and is told where somebody asks
  }
}

/** What a clock is, in words. @param {Time} clock */
export const inWords = ({ is_real: isReal, is_frozen: isFrozen }) => (isReal ? "the real time" : isFrozen ? "stands still" : "set on purpose");

/** What stands in the header, where there is something to tell. */
export function OnPurpose() {
  const isAsked = IS_DEV && state.value.isKnown && may("admin");
  useEffect(() => {
    if (!isAsked) return undefined;
    void look();
    const timer = setInterval(() => !document.hidden && look(), EVERY_MS);
    return () => clearInterval(timer);
  }, [isAsked]);
  const { clock, rules } = known.value;
  return html`${clock && !clock.is_real && html`<${Mark} view="clock" text=${`Clock: ${inWords(clock)}`} />`}${rules > 0 && html`<${Mark} view="faults" text=${`${many(rules, "fault")} on purpose`} />`}`;
}

/** @param {{view: string, text: string}} given whose picture is its view's */
const Mark = ({ view, text }) => html`<a class="chip warn" href=${link([view])} title=${text}><${Icon} name=${view === "clock" ? "clock" : "fault"} /><span class="clip">${text}</span></a>`;
