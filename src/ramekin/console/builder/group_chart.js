// Groups as a chart: a bar each, or a line over time where they are moments, put together by day, month or year.
import { Chart } from "../live/chart.js";
import { member } from "../json.js";
import { useCorrections } from "../ui/corrections.js";
import { html } from "../ui/html.js";
import { count, show } from "../values.js";

const BARS = 40;
const MOMENT = /^\d{4}-\d\d-\d\d/;
const UNITS = /** @type {Record<string, number>} */ ({ year: 4, month: 7, day: 10 });
const KINDS = /** @type {Record<string, string>} */ ({ bar: "bars", line: "line over time", none: "none" });
const USUAL = "month";

/**
 * @typedef {{kind: string, unit: string, figure: string}} Chosen a kind of chart, what moments are put together by, and which figure is
 *   drawn; empty: the usual
 * @param {{rows: any[], by: string[], figures: string[], chart: Chosen, onChart: (chart: Chosen) => void}} given
 */
export function GroupChart({ rows, by, figures, chart, onChart }) {
  const isMoments = by.length === 1 && rows.some((row) => MOMENT.test(String(member(row, by[0]))));
  const isOfBefore = by.some((path) => !Object.hasOwn(rows[0], path)); // the address asks for other groups, which come soon
  const isKind = Object.hasOwn(KINDS, chart.kind) && (chart.kind !== "line" || isMoments);
  const isUnit = Object.hasOwn(UNITS, chart.unit);
  const kind = isKind ? chart.kind : "bar";
  const unit = isUnit ? chart.unit : USUAL;
  const shown = figures.includes(chart.figure) ? chart.figure : figures[0];
  const put = (/** @type {Partial<Chosen>} */ made) => onChart({ kind, unit: unit === USUAL ? "" : unit, figure: shown === figures[0] ? "" : shown, ...made });
  useCorrections([
    !isKind && !isOfBefore && `${chart.kind === "line" ? `There is no line over time by ${by.join(", ")}` : `There is no chart called ${chart.kind}`}, so bars are shown.`,
    chart.unit !== "" && !isUnit && `Moments are put together by day, month or year and not by ${chart.unit}, so it is by ${USUAL}.`,
    chart.figure !== "" && chart.figure !== shown && `There is no figure called ${chart.figure}, so ${shown} is drawn.`,
  ], () => put({}));
  const isAdded = /^(count|number|sum|least|greatest)/.test(shown);
  const { names, values, isTime } = kind === "line" ? overTime(rows, by[0], shown, isAdded ? unit : "") : inBars(rows, by, shown);
  return html`<div class="board">
    <div class="terms">
      <label class="term">Chart<select aria-label="Chart" value=${kind} onChange=${(/** @type {any} */ event) => put({ kind: event.target.value })}>
        ${Object.entries(KINDS).map(([name, told]) => html`<option key=${name} value=${name} disabled=${name === "line" && !isMoments}>${told}</option>`)}</select></label>
      ${figures.length > 1 && html`<label class="term">of<select aria-label="Figure" value=${shown} onChange=${(/** @type {any} */ event) => put({ figure: event.target.value })}>${figures.map((each) => html`<option key=${each}>${each}</option>`)}</select></label>`}
      ${isTime && isAdded && html`<label class="term">by<select aria-label="Put together by" value=${unit} onChange=${(/** @type {any} */ event) => put({ unit: event.target.value })}>${["day", "month", "year"].map((each) => html`<option key=${each}>${each}</option>`)}</select></label>`}
      ${kind === "bar" && rows.length > BARS && html`<span class="faint">The chart shows the first ${BARS} of them.</span>`}
    </div>
    ${kind !== "none" && html`<${Chart} label=${`${shown} by ${by.join(", ")}`} times=${names} lines=${[{ name: shown, values }]} kind=${isTime ? "line" : "bar"} isTime=${isTime} height=${220}
      form=${(/** @type {number} */ value) => (Number.isInteger(value) ? count(value) : value.toPrecision(3))} isDay=${isTime} isMonth=${isAdded && unit !== "day"} />`}
  </div>`;
}

const numberOf = (/** @type {unknown} */ value) => (typeof value === "number" ? value : value === null || value === undefined ? null : Number(value));

/** @param {any[]} rows @param {string[]} by @param {string} figure */
function inBars(rows, by, figure) {
  const first = rows.slice(0, BARS);
  return { names: first.map((row) => by.map((path) => show(member(row, path) ?? null)).join(", ")), values: first.map((row) => numberOf(member(row, figure))), isTime: false };
}

/**
 * Groups of moments, put together where one figure of several can be had: a mean of means is none.
 * @param {any[]} rows @param {string} path @param {string} figure @param {string} unit empty: each by itself
 */
function overTime(rows, path, figure, unit) {
  const join = figure.startsWith("least") ? Math.min : figure.startsWith("greatest") ? Math.max : (/** @type {number} */ some, /** @type {number} */ more) => some + more;
  /** @type {Map<number, number>} */
  const found = new Map();
  for (const row of rows) {
    const [text, value] = [String(member(row, path)), numberOf(member(row, figure))];
    if (!MOMENT.test(text) || value === null) continue;
    const part = unit ? text.slice(0, UNITS[unit]) : text;
    const at = Date.parse(part) / 1000;
    found.set(at, found.has(at) ? join(/** @type {number} */ (found.get(at)), value) : value);
  }
  const points = [...found].sort(([some], [other]) => some - other);
  return { names: points.map(([at]) => at), values: points.map(([, value]) => value), isTime: true };
}
