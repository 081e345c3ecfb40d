// One cell: what a value is can be seen before it is read. Null, missing, empty text and large integers stand apart.
import { html } from "../ui/html.js";
import { kindOf, show } from "../values.js";

const MOMENT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** @param {unknown} value */
function classOf(value) {
  const kind = kindOf(value);
  if (kind === "text") return /^ *$/.test(/** @type {string} */ (value)) ? "v-empty" : MOMENT.test(/** @type {string} */ (value)) ? "v-date" : "v-text";
  if (kind === "number" && /^-?\d{16,}$/.test(String(value)) && !Number.isSafeInteger(Number(value))) return "v-number v-large";
  return `v-${kind}`;
}

const TOLD = { "v-missing": "The record has no such member", "v-null": "null", "v-empty": "A text of nothing but blanks" };

/** @param {{value: unknown}} given */
export function Value({ value }) {
  const name = classOf(value);
  const told = value === "" ? "An empty text" : name.includes("v-large") ? "An integer beyond 2⁵³, kept exactly" : TOLD[/** @type {keyof typeof TOLD} */ (name)];
  return html`<span class=${name} title=${told} dir=${name === "v-text" ? "auto" : "ltr"}>${name === "v-missing" ? "·" : show(value)}</span>`;
}
