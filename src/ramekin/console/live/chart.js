// A chart: uPlot in a frame that has a size, colours of the theme, and words for those who cannot see it.
import { useEffect, useRef, useState } from "preact/hooks";
import { isDark } from "../shell/theme.js";
import { html } from "../ui/html.js";

/** Colours of lines, in their order; each is seen on the light ground and on the dark one. */
export const COLOURS = ["#3b8fc2", "#d9822b", "#3f9d63", "#a06cd5", "#cf5f7a", "#7d8790"];

/** Names below bars: letters of one at the most, pixels of a letter, degrees by which they are turned, pixels from one to the next then, and pixels beside all. */
const NAME_LETTERS = 26;
const LETTER_PX = 6;
const TURN = 60;
const TURNED_PX = 15;
const SIDES_PX = 88;

/** Steps of an axis of bytes, so that what is written there is as round as sizes are. */
const BINARY = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** Those of other axes. */
const DECIMAL = Array.from({ length: 30 }, (_, power) => [1, 2, 2.5, 5].map((step) => Number(`${step}e${power - 12}`))).flat();
const WHOLE = DECIMAL.filter(Number.isInteger);

/** The steps of what a chart shows: whole numbers have none between them. @param {any} plot */
const stepsOf = ({ data: [, ...lines] }) => (lines.flat().every((/** @type {number | null} */ value) => value == null || Number.isInteger(value)) ? WHOLE : DECIMAL);

/** Seconds that a chart of what happens now shows at least. */
const WINDOW_S = 60;

/** @type {Promise<any> | null} */
let library = null;
const load = () => (library ??= import("uplot").then((found) => found.default));

/**
 * @typedef {{name: string, values: (number | null)[]}} Line
 * @param {{label: string, times: (number | string)[], lines: Line[], kind?: "line" | "bar", height?: number,
 *   form?: (value: number) => string, isTime?: boolean, isDay?: boolean, isMonth?: boolean, isBytes?: boolean,
 *   onPoint?: (place: number | null) => void}} given `times`: seconds, or the names of groups; `isMonth`: of days, no more is written; `onPoint`
 *   is told what is below the pointer
 */
export function Chart({ label, times, lines, kind = "line", height = 120, form = String, isTime = true, isDay = false, isMonth = false, isBytes = false, onPoint }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const [UPlot, setLibrary] = useState(/** @type {any} */ (null));
  const shape = JSON.stringify([lines.map((line) => line.name), kind, height, isTime, isMonth, isDark(), isTime || times]);
  useEffect(() => void load().then((found) => setLibrary(() => found)), []);
  useEffect(() => {
    const box = place.current;
    if (!UPlot || !box) return undefined;
    const options = optionsOf(UPlot, { times, lines, kind, height, form, isTime, isDay, isMonth, isBytes, onPoint, width: box.clientWidth });
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
const month = (/** @type {number} */ seconds) => day(seconds).slice(0, 7);
const clock = (/** @type {number} */ seconds) => new Date(seconds * 1000).toTimeString().slice(0, 8);

/** The time that is shown: at least a minute, since uPlot takes a day for one reading alone. @param {any} plot */
const rangeOf = ({ data: [times] }) => [Math.min(times[0] ?? 0, (times.at(-1) ?? 0) - WINDOW_S), times.at(-1) ?? 0];

/** @param {any} UPlot @param {any} given */
function optionsOf(UPlot, given) {
  const { times, height, form, isTime, isDay, isMonth, isBytes, onPoint, width } = given;
  const style = getComputedStyle(document.documentElement);
  const axis = {
    stroke: style.getPropertyValue("--text-2"), grid: { stroke: style.getPropertyValue("--line"), width: 1 }, ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width,
    height,
    legend: { show: false },
    cursor: onPoint ? { y: false, points: { show: false }, drag: { x: false, y: false } } : { show: false },
    hooks: { setCursor: onPoint ? [(/** @type {any} */ plot) => onPoint(plot.cursor.left < 0 ? null : plot.cursor.idx)] : [] },
    padding: [8, 30, 0, 0],
    scales: {
      x: { time: isTime, range: !isTime ? () => [-0.6, times.length - 0.4] : isDay ? undefined : rangeOf },
      y: { range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => [Math.min(0, low ?? 0), (high > 0 ? high : 1) * 1.1] },
    },
    series: [{}, ...seriesOf(UPlot, given)],
    axes: [
      { ...axis, size: 24, ...(isTime ? momentsBelow(isMonth ? month : isDay ? day : clock) : namesBelow(times)) },
      { ...axis, size: 58, space: 28, incrs: isBytes ? BINARY : stepsOf, values: (/** @type {any} */ _, /** @type {number[]} */ values) => values.map((value) => (value === 0 ? "0" : form(value).replace(/\.0+\b|(\.\d*[1-9])0+\b/, "$1"))) },
    ],
  };
}

/** What is written below a chart of moments. @param {(seconds: number) => string} write */
const momentsBelow = (write) => ({ space: write === day ? 90 : 64, values: (/** @type {any} */ _, /** @type {number[]} */ places) => places.map(write) });

/** What is written below bars: their names, turned where there is no room for them, of as many as there is room for then. @param {string[]} names */
function namesBelow(names) {
  const shown = names.map((name) => (name.length > NAME_LETTERS ? `${name.slice(0, NAME_LETTERS - 1)}…` : name));
  const long = Math.max(...shown.map((name) => name.length)) * LETTER_PX;
  const room = (/** @type {any} */ plot) => (plot.width - SIDES_PX) / names.length;
  const isTurned = (/** @type {any} */ plot) => long > room(plot);
  const step = (/** @type {any} */ plot) => (isTurned(plot) ? Math.max(1, Math.ceil(TURNED_PX / room(plot))) : 1);
  return {
    grid: { show: false },
    size: (/** @type {any} */ plot) => (isTurned(plot) ? 14 + long * Math.sin((TURN * Math.PI) / 180) : 24),
    rotate: (/** @type {any} */ plot) => (isTurned(plot) ? TURN : 0),
    splits: (/** @type {any} */ plot) => names.map((_, place) => place).filter((place) => place % step(plot) === 0),
    values: (/** @type {any} */ _, /** @type {number[]} */ places) => places.map((place) => shown[place] ?? ""),
  };
}

/** How each line, or the bars, are drawn. A single moment is a point. @param {any} UPlot @param {any} given */
function seriesOf(UPlot, { lines, kind, isTime, isDay }) {
  const paths = UPlot.paths.bars({ size: [0.7, 60] });
  const points = { show: (/** @type {any} */ plot) => !isDay && isTime && plot.data[0].length === 1 };
  return lines.map((/** @type {Line} */ { name }, /** @type {number} */ place) => {
    const colour = COLOURS[place % COLOURS.length];
    const drawn = kind === "bar" ? { paths, fill: colour, width: 0 } : { width: 1.5, fill: lines.length === 1 ? `${colour}22` : undefined };
    return { label: name, stroke: colour, points, spanGaps: true, ...drawn };
  });
}
