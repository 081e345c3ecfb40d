// How a file is sent so that all of it is stored or nothing: as it is, as lines of JSON where types were chosen, and as a
// load where it is too long for one write of records.
import { pathOf, upload } from "../server.js";
import { asLines } from "./source.js";

/** @typedef {import("./source.js").Source} Source */
/**
 * @typedef {{table: string, columns: import("./source.js").Column[], conflict: string, mode: string}} Choices
 */

/** Bytes that one write of records may have, as servers are set; more goes as a load, which replaces what has the same id. */
export const BULK_BYTES = 15 << 20;

const MEDIA = { csv: "text/csv", ndjson: "application/x-ndjson", json: "application/json", database: "application/json" };

/** @param {Source} source */
export const isLoad = (source) => source.kind === "database" || source.file.size > BULK_BYTES;

/**
 * Send a file. Returns how many records were taken.
 * @param {Source} source @param {Choices} choices @param {(part: number) => void} onProgress
 */
export async function sendSource(source, choices, onProgress) {
  const isChanged = choices.columns.some(({ type }, place) => type !== source.columns[place]?.type);
  if (isLoad(source)) {
    const { loaded } = await upload("POST", "load", { words: [["mode", choices.mode]], raw: await loadOf(source, choices), media: MEDIA.json }, onProgress);
    return Object.values(loaded).reduce((sum, each) => sum + Number(each), 0);
  }
  const words = /** @type {[string, string][]} */ ([["on_conflict", choices.conflict]]);
  const asked = { words, headers: { Prefer: "return=minimal" } };
  const path = `data/${pathOf(choices.table)}`;
  if (source.kind === "csv" && isChanged) {
    const { lines } = await asLines(source, choices.columns);
    return (await upload("POST", path, { ...asked, raw: new Blob([lines.map((line) => `${line}\n`).join("")]), media: MEDIA.ndjson }, onProgress)).count;
  }
  if (source.kind === "csv" && source.delimiter !== ",") words.push(["delimiter", source.delimiter === "\t" ? "tab" : source.delimiter]);
  return (await upload("POST", path, { ...asked, raw: source.file, media: MEDIA[source.kind] }, onProgress)).count;
}

/** @param {Source} source @param {Choices} choices */
async function loadOf(source, choices) {
  if (source.kind === "database") return source.file;
  const [head, foot] = [`{${JSON.stringify(choices.table)}:`, "}"];
  if (source.kind === "json") return new Blob([head, source.file, foot]);
  const lines = source.kind === "csv" ? (await asLines(source, choices.columns)).lines : (await source.file.text()).split("\n").filter((line) => line.trim());
  return new Blob([head, "[", lines.join(",\n"), "]", foot]);
}
