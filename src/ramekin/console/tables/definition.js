// The definition of a table: its schema, what is unique, which indexes are kept, when records go. It is held against the
// records that are there before it holds.
import { useState } from "preact/hooks";
import { may } from "../access.js";
import { go, link } from "../address.js";
import { declaredFields } from "../fields.js";
import { parse, print } from "../json.js";
import { faultOf } from "../record/raw.js";
import { Problem, ask, pathOf, read } from "../server.js";
import { Button } from "../ui/button.js";
import { draft, forget, isDrafted, settle } from "../ui/drafts.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { Form } from "../ui/once.js";
import { say, sayFault } from "../ui/toast.js";
import { kindOf, size } from "../values.js";
import { TABLE_NAME, refresh, tableOf } from "./catalog.js";
import { guess } from "./guess.js";
import { SchemaFields, hasLines } from "./schema_fields.js";
import { gridOf } from "./chosen.js";
import { bodyOf, isThere, settled, writtenOf } from "./written.js";

/** @typedef {import("./written.js").Written} Written @typedef {import("./written.js").Index} Index */

/** @param {{table: string}} given `table` is empty for a new one, or is not there yet */
export function Definition({ table }) {
  const isNew = !tableOf(table);
  const draftName = `definition/${table}`;
  const now = writtenOf(table, tableOf(table));
  const [{ base, ...written }, keep] = draft(draftName, { ...now, base: now });
  const { name, schema, unique, indexes, isCareful } = written;
  const put = (/** @type {Partial<Written>} */ part) => keep({ ...written, ...part, base });
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [isBusy, setBusy] = useState(false);
  const fault = schema.trim() ? faultOf(schema) : "";
  const said = !fault && schema.trim() ? parse(schema) : {};
  const fields = kindOf(said) === "object" ? declaredFields(said).map((field) => field.path) : [];
  const model = tableOf(table)?.model;
  const isWritable = may("admin") && !model;
  const isTaken = isNew && !isBusy && !!tableOf(name);
  const store = async (/** @type {string} */ made) => {
    if (isNew && (await isThere(made))) return refresh(); // which shows that it is
    const wanted = isNew ? bodyOf(written) : await settled(made, bodyOf(base), bodyOf(written));
    if (wanted === undefined) throw new Error("Somebody else has changed this definition, so it is not saved yet.");
    if (wanted) await ask("PUT", `tables/${pathOf(made)}`, { body: wanted });
    await refresh();
    settle(draftName, { ...written, base }, (typed) => ({ ...typed, base: writtenOf(made, tableOf(made)) }));
    if (wanted) say(isNew ? `Made ${made}` : `${made} is defined so now`);
    if (isNew) go(gridOf(made));
  };
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      await store(isNew ? name : table);
    } catch (found) {
      setError(found);
    }
    setBusy(false);
  };
  const infer = () => read(`data/${pathOf(table)}`, { words: [["limit", "1000"]] }).then(({ data }) => put({ schema: print(guess(data), 2) }), sayFault);
  const wrong = error instanceof Problem ? error.errors.map(({ pointer = "" }) => pointer) : [];
  const bound = { written, isWritable, put, wrong };
  return html`<section class="pad definition" aria-label="Definition"><${Form} class="stack" onSubmit=${save}>
    <div class="title">${isNew ? html`<h1>New table</h1>` : html`<a class="button quiet bare" href=${gridOf(table)} aria-label=${`Back to ${table}`}><${Icon} name="back" /></a><h1>Definition of ${table}</h1>`}</div>
    ${isNew && table && html`<p class="note" role="status">There is no table ${table} yet. This makes it.</p>`}
    ${model && html`<p class="note" role="status">The model <code>${model}</code> defines this table, and a definition cannot: it is changed in the program or file that the server was started with (<code>--models</code>).</p>`}
    ${isNew && html`<label class="field">Name <input class="name" required pattern=${TABLE_NAME} autofocus spellcheck=${false} autocomplete="off" value=${name} aria-invalid=${isTaken} aria-describedby="name-told" onInput=${(/** @type {any} */ event) => put({ name: event.target.value })} />
      ${isTaken && html`<small class="bad" role="status">There is a table ${name} already: <a href=${link(["tables", name, "definition"])}>its definition</a></small>`}
      <small id="name-told">A letter or _ first, then letters, digits, - and _, up to 63 in all.</small></label>`}
    ${!fault && hasLines(said) && html`<${SchemaFields} schema=${said} draftName=${`${draftName}/names`} isWritable=${isWritable} onChange=${(/** @type {any} */ made) => put({ schema: print(made, 2) })} />`}
    <div class="field"><div class="row"><label for="schema">JSON Schema of a record</label><span class="grow"></span>
        ${isWritable && !isNew && !schema.trim() && html`<${Button} icon="edit" kind="quiet" onClick=${infer}>Guess it from the records<//>`}
        ${isWritable && isNew && !schema.trim() && html`<${Button} icon="edit" kind="quiet" onClick=${() => put({ schema: print(EXAMPLE, 2) })}>Begin with an example<//>`}</div>
      <textarea id="schema" class="code" rows=${Math.min(28, Math.max(8, schema.split("\n").length + 1))} spellcheck=${false} readonly=${!isWritable} aria-invalid=${!!fault} aria-describedby="schema-told"
        placeholder="None: any object is a record" value=${schema} onInput=${(/** @type {any} */ event) => put({ schema: event.target.value })}></textarea>
      <small id="schema-told" class=${fault ? "bad" : ""}>${fault || "Records that break it are refused, with a pointer to each fault."}</small></div>
    <datalist id="definition-fields">${fields.map((field) => html`<option value=${field} />`)}</datalist>
    <${Unique} names=${unique} isWritable=${isWritable} onChange=${(/** @type {string[]} */ names) => put({ unique: names })} />
    <${Indexes} table=${table} indexes=${indexes} isWritable=${isWritable} onChange=${(/** @type {Index[]} */ made) => put({ indexes: made })} />
    <${Bound} ...${bound} of="expiry" label="Seconds after which a record goes" none="never" told="Counted from its last write." />
    <${Bound} ...${bound} of="records" label="Records at the most" none="any number" told="With a limit the table is a cache: records that nobody has read or written for long give way to new ones." />
    <${Bound} ...${bound} of="bytes" label="Bytes of them at the most" none="any number" told="A number, or with a unit: 64MiB." />
    <label class="row check"><input type="checkbox" checked=${isCareful} disabled=${!isWritable} onChange=${(/** @type {any} */ event) => put({ isCareful: event.target.checked })} />Changes must say which version they change (If-Match)</label>
    ${error && html`<${Fault} error=${error} />`}
    ${isWritable && html`<div class="row"><${Button} kind="main" type="submit" disabled=${!!fault || isBusy || isTaken || (isNew && !name)}>${isNew ? "Make the table" : "Save the definition"}<//>
      ${isDrafted(draftName) && html`<${Button} onClick=${() => forget(draftName)}>Discard<//>`}</div>`}
  <//></section>`;
}

