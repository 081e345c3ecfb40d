// A record's members, one below the other; what is inside an object or array opens on demand, a hundred at a time.
import { useState } from "preact/hooks";
import { fieldAt, pathOfName } from "../fields.js";
import { Value } from "../grid/cell.js";
import { valueAt } from "../grid/columns.js";
import { Spelled, isSame, member, print } from "../json.js";
import { Button } from "../ui/button.js";
import { html } from "../ui/html.js";
import { say } from "../ui/toast.js";
import { kindOf, many } from "../values.js";
import { CellEditor } from "./editor.js";
import { withAt } from "./merge.js";
import { caughtUp } from "./turns.js";

const AT_ONCE = 100;
/** Characters of a value beyond which it is not edited here. */
const MOST = 200_000;
/** Characters of a long text that are shown at first. */
const PART = 600;

/**
 * @typedef {{table: string, record: any, fields: Map<string, import("../fields.js").Field>, schema: any, isWritable: boolean,
 *   onChange: (base: any, made: any, how: import("./store.js").How) => Promise<unknown>}} Given `onChange` is told the record as it was when the change began, and as it shall be
 * @typedef {Given & {edit: {path: string, base: any} | null, setEdit: (change: any) => void}} Tree
 * @param {Given} given
 */
export function Fields(given) {
  const [edit, setEdit] = useState(/** @type {Tree["edit"]} */ (null));
  const tree = { ...given, edit, setEdit };
  const declared = [...given.fields.values()].map((field) => field.path);
  const names = [...new Set([...Object.keys(given.record), ...declared])];
  return html`<dl class="tree">${names.map((name) => html`<${Member} key=${name} tree=${tree} steps=${[name]} value=${member(given.record, name)} />`)}</dl>`;
}

/** A member of the record, or of what is in it: each can be changed where it stands. @param {{tree: Tree, steps: string[], value: any}} given */
function Member({ tree, steps, value }) {
  const { table, fields, schema, edit, setEdit, isWritable, onChange } = tree;
  const path = steps.map(pathOfName).join(".");
  const [name, label] = [steps[steps.length - 1], steps.length > 1 ? path : steps[0]];
  const isEdited = edit?.path === path;
  const field = steps.length === 1 ? fields.get(name) : isEdited ? fieldAt(schema, path) : undefined;
  const leave = () => setEdit((/** @type {Tree["edit"]} */ now) => (now === edit ? null : now));
  const begin = () => {
    if (print(value ?? null).length > MOST) say("This is too long to be changed here", { kind: "failed" });
    else setEdit({ path, base: tree.record });
  };
  const pencil = isWritable && path !== "id" && !isEdited && html`<${Button} icon="edit" label=${`Edit ${label || '""'}`} kind="quiet" onClick=${begin} />`;
  const shown = isScalar(value) ? html`<${Long} value=${value} />` : html`<${Branch} tree=${tree} steps=${steps} value=${value} pencil=${pencil} />`;
  return html`<div class="member"><dt title=${[field?.kind, field?.told].filter(Boolean).join(" · ")}>${name || html`<span class="faint">""</span>`}</dt><dd>
    ${isEdited ? html`<${CellEditor} label=${label} value=${value} field=${field} onCancel=${leave}
        onSave=${(/** @type {unknown} */ made, /** @type {unknown} */ _typed, /** @type {() => boolean} */ mayAsk) => onChange(edit.base, withAt(edit.base, steps, made), { mayAsk })} />
        ${!isSame(valueAt(caughtUp(table, edit.base), path), value) && html`<p class="note" role="status">It has been changed since you began: ${shown}</p>`}` : shown}
    ${isScalar(value) && pencil}
  </dd></div>`;
}

/** @param {any} value */
const isScalar = (value) => value === null || typeof value !== "object" || value instanceof Spelled;

/** A value that may be long: what is beyond a few lines opens on demand. @param {{value: unknown}} given */
function Long({ value }) {
  const [shown, setShown] = useState(PART);
  if (typeof value !== "string" || value.length < 200) return html`<${Value} value=${value} />`;
  return html`<div class="long"><span class="v-text" dir="auto">${value.slice(0, shown)}</span>
    ${value.length > shown && html`<${Button} kind="quiet" onClick=${() => setShown(shown + 10 * PART)}>… ${many(value.length - shown, "more character")}<//>`}</div>`;
}

/** @param {{tree: Tree, steps: string[], value: any, pencil: unknown}} given */
function Branch({ tree, steps, value, pencil }) {
  const [isOpen, setOpen] = useState(false);
  const [shown, setShown] = useState(AT_ONCE);
  const kind = kindOf(value);
  const entries = isOpen ? Object.entries(value) : [];
  const length = kind === "array" ? value.length : Object.keys(value).length;
  const told = many(length, kind === "array" ? "element" : "member");
  return html`<div class="branch"><button type="button" class="twig" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>
      ${isOpen ? "▾" : "▸"} ${kind === "array" ? "[ ]" : "{ }"} <span class="faint">${told}</span></button>${pencil}
    ${isOpen && html`<dl>${entries.slice(0, shown).map(([name, inner]) => html`<${Member} key=${name} tree=${tree} steps=${[...steps, name]} value=${inner} />`)}</dl>
      ${entries.length > shown && html`<${Button} kind="quiet" onClick=${() => setShown(shown + AT_ONCE)}>Show ${Math.min(AT_ONCE, entries.length - shown)} more<//>`}`}
  </div>`;
}
