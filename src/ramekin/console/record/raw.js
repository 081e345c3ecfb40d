// A value as JSON, which can be edited as a whole.
import { useMemo, useRef, useState } from "preact/hooks";
import { readJson } from "../elements.js";
import { isSame, parse, print } from "../json.js";
import { Button } from "../ui/button.js";
import { draft, forget, settle } from "../ui/drafts.js";
import { Fault } from "../ui/fault.js";
import { isStill } from "../ui/focus.js";
import { html } from "../ui/html.js";
import { Beginning, wrapOf } from "../ui/long.js";
import { useOnce } from "../ui/once.js";
import { sayFault } from "../ui/toast.js";
import { count, kindOf } from "../values.js";

/** Characters beyond which a text is not edited here. */
const MOST = 200_000;

/**
 * @param {{name: string, value: any, isWritable: boolean, onSave: (base: any, value: any, how: import("./store.js").How) => Promise<any>}} given `name` is that of the draft;
 *   `onSave` is told what the writer began with, and returns what is stored, null if it was left
 */
export function Raw({ name, value, isWritable, onSave }) {
  const [begun, keep] = draft(name, /** @type {{base: any, text: string} | null} */ (null));
  const base = begun ? begun.base : value; // what somebody has begun to write stays, over what it was begun with
  const whole = useMemo(() => print(base, 2), [base]);
  const text = begun ? begun.text : whole;
  const isOther = useMemo(() => !isSame(base, value), [base, value]);
  const type = (/** @type {any} */ event) => keep(event.target.value === whole ? null : { base, text: event.target.value });
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  if (whole.length > MOST) {
    return html`<p class="note">This record has ${count(whole.length)} characters, which is too long to be changed here. Its fields can be changed, and all of it can be copied.</p><${Beginning} text=${whole} />`;
  }
  const fault = recordFaultOf(text);
  const [save, isBusy] = useOnce(async () => {
    const sent = parse(text);
    setError(null);
    try {
      if (await onSave(base, sent, { mayAsk: () => isStill(box.current) })) settle(name, begun, (now) => now && { ...now, base: sent });
    } catch (fault) {
      (box.current ? setError : sayFault)(fault); // where it is not looked at any more, it is told
    }
  }, name);
  return html`<div class="raw stack" ref=${box}>
    ${isOther && html`<p class="note" role="status">The record has been changed since you began. What you save keeps that, or asks; Discard shows it as it is now.</p>`}
    <textarea class="code" aria-label="The record as JSON" rows=${Math.min(40, whole.split("\n").length + 2)} spellcheck=${false} wrap=${wrapOf(text)} readonly=${!isWritable}
      aria-invalid=${!!fault} value=${text} onInput=${type}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && !fault && save()}></textarea>
    ${fault && html`<p class="bad" role="alert">${fault}</p>`}
    ${error && html`<${Fault} error=${error} />`}
    ${isWritable && html`<div class="row"><${Button} kind="main" disabled=${!!fault || text === whole || isBusy} onClick=${save}>Save<//>
      ${text !== whole && html`<${Button} onClick=${() => forget(name)}>Discard<//>`}<span class="faint">Ctrl Enter saves</span></div>`}
  </div>`;
}

/** What is wrong with a text as a record, empty if nothing is. @param {string} text */
export const recordFaultOf = (text) => faultOf(text) || (kindOf(parse(text)) === "object" ? "" : "A record is a JSON object, and this is none. Many records at once: Import.");

/** What is wrong with a text as JSON, empty if nothing is. @param {string} text */
export function faultOf(text) {
  try {
    readJson(text);
    return "";
  } catch (error) {
    return /** @type {Error} */ (error).message.replace(/^JSON\.parse: /, "");
  }
}
