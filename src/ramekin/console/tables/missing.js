// What stands where a table would be that is not there: what may have become of it, and ways on.
import { may } from "../access.js";
import { link } from "../address.js";
import { Empty } from "../ui/empty.js";
import { html } from "../ui/html.js";
import { TABLE_NAME } from "./catalog.js";

/** @param {{table: string}} given */
export function Missing({ table }) {
  const isName = new RegExp(`^${TABLE_NAME}$`).test(table);
  return html`<${Empty} icon="table" title=${`There is no table ${table}`}>
    <p>${isName ? "It may have been dropped, or nobody has made it yet." : "None can be called so: a letter or _ first, then letters, digits, - and _, up to 63 in all."}</p>
    <p class="row">${isName && may("admin") && html`<a class="button main" href=${link(["tables", table, "definition"])}>Make it</a>`}
      ${may("write") && html`<a class="button" href=${link(["import"])}>Import a file</a>`}
      <a class="button" href=${link(["tables"])}>All tables</a></p>
  <//>`;
}

/** Whether a refusal says that a table is not there. @param {unknown} error */
export const isMissing = (error) => /** @type {any} */ (error)?.code === "unknown-table";
