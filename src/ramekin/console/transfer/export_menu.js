// A menu that saves what a list or join finds as a file: all of it, not only what is seen.
import { html } from "../ui/html.js";
import { Menu } from "../ui/menu.js";
import { amend, dismiss, say, sayFault } from "../ui/toast.js";
import { many } from "../values.js";
import { saveRows } from "./download.js";

/** @param {{path: string, words: [string, string][], name: string}} given */
export function ExportMenu({ path, words, name }) {
  const run = (/** @type {import("./download.js").Format} */ format) => async () => {
    const stop = new AbortController();
    const toast = say(`Reading rows for ${name}.${format}`, { isLasting: true, act: { name: "Stop", run: () => stop.abort() } });
    try {
      const rows = await saveRows(path, words, name, format, (so) => amend(toast, `Reading rows for ${name}.${format}: ${many(so, "row")} so far`), stop.signal);
      say(`Saved ${many(rows, "row")} as ${name}.${format}`);
    } catch (error) {
      if (!stop.signal.aborted) sayFault(error);
    }
    dismiss(toast);
  };
  return html`<${Menu} label="Export" icon="download" text="Export" kind="plain" items=${[
    { name: "as CSV", run: run("csv") }, { name: "as JSON", run: run("json") }, { name: "as NDJSON", run: run("ndjson") },
  ]} />`;
}
