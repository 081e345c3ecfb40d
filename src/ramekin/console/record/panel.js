// The record that is open beside the grid: its fields, its JSON, what has happened to it, and where it leads.
import { useEffect, useRef, useState } from "preact/hooks";
import { may } from "../access.js";
import { GATHERED_MS } from "../grid/live.js";
import { isSame, print, withMember } from "../json.js";
import { Problem, curl, pathOf } from "../server.js";
import { Button } from "../ui/button.js";
import { copy } from "../ui/clipboard.js";
import { isDrafted } from "../ui/drafts.js";
import { open } from "../ui/dialog.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { isTyping, useEscape } from "../ui/keys.js";
import { Menu } from "../ui/menu.js";
import { Tabs } from "../ui/tabs.js";
import { sayFault } from "../ui/toast.js";
import { size } from "../values.js";
import { Edge, panelWidth } from "./edge.js";
import { RecordForm } from "./form.js";
import { History } from "./history.js";
import { Links } from "./links.js";
import { Raw } from "./raw.js";
import { changed, fetchRecord, followed, removeRecord, saveRecord } from "./store.js";
import { Fields } from "./tree.js";

/** What is shown of a record, as addresses have it. */
export const TABS = ["fields", "json", "history", "links"];

/** What a change does after which the record is not there. */
const GOING = ["delete", "expire", "evict", "drop"];

/**
 * @param {{table: string, id: string, fields: Map<string, import("../fields.js").Field>, schema: any,
 *   tab?: string, onTab: (tab: string) => void, onClose: () => void}} given
 */
export function RecordPanel({ table, id, fields, schema, tab: named, onTab, onClose }) {
  const [found, setFound] = useState(/** @type {import("./store.js").Tagged | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const raw = `json/${table}/${id}`;
  const tabs = /** @type {[string, string][]} */ ([["fields", "Fields"], ["json", isDrafted(raw) ? "JSON, not saved" : "JSON"], ["history", "History"], ["links", "Links"]]);
  const [first] = useState(isDrafted(raw) ? "json" : "fields"); // where one has begun to write, until another is chosen
  const tab = tabs.some(([name]) => name === named) ? named : first;
  const asked = useRef(0);
  const load = () => {
    const turn = ++asked.current; // what was asked for last is what shows, whichever answer comes last
    const isLast = () => turn === asked.current;
    return fetchRecord(table, id).then((tagged) => { if (isLast()) { setFound(tagged); setError(null); } }, (fault) => { if (isLast()) setError(fault); });
  };
  const lose = () => {
    asked.current += 1;
    setError(new Problem({ status: 404, title: "No such record", detail: `The table '${table}' has no record with this id.` }));
  };
  useEffect(() => {
    void load();
    const tell = (/** @type {string} */ where, /** @type {any} */ made, /** @type {unknown} */ which) => {
      if (where !== table || String(which) !== id) return;
      if (!made) return lose();
      setFound((now) => now && { ...now, record: made });
      return void load();
    };
    let timer = 0;
    const hear = (/** @type {{id?: unknown, op?: string}} */ { id: which, op = "" }) => {
      if (which !== undefined && String(which) !== id) return;
      if (GOING.includes(op)) {
        clearTimeout(timer);
        timer = 0;
        lose();
      } else timer ||= setTimeout(() => { timer = 0; void load(); }, GATHERED_MS);
    };
    changed.add(tell);
    followed.add(hear);
    return () => {
      clearTimeout(timer);
      changed.delete(tell);
      followed.delete(hear);
    };
  }, [table, id]);
  const save = async (/** @type {any} */ base, /** @type {any} */ mine, /** @type {import("./store.js").How} */ how) => (isSame(base, mine) ? base : saveRecord(table, base, mine, how));
  useEscape(onClose);
  const press = (/** @type {any} */ { key, target, currentTarget }) => void (key === "Escape" && isTyping(target) && currentTarget.querySelector(".panel-body").focus());
  const record = found?.record;
  const remove = () => removeRecord(table, record).then(onClose, sayFault);
  return html`<aside class="panel" style=${{ "--wide": `${panelWidth.value}px` }} aria-label=${`Record ${id}`} onKeyDown=${press}>
    <header><h2 class="clip" title=${id}>${id}</h2><span class="grow"></span>
      ${record && html`<${Menu} label="Record" items=${[
        { name: "Copy as JSON", icon: "copy", run: () => copy("JSON", () => print(record, 2)) },
        { name: "Copy as curl", icon: "copy", run: () => copy("a command", () => curl("GET", `data/${pathOf(table, id)}`)) },
        ...(may("write") ? [
          { name: "Duplicate…", icon: "add", run: () => open((close) => html`<${RecordForm} table=${table} fields=${fields} schema=${schema} draftName=${`duplicate/${table}/${id}`} start=${withMember(record, "id", undefined)} onClose=${close} />`) },
          null, { name: "Delete", icon: "trash", kind: /** @type {const} */ ("danger"), run: remove },
        ] : []),
      ]} />`}
      <${Button} icon="close" label="Close the record" kind="quiet" onClick=${onClose} /></header>
    ${error ? html`<div class="pad-small"><${Fault} error=${error}>${error instanceof Problem && error.status === 404 && html`<p>It may have been deleted, or have expired.</p>`}<//></div>` : ""}
    ${record && html`
      <${Tabs} label="Record" chosen=${tab} onChoose=${(/** @type {string} */ chosen) => chosen !== tab && onTab(chosen)} tabs=${tabs} />
      <div class="panel-body" role="tabpanel" aria-label=${tab} tabindex="0">
        ${tab === "fields" && html`<${Fields} table=${table} record=${record} fields=${fields} schema=${schema} isWritable=${may("write")} onChange=${save} />
          <p class="faint">${size(print(record).length)}${found.expires && ` · expires ${new Date(found.expires).toLocaleString()}`}</p>`}
        ${tab === "json" && html`<${Raw} name=${raw} value=${record} isWritable=${may("write")} onSave=${save} />`}
        ${tab === "history" && html`<${History} table=${table} record=${record} isGone=${error !== null} />`}
        ${tab === "links" && html`<${Links} table=${table} record=${record} />`}
      </div>`}
    <${Edge} />
  </aside>`;
}
