// The tables as the server lists them, kept fresh while somebody looks.
import { computed, signal } from "@preact/signals";
import { ask, grantText, isLocked } from "../server.js";
import { parse } from "../json.js";

/**
 * @typedef {{field: string, kind: string, pinned: boolean, bytes: number}} Index
 * @typedef {{name: string, records: number, bytes: number, revision: number, schema: any, model: string | null, unique: string[], indexes: Index[],
 *   require_if_match: boolean, expire_after_s: number | null, expiring: number, max_records?: number | null,
 *   max_bytes?: number | null, hits?: number | null, misses?: number | null, evicted?: number | null}} Table
 */

/** What may be the name of a table. */
export const TABLE_NAME = "[A-Za-z_][A-Za-z0-9_\\-]{0,62}";

/** What stands in an address in the place of a name that is not chosen yet. */
export const NEW = "+new";

export const state = signal({ isKnown: false, error: /** @type {unknown} */ (null), tables: /** @type {Table[]} */ ([]) });

export const tables = computed(() => state.value.tables);

/** @param {string} name */
export const tableOf = (name) => tables.value.find((table) => table.name === name);

let text = "";

/** Read the list again. */
export async function refresh() {
  try {
    const reply = await ask("GET", "tables");
    grantText.value = reply.headers.get("X-Ramekin-Grant") ?? "";
    if (reply.text === text && state.value.isKnown && !state.value.error) return; // nothing is drawn for nothing
    text = reply.text;
    state.value = { isKnown: true, error: null, tables: parse(reply.text).tables };
  } catch (error) {
    state.value = { ...state.value, error };
  }
}

const EVERY_MS = 5_000;

/** Read the list now and then, while the page is seen. Returns what stops it. */
export function watch() {
  if (!isLocked.value) void refresh();
  const timer = setInterval(() => !document.hidden && !isLocked.value && refresh(), EVERY_MS);
  const look = () => !document.hidden && !isLocked.value && void refresh();
  document.addEventListener("visibilitychange", look);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
