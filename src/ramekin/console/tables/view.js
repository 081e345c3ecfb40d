// What stands below `/tables`: all of them, one, or the definition of one.
import { may } from "../access.js";
import { view } from "../address.js";
import { html } from "../ui/html.js";
import { NEW, tableOf } from "./catalog.js";
import { Definition } from "./definition.js";
import { TableList } from "./list.js";
import { Missing } from "./missing.js";
import { TableView } from "./table.js";

export default function Tables() {
  const [, table, part] = view.value.parts;
  if (part === "definition" && table !== NEW && !tableOf(table) && !may("admin")) return html`<${Missing} table=${table} />`;
  if (part === "definition") return html`<${Definition} key=${table} table=${table === NEW ? "" : table} />`;
  if (!table) return html`<${TableList} />`;
  return html`<${TableView} key=${table} table=${table} />`;
}
