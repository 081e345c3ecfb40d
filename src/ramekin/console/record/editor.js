// An editor for one value. What kind of value it is can be chosen where the schema leaves it open, so that a null, an
// empty text and a member that is not there are never written by mistake.
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { readJson } from "../elements.js";
import { exampleOfField } from "../fields.js";
import { isSame } from "../json.js";
import { draft, forget } from "../ui/drafts.js";
import { inOneLine } from "../ui/fault.js";
import { isStill } from "../ui/focus.js";
import { html } from "../ui/html.js";
import { wrapOf } from "../ui/long.js";
import { edited, editedAs, kindOf, named, readAs } from "../values.js";
import { sayUnsaved } from "./unsaved.js";

/** @type {import("../values.js").Kind[]} */
const KINDS = ["text", "number", "boolean", "null", "missing", "array", "object"];

/** @param {import("../fields.js").Field | undefined} field @returns {import("../values.js").Kind | null} */
export function declaredKind(field) {
  if (!field?.schema || !field.kind) return null;
  if (field.kind === "integer") return "number";
  if (field.kind === "date" || field.kind === "date-time") return "text";
  return field.kind === "enum" ? kindOf(field.choices?.[0]) : field.kind;
}

/** @type {Record<string, import("../values.js").Kind>} */
const CALLED = { string: "text", integer: "number", number: "number", boolean: "boolean", array: "array", object: "object" };

/** The kinds between which a schema leaves a choice; none where it says nothing that is known here. @param {any} schema @returns {import("../values.js").Kind[]} */
function optionsOf(schema) {
  const types = (schema?.anyOf ?? schema?.oneOf ?? [{ type: schema?.type }]).flatMap((/** @type {any} */ each) => each.type ?? "").filter((/** @type {string} */ type) => type !== "null");
  return types.every((/** @type {string} */ type) => CALLED[type]) ? [...new Set(types.map((/** @type {string} */ type) => CALLED[type]))] : [];
}

/**
 * @param {import("../fields.js").Field | undefined} field
 * @param {import("../values.js").Kind} now
 */
export function kindsFor(field, now) {
  const kind = declaredKind(field);
  const options = kind ? [kind] : optionsOf(field?.schema);
  if (!options.length) return KINDS.includes(now) ? KINDS : [...KINDS, now];
  const found = [...options];
  if (field?.isNullable) found.push("null");
  if (!field?.isRequired) found.push("missing");
  return found.includes(now) ? found : [...found, now];
}

/** @typedef {{text: string, kind: import("../values.js").Kind}} Typed */

/**
 * It stays, with what was typed, until that is saved or given up. Where it is taken away before, as by scrolling, it saves.
 * @param {{label: string, value: unknown, field?: import("../fields.js").Field, refused?: {typed: Typed, fault: string}, onSave: (value: unknown, typed: Typed, mayAsk: () => boolean) => Promise<unknown>,
 *   onCancel: (isGivenUp: boolean) => void, onNext?: (step: number) => void}} given `mayAsk`: whether the keys are still here;
 *   `refused`: what was typed before, and why it was not taken;
 *   `onNext`: goes to the next cell, or back, by Tab
 */
