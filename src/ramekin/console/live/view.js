// What the server is doing now, from its own metrics: small charts of the last minutes.
import { useEffect } from "preact/hooks";
import { Problem } from "../server.js";
import { Empty } from "../ui/empty.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { count, size } from "../values.js";
import { COLOURS, Chart } from "./chart.js";
import { total, totals } from "./metrics.js";
import { Pause, isPaused } from "./pause.js";
import { fault, readings, watchServer } from "./readings.js";

const SHOWN = 5;

export default function Live() {
  useEffect(watchServer, []);
  const found = readings.value;
  const now = found.at(-1);
  return html`<section class="pad" aria-label="Live">
    <div class="title"><h1>Live</h1>
      <p class="faint">${isPaused() ? "Paused: nothing is asked for." : "Every two seconds, while this page is seen."}</p>
      <span class="grow"></span>
      ${!(fault.value instanceof Problem && fault.value.status === 403) && html`<${Pause} />`}
    </div>
    ${fault.value && html`<${Fault} error=${fault.value} />`}
    ${now ? html`<div class="tiles">${tiles(found, now)}</div>` : isPaused() ? html`<${Empty} icon="live" title="Nothing has been asked for yet"><p>Figures show once this page goes on.</p><//>`
      : !fault.value && html`<p class="faint" role="status">Waiting for the second reading…</p>`}
  </section>`;
}

const ms = (/** @type {number} */ value) => (value < 10 ? `${value.toFixed(value < 1 ? 2 : 1)} ms` : `${Math.round(value)} ms`);
const rate = (/** @type {number} */ value) => (value >= 100 ? count(Math.round(value)) : value.toFixed(value < 10 ? 1 : 0));

/** @typedef {import("./readings.js").Reading} Reading */

/** @param {Reading[]} found @param {Reading} now */
function tiles(found, now) {
  const times = found.map((reading) => reading.at);
  const gauge = (/** @type {string} */ name) => total(now.metrics, name);
  const over = (/** @type {string} */ name) => found.map((reading) => total(reading.metrics, name));
  const parts = (/** @type {"latency" | "lag"} */ kind, /** @type {string[]} */ names) => names.map((name, place) => ({
    name, values: found.map((reading) => scaled(reading[kind][place])),
  }));
  const latency = parts("latency", ["half", "95 %", "99 %"]);
  const lag = parts("lag", ["half", "99 %"]);
  const requests = busiest(found);
  const limit = gauge("ramekin_memory_limit_bytes");
  const memory = [{ name: "tables and indexes", values: over("ramekin_memory_bytes") }, { name: "in flight", values: over("ramekin_in_flight_bytes") }];
  const last = (/** @type {(number | null)[]} */ values) => values.findLast((value) => value !== null) ?? null;
  const told = (/** @type {number | null} */ value) => (value === null ? "–" : ms(value));
  return html`
    <${Tile} title="Requests a second" figure=${rate(now.operations.reduce((sum, [, each]) => sum + each, 0))} lines=${requests}>
      <${Chart} label="Requests a second" times=${times} lines=${requests} form=${rate} /><//>
    <${Tile} title="Latency" figure=${told(last(latency[2].values))} hint="99 of 100 were answered within this" lines=${latency}>
      <${Chart} label="Latency" times=${times} lines=${latency} form=${ms} /><//>
    <${Tile} title="Event loop" figure=${told(last(lag[1].values))} hint="how late: every request waits so long" lines=${lag}>
      <${Chart} label="Lag of the event loop" times=${times} lines=${lag} form=${ms} /><//>
    <${Tile} title="Memory" figure=${size(gauge("ramekin_memory_bytes"))} hint=${limit < Infinity ? `of ${size(limit)}` : "without a limit"} lines=${memory}>
      <${Chart} label="Memory" times=${times} lines=${memory} form=${size} isBytes /><//>
    <${Tile} title="Memory by table"><${Bars} entries=${[...totals(now.metrics, "ramekin_table_memory_bytes", "table")]} form=${size} none="There is no table." /><//>
    <${Tile} title="Indexes" figure=${count(gauge("ramekin_indexes"))} hint=${size(gauge("ramekin_index_bytes"))}>
      <${Facts} facts=${[
        ["Queries a second that found theirs", rate(now.hits)],
        ["Being built", count(gauge("ramekin_index_builds_running"))],
        ["Built since the start", `${count(gauge("ramekin_index_build_seconds_count"))} in ${ms(gauge("ramekin_index_build_seconds_sum") * 1000)}`],
      ]} /><//>
    <${Tile} title="Journal and nodes"><${Facts} facts=${[
      ["Steps that wait for the disk", count(gauge("ramekin_journal_queued_steps"))],
      ["Not synced yet", size(gauge("ramekin_journal_unsynced_bytes"))],
      ["The disk takes writes", gauge("ramekin_journal_failed") ? "no" : "yes"],
      ...(now.metrics.has("ramekin_feed_behind_steps") ? [["Steps behind the others", count(gauge("ramekin_feed_behind_steps"))]] : []),
    ]} /><//>
    <${Tile} title="Connections" figure=${count(gauge("ramekin_connections"))}><${Facts} facts=${[
      ["Followers of changes", count(gauge("ramekin_followers"))],
      ["Kept for followers", size(gauge("ramekin_kept_changes_bytes"))],
    ]} /><//>
    <${Tile} title="Refused" hint="since the server started"><${Bars} entries=${refused(now)} form=${count} none="Nothing was refused." /><//>`;
}

