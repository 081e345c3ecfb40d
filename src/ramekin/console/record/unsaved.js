// What somebody typed and could not be saved, shown where its editor is gone meanwhile: nothing typed is lost.
import { Button } from "../ui/button.js";
import { Dialog, open } from "../ui/dialog.js";
import { inOneLine } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { wrapOf } from "../ui/long.js";
import { say } from "../ui/toast.js";

/** Why something is not stored, or not undone: somebody has to decide, and was not asked yet. */
export class Undecided extends Error {}

/** Say that something is not saved, and wait until somebody has the time to look at it. @param {string} label @param {string} text @param {unknown} error @param {() => unknown} decide */
export function sayUnsaved(label, text, error, decide) {
  const act = error instanceof Undecided ? { name: "Decide", run: decide } : { name: "What I typed", run: () => showUnsaved(label, text, error) };
  say(`${label} was not saved`, { kind: "failed", detail: inOneLine(error), isLasting: true, act });
}

/** @param {string} label of the field @param {string} text that was typed @param {unknown} error */
export function showUnsaved(label, text, error) {
  open((close) => html`<${Dialog} title=${`${label} was not saved`} onClose=${close} foot=${html`<${Button} onClick=${close}>Close<//>`}>
    <p class="bad" role="alert">${inOneLine(error)}</p>
    <label class="field">What you typed<textarea class="code" rows="5" readonly autofocus dir="auto" wrap=${wrapOf(text)} value=${text}></textarea></label>
  <//>`);
}
