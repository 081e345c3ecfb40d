// What is on its way is not begun again: by a second click, another Enter, or a form that was left and opened anew.
import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { html } from "./html.js";

/** Whether it is on its way, by names. @type {Map<string, import("@preact/signals").Signal<boolean>>} */
const named = new Map();

/**
 * What does something, but nothing while the promise that it returned is open, and whether that is so.
 * @template {any[]} G
 * @param {((...given: G) => unknown) | undefined} run @param {string} [name] of what is one, wherever it is drawn
 * @returns {[(...given: G) => unknown, boolean]}
 */
export function useOnce(run, name) {
  const [own] = useState(() => signal(false));
  const going = name === undefined ? own : named.get(name) ?? own;
  if (name !== undefined) named.set(name, going);
  const act = async (/** @type {G} */ ...given) => {
    if (going.peek()) return;
    const done = run?.(...given);
    if (!(done instanceof Promise)) return;
    going.value = true;
    try {
      await done;
    } finally {
      going.value = false;
    }
  };
  return [act, going.value];
}

/** A form that is sent once. @param {{onSubmit: (event: Event) => Promise<unknown>, draftName?: string, children?: unknown} & Record<string, any>} given */
export function Form({ onSubmit, draftName, children, ...rest }) {
  const [send, isBusy] = useOnce(onSubmit, draftName);
  return html`<form ...${rest} aria-busy=${isBusy} onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); return send(event); }}>${children}</form>`;
}
