// Changes of all records that a filter finds: counted first, and never more than were counted.
import { useEffect, useState } from "preact/hooks";
import { queryOf } from "../address.js";
import { conditionWords } from "../filter.js";
import { parse } from "../json.js";
import { undoable } from "../record/store.js";
import { ask, pathOf, read } from "../server.js";
import { refresh } from "../tables/catalog.js";
import { Button } from "../ui/button.js";
import { Dialog } from "../ui/dialog.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { say } from "../ui/toast.js";
import { count, many } from "../values.js";
import { makeAgain, putBack, tagsOf } from "./restore.js";

/** Records that are kept for an undo at the most. */
const KEPT = 1_000;

/**
 * @param {{table: string, filter: import("../filter.js").Filter, kind: "patch" | "delete", onClose: () => void, onDone: () => void}} given
 */
export function Bulk({ table, filter, kind, onClose, onDone }) {
  const words = conditionWords(filter);
  const [matched, setMatched] = useState(/** @type {number | null} */ (null));
  const [text, setText] = useState('{\n  \n}');
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    read(`data/${pathOf(table)}`, { words: [...words, ["limit", "0"], ["count", "true"]] }).then((told) => setMatched(told.total), setError);
  }, []);
  const run = async () => {
    setBusy(true);
    try {
      const body = kind === "patch" ? parsePatch(text) : undefined;
      const before = /** @type {number} */ (matched) <= KEPT ? (await read(`data/${pathOf(table)}`, { words: [...words, ["limit", String(KEPT)]] })).data : null;
      const asked = /** @type {[string, string][]} */ ([...words, ...(words.length ? [] : [/** @type {[string, string]} */ (["all", "true"])]), ["max_affected", String(matched)]]);
      const method = kind === "patch" ? "PATCH" : "DELETE";
      const { changed } = parse((await ask(method, `data/${pathOf(table)}`, { words: asked, body, media: "application/merge-patch+json" })).text);
      const told = `${kind === "patch" ? "Changed" : "Deleted"} ${many(changed, "record")}`;
      const undo = before && wayBack(table, kind, before);
      if (undo) undoable(told, () => undo().then(onDone));
      else say(told);
      onClose();
      onDone();
      void refresh();
    } catch (fault) {
      setError(fault);
      setBusy(false);
    }
  };
  const all = matched === null ? "…" : many(matched, "record");
  const foot = html`<${Button} onClick=${onClose}>Cancel<//>
    <${Button} kind=${kind === "delete" ? "danger" : "main"} disabled=${!matched || isBusy} onClick=${run}>${kind === "patch" ? "Change" : "Delete"} ${all}<//>`;
  return html`<${Dialog} title=${kind === "patch" ? `Change records of ${table}` : `Delete records of ${table}`} onClose=${onClose} foot=${foot}>
    <div class="stack">
      <p>${words.length ? html`<strong>${all}</strong> ${matched === 1 ? "satisfies" : "satisfy"} <code>${queryOf(words)}</code>.` : html`There is no filter: this is about <strong>all ${all}</strong> of the table.`}
        ${matched !== null && matched > KEPT && html` <span class="bad">That is more than ${count(KEPT)}, so it cannot be undone here.</span>`}</p>
      ${kind === "patch" && html`<label class="field">What is merged into each, as JSON; null takes a member out
        <textarea class="code" rows="7" autofocus spellcheck="false" value=${text} onInput=${(/** @type {any} */ event) => setText(event.target.value)}></textarea></label>`}
      ${error && html`<${Fault} error=${error} />`}
    </div>
  <//>`;
}

/** @param {string} text */
function parsePatch(text) {
  const patch = parse(text);
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) throw new Error("A patch is a JSON object.");
  return patch;
}

/**
 * What undoes a change of records, which are told as they were before.
 * @param {string} table @param {"patch" | "delete"} kind @param {any[]} before
 */
function wayBack(table, kind, before) {
  // What the change left is asked for right after it, not when it is undone: others may have gone on by then.
  const after = kind === "patch" ? tagsOf(table, before.map(({ id }) => id)) : null;
  after?.catch(() => {}); // whoever undoes it is told
  return async () => {
    if (after) {
      const put = await putBack(table, before, await after);
      const others = before.length - put;
      say(`Restored ${many(put, "record")}${others ? `; ${count(others)} stayed as somebody else has changed them since` : ""}`);
    } else {
      await makeAgain(table, before);
      say("Restored what was deleted");
    }
    void refresh();
  };
}
