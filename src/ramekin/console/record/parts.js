// A value with parts, written part by part: members of an object that a schema declares, elements of an array, and entries of
// an object, whose names are free. A part of which the schema says no more is a box for a text, a number, or JSON.
import { useId, useState } from "preact/hooks";
import { readJson } from "../elements.js";
import { declaredFields, exampleOfField, fieldOf } from "../fields.js";
import { member, parse, withMember } from "../json.js";
import { Button } from "../ui/button.js";
import { html } from "../ui/html.js";
import { wrapOf } from "../ui/long.js";
import { edited, editedAs, kindOf, named, readAs } from "../values.js";
import { kindsFor } from "./editor.js";
import { below, toldAt } from "./faults.js";
import { faultOf } from "./raw.js";

/** @typedef {import("../fields.js").Field} Field */
/** @typedef {import("../values.js").Kind} Kind */

/** Parts inside parts, from which on a value is written as JSON: of a schema that asks for itself. */
const DEEPEST = 8;
const LARGE = ["array", "object", "spelled"];

/** Whether a schema says of which parts a value is. @param {Field} field @param {any} root @returns {boolean} */
export const hasParts = (field, root) => (field.kind === "object" && declaredFields(field.schema, root).length > 0) || partSchema(field) !== undefined;

/** What a schema says of each element, or of each entry whose name is free; undefined: there are none that it tells of. @param {Field} field */
function partSchema({ kind, schema }) {
  if (kind === "array") return kindOf(schema?.items) === "object" ? schema.items : undefined;
  const { additionalProperties: others, patternProperties } = (kind === "object" && schema) || {};
  const [pattern, ...more] = Object.values(patternProperties ?? {});
  return kindOf(others) === "object" ? others : others === true ? {} : more.length ? undefined : pattern;
}

/** Why a text of JSON is not written part by part; empty where it is. @param {Field} field @param {any} root @param {string} text */
export const unfitOf = (field, root, text) => faultOf(text || "null") || misfitOf(field, root, parse(text || "null"), "this");

/** What has parts, and is of a kind that has others. @param {Field} field @param {any} root @param {any} value @param {string} label @returns {string} */
function misfitOf(field, root, value, label) {
  if ((value ?? null) === null || !hasParts(field, root)) return "";
  if (kindOf(value) !== field.kind) return `There are boxes for the parts of ${named(/** @type {Kind} */ (field.kind))}, and ${label} is ${named(kindOf(value))}.`;
  const declared = field.kind === "object" ? declaredFields(field.schema, root) : [];
  const part = declared.length ? null : fieldOf("", partSchema(field), root, true);
  const parts = /** @type {[Field, unknown, string][]} */ (part ? Object.entries(value).map(([name, each], at) => [part, each, field.kind === "array" ? `element ${at + 1}` : name])
    : declared.map((each) => [each, member(value, each.path), each.path]));
  return parts.map(([each, made, name]) => misfitOf(each, root, made, name)).find(Boolean) ?? "";
}

/**
 * @typedef {{made: any, kind?: Kind, text?: string, parts?: any}} Typed what was typed, and the value that it makes, undefined where nothing is left:
 *   a text as a kind, or parts, by their names; those of a list, and entries, are `Element`s
 * @typedef {Typed & {key: string, name?: string}} Element `key` stays with it, whatever it is called and wherever it stands
 * @typedef {{field: Field, root: any, label: string, typed: Typed, at: string, faults: import("./faults.js").Fault[], depth?: number,
 *   onChange: (typed: Typed) => void}} Given `at`: the place in the record
 * @param {Given} given
 */
export function Parts(given) {
  const { field, root, depth = 0 } = given;
  const isOne = depth > DEEPEST || !hasParts(field, root);
  return html`<${isOne ? Leaf : field.kind === "object" && declaredFields(field.schema, root).length ? Members : Several} ...${given} depth=${depth} />`;
}