const scaled = (/** @type {number | null | undefined} */ seconds) => (seconds == null ? null : seconds * 1000);

/** The operations that were asked for most, each a line; the others together. @param {Reading[]} found */
function busiest(found) {
  const all = new Map();
  for (const { operations } of found) for (const [name, each] of operations) all.set(name, (all.get(name) ?? 0) + each);
  const names = [...all].sort(([, some], [, other]) => other - some).map(([name]) => name);
  const shown = names.slice(0, SHOWN);
  const of = (/** @type {Reading} */ reading, /** @type {(name: string) => boolean} */ is) => reading.operations.reduce((sum, [name, each]) => sum + (is(name) ? each : 0), 0);
  const lines = shown.map((one) => ({ name: one.replaceAll("_", " "), values: found.map((reading) => of(reading, (name) => name === one)) }));
  const rest = names.length > SHOWN ? [{ name: "others", values: found.map((reading) => of(reading, (name) => !shown.includes(name))) }] : [];
  return lines.length ? [...lines, ...rest] : [{ name: "none yet", values: found.map(() => 0) }];
}

/** @param {Reading} now */
function refused(now) {
  const reasons = [...totals(now.metrics, "ramekin_refusals_total", "reason"), ...totals(now.metrics, "ramekin_problems_total", "code")];
  return reasons.filter(([, times]) => times > 0);
}

/** @param {{title: string, figure?: string, hint?: string, lines?: import("./chart.js").Line[], children?: unknown}} given */
function Tile({ title, figure, hint, lines = [], children }) {
  return html`<article class="tile" aria-label=${title}>
    <header><h2>${title}</h2>${figure && html`<strong class="figure">${figure}</strong>`}${hint && html`<span class="faint">${hint}</span>`}</header>
    ${children}
    ${lines.length > 0 && html`<ul class="legend">${lines.map(({ name }, place) => html`<li key=${name}>
      <svg viewBox="0 0 10 10" aria-hidden="true"><circle cx="5" cy="5" r="4" fill=${COLOURS[place % COLOURS.length]} /></svg>${name}</li>`)}</ul>`}
  </article>`;
}

/** @param {{facts: string[][]}} given */
function Facts({ facts }) {
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd class="figure">${value}</dd></div>`)}</dl>`;
}

/** @param {{entries: [string, number][], form: (value: number) => string, none: string}} given */
function Bars({ entries, form, none }) {
  const shown = entries.toSorted(([, some], [, other]) => other - some).slice(0, 7);
  const most = shown[0]?.[1] || 1;
  if (!shown.length) return html`<p class="faint">${none}</p>`;
  return html`<ul class="bars">${shown.map(([name, value]) => html`<li key=${name}>
    <span class="clip" title=${name}>${name}</span><span class="figure">${form(value)}</span>
    <progress max=${most} value=${value} aria-label=${name}></progress></li>`)}</ul>`;
}
