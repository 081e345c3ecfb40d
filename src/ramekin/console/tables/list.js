// All tables, with what they hold and how they are defined.
import { may } from "../access.js";
import { link } from "../address.js";
import { exampleOf } from "../fields.js";
import { curl } from "../server.js";
import { Empty } from "../ui/empty.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { Scroll } from "../ui/scroll.js";
import { count, duration, many, size } from "../values.js";
import { cacheOf, isCache } from "./cache.js";
import { NEW, tables } from "./catalog.js";
import { gridOf } from "./chosen.js";

export function TableList() {
  const found = tables.value;
  const [records, bytes] = found.reduce(([some, all], table) => [some + table.records, all + table.bytes], [0, 0]);
  if (!found.length) {
    const example = curl("POST", "data/pets", { body: exampleOf(null) });
    return html`<${Empty} icon="table" title="There is no table yet" curl=${may("write") ? example : undefined}>
      <p>A table is made when a first record is written to it.</p>
      ${may("admin") && html`<p><a class="button" href=${link(["tables", NEW, "definition"])}>Define one</a></p>`}
    <//>`;
  }
  const shown = COLUMNS.filter(([, has]) => found.some(has));
  return html`<section class="pad" aria-label="Tables">
    <div class="title"><h1>Tables</h1><p class="faint">${many(found.length, "table")}, ${many(records, "record")}, ${size(bytes)}</p>
      <span class="grow"></span>${may("admin") && html`<a class="button main" href=${link(["tables", NEW, "definition"])}><${Icon} name="add" />New table</a>`}</div>
    <${Scroll} label="List of tables"><table class="list">
      <thead><tr><th>Table</th><th class="right">Records</th><th class="right">Size</th><th>Definition</th>${shown.map(([title]) => html`<th>${title}</th>`)}</tr></thead>
      <tbody>${found.map((table) => html`<tr key=${table.name}>
        <th scope="row"><a href=${gridOf(table.name)}>${table.name}</a></th>
        <td class="right figure">${count(table.records)}</td>
        <td class="right figure">${size(table.bytes)}</td>
        <td>${table.schema ? html`<a href=${link(["tables", table.name, "definition"])}>${described(table.schema)}</a>` : html`<span class="faint">any object</span>`}</td>
        ${shown.map(([title, , draw]) => html`<td key=${title}>${draw(table)}</td>`)}
      </tr>`)}</tbody>
    </table><//>
  </section>`;
}

/** @typedef {import("./catalog.js").Table} Table */

/** What stands in the list where some table has it. @type {[string, (table: Table) => boolean, (table: Table) => unknown][]} */
const COLUMNS = [
  ["Unique", ({ unique }) => unique.length > 0, ({ unique }) => unique.map((field) => html`<code class="chip">${field}</code>`)],
  ["Indexes", ({ indexes }) => indexes.length > 0, ({ indexes }) => html`${indexes.filter(({ pinned }) => pinned).map((index) => html`<code class="chip" title=${toldOf(index)}>${index.field}</code>`)}${madeOf(indexes.filter(({ pinned }) => !pinned))}`],
  ["Expires", (table) => table.expire_after_s != null || table.expiring > 0 || isCache(table), (table) => html`${table.expire_after_s ? `after ${duration(table.expire_after_s)}` : ""}${table.expiring > 0 && html` <span class="faint">${many(table.expiring, "record")} will go</span>`}${isCache(table) && html` <code class="chip" title=${cacheOf(table)}>cache</code>`}`],
];

/** @param {import("./catalog.js").Index} index */
const toldOf = ({ field, kind, bytes }) => `${field}: ${kind}, ${size(bytes)}`;

/** Indexes that questions have brought, which come and go. @param {import("./catalog.js").Index[]} indexes */
const madeOf = (indexes) => indexes.length > 0 && html`<span class="faint" title=${indexes.map(toldOf).join("\n")}>${count(indexes.length)} by themselves</span>`;

/** @param {any} schema */
const described = (schema) => schema.title ?? many(Object.keys(schema.properties ?? {}).length, "field");
