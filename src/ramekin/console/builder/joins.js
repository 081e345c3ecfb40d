// The join builder: two tables, a key, a type; what it does in a sentence, and its first rows as one builds. The address
// of the view has the words of the API, so that the link is the query.
import { API, go, link, queryOf, view } from "../address.js";
import { filterOf, sortedBy, wordsOf, wrongPage } from "../filter.js";
import { ColumnMenu } from "../grid/column_menu.js";
import { FilterBar } from "../grid/filter_bar.js";
import { declaredFields, pathOfName, stepsOf } from "../fields.js";
import { member } from "../json.js";
import { isReference, refersTo } from "../references.js";
import { curl, pathOf } from "../server.js";
import { tableOf, tables } from "../tables/catalog.js";
import { Missing, isMissing } from "../tables/missing.js";
import { TableOptions } from "../tables/options.js";
import { ExportMenu } from "../transfer/export_menu.js";
import { useCorrections } from "../ui/corrections.js";
import { Empty } from "../ui/empty.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { count, many } from "../values.js";
import { useAnswer } from "./answer.js";
import { pairFields, pairRecords, useKnown } from "./fields.js";
import { Rows, Told, chosenColumns, pairColumns, pathOfColumn, plainColumns } from "./rows.js";

const SHOWN = 50;
const OWN = ["type", "shape", "as"];
const TYPES = [["inner", "only pairs"], ["left", "also the first without any"], ["right", "also the second without any"], ["full", "also both without any"]];

