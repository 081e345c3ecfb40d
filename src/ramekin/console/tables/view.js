// What stands below `/tables`: all of them, one, or the definition of one.
import { view } from "../address.js";
import { html } from "../ui/html.js";
import { Definition } from "./definition.js";
import { TableList } from "./list.js";
import { TableView } from "./table.js";

/** What stands in the place of a name that is not chosen yet; no table can be called so. */
const NEW = "+new";

export default function Tables() {
  const [, table, part] = view.value.parts;
  if (part === "definition") return html`<${Definition} key=${table} table=${table === NEW ? "" : table} />`;
  if (!table) return html`<${TableList} />`;
  return html`<${TableView} key=${table} table=${table} />`;
}
