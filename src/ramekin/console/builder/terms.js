// What groups are made by, and what is worked out in each: chips that are added and taken away.
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";

/** @type {Record<string, string>} */
export const WORDS = { count: "number", sum: "sum", avg: "mean", min: "least", max: "greatest" };

/** Whether a term is one of a figure. @param {string} term */
export const isTerm = (term) => term === "count" || (/^\w+:./.test(term) && Object.hasOwn(WORDS, term.split(":")[0]));

/** What a figure is called in the answer. @param {string} term */
export const nameOf = (term) => (term === "count" ? "count" : term.replace(/^(\w+):/, (_said, name) => `${WORDS[name] ?? name} of `));

/**
 * @param {{fields: import("../fields.js").Field[], by: string[], terms: string[], sort: string, put: (made: any) => void}} given
 */
export function Terms({ fields, by, terms, sort, put }) {
  const numbers = fields.filter(({ kind }) => kind === undefined || kind === "number" || kind === "integer");
  const comparable = fields.filter(({ kind }) => kind !== "object" && kind !== "array");
  const options = Object.entries(WORDS).flatMap(([name, told]) => {
    if (name === "count") return [["count", "number of records"]];
    const over = name === "min" || name === "max" ? comparable : numbers;
    return over.map(({ path }) => [`${name}:${path}`, `${told} of ${path}`]);
  }).filter(([term]) => !terms.includes(term));
  const orders = [["", "as the groups come"], ...[...by, ...terms.map(nameOf)].flatMap((name) => [[`-${name}`, `${name}, greatest first`], [name, `${name}, least first`]])];
  if (!orders.some(([order]) => order === sort)) orders.push([sort, sort]);
  const add = (/** @type {string} */ what, /** @type {string[]} */ list) => (/** @type {any} */ event) => {
    const chosen = event.target.value;
    event.target.value = "";
    if (chosen) put({ [what]: [...list, chosen] });
  };
  return html`<div class="board stack">
    <div class="terms" role="group" aria-label="Group by">
      <strong>Group by</strong>
      ${by.map((path) => html`<${Chip} key=${path} text=${path} onRemove=${() => put({ by: by.filter((each) => each !== path) })} />`)}
      <select aria-label="Add a field to group by" onChange=${add("by", by)}><option value="">Add a field…</option>
        ${fields.filter(({ path }) => !by.includes(path)).map(({ path }) => html`<option key=${path} value=${path}>${path}</option>`)}</select>
    </div>
    <div class="terms" role="group" aria-label="Work out">
      <strong>Work out</strong>
      ${terms.map((term) => html`<${Chip} key=${term} text=${nameOf(term)} onRemove=${terms.length > 1 ? () => put({ terms: terms.filter((each) => each !== term) }) : null} />`)}
      <select aria-label="Add a figure" onChange=${add("terms", terms)}><option value="">Add a figure…</option>
        ${options.map(([term, told]) => html`<option key=${term} value=${term}>${told}</option>`)}</select>
      <span class="grow"></span>
      <label class="term">Order<select aria-label="Order" value=${sort} onChange=${(/** @type {any} */ event) => put({ sort: event.target.value })}>${orders.map(([value, told]) => html`<option key=${value} value=${value}>${told}</option>`)}</select></label>
    </div>
  </div>`;
}

/** @param {{text: string, onRemove: (() => void) | null}} given */
function Chip({ text, onRemove }) {
  return html`<span class="chip">${text}${onRemove && html`<button type="button" class="chip-remove" aria-label=${`Remove ${text}`} onClick=${onRemove}><${Icon} name="close" /></button>`}</span>`;
}