/** @param {Given & {depth: number}} given */
function Members({ field, root, label, typed: { made: value, parts: all = {} }, at, faults, depth, onChange }) {
  const now = kindOf(value) === "object" ? value : {};
  const [isOpen, open] = useState(depth === 0 || field.isRequired || value !== undefined); // a schema may lead to itself
  const parts = declaredFields(field.schema, root);
  const put = (/** @type {string} */ name, /** @type {Typed} */ typed) => {
    const next = withMember(now, name, typed.made);
    onChange({ made: field.isRequired || Object.values(next).some((each) => each !== undefined) ? next : undefined, parts: withMember(all, name, typed) });
  };
  if (!isOpen) return html`<${Button} icon="add" kind="quiet" aria-label=${`Write ${label}`} onClick=${() => open(true)}>${label}<//>`;
  return html`<${Group} field=${field} label=${label} told=${toldAt(faults, at, parts.map(({ path }) => below(at, path)))}>
    ${parts.map((part) => html`<${Parts} key=${part.path} field=${part} root=${root} label=${part.path} typed=${member(all, part.path) ?? { made: member(now, part.path) }} at=${below(at, part.path)} faults=${faults} depth=${depth + 1}
      onChange=${(/** @type {Typed} */ typed) => put(part.path, typed)} />`)}
  <//>`;
}

/** Elements, or entries with their names; two may have one name only until somebody has chosen another. @param {Given & {depth: number}} given */
function Several({ field, root, label, typed: { made: value, parts }, at: place, faults, depth, onChange }) {
  const isNamed = field.kind === "object";
  const part = fieldOf("", partSchema(field), root, true);
  const first = part.choices?.[0] ?? { object: {}, array: [], boolean: false }[/** @type {"object"} */ (part.kind)] ?? "";
  const found = /** @type {[string, unknown][]} */ (kindOf(value) === field.kind ? Object.entries(value) : []);
  const all = /** @type {Element[]} */ (parts ?? found.map(([key, made]) => (isNamed ? { key, name: key, made } : { key, made })));
  const names = all.map(({ name = "" }) => name);
  const put = (/** @type {Element[]} */ next) => onChange({ parts: next, made: isNamed ? next.reduce((sum, { name = "", made }) => withMember(sum, freeName(name, Object.keys(sum)), made), {}) : next.map(({ made }) => made) });
  const add = () => put([...all, { key: freeName(String(all.length), all.map(({ key }) => key)), made: first, ...(isNamed && { name: freeName("key", names) }) }]);
  return html`<${Group} field=${field} label=${label} told=${toldAt(faults, place, all.map(({ key }) => below(place, key)))}>
    ${all.map((each, at) => html`<div class="element" key=${each.key}>
      ${isNamed && html`<${Name} label=${`${label} ${at + 1}`} name=${names[at]} others=${names.toSpliced(at, 1)} onChange=${(/** @type {string} */ name) => put(all.with(at, { ...each, name }))} />`}
      <${Parts} field=${part} root=${root} label=${`${label} ${at + 1}`} typed=${each} at=${below(place, each.key)} faults=${faults} depth=${depth + 1}
        onChange=${(/** @type {Typed} */ typed) => put(all.with(at, { key: each.key, name: each.name, ...typed, made: typed.made ?? first }))} />
      <${Button} icon="close" label=${`Remove ${label} ${at + 1}`} kind="quiet" onClick=${() => put(all.toSpliced(at, 1))} /></div>`)}
    <${Button} icon="add" kind="quiet" data-adds aria-label=${`Add to ${label}`} onClick=${add}>Add<//>
  <//>`;
}

/** A name that none of some has: itself, or with a number. @param {string} name @param {string[]} taken */
function freeName(name, taken) {
  let free = name;
  for (let at = 2; taken.includes(free); at += 1) free = `${name}${at}`;
  return free;
}

/** @param {{label: string, name: string, others: string[], onChange: (name: string) => void}} given */
function Name({ label, name, others, onChange }) {
  const fault = others.includes(name) ? `There are two entries called ${name}.` : "";
  return html`<label class="field key">key<input aria-label=${`Key of ${label}`} value=${name} dir="auto" spellcheck=${false} aria-invalid=${!!fault} ref=${refuse(fault)}
    onInput=${(/** @type {any} */ { target }) => onChange(target.value)} /></label>`;
}

