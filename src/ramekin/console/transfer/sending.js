// How a file is sent so that all of it is stored or nothing: as it is, as lines of JSON where types were chosen, and as a
// load where it is too long for one write of records. What goes has ids, so that it may go twice.
import { BULK_BYTES } from "../address.js";
import { isNamedHere } from "../naming.js";
import { Problem, pathOf, upload } from "../server.js";
import { tableOf } from "../tables/catalog.js";
import { DELIMITERS } from "./csv.js";
import { asLines, namedCsv, namedJson, namedLines } from "./named.js";
import { takenOf, withParts } from "./parts.js";
import { columnsFor } from "./source.js";

/** @typedef {import("./source.js").Source} Source */
/**
 * @typedef {{table: string, columns: import("./source.js").Column[], conflict: string, mode: string, left: string[]}} Choices `left`: names of
 *   parts that are left out
 * @typedef {import("./named.js").Next} Next
 * @typedef {{path: string, words: [string, string][], raw: Blob, media: string, numbers?: number[]}} Parcel `numbers`: the line of the file of
 *   each line that is sent, where they are not the same
 */

/** Bytes of a file that is one write of records: it may grow where types were chosen. More goes as a load, which replaces what has the same id. */
const WRITTEN = (BULK_BYTES / 16) * 15;

/** Bytes that an id takes which is made here. */
const ID_BYTES = 45;

const MEDIA = { csv: "text/csv", ndjson: "application/x-ndjson", json: "application/json", database: "application/json" };

/** @param {Source} source */
export const isLoad = (source) => source.kind === "database" || source.file.size + ID_BYTES * source.ids.none > WRITTEN;

/** Whether records of a file have no id, or are to have none of the file's. @param {Source} source @param {Choices} choices */
const areNameless = (source, { columns }) => source.ids.none > 0 || columns.some(({ name, type }) => name === "id" && type === "none");

/** Whether records of a file that have no id get one here. @param {Source} source @param {Choices} choices */
export const isNamed = (source, choices) => areNameless(source, choices) && isNamedHere(tableOf(choices.table)?.schema);

/** Whether what is sent twice is stored once: all of it has ids. @param {Source} source @param {Choices} choices */
export function mayGoTwice(source, choices) {
  const parts = takenOf(source, choices.left);
  if (source.kind === "database") return parts.every(({ name, nameless }) => !nameless || isNamedHere(tableOf(name)?.schema));
  return !areNameless(source, choices) || isNamed(source, choices);
}

/** A file as it is sent. @param {Source} source @param {Choices} choices @param {Next} next @returns {Promise<Parcel>} */
export async function packed(source, choices, next) {
  if (isLoad(source)) return { path: "load", words: [["mode", choices.mode]], media: MEDIA.json, ...await loadOf(source, choices, next) };
  const parcel = { path: `data/${pathOf(choices.table)}`, words: /** @type {[string, string][]} */ ([["on_conflict", choices.conflict]]), media: MEDIA[source.kind] };
  const own = isNamed(source, choices) ? next : null;
  if (source.kind === "csv" && isChanged(source, choices)) {
    const { lines, numbers } = await asLines(source, choices.columns, own);
    return { ...parcel, media: MEDIA.ndjson, raw: new Blob([lines.map((line) => `${line}\n`).join("")]), numbers };
  }
  if (source.kind === "csv" && source.delimiter !== ",") parcel.words.push(["delimiter", DELIMITERS[source.delimiter][0]]);
  if (!own) return { ...parcel, raw: source.file };
  const text = await source.file.text();
  const made = source.kind === "csv" ? namedCsv(text, source.delimiter, own) : source.kind === "json" ? namedJson(text, own) : namedLines(text, own);
  return { ...parcel, raw: new Blob([made]) };
}

/** Whether a column is of another type than the server would take it for. @param {Source} source @param {Choices} choices */
function isChanged(source, { table, columns }) {
  const expected = columnsFor(source, tableOf(table)?.schema);
  return columns.some(({ type }, place) => type !== expected[place].type);
}

/** Send it. Returns how many records were taken. @param {Parcel} parcel @param {(part: number) => void} onProgress @param {AbortSignal} stop */
export async function sendParcel({ path, words, raw, media, numbers }, onProgress, stop) {
  const asked = { words, raw, media, signal: stop, headers: /** @type {Record<string, string>} */ (path === "load" ? {} : { Prefer: "return=minimal" }) };
  const { count, loaded = {} } = await upload("POST", path, asked, onProgress).catch(toLinesOf(numbers));
  return count ?? Object.values(loaded).reduce((sum, each) => sum + Number(each), 0);
}

/** Let faults tell lines of the file, where each record was sent as a line of its own. @param {number[]} [numbers] */
function toLinesOf(numbers) {
  return (/** @type {unknown} */ error) => {
    if (error instanceof Problem && numbers) {
      error.detail = error.detail.replace(/ \(line (\d+)\)/, (_said, line) => ` (line ${numbers[line - 1]})`);
      error.errors = error.errors.map((each) => (each.line === undefined ? each : { ...each, line: numbers[each.line - 1] }));
    }
    throw error;
  };
}

/** A file as the body of a load, and where its lines are not those of the file, these. @param {Source} source @param {Choices} choices @param {Next} next */
async function loadOf(source, choices, next) {
  if (source.kind === "database") return { raw: await databaseOf(source, choices, next) };
  const own = isNamed(source, choices) ? next : null;
  const [head, foot] = [`{${JSON.stringify(choices.table)}:`, "}"];
  if (source.kind === "json") {
    const records = own ? namedJson(await source.file.text(), own) : source.file;
    return { raw: new Blob(source.isObject ? [head, "[", records, "]", foot] : [head, records, foot]) };
  }
  const { lines, numbers } = await (source.kind === "csv" ? asLines(source, choices.columns, own) : fullLines(source.file, own));
  return { raw: new Blob([head, "[", lines.join(",\n"), "]", foot]), numbers };
}

/** @param {Source} source @param {Choices} choices @param {Next} next */
async function databaseOf(source, choices, next) {
  const taken = takenOf(source, choices.left);
  const isWhole = taken.length === source.parts.length && taken.every(({ kind, nameless }) => kind === "table" && !nameless);
  if (isWhole) return source.file;
  const write = (/** @type {string} */ value, /** @type {import("./parts.js").Part} */ { name, nameless }) =>
    (nameless && isNamedHere(tableOf(name)?.schema) ? namedJson(value, next) : value);
  return new Blob([withParts(await source.file.text(), taken, write)]);
}

/** @param {File} file @param {Next | null} own */
async function fullLines(file, own) {
  const text = await file.text();
  const full = (own ? namedLines(text, own) : text).split("\n").map((line, at) => /** @type {[string, number]} */ ([line, at + 1])).filter(([line]) => line.trim());
  return { lines: full.map(([line]) => line), numbers: full.map(([, number]) => number) };
}
