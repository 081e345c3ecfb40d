// The tables as what a menu offers. One that an address names is offered, too, though it is not there, so that the menu shows
// what was asked for.
import { html } from "../ui/html.js";
import { tableOf, tables } from "./catalog.js";

/** @param {{none: string, chosen: string}} given `none`: what stands for no table */
export function TableOptions({ none, chosen }) {
  const names = [...(chosen && !tableOf(chosen) ? [chosen] : []), ...tables.value.map(({ name }) => name)];
  return html`<option value="">${none}</option>${names.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}`;
}
