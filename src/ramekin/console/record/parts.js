// A value with parts, written part by part: members of an object and elements of an array, as a schema declares them. What
// is no number where one is meant stays the text that was typed, for the server to refuse.
import { declaredFields, fieldOf } from "../fields.js";
import { member, parse, withMember } from "../json.js";
import { Button } from "../ui/button.js";
import { html } from "../ui/html.js";
import { kindOf } from "../values.js";

/** @typedef {import("../fields.js").Field} Field */

/** Parts inside parts, from which on a value is written as JSON; a schema may lead to itself. */
const DEEPEST = 4;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Whether each part of a value is declared, so that it can have a box of its own. @param {Field} field @param {any} root @param {number} [depth] @returns {boolean} */
export function hasParts(field, root, depth = 0) {
  const isPart = (/** @type {Field} */ part) => (part.kind === "object" || part.kind === "array" ? depth < DEEPEST && hasParts(part, root, depth + 1) : part.kind !== undefined);
  if (field.kind === "array") return kindOf(field.schema?.items) === "object" && isPart(elementOf(field, root));
  const members = field.kind === "object" ? declaredFields(field.schema, root) : [];
  return members.length > 0 && members.every(isPart);
}

/** @param {Field} field @param {any} root */
const elementOf = (field, root) => fieldOf("", field.schema.items, root, true);

/**
 * @typedef {{field: Field, root: any, label: string, value: any, onChange: (value: unknown) => void}} Given `onChange` is told undefined where nothing is left
 * @param {Given} given
 */
export function Parts(given) {
  const { kind } = given.field;
  return html`<${kind === "object" ? Members : kind === "array" ? Elements : Leaf} ...${given} />`;
}

/** @param {Given} given */
function Members({ field, root, label, value, onChange }) {
  const now = kindOf(value) === "object" ? value : {};
  const put = (/** @type {string} */ name, /** @type {unknown} */ made) => {
    const next = withMember(now, name, made);
    onChange(field.isRequired || Object.values(next).some((each) => each !== undefined) ? next : undefined);
  };
  return html`<fieldset class="parts" role="group" aria-label=${label}><legend>${label}<${Required} of=${field} /></legend>
    ${declaredFields(field.schema, root).map((part) => html`<${Parts} key=${part.path} field=${part} root=${root} label=${part.path} value=${member(now, part.path)}
      onChange=${(/** @type {unknown} */ made) => put(part.path, made)} />`)}
  </fieldset>`;
}

/** @param {Given} given */
function Elements({ field, root, label, value, onChange }) {
  const all = Array.isArray(value) ? value : [];
  const element = elementOf(field, root);
  const first = element.choices?.[0] ?? { object: {}, array: [], boolean: false }[/** @type {"object"} */ (element.kind)] ?? "";
  return html`<fieldset class="parts" role="group" aria-label=${label}><legend>${label}<${Required} of=${field} /></legend>
    ${all.map((each, at) => html`<div class="element" key=${at}>
      <${Parts} field=${element} root=${root} label=${`${label} ${at + 1}`} value=${each} onChange=${(/** @type {unknown} */ made) => onChange(all.with(at, made ?? ""))} />
      <${Button} icon="close" label=${`Remove ${label} ${at + 1}`} kind="quiet" onClick=${() => onChange(all.toSpliced(at, 1))} /></div>`)}
    <${Button} icon="add" kind="quiet" data-adds aria-label=${`Add to ${label}`} onClick=${() => onChange([...all, first])}>Add<//>
  </fieldset>`;
}

/** @param {Given} given */
function Leaf({ field, label, value, onChange }) {
  const choices = field.kind === "enum" ? field.choices ?? [] : field.kind === "boolean" ? [true, false] : null;
  const text = value === undefined || value === null ? "" : String(value);
  const type = (/** @type {any} */ { target: { value: typed } }) => {
    if (typed === "") return onChange(undefined);
    if (choices) return onChange(choices.find((each) => String(each) === typed));
    return onChange((field.kind === "number" || field.kind === "integer") && NUMBER.test(typed) ? parse(typed) : typed);
  };
  return html`<label class="field"><span>${label}<${Required} of=${field} /></span>
    ${choices ? html`<select aria-label=${field.isRequired && field.path ? `${label} required` : label} value=${text} onChange=${type}><option value=""></option>${choices.map((each) => html`<option value=${String(each)}>${String(each)}</option>`)}</select>`
      : html`<input value=${text} dir="auto" spellcheck=${false} onInput=${type} />`}
  </label>`;
}

/** Whether a member must be there; of an element nobody asks. @param {{of: Field}} given */
const Required = ({ of: { path, isRequired } }) => isRequired && path !== "" && html` <span class="faint">required</span>`;
