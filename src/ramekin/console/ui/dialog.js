// Dialogs: the browser's own, which keeps the focus inside, ends on Escape and gives the focus back.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "./button.js";
import { html } from "./html.js";

/**
 * @param {{title: string, onClose?: () => void, children?: unknown, foot?: unknown, class?: string}} given
 */
export function Dialog({ title, onClose, children, foot, class: more = "" }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    /** @type {HTMLElement | null | undefined} */ (shown?.querySelector("[autofocus]"))?.focus();
    return () => shown?.close();
  }, []);
  return html`<dialog ref=${dialog} class="dialog ${more}" aria-label=${title}
      onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); onClose?.(); }}>
    <div class="dialog-box">
      <header><h2>${title}</h2>${onClose && html`<${Button} icon="close" label="Close" kind="quiet" onClick=${onClose} />`}</header>
      <div class="dialog-body">${children}</div>
      ${foot && html`<footer>${foot}</footer>`}
    </div>
  </dialog>`;
}

/** The dialog that is open, as a component without words of its own; one at a time. */
export const opened = signal(/** @type {(() => unknown) | null} */ (null));

/**
 * Open a dialog: `draw` is given what closes it.
 * @param {(close: () => void) => unknown} draw
 */
export function open(draw) {
  const close = () => (opened.value = null);
  opened.value = () => draw(close);
}

/** Where the open dialog is drawn. */
export function Opened() {
  const Draw = opened.value;
  return Draw && html`<${Draw} />`;
}
