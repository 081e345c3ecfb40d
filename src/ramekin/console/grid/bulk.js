// Changes of all records that a filter finds: counted first, and never more than were counted.
import { useEffect, useState } from "preact/hooks";
import { MOST_ROWS, queryOf } from "../address.js";
import { conditionWords } from "../filter.js";
import { readJson } from "../elements.js";
import { parse, print } from "../json.js";
import { doing, undoable } from "../record/deeds.js";
import { undoRecord } from "../record/store.js";
import { nothingOf, wrote, wroteMany } from "../record/turns.js";
import { Undecided } from "../record/unsaved.js";
import { ask, pathOf, read } from "../server.js";
import { refresh } from "../tables/catalog.js";
import { Button } from "../ui/button.js";
import { Dialog } from "../ui/dialog.js";
import { draft, forget, settle } from "../ui/drafts.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { say } from "../ui/toast.js";
import { count, many, readAs } from "../values.js";
import { leftOf, makeAgain, patchEach, putBack, surely } from "./restore.js";

/** Records that are kept for an undo at the most. */
const KEPT = Math.min(1_000, MOST_ROWS - 1); // one more is read, to see whether there are more
/** Characters that the same patch of each may have together, to be one request. */
const KEPT_CHARACTERS = 8_000_000;

/**
 * @param {{table: string, filter: import("../filter.js").Filter, kind: "patch" | "delete", onClose: () => void, onDone: () => void}} given
 */
export function Bulk({ table, filter, kind, onClose, onDone }) {
  const words = conditionWords(filter);
  const [matched, setMatched] = useState(/** @type {number | null} */ (null));
  const [text, keep] = draft(`patch/${table}`, '{\n  \n}');
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    countOf(table, words).then(setMatched, setError);
  }, []);
  const giveUp = () => {
    forget(`patch/${table}`);
    onClose();
  };
  const run = async () => {
    try {
      const patch = kind === "patch" ? /** @type {object} */ (readAs(text, "object", readJson)) : null;
      await doing(table, undefined, async (deed) => {
        const { changed, undo } = await change(table, words, patch, /** @type {number} */ (matched));
        const told = `${patch ? "Changed" : "Deleted"} ${many(changed, "record")}`;
        if (undo) undoable(deed, told, (mayAsk) => undo(mayAsk).finally(onDone));
        else say(told);
      });
      settle(`patch/${table}`, text);
      onClose();
      onDone();
      void refresh();
    } catch (fault) {
      setError(fault);
    }
  };
  const all = matched === null ? "…" : many(matched, "record");
  const foot = html`<${Button} onClick=${giveUp}>Cancel<//>
    <${Button} kind=${kind === "delete" ? "danger" : "main"} disabled=${!matched} onClick=${run}>${kind === "patch" ? "Change" : "Delete"} ${all}<//>`;
  return html`<${Dialog} title=${kind === "patch" ? `Change records of ${table}` : `Delete records of ${table}`} onClose=${onClose} foot=${foot}>
    <div class="stack">
      <p>${words.length ? html`<strong>${all}</strong> ${matched === 1 ? "satisfies" : "satisfy"} <code>${queryOf(words)}</code>.` : html`There is no filter: this is about <strong>all ${all}</strong> of the table.`}
        ${matched !== null && matched > KEPT && html` <span class="bad">That is more than ${count(KEPT)}, so it cannot be undone here.</span>`}</p>
      ${kind === "patch" && html`<label class="field">What is merged into each, as JSON; null takes a member out
        <textarea class="code" rows="7" autofocus spellcheck=${false} value=${text} onInput=${(/** @type {any} */ event) => keep(event.target.value)}></textarea></label>`}
      ${error && html`<${Fault} error=${error} />`}
    </div>
  <//>`;
}

/** How many records satisfy conditions. @param {string} table @param {[string, string][]} words @returns {Promise<number>} */
const countOf = (table, words) => read(`data/${pathOf(table)}`, { words: [...words, ["limit", "0"], ["count", "true"]] }).then(({ total }) => total);

/**
 * Change or delete what satisfies conditions. Few records are read first, and can be put back.
 * @param {string} table @param {[string, string][]} words @param {object | null} patch null deletes @param {number} matched how many were counted
 * @returns {Promise<{changed: number, undo?: (mayAsk: import("../record/deeds.js").MayAsk) => Promise<unknown>}>}
 */
async function change(table, words, patch, matched) {
  const path = `data/${pathOf(table)}`;
  const isKept = matched <= KEPT && (!patch || print(patch).length * matched < KEPT_CHARACTERS);
  if (!isKept) wroteMany(table);
  const before = isKept ? (await read(path, { words: [...words, ["limit", String(matched + 1)]] })).data : [];
  if (before.length > matched) throw new Error("More records satisfy this by now than were counted. Close this, and look again.");
  if (isKept && patch) {
    const after = await patchEach(table, before, patch);
    return { changed: before.length, undo: restoring(table, before, (open) => putBack(table, open, after), (record) => leftOf(after, record)) };
  }
  const asked = /** @type {[string, string][]} */ ([...words, ...(words.length ? [] : [["all", "true"]]), ["max_affected", String(matched)]]);
  const { text } = await surely(() => ask(patch ? "PATCH" : "DELETE", path, { words: asked, body: patch ?? undefined, media: "application/merge-patch+json" }));
  const changed = parse(text).changed || Math.max(0, matched - (await countOf(table, words))); // sent twice, as a browser does by itself, it finds none any more
  if (!isKept) return { changed };
  before.forEach((/** @type {any} */ record) => wrote(table, record, nothingOf(record)));
  return { changed, undo: restoring(table, before, (open) => makeAgain(table, open), nothingOf) };
}

/**
 * What puts back what was changed or deleted; what has been changed again waits until somebody decides.
 * @param {string} table @param {any[]} before @param {(open: any[]) => Promise<import("./restore.js").Restored>} restore @param {(record: any) => any} left what the change left of a record
 */
function restoring(table, before, restore, left) {
  let open = before;
  return async (/** @type {import("../record/deeds.js").MayAsk} */ mayAsk) => {
    const { put, stayed } = await restore(open);
    open = stayed.map(({ record }) => record);
    void refresh();
    const told = `Restored ${many(put, "record")}`;
    if (open.length && !mayAsk()) throw new Undecided(`${told}; ${stayedWords(stayed)}`);
    if (put) say(told);
    for (const record of open) await undoRecord(table, left(record), record, mayAsk);
  };
}

/** @param {import("./restore.js").Stayed[]} stayed */
function stayedWords(stayed) {
  const told = [...new Set(stayed.map(({ who }) => who))].map((who) => ({ who, number: stayed.filter((each) => each.who === who).length }));
  return told.map(({ who, number }) => `${count(number)} ${number === 1 ? "is" : "are"} not yet: ${who} changed ${number === 1 ? "it" : "them"} since`).join("; ");
}
