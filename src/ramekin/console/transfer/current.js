// The file that is being imported. It stays while the page is open, and goes on being sent, whatever else is looked at.
import { signal } from "@preact/signals";
import { go, link, view } from "../address.js";
import { Naming } from "../naming.js";
import { inTurn, wroteMany } from "../record/turns.js";
import { Problem } from "../server.js";
import { refresh, tables } from "../tables/catalog.js";
import { gridOf } from "../tables/chosen.js";
import { draft, forget } from "../ui/drafts.js";
import { say } from "../ui/toast.js";
import { underway } from "../ui/underway.js";
import { count, many } from "../values.js";
import { takenOf } from "./parts.js";
import { isLoad, mayGoTwice, packed, sendParcel } from "./sending.js";
import { fateOf, look, openWords, tracesOf } from "./traces.js";

/**
 * @typedef {import("./source.js").Source} Source
 * @typedef {import("./sending.js").Choices} Choices
 * @typedef {{error: unknown, told: string}} Failure without an error it was stopped; `told`: what became of the file
 * @typedef {object} Current
 * @property {Source} source
 * @property {Omit<Choices, "columns"> & {types: Record<number, string>}} chosen
 * @property {Naming} naming
 * @property {number | null} part how much of it is sent
 * @property {() => void} cancel
 * @property {Failure | null} failure
 * @property {{of: string, found: import("./traces.js").Found[] | null} | null} before what of it was stored when it was first sent as it was chosen
 */

export const current = signal(/** @type {Current | null} */ (null));

const LEFT = { error: "", ignore: "left as they were", replace: "replaced", merge: "merged" };

/** @param {Source} source */
export function begin(source) {
  const chosen = { table: source.table, types: {}, conflict: "error", mode: "merge", left: [] };
  current.value = { source, chosen, naming: new Naming(), part: null, cancel: () => {}, failure: null, before: null };
}

/** @param {Partial<Current>} made */
function put(made) {
  if (current.value) current.value = { ...current.value, ...made };
}

/** @param {Partial<Current["chosen"]>} made */
export const choose = (made) => put({ chosen: { .../** @type {Current} */ (current.value).chosen, ...made } });

const isHere = () => view.value.parts[0] === "import";

/** Send it. @param {Choices} choices */
export async function sendCurrent(choices) {
  const own = new AbortController();
  const { source } = /** @type {Current} */ (current.value);
  put({ failure: null, part: 0, cancel: () => own.abort() });
  draft("import", false)[1](true); // so that the browser asks before the page goes
  const failure = await underway(`Importing ${source.file.name}`, (tell, stop) => attempt(choices, tell, AbortSignal.any([stop, own.signal])));
  forget("import");
  put({ part: null, failure: failure ?? null });
  const act = { name: "Show", run: () => go(link(["import"])) };
  if (failure && !isHere()) say(`${source.file.name} was not imported`, { kind: "failed", detail: failure.told, isLasting: true, act });
}

/** @param {Choices} choices @param {(sofar: string) => void} tell @param {AbortSignal} stop @returns {Promise<Failure | null>} */
async function attempt(choices, tell, stop) {
  const { source, naming, before: held } = /** @type {Current} */ (current.value);
  let isSent = false;
  const onProgress = (/** @type {number} */ part) => {
    isSent = part === 1;
    put({ part });
    tell(`${Math.floor(part * 100)}% sent`);
  };
  const traces = await tracesOf(source, choices, naming.start());
  const of = JSON.stringify(choices);
  const before = held?.of === of ? held : { of, found: await look(traces) };
  put({ before });
  await refresh();
  const had = recordsNow(source, choices);
  namesOf(source, choices).forEach(wroteMany);
  try {
    const send = async () => sendParcel(await packed(source, choices, naming.start()), onProgress, stop);
    const taken = await namesOf(source, choices).reduceRight((run, name) => () => inTurn(name, undefined, run), send)();
    await refresh();
    finish(choices, `Imported ${many(taken, "record")} from ${source.file.name}${newWords(source, choices, taken, had)}`);
    return null;
  } catch (error) {
    const isTold = error instanceof Problem && error.status === 409;
    const isOpen = stop.aborted ? isSent : error instanceof Problem && (error.isOpen || isTold); // a browser may have sent it twice
    const fate = isOpen ? fateOf(traces, before.found, await look(traces)) : "absent";
    if (fate !== "stored") return { error: stop.aborted ? null : error, told: isOpen && !isTold ? openWords(fate, mayGoTwice(source, choices)) : "Nothing was stored." };
    finish(choices, `Imported ${source.file.name}: the answer was lost, but all of it is stored`);
    return null;
  }
}

/** @param {Choices} choices @param {string} told */
function finish({ table }, told) {
  const isDatabase = current.value?.source.kind === "database";
  current.value = null;
  void refresh();
  say(told);
  if (isHere()) go(isDatabase ? link(["tables"]) : gridOf(table));
}

/** The tables to which a file goes. @param {Source} source @param {Choices} choices */
const namesOf = (source, { table, left }) => (source.kind === "database" ? takenOf(source, left).map(({ name }) => name) : [table]);

/** Their records. @param {Source} source @param {Choices} choices */
function recordsNow(source, choices) {
  const names = namesOf(source, choices);
  return tables.value.reduce((sum, { name, records }) => sum + (names.includes(name) ? records : 0), 0);
}

/** How many were new, where there were others. @param {Source} source @param {Choices} choices @param {number} taken @param {number} had records */
function newWords(source, choices, taken, had) {
  const conflict = isLoad(source) ? "replace" : choices.conflict;
  if (!had || conflict === "error" || (source.kind === "database" && choices.mode === "replace")) return "";
  const made = Math.min(taken, Math.max(0, recordsNow(source, choices) - had));
  return `: ${count(made)} new, ${count(taken - made)} ${LEFT[/** @type {keyof typeof LEFT} */ (conflict)]}`;
}
