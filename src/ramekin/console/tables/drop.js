// Dropping a table, for which its name is typed.
import { useState } from "preact/hooks";
import { go, link } from "../address.js";
import { ask, pathOf } from "../server.js";
import { Button } from "../ui/button.js";
import { Dialog } from "../ui/dialog.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { Form } from "../ui/once.js";
import { say } from "../ui/toast.js";
import { many } from "../values.js";
import { refresh, tableOf } from "./catalog.js";

/** @param {{table: string, onClose: () => void}} given */
export function DropTable({ table, onClose }) {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const drop = async () => {
    if (typed !== table) return;
    try {
      await ask("DELETE", `tables/${pathOf(table)}`);
      await refresh();
      onClose();
      go(link(["tables"]));
      say(tableOf(table) ? `Emptied ${table}; its model keeps it` : `Dropped ${table}`);
    } catch (fault) {
      setError(fault);
    }
  };
  return html`<${Dialog} title=${`Drop ${table}`} onClose=${onClose}>
    <${Form} class="stack" onSubmit=${drop}>
      <p>This deletes its <strong>${many(tableOf(table)?.records ?? 0, "record")}</strong> and its definition, and cannot be undone. A table with a model is emptied, and stays.</p>
      <label class="field"><span>Type <code>${table}</code> to go on</span>
        <input autofocus autocomplete="off" spellcheck=${false} value=${typed} onInput=${(/** @type {any} */ event) => setTyped(event.target.value)} /></label>
      ${error && html`<${Fault} error=${error} />`}
      <div class="row"><span class="grow"></span><${Button} onClick=${onClose}>Cancel<//><${Button} kind="danger" type="submit" disabled=${typed !== table}>Drop the table<//></div>
    <//>
  <//>`;
}