export function CellEditor({ label, value, field, refused, onSave, onCancel, onNext }) {
  const before = editedAs(value);
  const start = before === "null" || before === "missing" ? declaredKind(field) ?? "text" : before;
  const [kind, setKind] = useState(refused?.typed.kind ?? start);
  const [text, setText] = useState(refused?.typed.text ?? edited(value === null ? undefined : value));
  const [fault, setFault] = useState(refused?.fault ?? "");
  const [isBusy, setBusy] = useState(false);
  const held = `cell/${useId()}`;
  const [, hold] = draft(held, ""); // so that the browser asks before the page goes
  const isTouched = useRef(false);
  const isGone = useRef(false);
  const input = useRef(/** @type {any} */ (null));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const list = useRef(/** @type {HTMLSelectElement | null} */ (null));
  const now = useRef({ text, kind });
  now.current = { text, kind };
  const sent = useRef(/** @type {Typed | null} */ (null)); // which is on its way
  const isEnded = useRef(false);
  const store = (/** @type {() => boolean} */ mayAsk) => onSave(readAs(text, kind, readJson, field), { text, kind }, mayAsk);
  const decide = () => store(() => true).catch((error) => sayUnsaved(label, text, error, decide));
  const save = async () => {
    if (isEnded.current || isSame(sent.current, now.current)) return;
    if (!isTouched.current) {
      cancel();
      return;
    }
    const typed = (sent.current = now.current);
    setBusy(true);
    try {
      await store(() => isStill(box.current));
      if (isSame(typed, now.current)) cancel(); // else it is what comes next
    } catch (error) {
      if (isGone.current) sayUnsaved(label, text, error, decide);
      setFault(inOneLine(error));
    }
    if (sent.current !== typed) return;
    sent.current = null;
    setBusy(false);
  };
  const leave = useRef(save);
  leave.current = save;
  useLayoutEffect(() => { // at once: the next key is for it
    input.current?.focus();
    input.current?.select?.();
    input.current?.parentElement?.scrollIntoView({ block: "nearest", inline: "nearest" });
    return () => {
      isGone.current = true;
      forget(held);
      void leave.current();
    };
  }, []);
  const cancel = (isGivenUp = false) => {
    if (isEnded.current || isGone.current) return;
    isEnded.current = true; // before the focus goes, which saves
    onCancel(isGivenUp);
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation();
    const isNext = event.key === "Tab" && onNext;
    const isEnter = event.key === "Enter" && !event.shiftKey;
    if (event.key === "Escape") cancel(true);
    if (event.key === "F2") (event.target === input.current ? list : input).current?.focus();
    if (!isNext && !isEnter) return;
    event.preventDefault();
    if (isEnter && refused) isTouched.current = true; // it is meant once more
    void save();
    if (isNext && (isEnded.current || sent.current)) onNext(event.shiftKey ? -1 : 1);
  };
  const type = (/** @type {any} */ event) => {
    isTouched.current = true;
    hold(`typed ${event.target.value}`);
    setText(event.target.value);
    setFault("");
  };
  const choose = (/** @type {import("../values.js").Kind} */ made) => {
    isTouched.current = true;
    setKind(made);
    if (made === "boolean" && !/^(true|false)$/.test(text)) setText("true"); // one of the two that can be chosen
  };
  const choices = field?.kind === "enum" && kind !== "spelled" ? field.choices?.map(String) : kind === "boolean" ? ["true", "false"] : null;
  const entry = choices ? html`<select key="choice" ref=${input} aria-label=${label} value=${text} onChange=${type}>
      ${!choices.includes(text) && html`<option value=${text}></option>`}${choices.map((each) => html`<option value=${each}>${each}</option>`)}</select>`
    : html`<textarea key="text" ref=${input} aria-label=${label} value=${text} rows=${Math.min(8, text.split("\n").length)} spellcheck=${false} aria-invalid=${!!fault} dir="auto" wrap=${wrapOf(text)}
        title="Enter saves, Shift Enter breaks the line, F2 goes to the kind of value" readonly=${kind === "null" || kind === "missing"} placeholder=${exampleOfField(field)}
        onInput=${type}></textarea>`;
  return html`<div class="cell-editor" ref=${box} aria-busy=${isBusy} onKeyDown=${press} onPointerDown=${(/** @type {Event} */ event) => event.stopPropagation()}
      onFocusOut=${(/** @type {FocusEvent} */ event) => !(/** @type {Element} */ (event.currentTarget)).contains(/** @type {Node} */ (event.relatedTarget)) && save()}>
    ${entry}
    <select key="kind" class="kind" ref=${list} aria-label="Kind of value" value=${kind} onChange=${(/** @type {any} */ event) => choose(event.target.value)}>
      ${kindsFor(field, start).map((each) => html`<option value=${each}>${named(each).replace(/^an? /, "")}</option>`)}
    </select>
    ${fault && html`<p class="bad" role="alert">${fault}</p>`}
  </div>`;
}
