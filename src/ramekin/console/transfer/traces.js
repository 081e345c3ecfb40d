// Whether a file that was sent is stored, where nobody said so: some of its records are looked for.
import { isSame, member } from "../json.js";
import { isNamedHere } from "../naming.js";
import { pathOf, read } from "../server.js";
import { refresh, state, tableOf } from "../tables/catalog.js";
import { takenOf } from "./parts.js";
import { recordsOfJson } from "./records.js";
import { isNamed } from "./sending.js";
import { previewOf } from "./source.js";

/**
 * @typedef {import("./source.js").Source} Source
 * @typedef {import("./sending.js").Choices} Choices
 * @typedef {{table: string, record: any, isOwn: boolean}} Trace a record as it is stored; `isOwn`: with an id that was made here
 * @typedef {"there" | "other" | "absent"} Found
 */

/** Tables that are looked at, and records of each. */
const TABLES = 20;
const RECORDS = 20;

/**
 * The first records that go with an id.
 * @param {Source} source @param {Choices} choices @param {import("./named.js").Next} next
 * @returns {Promise<Trace[]>}
 */
export async function tracesOf(source, choices, next) {
  if (source.kind !== "database") return named(choices.table, previewOf(source, choices.columns), isNamed(source, choices) ? next : null);
  const text = await source.file.text();
  const traces = [];
  for (const [at, { name, begin, end, nameless }] of takenOf(source, choices.left).entries()) {
    const isOwn = nameless > 0 && isNamedHere(tableOf(name)?.schema);
    const records = at < TABLES ? firstOf(recordsOfJson(text.slice(begin, end)), isOwn ? Infinity : RECORDS) : [];
    traces.push(...named(name, records, isOwn ? next : null).slice(0, RECORDS));
  }
  return traces;
}

/** @param {Iterable<import("./records.js").Standing>} standing @param {number} most */
function firstOf(standing, most) {
  const records = [];
  for (const { record } of standing) if (records.push(record) >= most) break;
  return records;
}

/** @param {string} table @param {any[]} records @param {import("./named.js").Next | null} next */
function named(table, records, next) {
  const traces = records.map((record) => {
    const isOwn = next !== null && member(record, "id") === undefined;
    return { table, record: isOwn ? { id: next(), ...record } : record, isOwn };
  });
  return traces.filter(({ record }) => member(record, "id") !== undefined);
}

/** How each of some records is found; null where that cannot be told. @param {Trace[]} traces @returns {Promise<Found[] | null>} */
export async function look(traces) {
  const stored = new Map();
  await refresh();
  if (state.value.error) return null;
  try {
    for (const table of new Set(traces.map((trace) => trace.table).filter(tableOf))) {
      const ids = traces.filter((trace) => trace.table === table).map(({ record }) => record.id);
      const asked = { method: "POST", body: { where: { id: { in: ids } }, limit: ids.length } };
      const { data } = await read(`query/${pathOf(table)}`, asked);
      for (const record of data) stored.set(`${table} ${record.id}`, record);
    }
  } catch {
    return null;
  }
  return traces.map(({ table, record, isOwn }) => {
    const found = stored.get(`${table} ${record.id}`);
    if (!found) return "absent";
    return isOwn || Object.entries(record).every(([name, value]) => isSame(member(found, name), value)) ? "there" : "other";
  });
}

/**
 * What became of a file, as its records were found before and are found now.
 * @param {Trace[]} traces @param {Found[] | null} before @param {Found[] | null} now
 * @returns {"stored" | "absent" | "unknown"}
 */
export function fateOf(traces, before, now) {
  if (!now?.length) return "unknown";
  const isThere = (/** @type {Found} */ found) => found === "there";
  if (traces.some(({ isOwn }, at) => isOwn && isThere(now[at])) || (now.every(isThere) && before && !before.every(isThere))) return "stored";
  return now.every((found) => found === "absent") ? "absent" : "unknown";
}

/** What is said of a file of which nobody said whether it was stored. @param {"absent" | "unknown"} fate @param {boolean} mayGoTwice */
export function openWords(fate, mayGoTwice) {
  const told = fate === "absent" ? "None of it is stored so far." : "Whether it was stored is not known.";
  return `${told} ${mayGoTwice ? "Import it again: what is sent twice is stored once." : "Look before you import it again: records without an id would be stored once more."}`;
}
