// A file before it is stored: where it goes, what its columns are, what becomes of records that are there already; and
// what was wrong with it, line by line.
import { useEffect, useRef, useState } from "preact/hooks";
import { Rows } from "../builder/rows.js";
import { Problem } from "../server.js";
import { TABLE_NAME, tableOf } from "../tables/catalog.js";
import { Button } from "../ui/button.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { Scroll } from "../ui/scroll.js";
import { many, size } from "../values.js";
import { choose, sendCurrent } from "./current.js";
import { Database } from "./database.js";
import { unfitOf } from "./fit.js";
import { takenOf } from "./parts.js";
import { isLoad } from "./sending.js";
import { columnsFor, doubtsOf, previewOf, refusedOf } from "./source.js";

/** @typedef {import("./source.js").Source} Source */

const CONFLICTS = [["error", "store nothing and say so"], ["ignore", "keep what is there"], ["replace", "replace it"], ["merge", "merge the new members into it"]];
const TYPES = [["text", "text"], ["number", "number"], ["boolean", "true or false"], ["json", "JSON"], ["none", "leave it out"]];
const KINDS = { csv: "CSV", ndjson: "NDJSON", json: "JSON", database: "JSON of a database" };

/**
 * @param {{current: import("./current.js").Current, onRead: (as: "record" | "database") => void, onLeave: () => void}} given `onRead` reads the
 *   file as something else
 */
export function Import({ current: { source, chosen: choices, part, failure, cancel }, onRead, onLeave }) {
  const isDatabase = source.kind === "database";
  const schema = tableOf(choices.table)?.schema;
  const columns = columnsFor(source, schema).map(({ name, type }, place) => ({ name, type: choices.types[place] ?? type }));
  const taken = takenOf(source, choices.left);
  const tables = isDatabase ? taken.map((one) => ({ name: one.name, part: one, known: tableOf(one.name) })) : [{ name: choices.table, known: tableOf(choices.table) }];
  const { unfit, isLooking } = useFit(source, columns, tables);
  const refused = refusedOf(source, columns, choices.conflict === "error" || isLoad(source), taken);
  const doubts = [...doubtsOf(refused, source, columns), ...unfit];
  return html`<div class="stack">
    <div class="row"><h2>${source.file.name}</h2><span class="faint">${KINDS[source.kind]}, ${size(source.file.size)}</span></div>
    ${source.isObject && html`<div class="builder"><label class="field">The file is<select aria-label="The file is" value=${isDatabase ? "database" : "record"} onChange=${(/** @type {any} */ event) => onRead(event.target.value)}>
        <option value="record">one record</option><option value="database">a database, each member a table</option></select></label></div>`}
    ${isDatabase ? html`<${Database} source=${source} left=${choices.left} mode=${choices.mode} onChoose=${choose} />` : html`
      <div class="builder">
        <label class="field">Table<input value=${choices.table} pattern=${TABLE_NAME} required spellcheck=${false} onInput=${(/** @type {any} */ event) => choose({ table: event.target.value })} />
          <small>${tableOf(choices.table) ? `It has ${many(tableOf(choices.table)?.records ?? 0, "record")}.` : "It will be made."}</small></label>
        <label class="field">A record with the same id<select aria-label="A record with the same id" value=${isLoad(source) ? "replace" : choices.conflict} disabled=${isLoad(source)} onChange=${(/** @type {any} */ event) => choose({ conflict: event.target.value })}>
          ${CONFLICTS.map(([value, told]) => html`<option key=${value} value=${value}>${told}</option>`)}</select>
          <small>${isLoad(source) ? "So long a file is loaded at once, which replaces." : "All of the file is stored, or nothing."}</small></label>
      </div>`}
    ${isLooking && html`<p class="faint late">Looking through the file…</p>`}
    <div class="note" role="status" aria-label="What is not as chosen" hidden=${!doubts.length}>${doubts.map((told) => html`<p>${told}</p>`)}</div>
    ${failure && html`<${Failed} failure=${failure} />`}
    ${part !== null && html`<label class="field">${part < 1 ? "Sending" : "Storing"}<progress class="sending" max="1" value=${part < 1 ? part : undefined}></progress></label>`}
    <div class="row">
      <${Button} kind="main" icon="upload" disabled=${part !== null || isLooking || !tables.length || !choices.table || refused.length > 0} onClick=${() => sendCurrent({ ...choices, columns })}>Import<//>
      <${Button} onClick=${part === null ? onLeave : cancel}>${part === null ? "Cancel" : "Stop"}<//>
    </div>
    ${previewOf(source, columns).length > 0 && html`<${Preview} source=${source} columns=${columns} onType=${(/** @type {number} */ place, /** @type {string} */ type) => choose({ types: { ...choices.types, [place]: type } })} />`}
  </div>`;
}

/**
 * Where the records are not as their tables are defined: all are looked at, whenever it may have changed.
 * @param {Source} source @param {import("./source.js").Column[]} columns @param {Parameters<typeof unfitOf>[2]} tables
 */
function useFit(source, columns, tables) {
  const [found, setFound] = useState({ text: "", unfit: /** @type {string[]} */ ([]) });
  const text = JSON.stringify([columns, tables.map(({ name, known }) => [name, known?.schema, known?.unique])]);
  useEffect(() => {
    const stop = new AbortController();
    unfitOf(source, columns, tables, stop.signal).then((unfit) => !stop.signal.aborted && setFound({ text, unfit }), () => {});
    return () => stop.abort();
  }, [text]);
  return { unfit: found.unfit, isLooking: found.text !== text };
}

/** The first records, each column with its type above it. @param {{source: Source, columns: import("./source.js").Column[], onType: (place: number, type: string) => void}} given */
function Preview({ source, columns, onType }) {
  const typeOf = (/** @type {number} */ place) => {
    const { name, type } = columns[place];
    if (source.kind !== "csv") return type;
    return html`<select aria-label=${`Type of ${name}`} value=${type} onChange=${(/** @type {any} */ event) => onType(place, event.target.value)}>${TYPES.map(([value, told]) => html`<option key=${value} value=${value}>${told}</option>`)}</select>`;
  };
  return html`<${Rows} label="Preview" rows=${previewOf(source, columns)} columns=${columns.map(({ name }) => ({ table: "", name }))} typeOf=${typeOf} />`;
}

/** What went wrong, and what became of the file. @param {{failure: import("./current.js").Failure}} given */
function Failed({ failure: { error, told } }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), [error]);
  const lines = error instanceof Problem ? error.errors.filter((/** @type {any} */ each) => each.line !== undefined) : [];
  const problem = /** @type {Problem} */ (error);
  return html`<div ref=${place}>${!error ? html`<p class="note" role="alert">Stopped. ${told}</p>` : !lines.length ? html`<${Fault} error=${error}><p>${told}</p><//>` : html`<div class="stack" role="alert">
    <p class="bad"><strong>${problem.title}.</strong> ${problem.detail} ${told}</p>
    <${Scroll} label="Faults by line"><table class="list"><thead><tr><th>Line</th><th>Where</th><th>What is wrong</th></tr></thead>
      <tbody>${lines.map((/** @type {any} */ each, at) => html`<tr key=${at}><td class="figure">${each.line}</td><td><code>${each.pointer}</code></td><td>${each.detail}</td></tr>`)}</tbody></table><//>
  </div>`}</div>`;
}
