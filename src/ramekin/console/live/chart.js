// A chart: uPlot in a frame that has a size, colours of the theme, and words for those who cannot see it.
import { useEffect, useRef, useState } from "preact/hooks";
import { isDark } from "../shell/theme.js";
import { html } from "../ui/html.js";

/** Colours of lines, in their order; each is seen on the light ground and on the dark one. */
export const COLOURS = ["#3b8fc2", "#d9822b", "#3f9d63", "#a06cd5", "#cf5f7a", "#7d8790"];

/** Seconds that a chart of what happens now shows at least. */
const WINDOW_S = 60;

/** @type {Promise<any> | null} */
let library = null;
const load = () => (library ??= import("uplot").then((found) => found.default));

/**
 * @typedef {{name: string, values: (number | null)[], colour?: string}} Line
 * @param {{label: string, times: (number | string)[], lines: Line[], kind?: "line" | "bar", height?: number,
 *   form?: (value: number) => string, isTime?: boolean, isDay?: boolean}} given `times`: seconds, or the names of groups
 */
export function Chart({ label, times, lines, kind = "line", height = 120, form = String, isTime = true, isDay = false }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const [UPlot, setLibrary] = useState(/** @type {any} */ (null));
  const shape = JSON.stringify([lines.map((line) => line.name), kind, height, isTime, isDark(), isTime || times]);
  useEffect(() => void load().then((found) => setLibrary(() => found)), []);
  useEffect(() => {
    const box = place.current;
    if (!UPlot || !box) return undefined;
    const options = optionsOf(UPlot, { times, lines, kind, height, form, isTime, isDay, width: box.clientWidth });
    plot.current = new UPlot(options, dataOf(times, lines, isTime), box);
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: box.clientWidth, height }));
    observer.observe(box);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [UPlot, shape]);
  useEffect(() => plot.current?.setData(dataOf(times, lines, isTime)), [times, lines]);
  return html`<div class="chart" role="img" aria-label=${`${label}. ${told(lines, form)}`} ref=${place}></div>`;
}

/** The last value of each line, in words. @param {Line[]} lines @param {(value: number) => string} form */
function told(lines, form) {
  return lines.map(({ name, values }) => `${name}: ${values.at(-1) == null ? "nothing" : form(/** @type {number} */ (values.at(-1)))}`).join(", ");
}

/** @param {(number | string)[]} times @param {Line[]} lines @param {boolean} isTime */
const dataOf = (times, lines, isTime) => [isTime ? times : times.map((_, place) => place), ...lines.map((line) => line.values)];

const day = (/** @type {number} */ seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
const clock = (/** @type {number} */ seconds) => new Date(seconds * 1000).toTimeString().slice(0, 8);

/** The time that is shown: at least a minute, since uPlot takes a day for one reading alone. @param {any} plot */
const rangeOf = ({ data: [times] }) => [Math.min(times[0] ?? 0, (times.at(-1) ?? 0) - WINDOW_S), times.at(-1) ?? 0];

/** @param {any} UPlot @param {any} given */
function optionsOf(UPlot, { times, lines, kind, height, form, isTime, isDay, width }) {
  const style = getComputedStyle(document.documentElement);
  const [text, grid] = [style.getPropertyValue("--text-2"), style.getPropertyValue("--line")];
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  const bars = UPlot.paths.bars({ size: [0.7, 60] });
  const short = (/** @type {string} */ name) => (name.length > 14 ? `${name.slice(0, 13)}…` : name);
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 30, 0, 0],
    scales: { x: { time: isTime, range: isTime ? (isDay ? undefined : rangeOf) : () => [-0.6, times.length - 0.4] }, y: { range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => [Math.min(0, low ?? 0), (high > 0 ? high : 1) * 1.1] } },
    series: [
      {},
      ...lines.map((/** @type {Line} */ line, /** @type {number} */ place) => {
        const colour = line.colour ?? COLOURS[place % COLOURS.length];
        const drawn = kind === "bar" ? { paths: bars, fill: colour, width: 0 } : { width: 1.5, fill: lines.length === 1 ? `${colour}22` : undefined };
        return { label: line.name, stroke: colour, points: { show: (/** @type {any} */ plot) => !isDay && isTime && plot.data[0].length === 1 }, spanGaps: true, ...drawn };
      }),
    ],
    axes: [
      isTime ? { ...axis, size: 24, space: isDay ? 90 : 60, values: (/** @type {any} */ _, /** @type {number[]} */ places) => places.map(isDay ? day : clock) } : { ...axis, size: 24, grid: { show: false }, splits: () => times.map((/** @type {any} */ _, /** @type {number} */ place) => place).filter((/** @type {number} */ place) => place % Math.ceil(times.length / Math.max(1, width / 115)) === 0), values: (/** @type {any} */ _, /** @type {number[]} */ places) => places.map((place) => short(String(times[place] ?? ""))) },
      { ...axis, size: 58, space: 28, values: (/** @type {any} */ _, /** @type {number[]} */ values) => values.map(form) },
    ],
  };
}
