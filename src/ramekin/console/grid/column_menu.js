// Which columns are shown. What is chosen stands in the address, in the word that the API has for it.
import { useState } from "preact/hooks";
import { Menu } from "../ui/menu.js";
import { html } from "../ui/html.js";
import { Button } from "../ui/button.js";

/** Columns among which one is sought. */
const MANY = 15;

/** @param {{all: string[], shown: string[], onChange: (columns: string[]) => void}} given */
export function ColumnMenu({ all, shown, onChange }) {
  const names = [...shown, ...all.filter((path) => !shown.includes(path))];
  const toggle = (/** @type {string} */ path) => {
    const chosen = shown.includes(path) ? shown.filter((each) => each !== path) : [...shown, path];
    onChange(chosen.length ? chosen : ["id"]);
  };
  const [sought, setSought] = useState("");
  const move = (/** @type {number} */ at) => onChange([...shown.slice(0, at - 1), shown[at], shown[at - 1], ...shown.slice(at + 1)]);
  return html`<${Menu} label="Choose columns" icon="columns" text="Columns" items=${[]}>
    <div class="column-menu">
      ${all.length > MANY && html`<input type="search" aria-label="Find a column" placeholder="Find a column" value=${sought} onInput=${(/** @type {any} */ event) => setSought(event.target.value)} />`}
      <ul>${names.map((path, at) => path.toLowerCase().includes(sought.toLowerCase()) && html`<li key=${path}>
        <label><input type="checkbox" checked=${shown.includes(path)} onChange=${() => toggle(path)} /><span class="clip">${path}</span></label>
        ${at > 0 && at < shown.length && html`<${Button} icon="up" label=${`Move ${path} to the front`} kind="quiet" onClick=${() => move(at)} />`}
      </li>`)}</ul>
      <${Button} kind="quiet" onClick=${() => onChange([])}>Show all<//><${Button} kind="quiet" onClick=${() => onChange(["id"])}>Show the id alone<//>
    </div>
  <//>`;
}
