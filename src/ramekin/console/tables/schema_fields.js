// The fields that a schema declares, each in a line: its name, its type, whether it must be there. What a line does not show
// stays as it is written in the text of the schema, which says the same.
import { member, withMember } from "../json.js";
import { Button } from "../ui/button.js";
import { draft } from "../ui/drafts.js";
import { html } from "../ui/html.js";
import { kindOf } from "../values.js";

const TYPES = [["string", "text"], ["integer", "integer"], ["number", "number"], ["boolean", "true or false"], ["date-time", "date and time"], ["date", "date"], ["array", "array"], ["object", "object"]];

/** Fields that are listed at the most: each key that is pressed draws them all. */
const MOST = 200;

/** Whether a schema is one of an object, of which fields can be listed. @param {any} schema */
export const hasLines = (schema) => kindOf(schema) === "object" && (schema.type ?? "object") === "object"
  && ["missing", "object"].includes(kindOf(schema.properties)) && Object.keys(schema.properties ?? {}).length <= MOST;

/** @param {any} told of a field @returns {{type: string, isNullable: boolean}} an empty type: more than a line can say */
function lineOf(told) {
  const types = [told?.type ?? []].flat();
  const [type = "", ...others] = types.filter((each) => each !== "null");
  return { type: others.length ? "" : told.format === "date-time" || told.format === "date" ? told.format : type, isNullable: types.includes("null") };
}

/** What says of which type a field is where no `type` does. */
const INSTEAD = ["anyOf", "oneOf", "allOf", "$ref"];

/** A field of another type, with all else that was said of it. @param {any} before @param {string} type @param {boolean} isNullable */
function retyped(before, type, isNullable) {
  const { format, ...told } = lineOf(before).type ? before : Object.fromEntries(Object.entries(before).filter(([name]) => !INSTEAD.includes(name)));
  const isMoment = type === "date-time" || type === "date";
  const [base, kept] = isMoment ? ["string", { format: type }] : [type, type === "string" && format !== "date" && format !== "date-time" && format ? { format } : {}];
  return { ...told, type: isNullable ? [base, "null"] : base, ...kept };
}

/**
 * @param {{schema: any, draftName: string, isWritable: boolean, onChange: (schema: any) => void}} given `draftName` is that of the names
 *   which fields are to have and cannot yet, by those that they have
 */
export function SchemaFields({ schema, draftName, isWritable, onChange }) {
  const [asked, keep] = draft(draftName, /** @type {Record<string, string>} */ ({}));
  const entries = Object.entries(schema.properties ?? {});
  const names = entries.map(([name]) => name);
  const required = /** @type {string[]} */ (Array.isArray(schema.required) ? schema.required : []);
  const wrong = (/** @type {string} */ name, /** @type {[string, any][]} */ among) => (name === "" ? "A field has a name." : among.some(([each]) => each === name) ? `There is a field ${name} already.` : "");
  const put = (/** @type {[string, any][]} */ made, /** @type {string[]} */ needed, /** @type {Record<string, string>} */ wanted = asked) => {
    const open = Object.entries(wanted).filter(([was]) => made.some(([each]) => each === was));
    const free = open.find(([, name]) => !wrong(name, made));
    if (free) {
      const to = (/** @type {string} */ each) => (each === free[0] ? free[1] : each);
      return put(made.map(([each, told]) => [to(each), told]), needed.map(to), Object.fromEntries(open.filter((each) => each !== free)));
    }
    keep(Object.fromEntries(open));
    const { required: _, ...rest } = schema;
    const properties = made.reduce((/** @type {object} */ all, [name, told]) => withMember(all, name, told), {});
    onChange({ type: "object", ...rest, properties, ...(needed.length && { required: needed }) });
  };
  const add = () => {
    let name = "field";
    for (let at = 2; names.includes(name); at += 1) name = `field${at}`;
    put([...entries, [name, { type: "string" }]], required);
  };
  const rename = (/** @type {string} */ was) => (/** @type {any} */ { target }) => {
    const name = target.value.trim();
    const { [was]: _, ...others } = asked;
    if (name === was) keep(others);
    else if (wrong(name, entries)) keep({ ...others, [was]: name });
    else put(entries, required, { ...others, [was]: name });
  };
  const type = (/** @type {number} */ at, /** @type {string} */ chosen, /** @type {boolean} */ isNullable) => put(entries.with(at, [names[at], retyped(entries[at][1], chosen, isNullable)]), required);
  const need = (/** @type {string} */ name) => put(entries, required.includes(name) ? required.filter((each) => each !== name) : [...required, name]);
  const stay = (/** @type {any} */ event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // it is for this box, and not for all of the definition
    event.target.blur();
  };
  const line = (/** @type {[string, any]} */ [name, told], /** @type {number} */ at) => {
    const { type: now, isNullable } = lineOf(told);
    const typed = member(asked, name) ?? name;
    const fault = typed === name ? "" : wrong(typed, entries) || `It is called ${name} still: press Enter here.`;
    return html`<div class="row" role="group" aria-label=${`Field ${name}`} key=${at}>
      <input id=${`schema-field-${at}`} aria-label="Name of the field" value=${typed} disabled=${!isWritable} spellcheck=${false} aria-invalid=${!!fault} aria-describedby=${`schema-field-${at}-told`}
        ref=${(/** @type {HTMLInputElement | null} */ box) => box?.setCustomValidity(fault)} onBlur=${rename(name)} onKeyDown=${stay} />
      <select aria-label=${`Type of ${name}`} value=${now} disabled=${!isWritable} onChange=${(/** @type {any} */ event) => type(at, event.target.value, isNullable)}>
        ${!TYPES.some(([each]) => each === now) && html`<option value=${now} disabled>as written below</option>`}${TYPES.map(([each, words]) => html`<option value=${each}>${words}</option>`)}</select>
      <label class="row"><input type="checkbox" checked=${isNullable} disabled=${!isWritable || !now} onChange=${() => type(at, now, !isNullable)} />or null</label>
      <label class="row"><input type="checkbox" checked=${required.includes(name)} disabled=${!isWritable} onChange=${() => need(name)} />required</label>
      ${isWritable && html`<${Button} icon="close" label=${`Remove the field ${name}`} kind="quiet" onClick=${() => put(entries.toSpliced(at, 1), required.filter((each) => each !== name))} />`}
      <small class="bad" role="status" id=${`schema-field-${at}-told`}>${fault}</small>
    </div>`;
  };
  return html`<fieldset class="lines"><legend>Fields of a record</legend>
    ${entries.map(line)}
    ${isWritable && html`<${Button} icon="add" kind="quiet" data-adds onClick=${add}>New field<//>`}
  </fieldset>`;
}
