// The group builder: by which fields, and what is counted or added up in each group; as a table and as a chart. The
// address says all of it: `by` and `sum`, `count` and so on stand beside the conditions of the table.
import { MOST_ROWS, go, link, view } from "../address.js";
import { pathsOf } from "../fields.js";
import { filterOf, wordsOf, wrongPage } from "../filter.js";
import { valueAt } from "../grid/columns.js";
import { FilterBar } from "../grid/filter_bar.js";
import { curl, pathOf } from "../server.js";
import { tableOf, tables } from "../tables/catalog.js";
import { Missing, isMissing } from "../tables/missing.js";
import { TableOptions } from "../tables/options.js";
import { ExportMenu } from "../transfer/export_menu.js";
import { useCorrections } from "../ui/corrections.js";
import { Empty } from "../ui/empty.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { many } from "../values.js";
import { useAnswer } from "./answer.js";
import { useKnown } from "./fields.js";
import { GroupChart, isMoment, partsOf } from "./group_chart.js";
import { Rows, Told, plainColumns } from "./rows.js";
import { Terms, WORDS, isTerm, nameOf } from "./terms.js";
import { whereOf } from "../where.js";

const LIMIT = 1_000;
const MOMENTS = 10_000; // a line over time is put together from single moments, so many of a page and of all
const MOST_MOMENTS = 100_000;
const ROWS = 200;

/**
 * @typedef {{by: string[], terms: string[], sort: string, chart: import("./group_chart.js").Chosen, filter: import("../filter.js").Filter}} Build
 * `terms`: `count`, `sum:total_price`; in an address, a chart is its kind, what moments are put together by, and its figure: `line,year,count`.
 */

/** @param {[string, string][]} words @returns {Build} */
function buildOf(words) {
  const of = (/** @type {string} */ wanted) => words.filter(([name]) => name === wanted).map(([, value]) => value);
  const others = words.filter(([name]) => !["group_by", "aggregate", "sort", "chart"].includes(name));
  const [kind, unit = "", ...named] = (of("chart")[0] ?? "").split(","); // a figure may be called after a field with a comma
  return { by: of("group_by"), terms: of("aggregate"), sort: of("sort")[0] ?? "", chart: { kind, unit, figure: named.join(",") }, filter: filterOf(others) };
}

/** Whether groups that have some names can be put in an order. @param {string} sort @param {string[]} names */
const canSort = (sort, names) => names.includes(sort.replace(/^-/, "")) || pathsOf(sort).every((each) => names.includes(each.replace(/^-/, "")));

/** A chart as an address has it; none is said of the usual one. @param {Build["chart"]} chart @returns {[string, string][]} */
function chartWords({ kind, unit, figure }) {
  const text = [kind, unit, figure].join(",").replace(/,+$/, "");
  return text ? [["chart", text]] : [];
}

/** @param {Build} build @param {any} schema @param {number} limit */
function queryOf({ by, terms, sort, filter }, schema, limit) {
  const where = whereOf(filter, schema);
  return { ...(where && { where }), ...(by.length && { group_by: by }), aggregate: aggregateOf(terms), ...(sort && { sort }), limit: Math.min(limit, MOST_ROWS) };
}

/** @param {string[]} terms */
const aggregateOf = (terms) => Object.fromEntries(terms.map((term) => [nameOf(term), term]));

/** Whether a chart is a line over time: if nobody has chosen, of moments. @param {Build} build @param {import("./fields.js").Known} known */
function isLine({ by, chart }, { fields, records }) {
  if (chart.kind) return chart.kind === "line";
  const kind = fields.find(({ path }) => path === by[0])?.kind;
  return by.length === 1 && (kind === "date" || kind === "date-time" || records.some((record) => isMoment(valueAt(record, by[0]))));
}

