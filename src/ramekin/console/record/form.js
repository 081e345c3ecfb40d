// A form for a new record, made of the table's model: an input for each field, of its kind. What is left as "not sent" is
// no member of the record, so the model's own default takes its place.
import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { readJson } from "../elements.js";
import { isSame, member, parse, print, withMember } from "../json.js";
import { Problem } from "../server.js";
import { Button } from "../ui/button.js";
import { Dialog } from "../ui/dialog.js";
import { draft, forget, isDrafted, settle } from "../ui/drafts.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { wrapOf } from "../ui/long.js";
import { Form } from "../ui/once.js";
import { Tabs } from "../ui/tabs.js";
import { say, sayFault } from "../ui/toast.js";
import { edited, editedAs, many, readAs } from "../values.js";
import { declaredKind, kindsFor } from "./editor.js";
import { below, enterFault, faultsOf, isIn, stillWrong, toldAt } from "./faults.js";
import { Box, Parts, hasParts, shortly, unfitOf } from "./parts.js";
import { recordFaultOf } from "./raw.js";
import { createRecord } from "./store.js";

/** @typedef {import("../fields.js").Field} Field */
/** @typedef {import("./faults.js").Fault} Fault */
/** @typedef {{kind: import("../values.js").Kind, text: string, parts?: any}} Entry `parts`: those of which the text is made, as they were typed */

/** @type {Field} */
const ID = { path: "id", isRequired: false, isNullable: false };

/** What was refused, and what is wrong with it, by the names of drafts: a form that is left has it when it is opened anew. */
const told = signal(/** @type {Map<string, {error: unknown, faults: Fault[]}>} */ (new Map()));

/** Records that were added: a form that was opened anew while its record was on its way begins again. */
const added = signal(0);

/**
 * @typedef {{entries: Record<string, Entry>, others: Record<string, any>, text: string | null}} Draft `others` are members that no
 *   input is for; `text` is there where the record is written as JSON
 * @param {{table: string, fields: Map<string, Field>, schema: any, draftName: string, start?: any, onClose: () => void}} given
 */