/** @param {{names: string[], isWritable: boolean, onChange: (names: string[]) => void}} given */
function Unique({ names, isWritable, onChange }) {
  return html`<fieldset><legend>Unique fields</legend><p class="faint">No two records have the same value.</p>
    ${names.map((name, at) => html`<div class="row" key=${at}><input aria-label="Unique field" list="definition-fields" value=${name} disabled=${!isWritable} spellcheck=${false} onInput=${(/** @type {any} */ event) => onChange(names.with(at, event.target.value))} />
      ${isWritable && html`<${Button} icon="close" label=${`${name} need not be unique`} kind="quiet" onClick=${() => onChange(names.toSpliced(at, 1))} />`}</div>`)}
    ${isWritable && html`<${Button} icon="add" kind="quiet" data-adds onClick=${() => onChange([...names, ""])}>Add a field<//>`}
  </fieldset>`;
}

/** @param {{table: string, indexes: Index[], isWritable: boolean, onChange: (indexes: Index[]) => void}} given */
function Indexes({ table, indexes, isWritable, onChange }) {
  const put = (/** @type {number} */ at, /** @type {keyof Index} */ part) => (/** @type {any} */ event) => onChange(indexes.with(at, { ...indexes[at], [part]: event.target.value }));
  const built = (tableOf(table)?.indexes ?? []).filter(({ pinned }) => !pinned);
  return html`<fieldset><legend>Indexes that are kept</legend>
    <p class="faint">Others are built when a question needs them, and let go when memory is short.</p>
    ${indexes.map(({ field, kind }, at) => html`<div class="row" key=${at}>
      <input aria-label="Field of the index" list="definition-fields" value=${field} disabled=${!isWritable} spellcheck=${false} onInput=${put(at, "field")} />
      <select aria-label="Kind of the index" value=${kind} disabled=${!isWritable} onChange=${put(at, "kind")}>
        <option value="sorted">sorted: ranges and order</option><option value="hash">hash: equality</option></select>
      ${isWritable && html`<${Button} icon="close" label=${`Remove the index of ${field}`} kind="quiet" onClick=${() => onChange(indexes.toSpliced(at, 1))} />`}</div>`)}
    ${isWritable && html`<${Button} icon="add" kind="quiet" data-adds onClick=${() => onChange([...indexes, { field: "", kind: "sorted" }])}>Add an index<//>`}
    ${built.length > 0 && html`<p class="faint">Built by themselves: ${built.map((index) => html`<code class="chip">${index.field} ${index.kind} ${size(index.bytes)}</code>`)}</p>`}
  </fieldset>`;
}

/** What a bound is called by the server. */
const SENT = { expiry: "/expire_after_s", records: "/max_records", bytes: "/max_bytes" };

/**
 * A number that may be left open.
 * @param {{of: "expiry" | "records" | "bytes", label: string, none: string, told: string, written: Written, isWritable: boolean, wrong: string[],
 *   put: (part: Partial<Written>) => void}} given `wrong`: where the server finds fault
 */
const Bound = ({ of, label, none, told, written, isWritable, wrong, put }) => html`<label class="field">${label}
  <input class="name" placeholder=${none} aria-invalid=${wrong.includes(SENT[of])} disabled=${!isWritable} value=${written[of]} onInput=${(/** @type {any} */ event) => put({ [of]: event.target.value })} /><small>${told}</small></label>`;

const EXAMPLE = {
  type: "object",
  properties: { name: { type: "string" }, email: { type: "string" }, age: { type: "integer", minimum: 0 } },
  required: ["name"],
};
