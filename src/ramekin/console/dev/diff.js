// What has become of the records since the checkpoint, as a coloured list.
import { useEffect, useState } from "preact/hooks";
import { link } from "../address.js";
import { member, print } from "../json.js";
import { read } from "../server.js";
import { gridOf } from "../tables/chosen.js";
import { Button } from "../ui/button.js";
import { Empty } from "../ui/empty.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { count, show } from "../values.js";

const SHOWN = 200;

export default function Diff() {
  const [found, setFound] = useState(/** @type {Record<string, any> | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const load = () => read("diff").then(({ tables }) => setFound(tables), setError);
  useEffect(() => void load(), []);
  return html`<section class="pad stack" aria-label="Changes since the checkpoint">
    <div class="title"><h1>Since the checkpoint</h1><span class="grow"></span>
      <${Button} icon="redo" onClick=${load}>Look again<//><a class="button" href=${link(["branches"])}>Checkpoints</a></div>
    ${error && html`<${Fault} error=${error} />`}
    ${found && (Object.keys(found).length ? Object.entries(found).map(([table, diff]) => html`<${TableDiff} key=${table} table=${table} diff=${diff} />`)
      : html`<${Empty} icon="check" title="Nothing has changed"><p>All records are as they were at the checkpoint.</p><//>`)}
  </section>`;
}

/** @param {{table: string, diff: {created: any[], replaced: {before: any, after: any}[], deleted: any[]}}} given */
function TableDiff({ table, diff: { created, replaced, deleted } }) {
  const all = [
    ...created.map((record) => ({ kind: "created", mark: "+", id: record.id, parts: [{ text: print(record) }] })),
    ...replaced.map(({ before, after }) => ({ kind: "replaced", mark: "~", id: after.id, parts: changedParts(before, after) })),
    ...deleted.map((record) => ({ kind: "deleted", mark: "−", id: record.id, parts: [{ text: print(record) }] })),
  ];
  return html`<div class="diff">
    <h2><a href=${gridOf(table)}>${table}</a> <span class="faint">${count(created.length)} created, ${count(replaced.length)} replaced, ${count(deleted.length)} deleted</span></h2>
    <ul aria-label=${`Changes of ${table}`}>${all.slice(0, SHOWN).map(({ kind, mark, id, parts }) => html`<li class=${kind}>
      <span class="mark" role="img" aria-label=${kind}>${mark}</span>
      ${kind === "deleted" ? html`<code>${String(id)}</code>` : html`<a href=${link(["tables", table, "records", String(id)])}><code>${String(id)}</code></a>`}
      <span class="parts">${parts.map((/** @type {any} */ part) => (part.name ? html`<span><code>${part.name}</code> <del>${part.before}</del> <ins>${part.after}</ins></span>` : html`<code class="clip" dir="auto">${show(part.text)}</code>`))}</span>
    </li>`)}</ul>
    ${all.length > SHOWN && html`<p class="faint">The first ${SHOWN} of ${count(all.length)}.</p>`}
  </div>`;
}

/** The members that differ. @param {any} before @param {any} after */
function changedParts(before, after) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const differ = names.filter((name) => print(member(before, name)) !== print(member(after, name)));
  return differ.map((name) => ({ name, before: show(member(before, name)), after: show(member(after, name)) }));
}