export function RecordForm({ table, fields, schema, draftName, start, onClose }) {
  const shown = [...fields.values(), ...(fields.size && !fields.has("id") ? [ID] : [])]; // which one may always say
  const blank = useMemo(() => Object.fromEntries(shown.map((field) => [`.${field.path}`, entryOf(field, start, schema)])), [fields]);
  const [begun, keep] = draft(draftName, /** @type {Draft} */ ({ entries: blank, others: {}, text: null }));
  const entries = /** @type {Record<string, Entry>} */ ({ ...blank, ...begun.entries });
  const { others } = begun;
  const text = begun.text ?? "";
  const tab = begun.text === null && shown.length ? "form" : "json";
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const { error, faults: listed } = told.value.get(draftName) ?? { error: null, faults: [] };
  const tell = (/** @type {unknown} */ fault, /** @type {Fault[]} */ faults) => void (told.value = new Map(told.value).set(draftName, { error: fault, faults }));
  const faults = stillWrong(listed, Object.fromEntries(shown.map((field) => [field.path, { ...entries[`.${field.path}`], made: read(entries[`.${field.path}`], field).value }])));
  const [refused, setRefused] = useState(/** @type {object | null} */ (null));
  useEffect(() => void (refused && enterFault(box.current)), [refused]);
  const [isNext, setNext] = useState(false);
  const made = () => {
    let record = others;
    const found = /** @type {Fault[]} */ ([]);
    for (const field of shown) {
      const { value, fault } = read(entries[`.${field.path}`], field);
      const at = below("", field.path);
      if (fault) found.push({ at, pointer: at, was: value, told: fault });
      else if (value !== undefined) record = withMember(record, field.path, value);
    }
    if (found.length) {
      tell(null, found);
      setRefused(found);
    }
    return found.length ? null : record;
  };
  /** A record as it is written in the form: what is the same stays as it was typed. */
  const filled = (/** @type {any} */ record) => Object.fromEntries(shown.map((field) => {
    const entry = entries[`.${field.path}`];
    return [`.${field.path}`, isSame(read(entry, field).value, member(record, field.path)) ? entry : entryOf(field, record, null)];
  }));
  const fill = () => {
    if (recordFaultOf(text || "{}")) return;
    const record = parse(text || "{}");
    const known = new Set(shown.map((field) => field.path));
    const unknown = Object.entries(record).filter(([name]) => !known.has(name)).reduce((rest, [name, value]) => withMember(rest, name, value), {});
    keep({ entries: filled(record), others: unknown, text: null });
  };
  const choose = (/** @type {string} */ name) => {
    if (name === tab) return;
    if (name === "form") return fill();
    if (!box.current?.querySelector("form")?.reportValidity()) return;
    const record = made();
    if (record !== null) keep({ ...begun, text: print(record, 2) });
  };
  const giveUp = () => {
    forget(draftName);
    tell(null, []);
    onClose();
  };
  const leave = () => {
    if (!isDrafted(draftName)) return giveUp();
    say("What you typed is kept for when you come back");
    onClose();
  };
  const save = async (/** @type {Event} */ event) => {
    if (!/** @type {HTMLFormElement} */ (event.currentTarget).reportValidity()) return;
    setNext(false);
    tell(null, []);
    const record = tab === "json" ? parse(text || "{}") : made();
    if (record === null) return;
    try {
      await createRecord(table, record);
      setNext(!settle(draftName, begun));
      if (isDrafted(draftName)) return;
      added.value += 1;
      onClose();
    } catch (fault) {
      if (!box.current) sayFault(fault); // it is not looked at any more
      const sent = filled(record);
      if (box.current || isDrafted(draftName)) tell(fault, fault instanceof Problem ? faultsOf(fault, record, Object.fromEntries(shown.map(({ path }) => [path, sent[`.${path}`]]))) : []);
      if (isSame(draft(draftName, begun)[0], begun)) setRefused({}); // who types on is left where that is
    }
  };
  const fault = tab === "json" ? recordFaultOf(text || "{}") : "";
  const isTold = error instanceof Problem && error.errors.length > 0 && tab === "form" && error.errors.every(({ pointer = "" }) => shown.some(({ path }) => isIn(pointer, below("", path))));
  return html`<${Dialog} title=${start ? `Duplicate a record of ${table}` : `Add to ${table}`} onClose=${leave}>
    <div ref=${box}><${Form} key=${added.value} class="stack" draftName=${draftName} onSubmit=${save} novalidate>
      ${isNext && html`<p class="note" role="status">The record is added as it was when you sent it. What stands here is another, with what you typed since.</p>`}
      <${Tabs} label="How to write it" chosen=${tab} onChoose=${choose} tabs=${[["form", "Form"], ["json", "JSON"]]} />
      ${tab === "json" ? html`<label class="field">The record
          <textarea class="code" rows="12" spellcheck=${false} wrap=${wrapOf(text)} placeholder=${'{"name": "Rex"}'} value=${text} aria-invalid=${!!fault} onInput=${(/** @type {any} */ event) => keep({ ...begun, text: event.target.value })}></textarea></label>
          ${fault && html`<p class="bad">${fault}</p>`}`
        : shown.length ? shown.map((field) => html`<${Input} key=${field.path} field=${field} schema=${schema} entry=${entries[`.${field.path}`]} faults=${faults}
            onChange=${(/** @type {Entry} */ entry) => keep({ ...begun, entries: { ...entries, [`.${field.path}`]: entry } })} />`)
        : html`<p>No field is known yet, so write it as JSON.</p>`}
      ${error && !isTold && html`<${Fault} error=${error} />`}
      <div class="row form-foot"><span class="grow">${isTold && faults.length > 0 && html`<span class="bad" role="alert">${faults.length < listed.length ? `${many(faults.length, "fault")} of ${listed.length} ${faults.length > 1 ? "are" : "is"} left.` : /** @type {Problem} */ (error).detail}</span>`}</span>
        <${Button} onClick=${giveUp}>Cancel<//><${Button} kind="main" type="submit" disabled=${!!fault}>Add the record<//></div>
    <//></div>
  <//>`;
}

