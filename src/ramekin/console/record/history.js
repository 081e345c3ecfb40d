// What has happened to a record since this browser first looked at the server, as far as the server still keeps it: it
// keeps changes once somebody asks for them.
import { useEffect, useState } from "preact/hooks";
import { MOST_ROWS } from "../address.js";
import { beginHistory, beginHistoryAnew } from "../feed.js";
import { Value } from "../grid/cell.js";
import { isSame, member } from "../json.js";
import { Problem, read } from "../server.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { many } from "../values.js";

const PAGE = Math.min(200, MOST_ROWS);

/** @param {{table: string, record: any, isGone: boolean}} given it is read on whenever the record is another */
export function History({ table, record, isGone }) {
  const [told, setTold] = useState(/** @type {{since: Date, changes: import("../feed.js").Change[]} | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    let isWanted = true;
    const load = async (/** @type {import("../feed.js").Beginning} */ begun, known = /** @type {import("../feed.js").Change[]} */ ([])) => {
      const more = await changesSince(known.at(-1)?.position ?? begun.position, table, record.id);
      if (isWanted) setTold({ since: new Date(begun.at), changes: [...known, ...more].slice(-PAGE) });
    };
    const again = (/** @type {unknown} */ fault) => {
      if (!(fault instanceof Problem) || fault.status !== 410) throw fault;
      return beginHistoryAnew().then((begun) => load(begun)); // more has happened than the server keeps
    };
    beginHistory().then((begun) => load(begun, told?.changes)).catch(again).catch((fault) => isWanted && setError(fault));
    return () => void (isWanted = false);
  }, [table, record, isGone]);
  if (error) return html`<${Fault} error=${error} />`;
  if (!told) return html`<p class="faint" aria-busy="true">…</p>`;
  const { changes, since } = told;
  return html`<p class="faint">Since this browser began to look, ${since.toLocaleString()}: ${changes.length === 0 ? "nothing" : many(changes.length, "change")}.</p>
    <ol class="history">${changes.map((change, at) => html`<li key=${change.position + at}>
      <h3><span class="chip op-${change.op}">${change.op}</span> <time datetime=${change.at}>${new Date(change.at).toLocaleString()}</time></h3>
      ${change.record && html`<dl>${differences(changes[at - 1]?.record, change.record).map(([name, before, after]) => html`<div class="member" key=${name}>
        <dt>${name}</dt><dd>${at > 0 && html`<del><${Value} value=${before} /></del> → `}<${Value} value=${after} /></dd></div>`)}</dl>`}
    </li>`).reverse()}</ol>`;
}

/**
 * The last changes of a record.
 * @param {string} since @param {string} table @param {unknown} id
 * @returns {Promise<import("../feed.js").Change[]>}
 */
async function changesSince(since, table, id) {
  let changes = /** @type {import("../feed.js").Change[]} */ ([]);
  for (let isMore = true; isMore;) {
    const { data } = await read("changes", { words: [["table", table], ["since", since], ["limit", String(PAGE)], ["id", String(id)]] });
    changes = [...changes, ...data].slice(-PAGE);
    isMore = data.length === PAGE;
    since = data.at(-1)?.position ?? since;
  }
  return changes;
}

/** @param {any} before @param {any} after @returns {[string, unknown, unknown][]} */
function differences(before, after) {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].map((name) => /** @type {[string, unknown, unknown]} */ ([name, member(before ?? {}, name), member(after ?? {}, name)]))
    .filter(([, was, is]) => !isSame(was, is));
}