export default function Groups() {
  const { parts: [, table = ""], words } = view.value;
  const build = buildOf(words);
  const [known] = useKnown([table]);
  const { fields: list, records } = known;
  const fields = new Map(list.map((field) => [field.path, field]));
  const wrong = build.terms.filter((term) => !isTerm(term));
  const right = build.terms.filter(isTerm);
  const terms = right.length ? right : ["count"];
  const isOrder = canSort(build.sort, [...build.by, ...terms.map(nameOf)]);
  const sort = isOrder ? build.sort : "";
  const isOverTime = isLine(build, known);
  const query = queryOf({ ...build, terms, sort }, tableOf(table)?.schema, isOverTime ? MOMENTS : LIMIT);
  const parts = isOverTime ? partsOf(terms.map(nameOf)).filter((term) => !terms.includes(term)) : [];
  const body = { ...query, aggregate: { ...query.aggregate, ...aggregateOf(parts) }, explain: true };
  const path = `query/${pathOf(table)}`;
  const { answer, error, isBusy, again } = useAnswer(table ? { path, method: "POST", body, most: isOverTime ? MOST_MOMENTS : 0 } : null);
  const put = (/** @type {Partial<Build>} */ made, how = {}) => {
    const next = { ...build, terms, sort, ...made };
    const has = [...next.by, ...next.terms.map(nameOf)];
    const chart = has.includes(next.chart.figure) ? next.chart : { ...next.chart, figure: "" };
    const own = [...next.by.map((each) => ["group_by", each]), ...next.terms.map((each) => ["aggregate", each]),
      ...(next.sort && canSort(next.sort, has) ? [["sort", next.sort]] : []), ...chartWords(chart)];
    go(link(["groups", table].filter(Boolean), /** @type {[string, string][]} */ ([...own, ...wordsOf(next.filter)])), how);
  };
  useCorrections([
    wrongPage(words),
    wrong.length > 0 && `There is no figure called ${wrong.join(", ")}, so it is left out.`,
    !isOrder && `Groups have no ${build.sort.replaceAll("-", "")} to be ordered by, so they come as they are.`,
  ], () => put({}, { replace: true }));
  const rows = answer?.data ?? [];
  const figures = new Set(terms.map(nameOf));
  const command = curl("POST", path, { body: query });
  return html`<section class="pad stack" aria-label="Groups">
    <div class="title"><h1>Groups</h1><p class="faint">Count, add up and compare records that have something in common.</p><span class="grow"></span>
      ${rows.length > 0 && html`<${ExportMenu} path=${path} query=${query} name=${`${table}-groups`} />`}</div>
    <div class="builder">
      <label class="field">Table<select aria-label="Table" value=${table} onChange=${(/** @type {any} */ event) => go(link(["groups", event.target.value].filter(Boolean)))}>
        <${TableOptions} none="Choose…" chosen=${table} /></select></label>
    </div>
    ${table && !isMissing(error) && html`<${Terms} fields=${list} by=${build.by} terms=${terms} sort=${sort} put=${put} />
      <${FilterBar} table=${table} command=${command} filter=${build.filter} fields=${fields} records=${records} onFilter=${(/** @type {any} */ filter) => put({ filter })} />`}
    ${error && (isMissing(error) ? html`<${Missing} table=${table} />` : html`<${Fault} error=${error} onAgain=${again} />`)}
    ${answer ? html`<div class="stack" aria-busy=${isBusy}>
        <p class="sentence">${sentence(table, build.by, terms, rows.length, answer.next !== null)}</p>
        <${Told} answer=${answer} />
        ${build.by.length > 0 && rows.length > 0 && html`<${GroupChart} rows=${rows} by=${build.by} figures=${[...figures]} chart=${build.chart} isCut=${answer.next !== null} name=${`${table}-groups`} onChart=${(/** @type {Build["chart"]} */ chart) => put({ chart })} />`}
        ${rows.length > ROWS && html`<p class="faint told">The table shows the first ${ROWS} of them.</p>`}
        ${rows.length > 0 && html`<${Rows} label="Groups" rows=${rows.slice(0, ROWS)} columns=${plainColumns(rows.slice(0, ROWS)).filter(({ name }) => !parts.map(nameOf).includes(name))} numbers=${figures} />`}
        <details><summary>As a command</summary><pre tabindex="0">${command}</pre></details>
      </div>`
      : isBusy ? html`<p role="status" class="faint">Working it out…</p>`
      : !table && html`<${Empty} icon="group" title="Choose a table" curl=${curl("POST", `query/${tables.value[0]?.name ?? "orders"}`, { body: { aggregate: { count: "count" } } })}><p>Then choose the fields to group by, and what to work out.</p><//>`}
  </section>`;
}

/** @param {string} table @param {string[]} by @param {string[]} terms @param {number} groups @param {boolean} hasMore */
function sentence(table, by, terms, groups, hasMore) {
  const told = terms.map((term) => (term === "count" ? "how many there are" : `the ${WORDS[term.split(":")[0]]} of ${term.split(":").slice(1).join(":")}`)).join(", ");
  if (!by.length) return `All of ${table} together: ${told}.`;
  return `${hasMore ? "The first " : ""}${many(groups, "group")} of ${table} by ${by.join(" and ")}: ${told}.`;
}
