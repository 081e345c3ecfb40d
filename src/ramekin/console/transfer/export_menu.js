// A menu that saves what a list, join or query finds as a file: all of it, not only what is seen.
import { html } from "../ui/html.js";
import { Menu } from "../ui/menu.js";
import { say } from "../ui/toast.js";
import { underway } from "../ui/underway.js";
import { many } from "../values.js";
import { saveRows } from "./download.js";

/**
 * @param {{path: string, words?: [string, string][], query?: object, name: string, columns?: string[], kind?: string}} given `query`: what is sent, where no
 *   words say it; `columns`: those of CSV, where not all are meant
 */
export function ExportMenu({ path, words = [], query, name, columns, kind = "plain" }) {
  const run = (/** @type {import("./download.js").Format} */ format) => async () => {
    const rows = await underway(`Reading rows for ${name}.${format}`, (tell, stop) =>
      saveRows(path, { words, query }, { name, format, columns }, (so) => tell(many(so, "row")), stop));
    if (rows !== undefined) say(`Saved ${many(rows, "row")} as ${name}.${format}`);
  };
  return html`<${Menu} label="Export" icon="download" text="Export" kind=${kind} items=${[
    { name: "as CSV", run: run("csv") }, { name: "as JSON", run: run("json") }, { name: "as NDJSON", run: run("ndjson") },
  ]} />`;
}
