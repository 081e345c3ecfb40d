// Groups as a chart: a bar each, or a line over time where they are moments, put together by day, month or year.
import { useState } from "preact/hooks";
import { Chart } from "../live/chart.js";
import { member } from "../json.js";
import { useCorrections } from "../ui/corrections.js";
import { saveRecords } from "../transfer/download.js";
import { html } from "../ui/html.js";
import { Menu } from "../ui/menu.js";
import { count, many, show } from "../values.js";
import { Rows, plainColumns } from "./rows.js";
import { nameOf } from "./terms.js";

const BARS = 40;
const MOMENT = /^\d{4}-\d\d-\d\d/;
const MEAN = nameOf("avg:");
const UNITS = /** @type {Record<string, number>} */ ({ year: 4, month: 7, day: 10 });
const KINDS = /** @type {Record<string, string>} */ ({ bar: "bars", line: "line over time", none: "none" });
const USUAL = "month";

/** Whether a value is a date, or a date and time. @param {unknown} value */
export const isMoment = (value) => MOMENT.test(show(value));

/**
 * @typedef {{kind: string, unit: string, figure: string}} Chosen a kind of chart, what moments are put together by, and which figure is
 *   drawn; empty: the usual, which is a line for moments
 * @param {{rows: any[], by: string[], figures: string[], chart: Chosen, isCut: boolean, name: string, onChart: (chart: Chosen) => void}} given
 *   `isCut`: there are more groups; `name`: of a file
 */
export function GroupChart({ rows, by, figures, chart, isCut, name, onChart }) {
  const [pointed, setPointed] = useState(/** @type {number | null} */ (null));
  const isMoments = by.length === 1 && rows.some((row) => isMoment(member(row, by[0])));
  const usual = isMoments ? "line" : "bar";
  const isOfBefore = by.some((path) => !Object.hasOwn(rows[0], path)); // the address asks for other groups, which come soon
  const isKind = Object.hasOwn(KINDS, chart.kind) && (chart.kind !== "line" || isMoments);
  const isUnit = Object.hasOwn(UNITS, chart.unit);
  const kind = isKind ? chart.kind : usual;
  const unit = isUnit ? chart.unit : USUAL;
  const shown = figures.includes(chart.figure) ? chart.figure : figures[0];
  const put = (/** @type {Partial<Chosen>} */ made) => {
    const next = { kind, unit: unit === USUAL ? "" : unit, figure: shown === figures[0] ? "" : shown, ...made };
    onChart({ ...next, kind: next.kind === usual && !next.unit && !next.figure ? "" : next.kind });
  };
  useCorrections([
    chart.kind !== "" && !isKind && !isOfBefore && `${chart.kind === "line" ? `There is no line over time by ${by.join(", ")}` : `There is no chart called ${chart.kind}`}, so ${usual === "bar" ? "bars are" : "a line over time is"} shown.`,
    chart.unit !== "" && !isUnit && `Moments are put together by day, month or year and not by ${chart.unit}, so it is by ${USUAL}.`,
    chart.figure !== "" && chart.figure !== shown && `There is no figure called ${chart.figure}, so ${shown} is drawn.`,
  ], () => put({}));
  const { names, values, isTime } = kind === "line" ? overTime(rows, by[0], shown, unit, isCut) : inBars(rows, by, shown);
  const nameAt = (/** @type {number} */ place) => (isTime ? new Date(Number(names[place]) * 1000).toISOString().slice(0, UNITS[unit]) : String(names[place]));
  const form = (/** @type {number} */ value) => (Number.isInteger(value) ? count(value) : value.toPrecision(3));
  const drawn = () => values.map((value, place) => ({ [isTime ? unit : by.join(", ")]: nameAt(place), [shown]: value }));
  return html`<div class="board">
    <div class="terms">
      <label class="term">Chart<select aria-label="Chart" value=${kind} onChange=${(/** @type {any} */ event) => put({ kind: event.target.value })}>
        ${Object.entries(KINDS).map(([name, told]) => html`<option key=${name} value=${name} disabled=${name === "line" && !isMoments}>${told}</option>`)}</select></label>
      ${figures.length > 1 && html`<label class="term">of<select aria-label="Figure" value=${shown} onChange=${(/** @type {any} */ event) => put({ figure: event.target.value })}>${figures.map((each) => html`<option key=${each}>${each}</option>`)}</select></label>`}
      ${isTime && html`<label class="term">by<select aria-label="Put together by" value=${unit} onChange=${(/** @type {any} */ event) => put({ unit: event.target.value })}>${["day", "month", "year"].map((each) => html`<option key=${each}>${each}</option>`)}</select></label>`}
      ${isTime && html`<${Menu} label="Export the line" icon="download" text="Export the line" items=${/** @type {const} */ (["csv", "json", "ndjson"]).map((format) => ({ name: `as ${format.toUpperCase()}`, run: () => saveRecords(drawn(), `${name}-by-${unit}`, format) }))} />`}
      ${isTime && isCut && html`<span class="bad">The line is of the first ${many(rows.length, "group")}: what lies behind them is not in it.</span>`}
      ${kind === "bar" && rows.length > BARS && html`<span class="faint">The chart shows the first ${BARS} of them.</span>`}
    </div>
    ${kind !== "none" && html`<${Chart} label=${`${shown} by ${by.join(", ")}`} times=${names} lines=${[{ name: shown, values }]} kind=${isTime ? "line" : "bar"} isTime=${isTime} height=${isTime ? 220 : 300}
      form=${form} onPoint=${setPointed} isDay=${isTime} isMonth=${unit !== "day"} />
      <p class="faint chart-at">${pointed !== null && pointed < values.length ? html`<strong>${nameAt(pointed)}</strong>: ${values[pointed] === null ? "nothing" : form(/** @type {number} */ (values[pointed]))}` : "Point at the chart to read a value."}</p>`}
    ${isTime && html`<details><summary>The line as a table</summary><${Rows} label="The line" rows=${drawn()} columns=${plainColumns(drawn())} numbers=${new Set([shown])} /></details>`}
  </div>`;
}