/** @param {Field} field @param {any} start @param {any} schema @returns {Entry} */
function entryOf(field, start, schema) {
  const value = start ? member(start, field.path) : undefined;
  if (value !== undefined) return { kind: editedAs(value), text: edited(value) };
  const kind = schema && field.isRequired ? kindOfField(field) : "missing";
  return { kind, text: hasParts(field, schema) ? { object: "{}", array: "[]" }[/** @type {"object"} */ (kind)] ?? "" : "" };
}

/** What is written in an input, or what is wrong with it; what is no value stays what it is. @param {Entry} entry @param {Field} field @returns {{value: unknown, fault: string}} */
function read({ kind, text }, field) {
  try {
    return { value: readAs(text, kind, readJson, field), fault: "" };
  } catch (error) {
    return { value: { kind, text }, fault: /** @type {Error} */ (error).message };
  }
}

/** The kind of value that a field has, as declared or as records show it. @param {Field} field @returns {import("../values.js").Kind} */
const kindOfField = (field) => declaredKind(field) ?? /** @type {any} */ (field.kind) ?? "text";

/** @param {{field: Field, schema: any, entry: Entry, faults: Fault[], onChange: (entry: Entry) => void}} given */
function Input({ field, schema, entry, faults, onChange }) {
  const { kind, text } = entry;
  const at = below("", field.path);
  const id = `new-${field.path}`;
  const wanted = kind === "missing" || kind === "null" ? kindOfField(field) : kind;
  const isInParts = useMemo(() => !!field.schema && hasParts(field, schema), [field]);
  const [unfit, setUnfit] = useState(() => (isInParts ? unfitOf(field, schema, text) : ""));
  const [isJson, setJson] = useState(unfit !== "");
  const whole = isInParts && !isJson ? parse(text || "null") : undefined;
  const fault = whole === undefined ? toldAt(faults, at) || unfit : "";
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const turn = () => {
    const misfit = isJson ? unfitOf(field, schema, text) : "";
    setUnfit(misfit);
    if (misfit) box.current?.querySelector("textarea")?.focus();
    else if (isJson || [.../** @type {NodeListOf<HTMLInputElement>} */ (box.current?.querySelectorAll(".parts :is(input, select, textarea)"))].every((each) => each.reportValidity())) setJson(!isJson);
  };
  const type = (/** @type {string} */ typed) => {
    setUnfit("");
    onChange({ kind: wanted, text: typed });
  };
  return html`<div class="field" ref=${box}>
    <div class="row"><label for=${whole === undefined ? id : undefined}>${field.path}${field.isRequired && html` <span class="faint">required</span>`}</label><span class="grow"></span>
      ${isInParts && html`<${Button} kind="quiet" aria-pressed=${whole === undefined} onClick=${turn}>JSON<//>`}
      <select class="kind" aria-label=${`Kind of ${field.path}`} value=${kind} onChange=${(/** @type {any} */ event) => onChange({ ...entry, kind: event.target.value })}>
        ${kindsFor(field.schema ? field : { ...field, kind: undefined }, kind).map((each) => html`<option value=${each}>${shortly(each)}</option>`)}</select></div>
    ${whole !== undefined ? html`<${Parts} field=${field} root=${schema} label=${field.path} typed=${{ made: whole, parts: entry.parts }} at=${at} faults=${faults}
        onChange=${(/** @type {import("./parts.js").Typed} */ { made, parts }) => onChange(made === undefined ? { kind: "missing", text: "", parts } : { kind: wanted, text: print(made, 2), parts })} />`
      : html`<${Box} id=${id} field=${field} kind=${wanted} text=${text} isWrong=${!!fault} told=${`${id}-told`} onType=${type} />`}
    <small id=${`${id}-told`} class=${fault ? "bad" : ""}>${fault || [field.told, field.default !== undefined && field.default !== null && `Default: ${print(field.default)}`].filter(Boolean).join(" ")}</small>
  </div>`;
}