/** @param {Given} given */
function Leaf({ field, label, typed, at, faults, onChange }) {
  const now = editedAs(typed.made);
  const known = kindsFor(field, "missing").filter((each) => each !== "missing" && (each !== "null" || field.isRequired || !field.kind));
  const { kind = now === "spelled" || now === "null" || known.includes(now) ? now : known[0], text = typed.made === null ? "" : edited(typed.made) } = typed;
  const id = useId();
  const kinds = known.includes(kind) ? known : [...known, kind];
  const { fault } = read(text, kind, field);
  const told = toldAt(faults, at);
  const put = (/** @type {string} */ text, as = kind === "null" ? known[0] : kind) => onChange({ made: read(text, as, field).made, kind: as, text: as === "null" ? "" : text });
  return html`<div class="field">
    <div class="row"><label for=${id}>${label}<${Required} of=${field} /></label>
      ${kinds.length > 1 && html`<select class="kind" aria-label=${`Kind of ${label}`} value=${kind} onChange=${(/** @type {any} */ { target }) => put(text, target.value)}>
        ${kinds.map((each) => html`<option key=${each} value=${each}>${shortly(each)}</option>`)}</select>`}</div>
    <${Box} id=${id} field=${field} kind=${kind} text=${text} fault=${fault} isWrong=${!!(fault || told)} told=${told && `${id}-told`} onType=${(/** @type {string} */ text) => put(text)} />
    ${told && html`<small id=${`${id}-told`} class="bad">${told}</small>`}
  </div>`;
}

/** What was typed into a box, as a value; what is none stays the text that it is, with what is wrong. @param {string} text @param {Kind} kind @param {Field} field */
function read(text, kind, field) {
  try {
    return { made: text === "" && kind !== "null" ? undefined : readAs(text, kind, readJson, field), fault: "" };
  } catch (error) {
    return { made: text, fault: /** @type {Error} */ (error).message };
  }
}

/**
 * A box for one value: a choice where a few are all that it can be, else a text.
 * @param {{id: string, field: Field, kind: Kind, text: string, fault?: string, isWrong?: boolean, told?: string, onType: (text: string) => void}} given
 *   `fault` keeps the form from being sent; `told`: the id of what stands below
 */
export function Box({ id, field, kind, text, fault = "", isWrong = !!fault, told, onType }) {
  const [isLong] = useState(text.length > 80 || text.includes("\n")); // as it began, so that no box changes under the hands
  const choices = field.kind === "enum" && kind !== "spelled" ? (field.choices ?? []).map(String) : kind === "boolean" ? ["true", "false"] : null;
  const more = { id, value: text, ref: refuse(fault), "aria-invalid": isWrong, "aria-describedby": told || undefined };
  const type = (/** @type {any} */ { target }) => onType(target.value);
  if (choices) return html`<select ...${more} onChange=${type}><option value=""></option>${choices.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}</select>`;
  if (isLong || LARGE.includes(kind)) return html`<textarea ...${more} class="code" rows="4" spellcheck=${false} dir="auto" wrap=${wrapOf(text)} onInput=${type}></textarea>`;
  return html`<input ...${more} dir="auto" spellcheck=${false} placeholder=${exampleOfField(field)} onInput=${type} />`;
}

/** Have the browser say what is wrong with a box, and not send the form. @param {string} fault */
const refuse = (fault) => (/** @type {HTMLInputElement | null} */ box) => box?.setCustomValidity(fault);

/** A kind in a list of kinds. @param {Kind} kind */
export const shortly = (kind) => (kind === "missing" ? "not sent" : named(kind).replace(/^an? /, ""));

/** @param {{field: Field, label: string, told: string, children?: unknown}} given */
const Group = ({ field, label, told, children }) => html`<fieldset class="parts" role="group" aria-label=${label}><legend>${label}<${Required} of=${field} /></legend>${told && html`<small class="bad">${told}</small>`}${children}</fieldset>`;

/** Whether a member must be there; of an element nobody asks. @param {{of: Field}} given */
const Required = ({ of: { path, isRequired } }) => isRequired && path !== "" && html` <span class="faint">required</span>`;
