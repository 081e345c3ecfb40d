// What somebody typed and could not be saved, shown where its editor is gone meanwhile: nothing typed is lost.
import { Button } from "../ui/button.js";
import { Dialog, open } from "../ui/dialog.js";
import { inOneLine } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { wrapOf } from "../ui/long.js";

/** @param {string} label of the field @param {string} text that was typed @param {unknown} error */
export function showUnsaved(label, text, error) {
  open((close) => html`<${Dialog} title=${`${label} was not saved`} onClose=${close} foot=${html`<${Button} onClick=${close}>Close<//>`}>
    <p class="bad" role="alert">${inOneLine(error)}</p>
    <label class="field">What you typed<textarea class="code" rows="5" readonly autofocus dir="auto" wrap=${wrapOf(text)} value=${text}></textarea></label>
  <//>`);
}