const numberOf = (/** @type {unknown} */ value) => (typeof value === "number" ? value : value === null || value === undefined ? null : Number(value));

/** @param {any[]} rows @param {string[]} by @param {string} figure */
function inBars(rows, by, figure) {
  const first = rows.slice(0, BARS);
  return { names: first.map((row) => by.map((path) => show(member(row, path) ?? null)).join(", ")), values: first.map((row) => numberOf(member(row, figure))), isTime: false };
}

/** Of what a figure is the mean, if it is one. @param {string} figure */
const meanOf = (figure) => (figure.startsWith(MEAN) ? figure.slice(MEAN.length) : null);

/**
 * What has to be asked for besides, so that a line over time can be put together: a mean of means is none.
 * @param {string[]} figures @returns {string[]} terms
 */
export const partsOf = (figures) => figures.map(meanOf).filter((of) => of !== null).flatMap((of) => [`sum:${of}`, `count:${of}`]);

/**
 * Groups of moments, put together.
 * @param {any[]} rows @param {string} path @param {string} figure @param {string} unit
 * @param {boolean} isCut whether there are more, of the last time perhaps, which is left out then
 */
function overTime(rows, path, figure, unit, isCut) {
  const join = figure.startsWith("least") ? Math.min : figure.startsWith("greatest") ? Math.max : (/** @type {number} */ some, /** @type {number} */ more) => some + more;
  const of = meanOf(figure);
  /** @type {Map<number, {value: number, count: number}>} */
  const found = new Map();
  const last = show(member(rows.at(-1), path)).slice(0, UNITS[unit]);
  for (const row of rows) {
    const [text, figured] = [show(member(row, path)), numberOf(member(row, figure))];
    const part = text.slice(0, UNITS[unit]);
    if (!isMoment(text) || figured === null || (isCut && part === last)) continue;
    const value = of === null ? figured : numberOf(member(row, nameOf(`sum:${of}`))) ?? 0;
    const count = figured ? Math.round(value / figured) : numberOf(member(row, nameOf(`count:${of}`))) ?? 0; // of what is a number, as the mean is
    const at = Date.parse(part) / 1000;
    const before = found.get(at);
    found.set(at, before ? { value: join(before.value, value), count: before.count + count } : { value, count });
  }
  const points = [...found].sort(([some], [other]) => some - other);
  return { names: points.map(([at]) => at), values: points.map(([, { value, count }]) => (of === null ? value : count ? value / count : null)), isTime: true };
}
