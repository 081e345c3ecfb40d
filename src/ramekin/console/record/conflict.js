// Two have changed the same record or definition: both versions side by side, and for each member a choice.
import { useState } from "preact/hooks";
import { isSame } from "../json.js";
import { Value } from "../grid/cell.js";
import { Button } from "../ui/button.js";
import { Dialog, question } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { Scroll } from "../ui/scroll.js";
import { places, withAt } from "./merge.js";
import { conflict } from "./store.js";

const SIDES = { base: "As you found it", mine: "Yours", theirs: "Theirs, as stored now" };

/** @typedef {import("./merge.js").Place} Place */

conflict.ask = (base, mine, theirs, who, what = "record") =>
  question((end) => html`<${Conflict} title=${`${who} changed this ${what}`} base=${base} mine=${mine} theirs=${theirs} onEnd=${end} />`);

/** @param {{title: string, base: any, mine: any, theirs: any, onEnd: (record: any) => void}} given `undefined` ends it undecided */
function Conflict({ title, base, mine, theirs, onEnd }) {
  const found = places(base, mine, theirs);
  const [choices, setChoices] = useState(/** @type {Record<string, string>} */ ({}));
  const sideOf = (/** @type {Place} */ { path, was, own }) => choices[`.${path}`] ?? (isSame(was, own) ? "theirs" : "mine");
  const save = () => onEnd(found.filter((place) => sideOf(place) === "mine").reduce((record, { steps, own }) => withAt(record, steps, own), theirs));
  const option = (/** @type {Place} */ place, /** @type {"mine" | "theirs"} */ side, /** @type {any} */ value) => html`<td data-side=${SIDES[side]}>
    <label class="choice"><input type="radio" name=${`side-${place.path}`} checked=${sideOf(place) === side} onChange=${() => setChoices({ ...choices, [`.${place.path}`]: side })} />
      <span class="hidden">${side === "mine" ? "Yours" : "Theirs"} for ${place.path}</span><${Value} value=${value} /></label></td>`;
  const foot = html`<${Button} onClick=${() => onEnd(null)}>Leave it as it is now<//><${Button} kind="main" onClick=${save}>Save what is chosen<//>`;
  return html`<${Dialog} title=${title} class="wide" onClose=${() => onEnd(undefined)} foot=${foot}>
    <p>It is not what it was when you began. Choose what each of these fields shall be; all others are the same in both.</p>
    <${Scroll} label="Both versions"><table class="list sides"><thead><tr><th>Field</th><th>${SIDES.base}</th><th>${SIDES.mine}</th><th>${SIDES.theirs}</th></tr></thead>
      <tbody>${found.map((place) => html`<tr key=${place.path}><th scope="row">${place.path}${!isSame(place.was, place.own) && !isSame(place.was, place.other) && html` <span class="chip warn">both changed it</span>`}</th>
        <td data-side=${SIDES.base}><${Value} value=${place.was} /></td>${option(place, "mine", place.own)}${option(place, "theirs", place.other)}</tr>`)}</tbody></table><//>
  <//>`;
}
