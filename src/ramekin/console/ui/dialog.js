// Dialogs: the browser's own, which keeps the focus inside and ends on Escape. One may come above another, which stays as
// it is below; the focus begins in the first field, and goes back to where it was.
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "./button.js";
import { html } from "./html.js";

const FIRST = "[autofocus], .dialog-body :is(input, textarea, pre[tabindex])";

/**
 * @param {{title: string, onClose?: () => void, children?: unknown, foot?: unknown, class?: string}} given
 */
export function Dialog({ title, onClose, children, foot, class: more = "" }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    const shown = dialog.current;
    shown?.showModal();
    /** @type {HTMLElement | null | undefined} */ (shown?.querySelector(FIRST))?.focus();
    return () => {
      shown?.close();
      before?.focus({ preventScroll: true }); // the browser does so only for a dialog that is still in the page
    };
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

/** The dialogs that are open, the last above the others, each as a component without words of its own. */
export const opened = signal(/** @type {(() => unknown)[]} */ ([]));

/**
 * Open a dialog: `draw` is given what closes it.
 * @param {(close: () => void) => unknown} draw
 */
export function open(draw) {
  const close = () => void (opened.value = opened.value.filter((each) => each !== Draw));
  const Draw = () => draw(close);
  opened.value = [...opened.value, Draw];
}

/**
 * Open a dialog that asks something: `draw` is given what ends it with an answer.
 * @template T
 * @param {(end: (answer: T) => void) => unknown} draw
 * @returns {Promise<T>}
 */
export const question = (draw) => new Promise((resolve) => open((close) => html`<${Question} draw=${draw} close=${close} resolve=${resolve} />`));

/** @param {{draw: (end: (answer: any) => void) => any, close: () => void, resolve: (answer: any) => void}} given */
function Question({ draw, close, resolve }) {
  const answer = useRef(/** @type {any} */ (undefined));
  useLayoutEffect(() => () => resolve(answer.current), []); // once it has gone and the focus is back
  return draw((given) => {
    answer.current = given;
    close();
  });
}

/** Where the open dialogs are drawn. */
export function Opened() {
  return opened.value.map((Draw) => html`<${Draw} />`);
}
