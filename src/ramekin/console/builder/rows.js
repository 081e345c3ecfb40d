// Rows of an answer as a table, and what the server said about them: warnings, and how they were found.
import { Value } from "../grid/cell.js";
import { valueAt } from "../grid/columns.js";
import { headerOf, pathOfName, stepsOf } from "../fields.js";
import { member } from "../json.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { Scroll } from "../ui/scroll.js";
import { count, kindOf, show } from "../values.js";

/** @typedef {{table: string, name: string, path?: string}} Column `path`: in the record, where the name is none of its members */

/**
 * @param {{label: string, rows: any[], columns: Column[], numbers?: Set<string>, typeOf?: (place: number) => unknown,
 *   order?: import("../filter.js").Order[], onSort?: (path: string, isMore: boolean) => void}} given `table` is empty where
 *   rows are no pairs; `typeOf` draws the type of a column
 */
export function Rows({ label, rows, columns, numbers = new Set(), typeOf, order = [], onSort }) {
  const groups = /** @type {[string, number][]} */ ([]);
  for (const { table } of columns) {
    const last = groups.at(-1);
    if (last && last[0] === table) last[1] += 1;
    else groups.push([table, 1]);
  }
  const isPairs = groups.some(([table]) => table);
  const side = (/** @type {Column} */ { name }) => (numbers.has(name) ? "right figure" : "");
  return html`<${Scroll} label=${label} class="rows"><table class="list">
    <thead>
      ${isPairs && html`<tr>${groups.map(([table, span]) => html`<th scope="colgroup" colspan=${span} class="side">${table}</th>`)}</tr>`}
      <tr>${columns.map((column) => html`<th scope="col" class=${side(column)} aria-sort=${sortOf(column, order)}>${onSort ? html`<button type="button" class="sorts" onClick=${(/** @type {MouseEvent} */ event) => onSort(pathOfColumn(column), event.shiftKey)}>${column.name}${arrowOf(column, order)}</button>` : column.name}</th>`)}</tr>
      ${typeOf && html`<tr>${columns.map((_, place) => html`<td key=${place} class="type">${typeOf(place)}</td>`)}</tr>`}
    </thead>
    <tbody>${rows.map((row, place) => html`<tr key=${place}>${columns.map((column) => html`<td class="clip ${side(column)}" title=${toldOf(cell(row, column))}>${figure(cell(row, column), numbers.has(column.name))}</td>`)}</tr>`)}</tbody>
  </table><//>`;
}

/** A column as a path of the joined row. @param {Column} column */
export const pathOfColumn = ({ table, name, path = pathOfName(name) }) => [...(table ? [table] : []), path].join(".");

/** @param {Column} column @param {import("../filter.js").Order[]} order */
function sortOf(column, order) {
  const found = order.find(({ path }) => path === pathOfColumn(column));
  return found && (found.isDown ? "descending" : "ascending");
}

/** @param {Column} column @param {import("../filter.js").Order[]} order */
function arrowOf(column, order) {
  const sorted = sortOf(column, order);
  return sorted && html`<${Icon} name=${sorted === "descending" ? "down" : "up"} />`;
}

/** Characters that fit into a cell; what is longer is told on the side. */
const FITS = 24;

/** @param {unknown} value */
const toldOf = (value) => (show(value).length > FITS ? show(value) : undefined);

/** @param {unknown} value @param {boolean} isFigure */
function figure(value, isFigure) {
  const number = isFigure && kindOf(value) === "number" ? Number(value) : NaN;
  if (!(Math.abs(number) < MOST)) return html`<${Value} value=${value} />`;
  return html`<span title=${String(value)}>${FIGURE.format(number)}</span>`;
}

/** A sum of fractions, without the dust of their binary form. */
const FIGURE = new Intl.NumberFormat("en", { maximumSignificantDigits: 12 });
const MOST = 1e12;

/** @param {any} row @param {Column} column */
function cell(row, { table, name, path }) {
  const record = table ? member(row, table) : row;
  return record === null || record === undefined ? null : path === undefined ? member(record, name) : valueAt(record, path);
}

/**
 * The columns of joined rows: all members of each side, in the order in which they are first met.
 * @param {any[]} rows @param {string[]} tables
 * @returns {Column[]}
 */
export function pairColumns(rows, tables) {
  return tables.flatMap((table) => namesOf(rows.map((row) => member(row, table))).map((name) => ({ table, name })));
}

/**
 * The columns of joined rows that are chosen, by paths that begin with a table, which may stand for all that it has.
 * @param {any[]} rows @param {string[]} paths
 * @returns {Column[]}
 */
export function chosenColumns(rows, paths) {
  return paths.flatMap((chosen) => {
    const [table] = stepsOf(chosen);
    const path = chosen.slice(table.length + 1);
    return path ? [{ table, name: headerOf(path), path }] : pairColumns(rows, [table]);
  });
}

/** @param {any[]} records @returns {Column[]} */
export const plainColumns = (records) => namesOf(records).map((name) => ({ table: "", name }));

/** @param {any[]} records */
const namesOf = (records) => [...new Set(records.flatMap((record) => (record ? Object.keys(record) : [])))];

/** @param {{answer: any}} given */
export function Told({ answer }) {
  const { warnings = [], explain } = answer;
  return html`
    ${warnings.length > 0 && html`<ul class="note warnings" aria-label="Warnings">${warnings.map((/** @type {string} */ text) => html`<li>${text}</li>`)}</ul>`}
    ${explain && html`<p class="faint explain">${foundBy(explain)}</p>`}`;
}

/** @param {any} explain */
function foundBy({ access, index, rows_examined: examined, rows_returned: returned, microseconds }) {
  const way = access === "id" ? "by id" : access === "index" ? `with the index of ${index}` : `by looking through records${index ? `, with the index of ${index}` : ""}`;
  return `Found ${way}: ${count(examined)} looked at, ${count(returned)} returned, ${(microseconds / 1000).toFixed(1)} ms.`;
}
