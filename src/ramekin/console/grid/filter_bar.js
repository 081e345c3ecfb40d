// The conditions of a list, one beside the other, and the address that they make.
import { useEffect, useId, useState } from "preact/hooks";
import { API } from "../address.js";
import { conditionWords, operatorsFor, textOf } from "../filter.js";
import { Spelled } from "../json.js";
import { Button } from "../ui/button.js";
import { copy } from "../ui/clipboard.js";
import { html } from "../ui/html.js";
import { valueAt } from "./columns.js";

/** @typedef {import("../filter.js").Condition} Condition */

/**
 * @param {{table: string, filter: import("../filter.js").Filter, fields: Map<string, import("../fields.js").Field>, records: any[],
 *   onFilter: (filter: import("../filter.js").Filter) => void, made?: string, command?: string}} given `made`: the address, where it is no list;
 *   `command`: the curl, where no address says it
 */
export function FilterBar({ table, made, command, filter, fields, records, onFilter }) {
  const [draft, setDraft] = useState(filter.conditions);
  const text = conditionWords(filter).join("&");
  useEffect(() => setDraft(filter.conditions), [table, text]);
  const apply = (/** @type {Condition[]} */ conditions) => {
    setDraft(conditions);
    onFilter({ ...filter, conditions: conditions.filter(isWhole) });
  };
  const put = (/** @type {number} */ at, /** @type {Condition} */ condition, /** @type {boolean} */ isDone) => {
    const changed = draft.with(at, condition);
    if (isDone && isWhole(condition)) apply(changed);
    else setDraft(changed);
  };
  const address = made ?? `${API}/data/${table}${textOf(filter) && `?${textOf(filter)}`}`;
  const what = command ? "the command" : "the address";
  return html`<div class="filter-bar" role="search" aria-label="Filter">
    ${draft.map((condition, at) => html`<${One} key=${at} condition=${condition} fields=${fields} records=${records}
      onChange=${(/** @type {Condition} */ made, /** @type {boolean} */ isDone) => put(at, made, isDone)} onRemove=${() => apply(draft.toSpliced(at, 1))} />`)}
    ${filter.where && html`<span class="condition"><code class="clip" title=${filter.where}>where=${filter.where}</code>
      <${Button} icon="close" label="Remove where" kind="quiet" onClick=${() => onFilter({ ...filter, where: "" })} /></span>`}
    <${Button} icon="filter" kind="quiet" data-adds onClick=${() => setDraft([...draft, { path: "", op: "eq", value: "" }])}>Add filter<//>
    ${filter.conditions.length > 0 && html`<${Button} kind="quiet" onClick=${() => { setDraft([]); onFilter({ ...filter, conditions: [], where: "" }); }}>Clear<//>`}
    <span class="grow"></span>
    <span class="made-address"><code class="clip" title=${command ?? address}>${command ?? `GET ${decodeURI(address)}`}</code><${Button} icon="copy" label=${`Copy ${what}`} kind="quiet" onClick=${() => copy(what, () => command ?? location.origin + address)} /></span>
  </div>`;
}

/** @param {Condition} condition */
const isWhole = ({ path, op, value }) => path !== "" && (value !== "" || op === "eq" || op === "ne");

/**
 * @param {{condition: Condition, fields: Map<string, import("../fields.js").Field>, records: any[],
 *   onChange: (condition: Condition, isDone: boolean) => void, onRemove: () => void}} given
 */
function One({ condition, fields, records, onChange, onRemove }) {
  const id = useId();
  const { path, op, value } = condition;
  const field = fields.get(path);
  const operators = operatorsFor(field?.kind);
  const known = operators.some(([name]) => name === op) ? operators : [...operators, /** @type {const} */ ([op, op])];
  const isYesNo = op === "null" || op === "exists";
  const choose = (/** @type {string} */ chosen) => {
    const yes = chosen === "null" || chosen === "exists";
    onChange({ path, op: chosen, value: yes ? "true" : isYesNo ? "" : value }, true);
  };
  const choices = isYesNo || field?.kind === "boolean" ? ["true", "false"] : null;
  return html`<span class="condition" role="group" aria-label=${`Filter by ${path || "a field"}`}>
    <input class="path" list=${`${id}-fields`} aria-label="Field" placeholder="field" value=${path}
      spellcheck=${false} onInput=${(/** @type {any} */ event) => onChange({ path: event.target.value, op, value }, false)}
      onChange=${(/** @type {any} */ event) => onChange({ path: event.target.value.trim(), op, value }, value !== "")} />
    <datalist id=${`${id}-fields`}>${[...fields.keys()].map((name) => html`<option value=${name} />`)}</datalist>
    <select aria-label="Operator" value=${op} onChange=${(/** @type {any} */ event) => choose(event.target.value)}>
      ${known.map(([name, words]) => html`<option value=${name}>${words}</option>`)}
    </select>
    ${choices ? html`<select aria-label="Value" value=${value} onChange=${(/** @type {any} */ event) => onChange({ path, op, value: event.target.value }, true)}>
        ${!choices.includes(value) && html`<option value=${value}>${value}</option>`}${choices.map((each) => html`<option value=${each}>${each}</option>`)}</select>`
      : html`<input aria-label="Value" placeholder="value" list=${`${id}-values`} value=${value} spellcheck=${false} dir="auto" inputmode=${field?.kind === "number" || field?.kind === "integer" ? "decimal" : undefined}
          onInput=${(/** @type {any} */ event) => onChange({ path, op, value: event.target.value }, false)}
          onChange=${(/** @type {any} */ event) => onChange({ path, op, value: event.target.value }, true)} />
        <datalist id=${`${id}-values`}>${valuesOf(path, field, records).map((each) => html`<option value=${each} />`)}</datalist>`}
    <${Button} icon="close" label=${`Remove the filter by ${path || "a field"}`} kind="quiet" onClick=${onRemove} />
  </span>`;
}

/** @param {string} path @param {import("../fields.js").Field | undefined} field @param {any[]} records */
function valuesOf(path, field, records) {
  if (field?.choices) return field.choices.map(String);
  const found = new Set();
  for (const record of records.slice(0, 300)) {
    const value = path ? valueAt(record, path) : undefined;
    if (typeof value === "string" && value.length < 80) found.add(value);
    else if (typeof value === "number" || value instanceof Spelled) found.add(String(value));
    if (found.size >= 30) break;
  }
  return [...found];
}
