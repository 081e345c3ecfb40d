// What has happened to a record since the console was opened: the server keeps changes once somebody asks for them.
import { useEffect, useState } from "preact/hooks";
import { beginHistory } from "../feed.js";
import { Value } from "../grid/cell.js";
import { isSame, member } from "../json.js";
import { read } from "../server.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { many } from "../values.js";

/** @param {{table: string, record: any}} given */
export function History({ table, record }) {
  const [told, setTold] = useState(/** @type {{since: Date, changes: import("../feed.js").Change[]} | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    const load = async () => {
      const begun = await beginHistory();
      const words = /** @type {[string, string][]} */ ([["table", table], ["since", begun.position], ["limit", "200"], ["id", String(record.id)]]);
      setTold({ since: begun.at, changes: (await read("changes", { words })).data });
    };
    load().catch(setError);
  }, [table, record]);
  if (error) return html`<${Fault} error=${error} />`;
  if (!told) return html`<p class="faint" aria-busy="true">…</p>`;
  const { changes, since } = told;
  return html`<p class="faint">Since this page began to look, at ${since.toLocaleTimeString()}: ${changes.length === 0 ? "nothing" : many(changes.length, "change")}.</p>
    <ol class="history">${changes.map((change, at) => html`<li key=${change.position + at}>
      <h3><span class="chip op-${change.op}">${change.op}</span> <time datetime=${change.at}>${new Date(change.at).toLocaleString()}</time></h3>
      ${change.record && html`<dl>${differences(changes[at - 1]?.record, change.record).map(([name, before, after]) => html`<div class="member" key=${name}>
        <dt>${name}</dt><dd>${at > 0 && html`<del><${Value} value=${before} /></del> → `}<${Value} value=${after} /></dd></div>`)}</dl>`}
    </li>`).reverse()}</ol>`;
}

/** @param {any} before @param {any} after @returns {[string, unknown, unknown][]} */
export function differences(before, after) {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].map((name) => /** @type {[string, unknown, unknown]} */ ([name, member(before ?? {}, name), member(after ?? {}, name)]))
    .filter(([, was, is]) => !isSame(was, is));
}
