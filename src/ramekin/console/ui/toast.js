// What has just happened, said at the edge of the page; and, where it can be undone, what undoes it.
import { signal } from "@preact/signals";
import { Problem } from "../server.js";
import { Button } from "./button.js";
import { inWords } from "./fault.js";
import { html } from "./html.js";

/**
 * @typedef {{id: number, text: string, kind: "done" | "failed", detail?: string, act?: {name: string, run: () => unknown}, isLasting?: boolean}} Toast
 *   `isLasting`: it stays until it is dismissed
 */

const toasts = signal(/** @type {Toast[]} */ ([]));
let last = 0;

/** Say something; returns what `dismiss` takes. @param {string} text @param {Omit<Toast, "id" | "text" | "kind"> & {kind?: Toast["kind"]}} [more] */
export function say(text, more = {}) {
  const toast = { kind: /** @type {Toast["kind"]} */ ("done"), ...more, id: ++last, text };
  const passing = toasts.value.filter((each) => !each.isLasting).slice(-3);
  toasts.value = [...toasts.value.filter((each) => each.isLasting || passing.includes(each)), toast];
  if (!toast.isLasting) setTimeout(() => dismiss(toast.id), toast.act || toast.kind === "failed" ? 12_000 : 4_000);
  return toast.id;
}

/** Say what went wrong. @param {unknown} error */
export function sayFault(error) {
  if (error instanceof Problem && error.status === 401) return; // the page asks for the key
  const { title, detail } = inWords(error);
  say(title, { kind: "failed", detail });
}

/** Say something else in the place of what was said. @param {number} id @param {string} text */
export function amend(id, text) {
  toasts.value = toasts.value.map((toast) => (toast.id === id ? { ...toast, text } : toast));
}

/** @param {number} id */
export function dismiss(id) {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map((toast) => html`<div key=${toast.id} class="toast ${toast.kind}">
      <div><strong>${toast.text}</strong>${toast.detail && html`<p>${toast.detail}</p>`}</div>
      ${toast.act && html`<${Button} onClick=${() => { dismiss(toast.id); toast.act?.run(); }}>${toast.act.name}<//>`}
      <${Button} icon="close" label="Dismiss" kind="quiet" onClick=${() => dismiss(toast.id)} />
    </div>`)}
  </div>`;
}
