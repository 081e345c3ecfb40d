// How a file is sent so that all of it is stored or nothing: as it is, as lines of JSON where types were chosen, and as a
// load where it is too long for one write of records.
import { BULK_BYTES } from "../address.js";
import { Problem, pathOf, upload } from "../server.js";
import { tableOf } from "../tables/catalog.js";
import { DELIMITERS } from "./csv.js";
import { takenOf, withParts } from "./parts.js";
import { asLines, columnsFor } from "./source.js";

/** @typedef {import("./source.js").Source} Source */
/**
 * @typedef {{table: string, columns: import("./source.js").Column[], conflict: string, mode: string, left: string[]}} Choices `left`: names of
 *   parts that are left out
 */

/** Bytes of a file that is one write of records: it may grow where types were chosen. More goes as a load, which replaces what has the same id. */
const WRITTEN = (BULK_BYTES / 16) * 15;

const MEDIA = { csv: "text/csv", ndjson: "application/x-ndjson", json: "application/json", database: "application/json" };

/** @param {Source} source */
export const isLoad = (source) => source.kind === "database" || source.file.size > WRITTEN;

/**
 * Send a file. Returns how many records were taken.
 * @param {Source} source @param {Choices} choices @param {(part: number) => void} onProgress
 */
export async function sendSource(source, choices, onProgress) {
  const expected = columnsFor(source, tableOf(choices.table)?.schema);
  const isChanged = choices.columns.some(({ type }, place) => type !== expected[place].type);
  if (isLoad(source)) {
    const { raw, numbers } = await loadOf(source, choices);
    const asked = { words: /** @type {[string, string][]} */ ([["mode", choices.mode]]), raw, media: MEDIA.json };
    const { loaded } = await upload("POST", "load", asked, onProgress).catch(toLinesOf(numbers));
    return Object.values(loaded).reduce((sum, each) => sum + Number(each), 0);
  }
  const words = /** @type {[string, string][]} */ ([["on_conflict", choices.conflict]]);
  const asked = { words, headers: { Prefer: "return=minimal" } };
  const path = `data/${pathOf(choices.table)}`;
  if (source.kind === "csv" && isChanged) {
    const { lines, numbers } = await asLines(source, choices.columns);
    const raw = new Blob([lines.map((line) => `${line}\n`).join("")]);
    return (await upload("POST", path, { ...asked, raw, media: MEDIA.ndjson }, onProgress).catch(toLinesOf(numbers))).count;
  }
  if (source.kind === "csv" && source.delimiter !== ",") words.push(["delimiter", DELIMITERS[source.delimiter][0]]);
  return (await upload("POST", path, { ...asked, raw: source.file, media: MEDIA[source.kind] }, onProgress)).count;
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

/** A file as the body of a load, and where its lines are not those of the file, these. @param {Source} source @param {Choices} choices */
async function loadOf(source, choices) {
  if (source.kind === "database") {
    const taken = takenOf(source, choices.left);
    const isWhole = taken.length === source.parts.length && taken.every(({ kind }) => kind === "table");
    return { raw: isWhole ? source.file : new Blob([withParts(await source.file.text(), taken)]) };
  }
  const [head, foot] = [`{${JSON.stringify(choices.table)}:`, "}"];
  if (source.kind === "json") return { raw: new Blob(source.isObject ? [head, "[", source.file, "]", foot] : [head, source.file, foot]) };
  const { lines, numbers } = await (source.kind === "csv" ? asLines(source, choices.columns) : fullLines(source.file));
  return { raw: new Blob([head, "[", lines.join(",\n"), "]", foot]), numbers };
}

/** @param {File} file */
async function fullLines(file) {
  const full = (await file.text()).split("\n").map((line, at) => /** @type {[string, number]} */ ([line, at + 1])).filter(([line]) => line.trim());
  return { lines: full.map(([line]) => line), numbers: full.map(([, number]) => number) };
}
