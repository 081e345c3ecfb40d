// What the server tells of itself at `/metrics` (Prometheus's text format), read in the page: totals, rates between two
// readings, and quantiles of what happened between them. The server keeps no history for this page.

/** @typedef {{labels: Record<string, string>, value: number}} Sample */
/** @typedef {Map<string, Sample[]>} Metrics */

/**
 * @param {string} text
 * @returns {Metrics}
 */
export function readMetrics(text) {
  /** @type {Metrics} */
  const found = new Map();
  for (const line of text.split("\n")) {
    const parts = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!parts) continue;
    const labels = Object.create(null);
    for (const [, name, value] of (parts[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[name] = value.replace(/\\(.)/g, (_, mark) => (mark === "n" ? "\n" : mark));
    }
    const samples = found.get(parts[1]);
    const sample = { labels, value: parts[3] === "+Inf" ? Infinity : Number(parts[3]) };
    if (samples) samples.push(sample);
    else found.set(parts[1], [sample]);
  }
  return found;
}

/** The sum of a metric. @param {Metrics} metrics @param {string} name */
export function total(metrics, name) {
  return (metrics.get(name) ?? []).reduce((sum, sample) => sum + sample.value, 0);
}

/**
 * The sums of a metric by one of its labels.
 * @param {Metrics} metrics @param {string} name @param {string} label
 * @returns {Map<string, number>}
 */
export function totals(metrics, name, label) {
  const found = new Map();
  for (const { labels, value } of metrics.get(name) ?? []) found.set(labels[label], (found.get(labels[label]) ?? 0) + value);
  return found;
}

/**
 * What was added to each since an earlier reading; nothing where it is less, since then the server has started anew.
 * @param {Map<string, number>} before @param {Map<string, number>} after
 */
export function added(before, after) {
  const found = /** @type {[string, number][]} */ ([]);
  for (const [name, value] of after) if (value > (before.get(name) ?? 0)) found.push([name, value - (before.get(name) ?? 0)]);
  return found.sort(([, some], [, other]) => other - some);
}

/**
 * Quantiles of what a histogram counted between two readings, as straight lines within its buckets; null where it
 * counted nothing.
 * @param {Metrics} before @param {Metrics} after @param {string} name @param {number[]} wanted
 * @param {(labels: Record<string, string>) => boolean} [counts]
 */
export function quantiles(before, after, name, wanted, counts = () => true) {
  const edges = new Map();
  for (const [metrics, sign] of /** @type {[Metrics, number][]} */ ([[before, -1], [after, 1]])) {
    for (const { labels, value } of metrics.get(`${name}_bucket`) ?? []) {
      if (!counts(labels)) continue;
      const edge = labels.le === "+Inf" ? Infinity : Number(labels.le);
      edges.set(edge, (edges.get(edge) ?? 0) + sign * value);
    }
  }
  const buckets = [...edges].sort(([some], [other]) => some - other);
  const all = buckets.at(-1)?.[1] ?? 0;
  return wanted.map((part) => (all > 0 ? within(buckets, part * all) : null));
}

/** @param {[number, number][]} buckets edges, and how many lie at or below each @param {number} rank */
function within(buckets, rank) {
  let [low, below] = [0, 0];
  for (const [edge, count] of buckets) {
    if (count >= rank) return edge === Infinity ? low : low + ((edge - low) * (rank - below)) / (count - below || 1);
    [low, below] = [edge, count];
  }
  return low;
}
