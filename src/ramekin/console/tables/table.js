// One table: its filter, its grid, and the record that is open beside it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { may } from "../access.js";
import { go, link, view } from "../address.js";
import { declaredFields, exampleOf, pathOfName, shownFields, stepsOf } from "../fields.js";
import { conditionWords, filterOf, sortedBy, wordsOf, wrongPage } from "../filter.js";
import { fittingWidth, keepWidths, keptWidths } from "../grid/columns.js";
import { beginHistory } from "../feed.js";
import { FilterBar } from "../grid/filter_bar.js";
import { Grid } from "../grid/grid.js";
import { useLive } from "../grid/live.js";
import { Rows } from "../grid/rows.js";
import { member, withMember } from "../json.js";
import { declaredPaths, shownPaths } from "../paths.js";
import { RecordPanel, TABS } from "../record/panel.js";
import { changed, saveRecord } from "../record/store.js";
import { curl, pathOf } from "../server.js";
import { useCorrections } from "../ui/corrections.js";
import { Empty } from "../ui/empty.js";
import { Fault } from "../ui/fault.js";
import { enter, isNowhere } from "../ui/focus.js";
import { html } from "../ui/html.js";
import { tableOf } from "./catalog.js";
import { Missing, isMissing } from "./missing.js";
import { sampleOf } from "./sample.js";
import { TableTools } from "./tools.js";

/** The mark of an address whose rows change as others change them. */
const LIVE = "live";
/** Records whose objects are looked into for paths. */
const LOOKED_AT = 50;

/** @param {{table: string}} given */
export function TableView({ table }) {
  const known = tableOf(table);
  const { parts, words, mark } = view.value;
  const filter = filterOf(words);
  useCorrections([
    wrongPage(words),
    parts[2] !== undefined && parts[2] !== "records" && `A table has no ${parts[2]}, so its records are shown.`,
    parts[4] !== undefined && !TABS.includes(parts[4]) && `A record has no ${parts[4]}, so its fields are shown.`,
    mark !== "" && mark !== LIVE && `Nothing is called #${mark} here.`,
  ], () => go(link(parts[2] === "records" ? parts.slice(0, TABS.includes(parts[4]) ? 5 : 4) : parts.slice(0, 2), wordsOf(filter), mark === LIVE ? LIVE : ""), { replace: true }));
  const openedId = parts[2] === "records" ? parts[3] : undefined;
  const asked = useMemo(() => askedWords(filter), [JSON.stringify(words)]);
  const rows = useMemo(() => new Rows(table, asked), [table, asked]);
  useEffect(() => () => rows.close(), [rows]);
  useEffect(() => void beginHistory().catch(() => {}), []);
  const isLive = mark === LIVE;
  const fresh = useLive(table, filter, rows, isLive);
  useEffect(() => {
    const tell = (/** @type {string} */ where, /** @type {any} */ record) => where === table && (!record || filter.columns.length || !rows.replace(record)) && void rows.refresh();
    changed.add(tell);
    return () => void changed.delete(tell);
  }, [rows]);

  void rows.version.value;
  const { fields, paths, columns, all } = useColumns(table, known?.schema, filter.columns, rows);
  const [widths, setWidths] = useState(() => keptWidths(table));
  const widthOf = (/** @type {string} */ path) => member(widths, path) || fits(path); // a column may be called `constructor`
  const fits = useMemo(() => rememberWidths(rows), [rows, rows.pages.size > 0]);

  const show = (/** @type {import("../filter.js").Filter} */ next, how = {}) => go(link(parts, wordsOf(next), mark), how);
  const href = useMemo(() => (/** @type {any} */ record) => link(["tables", table, "records", String(record.id)], words, mark), [table, JSON.stringify(words), mark]);
  const sort = (/** @type {string} */ path, /** @type {boolean} */ isMore) => show({ ...filter, order: sortedBy(filter.order, path, isMore) });
  const resize = (/** @type {string} */ path, /** @type {number} */ width, /** @type {boolean} */ isDone) => {
    const next = /** @type {Record<string, number>} */ (withMember(widths, path, width));
    setWidths(next);
    if (isDone) keepWidths(table, next);
  };
  const fit = (/** @type {string} */ path, /** @type {any[]} */ seen, /** @type {number} */ most) => resize(path, fittingWidth(path, seen, most), true);
  const save = async (/** @type {any} */ record, /** @type {string} */ path, /** @type {unknown} */ value, /** @type {import("../record/store.js").How} */ how) => {
    const [name] = stepsOf(path);
    const part = filter.columns.length ? name : undefined; // of which rows are no whole records
    const stored = await saveRecord(table, record, withMember(record, name, value), { ...how, part });
    if (part !== undefined) await rows.refresh();
    return stored;
  };
  const close = () => {
    go(link(["tables", table], words, mark));
    if (isNowhere()) enter();
  };
  if (!known && isMissing(rows.error.value)) return html`<${Missing} table=${table} />`;
  if (!known && rows.error.value) return html`<div class="pad"><${Fault} error=${rows.error.value} /></div>`;
  return html`<div class="table-view ${openedId ? "with-panel" : ""}">
    <section class="table-main" aria-label=${table}>
      <${TableTools} table=${table} known=${known} filter=${filter} rows=${rows} columns=${columns} all=${all} fields=${fields}
        isLive=${isLive} onLive=${(/** @type {boolean} */ is) => go(link(parts, words, is ? LIVE : ""), { replace: true })} onFilter=${show} />
      <${FilterBar} table=${table} filter=${filter} fields=${paths} records=${rows.here()} onFilter=${show} />
      ${rows.error.value && html`<div class="pad-small"><${Fault} error=${rows.error.value} onAgain=${() => rows.again()} /></div>`}
      ${rows.warnings.value.map((text) => html`<p class="note" role="status">${text}</p>`)}
      ${rows.total.value === 0 && !rows.error.value ? html`<${Nothing} table=${table} filter=${filter} onFilter=${show} />`
        : html`<${Grid} table=${table} rows=${rows} columns=${columns} widthOf=${widthOf} fields=${fields} order=${filter.order} openedId=${openedId} fresh=${fresh}
            onFit=${fit} isWritable=${may("write")} href=${href} onOpen=${(/** @type {any} */ record) => go(href(record))} onSort=${sort} onWidth=${resize} onSave=${save} />`}
      ${rows.isWaiting && html`<p class="grid-wait late" role="status">Looking for records…</p>`}
    </section>
    ${openedId !== undefined && html`<${RecordPanel} key=${`${table}/${openedId}`} table=${table} id=${openedId} fields=${fields}
      schema=${known?.schema} tab=${parts[4]} onTab=${(/** @type {string} */ tab) => go(link([...parts.slice(0, 4), tab], words, mark))} onClose=${close} />`}
  </div>`;
}

