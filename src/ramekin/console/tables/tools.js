// What can be done with a table, above its grid.
import { may } from "../access.js";
import { link } from "../address.js";
import { conditionWords, wordsOf } from "../filter.js";
import { Bulk } from "../grid/bulk.js";
import { ColumnMenu } from "../grid/column_menu.js";
import { asCsv, asCurl, asJavaScript, asJson, asPython } from "../grid/copies.js";
import { RecordForm } from "../record/form.js";
import { pathOf } from "../server.js";
import { ExportMenu } from "../transfer/export_menu.js";
import { Button } from "../ui/button.js";
import { copy } from "../ui/clipboard.js";
import { open } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { Menu } from "../ui/menu.js";
import { count, many, size } from "../values.js";
import { cacheOf, isCache } from "./cache.js";
import { DropTable } from "./drop.js";
import { keepColumns } from "./chosen.js";

/**
 * @param {{table: string, known: import("./catalog.js").Table | undefined, filter: import("../filter.js").Filter, rows: import("../grid/rows.js").Rows,
 *   columns: string[], all: string[], fields: Map<string, import("../fields.js").Field>, isLive: boolean, onLive: (isLive: boolean) => void,
 *   onFilter: (filter: import("../filter.js").Filter, how?: {replace: boolean}) => void}} given
 */
export function TableTools({ table, known, filter, rows, columns, all, fields, isLive, onLive, onFilter }) {
  const words = wordsOf(filter);
  const copied = (/** @type {string} */ what, /** @type {() => string} */ make) => () => copy(what, make);
  const { first, records } = rows.around();
  const these = records.length === 1 ? `row ${count(first)}` : `rows ${count(first)} to ${count(first + records.length - 1)}`;
  const rowsAs = (/** @type {string} */ format, /** @type {() => string} */ make) =>
    ({ name: `${these[0].toUpperCase()}${these.slice(1)} as ${format}`, run: copied(`${these} as ${format}`, make) });
  const total = rows.total.value;
  const bulk = (/** @type {"patch" | "delete"} */ kind, chosen = filter) => () =>
    open((close) => html`<${Bulk} table=${table} filter=${chosen} kind=${kind} onClose=${close} onDone=${() => rows.refresh()} />`);
  const choose = (/** @type {string[]} */ chosen) => {
    keepColumns(table, chosen);
    onFilter({ ...filter, columns: chosen }, { replace: true });
  };
  return html`<div class="tools">
    <h1 class="clip" title=${table}>${table}</h1>
    <p class="faint figure">${total === null ? "…" : many(total, "record")}${known && total === known.records && `, ${size(known.bytes)}`}${known && total !== null && total < known.records && conditionWords(filter).length > 0 && ` of ${count(known.records)}`}</p>
    ${known && isCache(known) && html`<p class="faint figure" aria-label="Cache">${cacheOf(known)}</p>`}
    <span class="grow"></span>
    <div class="tool-group">
      <${Button} icon=${isLive ? "pause" : "live"} kind="quiet" aria-pressed=${isLive} onClick=${() => onLive(!isLive)}>Live<//>
      <${ColumnMenu} all=${all} shown=${columns} onChange=${choose} />
      <${Menu} label="Copy" icon="copy" text="Copy" items=${[
        { name: "as curl", run: copied("a command", () => asCurl(table, words)) },
        { name: "for the Python client", run: copied("a program", () => asPython(table, filter, known?.schema)) },
        { name: "for JavaScript", run: copied("a program", () => asJavaScript(table, words, records)) },
        null,
        ...(records.length ? [rowsAs("JSON", () => asJson(records, filter.columns)), rowsAs("CSV", () => asCsv(records, columns))] : []),
      ]} />
      <${ExportMenu} path=${`data/${pathOf(table)}`} words=${words} name=${table} columns=${filter.columns} kind="quiet" />
      <a class="button quiet" href=${link(["tables", table, "definition"])}><${Icon} name="code" />Definition</a>
      ${may("write") && html`<${Menu} label="More" items=${[
        { name: "Change all that are found…", icon: "edit", run: bulk("patch") },
        { name: "Delete all that are found…", icon: "trash", kind: "danger", run: bulk("delete") },
        null,
        { name: "Empty the table…", icon: "trash", kind: "danger", run: bulk("delete", { conditions: [], where: "", order: [], columns: [] }) },
        ...(may("admin") ? [{ name: "Drop the table…", icon: "trash", kind: /** @type {const} */ ("danger"), run: () => open((close) => html`<${DropTable} table=${table} onClose=${close} />`) }] : []),
      ]} />
      <${Button} icon="add" kind="main" onClick=${() => open((close) => html`<${RecordForm} table=${table} fields=${fields} schema=${known?.schema} draftName=${`add/${table}`} onClose=${close} />`)}>Add<//>`}
    </div>
  </div>`;
}
