// A definition as it is written in a form, as the server takes it, and as it is stored by now: what somebody else has defined
// meanwhile is not written over unseen.
import { isSame, parse, print } from "../json.js";
import { conflict } from "../record/store.js";
import { pathOf, read } from "../server.js";
import { refresh, state, tableOf } from "./catalog.js";

/**
 * @typedef {{field: string, kind: string}} Index
 * @typedef {{name: string, schema: string, unique: string[], indexes: Index[], isCareful: boolean, expiry: string, records: string, bytes: string}} Written
 *   a definition as it is written here
 */

/** Whether an index is there because its field is unique, and goes with that. @param {Index} index @param {import("./catalog.js").Table | undefined} known */
const isOfUnique = ({ field, kind }, known) => kind === "hash" && !!known?.unique.includes(field);

/** @param {string} name @param {import("./catalog.js").Table | undefined} known nothing: there is no such table @returns {Written} */
export const writtenOf = (name, known) => ({
  name, schema: known?.schema ? print(known.schema, 2) : "", unique: known?.unique ?? [],
  indexes: (known?.indexes ?? []).filter((index) => index.pinned && !isOfUnique(index, known)).map(({ field, kind }) => ({ field, kind })), isCareful: known?.require_if_match ?? false,
  expiry: String(known?.expire_after_s ?? ""), records: String(known?.max_records ?? ""), bytes: String(known?.max_bytes ?? ""),
});

/** The same as the server takes it. @param {Written} written */
export const bodyOf = ({ schema, unique, indexes, isCareful, expiry, records, bytes }) => ({
  schema: schema.trim() ? parse(schema) : null, unique: unique.filter(Boolean), indexes: indexes.filter(({ field }) => field),
  require_if_match: isCareful, expire_after_s: boundOf(expiry), max_records: boundOf(records), max_bytes: boundOf(bytes),
});

/** What a definition is to say of a bound; text that is no number is left for the server to read. @param {string} text */
function boundOf(text) {
  const said = text.trim();
  return said === "" ? null : /^[0-9]+$/.test(said) ? parse(said) : said;
}

/** Whether there is a table of that name. @param {string} table */
export async function isThere(table) {
  await refresh();
  if (state.value.error) throw state.value.error;
  return !!tableOf(table);
}

/**
 * What is to be stored where a definition was seen and changed: where another is stored by now, somebody decides.
 * @param {string} table @param {any} base as it was seen @param {any} mine
 * @returns {Promise<any>} null to leave it as it is now, undefined if nobody decides
 */
export async function settled(table, base, mine) {
  const theirs = bodyOf(writtenOf(table, await read(`tables/${pathOf(table)}`)));
  if (isSame(base, theirs) || isSame(mine, theirs)) return mine;
  const chosen = await conflict.ask(base, mine, theirs, "Somebody else has", "definition");
  return chosen ? settled(table, theirs, chosen) : chosen;
}
