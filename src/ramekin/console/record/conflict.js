// Two have changed the same record or definition: both versions side by side, and for each member a choice.
import { useState } from "preact/hooks";
import { isSame, member, withMember } from "../json.js";
import { Value } from "../grid/cell.js";
import { Button } from "../ui/button.js";
import { Dialog, question } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { Scroll } from "../ui/scroll.js";
import { conflict, merge } from "./store.js";

const SIDES = { base: "As you found it", mine: "Yours", theirs: "Theirs, as stored now" };

conflict.ask = (base, mine, theirs, what = "record") => question((end) => html`<${Conflict} what=${what} base=${base} mine=${mine} theirs=${theirs} onEnd=${end} />`);

/** @param {{what: string, base: any, mine: any, theirs: any, onEnd: (record: any) => void}} given `undefined` ends it undecided */
function Conflict({ what, base, mine, theirs, onEnd }) {
  const { merged, conflicts } = merge(base, mine, theirs);
  const names = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])].filter((name) => !isSame(member(mine, name), member(theirs, name)));
  const [choices, setChoices] = useState(/** @type {Record<string, string>} */ ({}));
  const choose = (/** @type {string} */ name, /** @type {string} */ side) => setChoices({ ...choices, [`.${name}`]: side });
  const sideOf = (/** @type {string} */ name) =>
    choices[`.${name}`] ?? (conflicts.includes(name) ? "mine" : isSame(member(merged, name), member(theirs, name)) ? "theirs" : "mine");
  const save = () => {
    let record = {};
    for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
      const value = member(sideOf(name) === "mine" ? mine : theirs, name);
      if (value !== undefined) record = withMember(record, name, value);
    }
    onEnd(record);
  };
  const option = (/** @type {string} */ name, /** @type {"mine" | "theirs"} */ side, /** @type {any} */ record) => html`<td data-side=${SIDES[side]}>
    <label class="choice"><input type="radio" name=${`side-${name}`} checked=${sideOf(name) === side} onChange=${() => choose(name, side)} />
      <span class="hidden">${side === "mine" ? "Yours" : "Theirs"} for ${name}</span><${Value} value=${member(record, name)} /></label></td>`;
  const foot = html`<${Button} onClick=${() => onEnd(null)}>Leave it as it is now<//><${Button} kind="main" onClick=${save}>Save what is chosen<//>`;
  return html`<${Dialog} title=${`Somebody else has changed this ${what}`} class="wide" onClose=${() => onEnd(undefined)} foot=${foot}>
    <p>It is not what it was when you began. Choose what each of these fields shall be; all others are the same in both.</p>
    <${Scroll} label="Both versions"><table class="list sides"><thead><tr><th>Field</th><th>${SIDES.base}</th><th>${SIDES.mine}</th><th>${SIDES.theirs}</th></tr></thead>
      <tbody>${names.map((name) => html`<tr key=${name}><th scope="row">${name}${conflicts.includes(name) && html` <span class="chip warn">both changed it</span>`}</th>
        <td data-side=${SIDES.base}><${Value} value=${member(base, name)} /></td>${option(name, "mine", mine)}${option(name, "theirs", theirs)}</tr>`)}</tbody></table><//>
  <//>`;
}
