// What stands below `/tables`: all of them, or one.
import { view } from "../address.js";
import { html } from "../ui/html.js";
import { TableList } from "./list.js";

export default function Tables() {
  const [, table] = view.value.parts;
  if (!table) return html`<${TableList} />`;
  return html`<${TableList} />`;
}
