// Import and export: files in, looked at before they are sent; tables, the database and backups out.
import { useState } from "preact/hooks";
import { may, mayAll } from "../access.js";
import { pathOf } from "../server.js";
import { tables } from "../tables/catalog.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { Menu } from "../ui/menu.js";
import { say } from "../ui/toast.js";
import { underway } from "../ui/underway.js";
import { Button } from "../ui/button.js";
import { count } from "../values.js";
import { begin, current } from "./current.js";
import { saveAnswer } from "./download.js";
import { Import } from "./import.js";
import { readSource } from "./source.js";

export default function Transfer() {
  const file = current.value;
  return html`<section class="pad stack" aria-label="Import and export">
    <div class="title"><h1>Import and export</h1></div>
    ${may("write") && (file ? html`<${Import} key=${`${file.source.kind} ${file.source.file.name}`} current=${file} onLeave=${() => (current.value = null)}
      onRead=${async (/** @type {"record" | "database"} */ as) => begin(await readSource(file.source.file, as))} />` : html`<${Drop} onSource=${begin} />`)}
    ${!file && html`<${Exports} />`}
  </section>`;
}

/** @param {{onSource: (source: import("./source.js").Source) => void}} given */
function Drop({ onSource }) {
  const [isOver, setOver] = useState(false);
  const [fault, setFault] = useState("");
  const [reading, setReading] = useState("");
  const take = async (/** @type {FileList | undefined | null} */ files) => {
    setOver(false);
    if (!files?.length) return;
    setFault("");
    setReading(files[0].name);
    try {
      onSource(await readSource(files[0]));
    } catch (error) {
      setFault(`${files[0].name} cannot be read. ${/** @type {Error} */ (error).message}`);
      setReading("");
    }
  };
  if (reading) return html`<div class="drop" role="status" aria-busy="true"><${Icon} name="upload" /><strong>Reading ${reading}…</strong><progress class="sending" aria-label=${`Reading ${reading}`}></progress></div>`;
  return html`<label class="drop ${isOver ? "over" : ""}" onDragOver=${(/** @type {Event} */ event) => { event.preventDefault(); setOver(true); }}
      onDragLeave=${() => setOver(false)} onDrop=${(/** @type {DragEvent} */ event) => { event.preventDefault(); void take(event.dataTransfer?.files); }}>
    <${Icon} name="upload" />
    <strong>Drop a file here, or choose one</strong>
    <span class="faint">CSV, NDJSON, JSON, or a db.json with many tables. You see what is in it before anything is stored.</span>
    <input type="file" aria-label="File to import" accept=".csv,.tsv,.ndjson,.jsonl,.json" onChange=${(/** @type {any} */ event) => take(event.target.files)} />
    ${fault && html`<span class="bad" role="alert">${fault}</span>`}
  </label>`;
}

function Exports() {
  const save = (/** @type {string} */ path, /** @type {string} */ name, how = {}) => async () => {
    const isSaved = await underway(`Reading ${name}`, (tell, stop) => saveAnswer(path, name, how, tell, stop));
    if (isSaved) say(`Saved ${name}`);
  };
  const all = tables.value.reduce((sum, { bytes }) => sum + bytes, 0);
  return html`<h2>Export</h2>
    <div class="row">
      ${mayAll("read") && html`<${Button} icon="download" onClick=${save("dump", "db.json", { bytes: all })}>The whole database as JSON<//>`}
      ${mayAll("admin") && html`<${Button} icon="download" onClick=${save("backup", "tables.db", { method: "POST", bytes: all })}>A backup<//>`}
    </div>
    <ul class="exports" aria-label="Tables">${tables.value.map(({ name, records, bytes }) => html`<li key=${name}>
      <span class="clip">${name}</span><span class="faint figure">${count(records)}</span>
      <${Menu} label=${`Export ${name}`} icon="download" items=${[
        { name: "as CSV", run: save(`dump/${pathOf(name)}`, `${name}.csv`, { media: "text/csv", bytes }) },
        { name: "as JSON", run: save(`dump/${pathOf(name)}`, `${name}.json`, { media: "application/json", bytes }) },
        { name: "as NDJSON", run: save(`dump/${pathOf(name)}`, `${name}.ndjson`, { media: "application/x-ndjson", bytes }) },
      ]} /></li>`)}</ul>`;
}
