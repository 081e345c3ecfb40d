// The definition of a table: its schema, what is unique, which indexes are kept, when records go. It is held against the
// records that are there before it holds.
import { useState } from "preact/hooks";
import { may } from "../access.js";
import { go, link } from "../address.js";
import { declaredFields, shownFields } from "../fields.js";
import { parse, print } from "../json.js";
import { faultOf } from "../record/raw.js";
import { ask, pathOf, read } from "../server.js";
import { Button } from "../ui/button.js";
import { draft, forget, isDrafted } from "../ui/drafts.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { say, sayFault } from "../ui/toast.js";
import { size } from "../values.js";
import { refresh, tableOf } from "./catalog.js";

/** @typedef {{field: string, kind: string}} Index */

/** @param {{table: string}} given `table` is empty for a new one */
export function Definition({ table }) {
  const known = tableOf(table);
  const isNew = !table;
  const draftName = `definition/${table}`;
  const [name, setName] = draft(`${draftName}/name`, table);
  const [schema, setSchema] = draft(`${draftName}/schema`, known?.schema ? print(known.schema, 2) : "");
  const [unique, setUnique] = draft(`${draftName}/unique`, known?.unique ?? /** @type {string[]} */ ([]));
  const [indexes, setIndexes] = draft(`${draftName}/indexes`, /** @type {Index[]} */ ((known?.indexes ?? []).filter((index) => index.pinned).map(({ field, kind }) => ({ field, kind }))));
  const [isCareful, setCareful] = draft(`${draftName}/careful`, known?.require_if_match ?? false);
  const [expiry, setExpiry] = draft(`${draftName}/expiry`, String(known?.expire_after_s ?? ""));
  const [maxRecords, setMaxRecords] = draft(`${draftName}/records`, String(known?.max_records ?? ""));
  const [maxBytes, setMaxBytes] = draft(`${draftName}/bytes`, String(known?.max_bytes ?? ""));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [isBusy, setBusy] = useState(false);
  const fault = schema.trim() ? faultOf(schema) : "";
  const fields = !fault && schema.trim() ? declaredFields(parse(schema)).map((field) => field.path) : [];
  const built = (known?.indexes ?? []).filter((index) => !index.pinned);
  const isWritable = may("admin");
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const body = {
      schema: schema.trim() ? parse(schema) : null, unique: unique.filter(Boolean), indexes: indexes.filter(({ field }) => field),
      require_if_match: isCareful, expire_after_s: boundOf(expiry), max_records: boundOf(maxRecords), max_bytes: boundOf(maxBytes),
    };
    try {
      await ask("PUT", `tables/${pathOf(name)}`, { body });
      await refresh();
      forget(draftName);
      say(isNew ? `Made ${name}` : `${name} is defined so now`);
      if (isNew) go(link(["tables", name]));
    } catch (found) {
      setError(found);
    }
    setBusy(false);
  };
  const infer = async () => {
    try {
      setSchema(print(guess((await read(`data/${pathOf(table)}`, { words: [["limit", "1000"]] })).data), 2));
    } catch (found) {
      sayFault(found);
    }
  };
  return html`<section class="pad definition" aria-label="Definition"><form class="stack" onSubmit=${save}>
    <div class="title">${isNew ? html`<h1>New table</h1>` : html`<a class="button quiet bare" href=${link(["tables", table])} aria-label=${`Back to ${table}`}><${Icon} name="back" /></a><h1>Definition of ${table}</h1>`}</div>
    ${isNew && html`<label class="field">Name <input class="name" required pattern="[A-Za-z_][A-Za-z0-9_\\-]{0,62}" autofocus spellcheck="false" autocomplete="off" value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)} />
      <small>A letter or _ first, then letters, digits, - and _, up to 63 in all.</small></label>`}
    <div class="field"><div class="row"><label for="schema">JSON Schema of a record</label><span class="grow"></span>
        ${isWritable && !isNew && !schema.trim() && html`<${Button} icon="edit" kind="quiet" onClick=${infer}>Guess it from the records<//>`}
        ${isWritable && isNew && !schema.trim() && html`<${Button} icon="edit" kind="quiet" onClick=${() => setSchema(print(EXAMPLE, 2))}>Begin with an example<//>`}</div>
      <textarea id="schema" class="code" rows=${Math.min(28, Math.max(8, schema.split("\n").length + 1))} spellcheck="false" readonly=${!isWritable} aria-invalid=${!!fault} aria-describedby="schema-told"
        placeholder="None: any object is a record" value=${schema} onInput=${(/** @type {any} */ event) => setSchema(event.target.value)}></textarea>
      <small id="schema-told" class=${fault ? "bad" : ""}>${fault || "Records that break it are refused, with a pointer to each fault."}</small></div>
    <${Names} label="Unique fields" told="No two records have the same value." names=${unique} fields=${fields} isWritable=${isWritable} onChange=${setUnique} />
    <fieldset><legend>Indexes that are kept</legend>
      <p class="faint">Others are built when a question needs them, and let go when memory is short.</p>
      ${indexes.map((index, at) => html`<div class="row" key=${at}>
        <input aria-label="Field of the index" list="definition-fields" value=${index.field} disabled=${!isWritable} spellcheck="false" onInput=${(/** @type {any} */ event) => setIndexes(indexes.with(at, { ...index, field: event.target.value }))} />
        <select aria-label="Kind of the index" value=${index.kind} disabled=${!isWritable} onChange=${(/** @type {any} */ event) => setIndexes(indexes.with(at, { ...index, kind: event.target.value }))}>
          <option value="sorted">sorted: ranges and order</option><option value="hash">hash: equality</option></select>
        ${isWritable && html`<${Button} icon="close" label=${`Remove the index of ${index.field}`} kind="quiet" onClick=${() => setIndexes(indexes.toSpliced(at, 1))} />`}</div>`)}
      ${isWritable && html`<${Button} icon="add" kind="quiet" onClick=${() => setIndexes([...indexes, { field: "", kind: "sorted" }])}>Add an index<//>`}
      ${built.length > 0 && html`<p class="faint">Built by themselves: ${built.map((index) => html`<code class="chip">${index.field} ${index.kind} ${size(index.bytes)}</code>`)}</p>`}
    </fieldset>
    <datalist id="definition-fields">${fields.map((field) => html`<option value=${field} />`)}</datalist>
    <label class="field">Seconds after which a record goes <input class="name" inputmode="decimal" placeholder="never" disabled=${!isWritable} value=${expiry} onInput=${(/** @type {any} */ event) => setExpiry(event.target.value)} />
      <small>Counted from its last write.</small></label>
    <label class="field">Records at the most <input class="name" inputmode="decimal" placeholder="any number" disabled=${!isWritable} value=${maxRecords} onInput=${(/** @type {any} */ event) => setMaxRecords(event.target.value)} />
      <small>With a limit the table is a cache: records that nobody has read or written for long give way to new ones.</small></label>
    <label class="field">Bytes of them at the most <input class="name" placeholder="any number" disabled=${!isWritable} value=${maxBytes} onInput=${(/** @type {any} */ event) => setMaxBytes(event.target.value)} />
      <small>A number, or with a unit: 64MiB.</small></label>
    <label class="row check"><input type="checkbox" checked=${isCareful} disabled=${!isWritable} onChange=${(/** @type {any} */ event) => setCareful(event.target.checked)} />Changes must say which version they change (If-Match)</label>
    ${error && html`<${Fault} error=${error} />`}
    ${isWritable && html`<div class="row"><${Button} kind="main" type="submit" disabled=${!!fault || isBusy || (isNew && !name)}>${isNew ? "Make the table" : "Save the definition"}<//>
      ${isDrafted(draftName) && html`<${Button} onClick=${() => forget(draftName)}>Discard<//>`}</div>`}
  </form></section>`;
}

/** @param {{label: string, told: string, names: string[], fields: string[], isWritable: boolean, onChange: (names: string[]) => void}} given */
function Names({ label, told, names, isWritable, onChange }) {
  return html`<fieldset><legend>${label}</legend><p class="faint">${told}</p>
    ${names.map((name, at) => html`<div class="row" key=${at}><input aria-label="Unique field" list="definition-fields" value=${name} disabled=${!isWritable} spellcheck="false" onInput=${(/** @type {any} */ event) => onChange(names.with(at, event.target.value))} />
      ${isWritable && html`<${Button} icon="close" label=${`${name} need not be unique`} kind="quiet" onClick=${() => onChange(names.toSpliced(at, 1))} />`}</div>`)}
    ${isWritable && html`<${Button} icon="add" kind="quiet" onClick=${() => onChange([...names, ""])}>Add a field<//>`}
  </fieldset>`;
}

const EXAMPLE = {
  type: "object",
  properties: { name: { type: "string" }, email: { type: "string" }, age: { type: "integer", minimum: 0 } },
  required: ["name"],
};

const TYPES = /** @type {Record<string, string>} */ ({ text: "string", number: "number", boolean: "boolean", array: "array", object: "object" });

/** What a definition is to say of a bound; text that is no number is left for the server to read. @param {string} text */
function boundOf(text) {
  const said = text.trim();
  return said === "" ? null : /^[0-9]+$/.test(said) ? parse(said) : said;
}

/** A schema that some records satisfy. @param {any[]} records */
function guess(records) {
  const fields = shownFields(records).filter((field) => field.path !== "id");
  /** @type {Record<string, any>} */
  const properties = Object.create(null);
  for (const { path } of fields) {
    const kinds = new Set(records.filter((record) => Object.hasOwn(record, path)).map((record) => typeOf(record[path])));
    if (kinds.has("number")) kinds.delete("integer");
    properties[path] = kinds.size === 1 ? { type: [...kinds][0] } : { type: [...kinds] };
  }
  return { type: "object", properties, required: fields.map((field) => field.path).filter((path) => records.every((record) => Object.hasOwn(record, path))) };
}

/** @param {any} value */
function typeOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  const number = typeof value === "number" ? String(value) : value?.text;
  if (number !== undefined && typeof value !== "string") return /^-?\d+$/.test(number) ? "integer" : "number";
  return TYPES[typeof value === "string" ? "text" : typeof value];
}
