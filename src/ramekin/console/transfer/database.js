// A database in a file: what becomes of each of its parts, and of the tables that are there.
import { mayAll } from "../access.js";
import { html } from "../ui/html.js";

const TAKEN = { table: "as a table", record: "as a table with one record", none: "" };

/**
 * @param {{source: import("./source.js").Source, left: string[], mode: string, onChoose: (made: {left?: string[], mode?: string}) => void}} given
 *   `left`: names of parts that are left out
 */
export function Database({ source, left, mode, onChoose }) {
  const choose = (/** @type {string} */ name) => (/** @type {any} */ event) =>
    onChoose({ left: event.target.value === "left" ? [...left, name] : left.filter((each) => each !== name) });
  return html`<ul class="exports parts-taken" aria-label="Tables in the file">${source.parts.map(({ name, kind, told }, at) => html`<li key=${at}>
      <span class="clip" title=${name}>${name}</span><span class="faint figure">${told}</span>
      ${kind !== "none" && html`<select aria-label=${`What becomes of ${name}`} value=${left.includes(name) ? "left" : "taken"} onChange=${choose(name)}>
        <option value="taken">${TAKEN[kind]}</option><option value="left">leave it out</option></select>`}</li>`)}</ul>
    <fieldset class="stack"><legend>What is there already</legend>
      <label class="row"><input type="radio" name="mode" checked=${mode === "merge"} onChange=${() => onChoose({ mode: "merge" })} />stays, but for records with the same ids</label>
      ${mayAll("admin") && html`<label class="row"><input type="radio" name="mode" checked=${mode === "replace"} onChange=${() => onChoose({ mode: "replace" })} />goes: the database is what is taken of the file</label>`}
    </fieldset>`;
}
