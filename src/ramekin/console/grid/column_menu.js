// Which columns are shown. What is chosen stands in the address, in the word that the API has for it.
import { Menu } from "../ui/menu.js";
import { html } from "../ui/html.js";
import { Button } from "../ui/button.js";

/** @param {{all: string[], shown: string[], onChange: (columns: string[]) => void}} given */
export function ColumnMenu({ all, shown, onChange }) {
  const names = [...shown, ...all.filter((path) => !shown.includes(path))];
  const toggle = (/** @type {string} */ path) => {
    const chosen = shown.includes(path) ? shown.filter((each) => each !== path) : [...shown, path];
    onChange(chosen.length ? chosen : ["id"]);
  };
  const move = (/** @type {number} */ at) => onChange([...shown.slice(0, at - 1), shown[at], shown[at - 1], ...shown.slice(at + 1)]);
  return html`<${Menu} label="Choose columns" icon="columns" text="Columns" items=${[]}>
    <div class="column-menu">
      <ul>${names.map((path, at) => html`<li key=${path}>
        <label><input type="checkbox" checked=${shown.includes(path)} onChange=${() => toggle(path)} /><span class="clip">${path}</span></label>
        ${at > 0 && at < shown.length && html`<${Button} icon="up" label=${`Move ${path} to the front`} kind="quiet" onClick=${() => move(at)} />`}
      </li>`)}</ul>
      <${Button} kind="quiet" onClick=${() => onChange([])}>Show all<//>
    </div>
  <//>`;
}
