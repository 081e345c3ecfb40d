// Branches of the database, and the checkpoint to which this one returns. For tests, with `--dev` alone.
import { useEffect, useState } from "preact/hooks";
import { BRANCH, ROOT, link } from "../address.js";
import { pathOf, read, send } from "../server.js";
import { refresh } from "../tables/catalog.js";
import { Button } from "../ui/button.js";
import { Dialog, open } from "../ui/dialog.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { Form } from "../ui/once.js";
import { Scroll } from "../ui/scroll.js";
import { sure } from "../ui/sure.js";
import { say, sayFault } from "../ui/toast.js";
import { count, many, size } from "../values.js";

const PATH = "/api/v1/branches"; // of the database itself, wherever the page is

/** What a branch may be asked, from any page. @param {string} name @param {string} path */
const ofBranch = (name, path) => (name === "main" ? `/api/v1/${path}` : `/b/${encodeURIComponent(name)}/api/v1/${path}`);

/** @typedef {{name: string, from: string | null, created_at: string, expires_at: string | null, tables: number, records: number, own_bytes: number}} Branch */

/** Where a branch is looked at: another page, which has its own addresses. @param {string} name */
const pageOf = (name) => (name === "main" ? `${ROOT}/console/branches` : `${ROOT}/b/${encodeURIComponent(name)}/console/branches`);

export default function Branches() {
  const [branches, setBranches] = useState(/** @type {Branch[]} */ ([]));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const here = BRANCH || "main";
  const load = () => read(PATH).then((answer) => setBranches(answer.branches), setError);
  useEffect(() => void load(), []);
  const act = async (/** @type {string} */ method, /** @type {string} */ path, /** @type {string} */ done, /** @type {any} */ asking = {}) => {
    try {
      await send(method, path, asking);
      say(done);
      await Promise.all([load(), refresh()]);
    } catch (caught) {
      sayFault(caught);
    }
  };
  const renew = async (/** @type {Branch} */ { name, from }) => {
    if (!await sure(`Make ${name} anew from ${from}`, html`<p>${name} becomes what ${from} is now. What was written to it is lost, and nothing brings it back.</p>${changes(name)}`, "Make it anew")) return;
    await act("PUT", `${PATH}/${pathOf(name)}`, `${name} is as ${from} is now`, { words: [["replace", "true"]], body: from ? { from } : {} });
  };
  const drop = async (/** @type {Branch} */ { name, records }) => {
    if (!await sure(`Drop ${name}`, html`<p>The branch ${name} goes, with its ${many(records, "record")}; nothing brings it back.</p>${changes(name)}`, "Drop the branch")) return;
    await act("DELETE", `${PATH}/${pathOf(name)}`, `Dropped ${name}`);
  };
  const reset = async () => {
    if (!await sure(`Reset ${here}`, html`<p>The tables of ${here} become what they were at the last checkpoint, or else right after the start. What was written since is lost, and nothing brings it back.</p>${changes(here)}`, "Reset")) return;
    await act("POST", "reset", "The tables are as they were");
  };
  const make = () => open((close) => html`<${Make} branches=${branches} onClose=${close} onMade=${load} />`);
  return html`<section class="pad stack" aria-label="Branches">
    <div class="title"><h1>Branches</h1><p class="faint">Each is all of the database, to be changed by itself. Made and dropped in no time.</p><span class="grow"></span>
      <${Button} icon="add" kind="main" disabled=${!branches.length} onClick=${make}>New branch<//></div>
    ${error && html`<${Fault} error=${error} />`}
    <${Scroll} label="List of branches"><table class="list">
      <thead><tr><th>Branch</th><th>Made from</th><th class="right">Records</th><th class="right">Of its own</th><th>Goes</th><th></th></tr></thead>
      <tbody>${branches.map((branch) => { const { name, from, records, own_bytes: bytes, expires_at: due } = branch; return html`<tr key=${name}>
        <th scope="row">${name === here ? html`${name} <span class="chip">shown here</span>` : html`<a href=${pageOf(name)}>${name}</a>`}</th>
        <td>${from ?? ""}</td><td class="right figure">${count(records)}</td><td class="right figure">${size(bytes)}</td><td>${due ? due.slice(0, 19).replace("T", " ") : ""}</td>
        <td class="right">${name !== "main" && html`<span class="row acts">
          <${Button} icon="redo" label=${`Make ${name} anew from ${from}`} kind="quiet" onClick=${() => renew(branch)} />
          <${Button} icon="trash" label=${`Drop ${name}`} kind="quiet" disabled=${name === here} onClick=${() => drop(branch)} /></span>`}</td>
      </tr>`; })}</tbody></table><//>
    <h2>Checkpoint of ${here}</h2>
    <p class="faint">A reset returns to the last checkpoint; without one, to the state right after the start${BRANCH && ", which for a branch is when it was made"}.</p>
    <div class="row">
      <${Button} icon="check" onClick=${() => act("POST", "checkpoint", "Kept this state to return to")}>Keep this state<//>
      <a class="button" href=${link(["diff"])}>What has changed since</a>
      <${Button} icon="undo" kind="danger" onClick=${reset}>Reset<//>
    </div>
  </section>`;
}

