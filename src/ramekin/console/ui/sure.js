// A question before something that nothing undoes.
import { Button } from "./button.js";
import { Dialog, question } from "./dialog.js";
import { html } from "./html.js";

/**
 * Whether somebody means it.
 * @param {string} title @param {unknown} told what becomes of what @param {string} act what the button says
 * @returns {Promise<boolean | undefined>}
 */
export const sure = (title, told, act) => question((end) => {
  const foot = html`<${Button} onClick=${() => end(false)}>Cancel<//><${Button} kind="danger" onClick=${() => end(true)}>${act}<//>`;
  return html`<${Dialog} title=${title} onClose=${() => end(false)} foot=${foot}><div class="stack">${told}</div><//>`;
});
