// A record's members, one below the other; what is inside an object or array opens on demand, a hundred at a time.
import { useState } from "preact/hooks";
import { Spelled, isSame, member } from "../json.js";
import { Value } from "../grid/cell.js";
import { Button } from "../ui/button.js";
import { html } from "../ui/html.js";
import { kindOf, many } from "../values.js";
import { CellEditor } from "./editor.js";

const AT_ONCE = 100;
/** Characters of a long text that are shown at first. */
const PART = 600;

/**
 * @param {{record: any, fields: Map<string, import("../fields.js").Field>, isWritable: boolean, onChange: (base: any, name: string, value: unknown) => Promise<unknown>}} given
 *   `onChange` is told the record as it was when the change began
 */
export function Fields({ record, fields, isWritable, onChange }) {
  const [edit, setEdit] = useState(/** @type {{name: string, base: any} | null} */ (null));
  const leave = (/** @type {typeof edit} */ left) => setEdit((now) => (now === left ? null : now));
  const declared = [...fields.values()].map((field) => field.path);
  const names = [...new Set([...Object.keys(record), ...declared])];
  return html`<dl class="tree">${names.map((name) => {
    const value = member(record, name);
    const field = fields.get(name);
    const isScalar = value === null || typeof value !== "object" || value instanceof Spelled;
    const isEditable = isWritable && isScalar && name !== "id";
    return html`<div key=${name} class="member"><dt title=${[field?.kind, field?.told].filter(Boolean).join(" · ")}>${name || html`<span class="faint">""</span>`}</dt><dd>
      ${edit?.name === name ? html`<${CellEditor} label=${name} value=${value} field=${field} onCancel=${() => leave(edit)}
          onSave=${(/** @type {unknown} */ made) => onChange(edit.base, name, made).then(() => leave(edit))} />
          ${!isSame(member(edit.base, name), value) && html`<p class="note" role="status">Somebody has changed it since you began: <${isScalar ? Value : Branch} value=${value} /></p>`}`
        : isScalar ? html`<${Long} value=${value} />` : html`<${Branch} value=${value} />`}
      ${isEditable && edit?.name !== name && html`<${Button} icon="edit" label=${`Edit ${name || '""'}`} kind="quiet" onClick=${() => setEdit({ name, base: record })} />`}
    </dd></div>`;
  })}</dl>`;
}

/** A value that may be long: what is beyond a few lines opens on demand. @param {{value: unknown}} given */
function Long({ value }) {
  const [shown, setShown] = useState(PART);
  if (typeof value !== "string" || value.length < 200) return html`<${Value} value=${value} />`;
  return html`<div class="long"><span class="v-text" dir="auto">${value.slice(0, shown)}</span>
    ${value.length > shown && html`<${Button} kind="quiet" onClick=${() => setShown(shown + 10 * PART)}>… ${many(value.length - shown, "more character")}<//>`}</div>`;
}

/** @param {{value: any}} given */
function Branch({ value }) {
  const [isOpen, setOpen] = useState(false);
  const [shown, setShown] = useState(AT_ONCE);
  const kind = kindOf(value);
  const entries = isOpen ? Object.entries(value) : [];
  const length = kind === "array" ? value.length : Object.keys(value).length;
  const told = many(length, kind === "array" ? "element" : "member");
  return html`<div class="branch"><button type="button" class="twig" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>
      ${isOpen ? "▾" : "▸"} ${kind === "array" ? "[ ]" : "{ }"} <span class="faint">${told}</span></button>
    ${isOpen && html`<dl>${entries.slice(0, shown).map(([name, inner]) => html`<div class="member" key=${name}><dt>${name === "" ? html`<span class="faint">""</span>` : name}</dt><dd>
      ${inner !== null && typeof inner === "object" && !(inner instanceof Spelled) ? html`<${Branch} value=${inner} />` : html`<${Long} value=${inner} />`}</dd></div>`)}</dl>
      ${entries.length > shown && html`<${Button} kind="quiet" onClick=${() => setShown(shown + AT_ONCE)}>Show ${Math.min(AT_ONCE, entries.length - shown)} more<//>`}`}
  </div>`;
}