export default function Joins() {
  const { parts: [, left = "", right = "", given = ""], words } = view.value;
  const { own, wrong } = ownOf(words);
  const filter = filterOf(words.filter(([name]) => !OWN.includes(name)));
  const known = useKnown([left, right]);
  const fields = known.map((each) => each.fields);
  const keys = [...new Set([...suggestions([left, right], fields), ...(left && left === right ? ownReferences(known[0]?.records ?? []) : []), "id"])];
  const key = given || (left && right && fields.length === 2 ? keys[0] : "");
  const names = own.as ? own.as.split(",") : [left, right];
  const asked = /** @type {[string, string][]} */ ([...Object.entries(own), ...wordsOf(filter)]);
  const path = `join/${pathOf(left, right)}/${encodeURIComponent(key).replaceAll("%3D", "=")}`;
  const isWhole = Boolean(left && right && key);
  const { answer, error, isBusy, again } = useAnswer(isWhole ? { path, words: [...asked, ["limit", String(SHOWN)], ["explain", "true"]] } : null);
  const { answer: counted } = useAnswer(isWhole ? { path, words: [...asked, ["limit", "0"], ["count", "true"]] } : null); // apart, since rows cost less
  const total = counted?.total ?? null;
  const put = (/** @type {Partial<Build>} */ made, how = {}) => show({ left, right, key: given, own, filter, ...made }, how);
  useCorrections([wrongPage(words), ...wrong], () => put({}, { replace: true }));
  const isTree = own.shape === "tree";
  const offered = pairFields(names, fields);
  const rows = answer?.data ?? [];
  const met = isTree ? plainColumns(rows) : filter.columns.length ? chosenColumns(rows, filter.columns) : pairColumns(rows, names);
  const paths = isTree ? [...offered.keys()].filter((each) => stepsOf(each).length === 2) : met.map(pathOfColumn);
  return html`<section class="pad stack" aria-label="Joins">
    <div class="title"><h1>Join</h1><p class="faint">Records of two tables beside each other, where a field is equal.</p><span class="grow"></span>
      ${answer && html`<${ColumnMenu} all=${[...new Set([...offered.keys(), ...paths])]} shown=${filter.columns.length ? filter.columns : paths}
        onChange=${(/** @type {string[]} */ columns) => put({ filter: { ...filter, columns } }, { replace: true })} />
        <${ExportMenu} path=${path} words=${asked} name=${`${left}-${right}`} columns=${isTree ? undefined : filter.columns} />`}</div>
    <${Choices} left=${left} right=${right} shownKey=${key} keys=${keys} own=${own} put=${put} />
    ${isWhole && html`<${FilterBar} table=${`${left}-${right}`} made=${`${API}/${path}${asked.length ? `?${queryOf(asked)}` : ""}`} filter=${filter}
      fields=${offered} records=${pairRecords(names, known)} onFilter=${(/** @type {any} */ made) => put({ filter: made })} />`}
    ${error && (isMissing(error) ? html`<${Missing} table=${[left, right].find((name) => !tableOf(name)) ?? left} />` : html`<${Fault} error=${error} onAgain=${again} />`)}
    ${answer ? html`<div class="stack" aria-busy=${isBusy}>
        <p class="sentence">${sentence(answer.join, total, names, isTree)} ${total !== null && answer.data.length < total && html`<span class="faint">The first ${count(answer.data.length)} of them are below.</span>`}</p>
        <${Told} answer=${answer} />
        ${answer.data.length > 0 && html`<${Rows} label="Joined rows" rows=${answer.data} columns=${met}
          order=${filter.order} onSort=${isTree ? undefined : (/** @type {string} */ path, /** @type {boolean} */ isMore) => put({ filter: { ...filter, order: sortedBy(filter.order, path, isMore) } })} />`}
        <details><summary>As a command</summary><pre tabindex="0">${curl("GET", path, { words: asked })}</pre></details>
      </div>`
      : !error && !isBusy && html`<${Empty} icon="join" title="Choose two tables" curl=${example() && curl("GET", example())}><p>The key is a field that names the other table's id, such as <code>user_id</code>, or <code>left=right</code>.</p><//>`}
  </section>`;
}

/**
 * What a join has besides its conditions, as far as it can be, and what cannot.
 * @param {[string, string][]} words
 */
function ownOf(words) {
  const { type = "inner", shape = "", ...rest } = /** @type {Record<string, string>} */ (Object.fromEntries(words.filter(([name]) => OWN.includes(name))));
  const [isType, isShape] = [TYPES.some(([name]) => name === type), shape === "" || shape === "tree"];
  const isBoth = shape === "tree" && (type === "right" || type === "full");
  const wrong = [!isType && `There is no join of the type ${type}, so it is an inner one.`, !isShape && `There is no shape ${shape} of rows, so they are side by side.`,
    isBoth && `A ${type} join has rows without a first table, so they are side by side and not inside it.`];
  const own = /** @type {Record<string, string>} */ ({ ...(isType && type !== "inner" && { type }), ...(isShape && shape && !isBoth && { shape }), ...rest });
  return { own, wrong };
}

/**
 * @typedef {{left: string, right: string, key: string, own: Record<string, string>, filter: import("../filter.js").Filter}} Build
 * Show what was built, in the address. A table beside itself takes two names.
 * @param {Build} build
 */
function show({ left, right, key, own, filter }, how = {}) {
  const isSame = left !== "" && left === right;
  const { as = isSame ? `${left}_1,${left}_2` : "", ...rest } = own;
  const words = Object.entries({ ...rest, ...(isSame && { as }) }).filter(([, value]) => value);
  const parts = ["joins", left, left && right, left && right && key].filter(Boolean);
  go(link(parts, /** @type {[string, string][]} */ ([...words, ...wordsOf(filter)])), how);
}

/**
 * @param {{left: string, right: string, shownKey: string, keys: string[], own: Record<string, string>, put: (made: Partial<Build>) => void}} given
 */
function Choices({ left, right, shownKey, keys, own, put }) {
  const { as: _, ...kept } = own;
  const choose = (/** @type {string} */ side) => (/** @type {any} */ event) => put({ [side]: event.target.value, key: "", own: kept, filter: filterOf([]) });
  const options = (/** @type {string} */ chosen) => html`<${TableOptions} none="Choose…" chosen=${chosen} />`;
  const isTree = own.shape === "tree";
  const isOneSided = own.type === "right" || own.type === "full";
  return html`<div class="builder">
    <label class="field">First table<select aria-label="First table" value=${left} onChange=${choose("left")}>${options(left)}</select></label>
    <label class="field">Second table<select aria-label="Second table" value=${right} disabled=${!left} onChange=${choose("right")}>${options(right)}</select></label>
    <label class="field">Key<input list="join-keys" value=${shownKey} disabled=${!right} spellcheck=${false} placeholder="user_id, or left=right"
      onChange=${(/** @type {any} */ event) => put({ key: event.target.value.trim() })} /></label>
    <datalist id="join-keys">${keys.map((each) => html`<option key=${each} value=${each} />`)}</datalist>
    <label class="field">Rows<select aria-label="Rows" value=${own.type ?? "inner"} onChange=${(/** @type {any} */ event) => put({ own: { ...own, type: event.target.value === "inner" ? "" : event.target.value } })}>
      ${TYPES.map(([name, told]) => html`<option key=${name} value=${name} disabled=${isTree && (name === "right" || name === "full")}>${name}: ${told}</option>`)}</select></label>
    <label class="field">Shape<select aria-label="Shape" value=${own.shape ?? ""} onChange=${(/** @type {any} */ event) => put({ own: { ...own, shape: event.target.value } })}>
      <option value="">side by side</option><option value="tree" disabled=${isOneSided}>second inside first</option></select></label>
  </div>`;
}

/**
 * Keys that may be meant: fields that refer to the other table first.
 * @param {string[]} tables @param {import("./fields.js").Field[][]} fields
 */
function suggestions([left, right], [first = [], second = []]) {
  const keysOf = (/** @type {import("./fields.js").Field[]} */ fields, /** @type {string} */ other, /** @type {(path: string) => string} */ write) => fields.map(({ path }) => {
    const steps = stepsOf(path);
    const name = /** @type {string} */ (steps.at(-1));
    return { name, key: steps.length > 1 ? write(path) : path, rank: Number(refersTo(name, other)) };
  });
  const keys = [...keysOf(second, left, (path) => `id=${path}`), ...keysOf(first, right, (path) => `${path}=id`)];
  const named = keys.filter(({ name }) => isReference(name)).sort((some, other) => other.rank - some.rank).map(({ key }) => key);
  return [...new Set(named)];
}

/** Fields that name records of their own table, as `boss` may, by what is in them: keys of a table beside itself. @param {any[]} records */
function ownReferences(records) {
  const ids = new Set(records.map(({ id }) => id));
  const names = [...new Set(records.flatMap(Object.keys))].filter((name) => name !== "id");
  return names.filter((name) => {
    const values = records.map((record) => member(record, name)).filter((value) => value !== null && value !== undefined);
    return values.length > 0 && values.every((value) => ids.has(value));
  }).map((name) => `${pathOfName(name)}=id`);
}

/** What the join did, in words. @param {any} join @param {number | null} total @param {string[]} names @param {boolean} isTree */
function sentence(join, total, [left, right], isTree) {
  const rows = total === null ? "… rows" : many(total, "row");
  if (!join.on) return `${rows}: one of the tables is empty, so there is nothing to compare.`;
  if (isTree) return `${rows}: each of ${left}, with those of ${right} inside it for which ${join.on}.`;
  const also = { inner: "", left: `, and each of ${left} without any`, right: `, and each of ${right} without any`, full: ", and each of both without any" };
  return `${rows}: each of ${left} beside each of ${right} for which ${join.on}${also[/** @type {keyof typeof also} */ (join.type)]}.`;
}

/** A join that finds something, if a schema says of one. */
function example() {
  for (const { name, schema } of tables.value) {
    for (const { path } of declaredFields(schema)) {
      const other = tables.value.find((each) => refersTo(path, each.name));
      if (other) return `join/${pathOf(other.name, name, path)}`;
    }
  }
  return "";
}