/** The words for the server: the id is always among what is read, since rows are known by it. @param {import("../filter.js").Filter} filter */
function askedWords(filter) {
  const columns = filter.columns.length && !filter.columns.includes("id") ? ["id", ...filter.columns] : filter.columns;
  return wordsOf({ ...filter, columns });
}

/** @param {string} table @param {any} schema @param {string[]} chosen @param {Rows} rows */
function useColumns(table, schema, chosen, rows) {
  const [shown, setShown] = useState(/** @type {import("../fields.js").Field[]} */ ([]));
  useEffect(() => setShown([]), [table]);
  const declared = useMemo(() => declaredFields(schema), [JSON.stringify(schema)]);
  const found = shownFields(rows.here(), declared.length ? declared : shown);
  useEffect(() => void (found.length !== shown.length && !declared.length && setShown(found)), [found.length]);
  const names = found.map((field) => pathOfName(field.path));
  const all = names.includes("id") ? ["id", ...names.filter((path) => path !== "id")] : names;
  const columns = chosen.length ? chosen : all;
  const fields = useMemo(() => new Map(found.map((field) => [pathOfName(field.path), field])), [names.join("\n"), declared]);
  const seen = useRef(/** @type {Map<string, import("../fields.js").Field>} */ (new Map())); // which stay when columns are taken away
  const [whole, setWhole] = useState(/** @type {any[]} */ ([])); // records with the columns that are not chosen, too
  const isPartial = chosen.length > 0 && !declared.length;
  useEffect(() => void (isPartial && sampleOf(table).then(setWhole)), [table, isPartial]);
  const paths = useMemo(() => {
    for (const field of [...shownPaths([...whole, ...rows.here().slice(0, LOOKED_AT)]), ...declaredPaths(schema)]) seen.current.set(field.path, field);
    return new Map(seen.current);
  }, [fields, whole, rows.pages.size > 0]);
  return { fields, paths, all: useMemo(() => [...new Set([...all, ...paths.keys()])], [all.join("\n"), paths]), columns: useMemo(() => columns, [columns.join("\n")]) };
}

/** @param {Rows} rows */
function rememberWidths(rows) {
  const known = new Map();
  return (/** @type {string} */ path) => {
    if (!known.has(path)) known.set(path, fittingWidth(path, rows.here()));
    return known.get(path);
  };
}

/** @param {{table: string, filter: import("../filter.js").Filter, onFilter: (filter: import("../filter.js").Filter) => void}} given */
function Nothing({ table, filter, onFilter }) {
  if (conditionWords(filter).length) {
    return html`<${Empty} icon="filter" title="No record satisfies this filter">
      <p>All conditions must hold. <button type="button" class="button" onClick=${() => onFilter({ ...filter, conditions: [], where: "" })}>Clear the filter</button></p>
    <//>`;
  }
  if (!may("write")) return html`<${Empty} icon="table" title=${`${table} has no records`}><//>`;
  const example = exampleOf(tableOf(table)?.schema);
  return html`<${Empty} icon="table" title=${`${table} has no records`} curl=${example && curl("POST", `data/${pathOf(table)}`, { body: example })}>
    <p>Add one above, import a file${example ? ", or send the first:" : "."}</p>
  <//>`;
}