/** What would be lost. @param {string} name */
const changes = (name) => html`<${Changed} name=${name} />`;

/** What has changed in a branch since its checkpoint, in numbers. @param {{name: string}} given */
function Changed({ name }) {
  const [found, setFound] = useState(/** @type {Record<string, {created: any[], replaced: any[], deleted: any[]}> | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useEffect(() => void read(ofBranch(name, "diff")).then(({ tables }) => setFound(tables), setError), [name]);
  if (error) return html`<${Fault} error=${error} />`;
  if (!found) return html`<p class="faint" role="status">Looking what has changed…</p>`;
  const changed = Object.entries(found);
  if (!changed.length) return html`<p>Nothing has changed in it since its checkpoint.</p>`;
  return html`<div><p>Since its checkpoint:</p><ul aria-label="What has changed">${changed.map(([table, { created, replaced, deleted }]) =>
    html`<li key=${table}><strong>${table}</strong>: ${count(created.length)} created, ${count(replaced.length)} replaced, ${count(deleted.length)} deleted</li>`)}</ul></div>`;
}

/** @param {{branches: Branch[], onClose: () => void, onMade: () => unknown}} given */
function Make({ branches, onClose, onMade }) {
  const [made, setMade] = useState({ name: "", from: BRANCH || "main", ttl: "" });
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const run = async () => {
    try {
      await send("PUT", `${PATH}/${pathOf(made.name)}`, { body: { from: made.from, ...(made.ttl && { ttl_s: Number(made.ttl) }) } });
      say(`Made the branch ${made.name}`);
      await onMade();
      onClose();
    } catch (caught) {
      setError(caught);
    }
  };
  const put = (/** @type {string} */ member) => (/** @type {any} */ event) => setMade({ ...made, [member]: event.target.value });
  return html`<${Dialog} title="New branch" onClose=${onClose}>
    <${Form} class="stack" onSubmit=${run}>
      <label class="field">Name<input value=${made.name} autofocus required spellcheck=${false} onInput=${put("name")} /></label>
      <label class="field">Made from<select aria-label="Made from" value=${made.from} onChange=${put("from")}>${branches.map(({ name }) => html`<option key=${name} value=${name}>${name}</option>`)}</select></label>
      <label class="field">Seconds until it goes by itself<input type="number" min="1" value=${made.ttl} placeholder="stays until it is dropped" onInput=${put("ttl")} /></label>
      ${error && html`<${Fault} error=${error} />`}
      <div class="row"><span class="grow"></span><${Button} onClick=${onClose}>Cancel<//><${Button} kind="main" type="submit" disabled=${!made.name}>Make it<//></div>
    <//>
  <//>`;
}
