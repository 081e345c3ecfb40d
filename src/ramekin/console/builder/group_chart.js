// Groups as a chart: a bar each, or a line over time where they are moments, put together by day, month or year.
import { Chart } from "../live/chart.js";
import { member } from "../json.js";
import { html } from "../ui/html.js";
import { count, show } from "../values.js";

const BARS = 40;
const MOMENT = /^\d{4}-\d\d-\d\d/;
const UNITS = /** @type {Record<string, number>} */ ({ year: 4, month: 7, day: 10 });

/**
 * @param {{rows: any[], by: string[], figures: string[], chart: string, onChart: (chart: string) => void}} given `chart`: its kind, unit and figure
 */
export function GroupChart({ rows, by, figures, chart, onChart }) {
  const [kind, unit = "", ...named] = chart.split(","); // a figure may be called after a field with a comma
  const isMoments = by.length === 1 && rows.some((row) => MOMENT.test(String(member(row, by[0]))));
  const figure = named.join(",");
  const shown = figures.includes(figure) ? figure : figures[0];
  const put = (/** @type {string[]} */ ...made) => onChart(made.join(",").replace(/,+$/, ""));
  const isAdded = /^(count|sum|min|max)/.test(shown);
  const { names, values, isTime } = kind === "line" && isMoments ? overTime(rows, by[0], shown, isAdded ? unit || "month" : "") : inBars(rows, by, shown);
  return html`<div class="board">
    <div class="terms">
      <label class="term">Chart<select aria-label="Chart" value=${kind} onChange=${(/** @type {any} */ event) => put(event.target.value, unit, figure)}>
        <option value="bar">bars</option><option value="line" disabled=${!isMoments}>line over time</option><option value="none">none</option></select></label>
      ${figures.length > 1 && html`<label class="term">of<select aria-label="Figure" value=${shown} onChange=${(/** @type {any} */ event) => put(kind, unit, event.target.value)}>${figures.map((each) => html`<option key=${each}>${each}</option>`)}</select></label>`}
      ${isTime && isAdded && html`<label class="term">by<select aria-label="Put together by" value=${unit || "month"} onChange=${(/** @type {any} */ event) => put(kind, event.target.value, figure)}>${["day", "month", "year"].map((each) => html`<option key=${each}>${each}</option>`)}</select></label>`}
      ${kind === "bar" && rows.length > BARS && html`<span class="faint">The chart shows the first ${BARS} of them.</span>`}
    </div>
    ${kind !== "none" && html`<${Chart} label=${`${shown} by ${by.join(", ")}`} times=${names} lines=${[{ name: shown, values }]} kind=${isTime ? "line" : "bar"} isTime=${isTime} height=${220}
      form=${(/** @type {number} */ value) => (Number.isInteger(value) ? count(value) : value.toPrecision(3))} isDay=${isTime} />`}
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
  const join = figure.startsWith("min") ? Math.min : figure.startsWith("max") ? Math.max : (/** @type {number} */ some, /** @type {number} */ more) => some + more;
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
