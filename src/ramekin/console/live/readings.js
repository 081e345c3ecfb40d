// The last minutes as the page has seen them: a reading every two seconds, and only while somebody looks.
import { signal } from "@preact/signals";
import { ask, isLocked } from "../server.js";
import { added, quantiles, readMetrics, total, totals } from "./metrics.js";
import { isPaused } from "./pause.js";

/**
 * @typedef {object} Reading
 * @property {number} at seconds since 1970
 * @property {[string, number][]} operations requests a second, the busiest first
 * @property {(number | null)[]} latency seconds within which a half, 95 and 99 of a hundred requests were answered
 * @property {(number | null)[]} lag the same of the event loop
 * @property {number} hits queries a second that found their indexes
 * @property {import("./metrics.js").Metrics} metrics
 */

const EVERY_MS = 2_000;
const KEPT = 180;

/** @type {import("@preact/signals").Signal<Reading[]>} */
export const readings = signal([]);
export const fault = signal(/** @type {unknown} */ (null));

/** What this page itself asks for all the time is left out of the figures. */
const OWN = new Set(["metrics", "list_tables", "console_home", "console_page", "console_view", "console_file"]);
const isOthers = (/** @type {Record<string, string>} */ labels) => !OWN.has(labels.operation);

/** @type {{at: number, metrics: import("./metrics.js").Metrics} | null} */
let last = null;

async function readOnce() {
  const { text } = await ask("GET", "/metrics");
  const now = { at: Date.now() / 1000, metrics: readMetrics(text) };
  const before = last;
  last = now;
  if (!before || now.at - before.at > 30) return;
  const seconds = now.at - before.at;
  const count = "ramekin_request_duration_seconds_count";
  const done = added(totals(before.metrics, count, "operation"), totals(now.metrics, count, "operation"));
  const operations = /** @type {[string, number][]} */ (
    done.filter(([name]) => !OWN.has(name)).map(([name, times]) => [name, times / seconds])
  );
  const hits = total(now.metrics, "ramekin_index_hits_total") - total(before.metrics, "ramekin_index_hits_total");
  /** @type {Reading} */
  const reading = {
    at: now.at,
    operations,
    latency: quantiles(before.metrics, now.metrics, "ramekin_request_duration_seconds", [0.5, 0.95, 0.99], isOthers),
    lag: quantiles(before.metrics, now.metrics, "ramekin_loop_lag_seconds", [0.5, 0.99]),
    hits: Math.max(0, hits / seconds),
    metrics: now.metrics,
  };
  readings.value = [...readings.value.slice(1 - KEPT), reading];
}

/** Read again and again, while the page is seen. Returns what stops it. */
export function watchServer() {
  let isOver = false;
  let timer = 0;
  const step = async () => {
    if (!document.hidden && !isPaused() && !isLocked.value) {
      try {
        await readOnce();
        fault.value = null;
      } catch (error) {
        fault.value = error;
      }
    }
    if (/** @type {any} */ (fault.value)?.status === 403) return; // what the key forbids now it forbids later
    if (!isOver) timer = setTimeout(step, readings.value.length || fault.value ? EVERY_MS : EVERY_MS / 4);
  };
  fault.value = null;
  void step();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
