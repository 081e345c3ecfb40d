// Asks for the key where the server asks for one. It is kept while the page is open, and nowhere else.
import { useState } from "preact/hooks";
import { Problem, isLocked, useKey } from "../server.js";
import { refresh, state } from "../tables/catalog.js";
import { Button } from "../ui/button.js";
import { Dialog } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { Form } from "../ui/once.js";

const TITLE = "This server asks for a key";

/** @param {{isOver?: boolean}} given whether something lies below that is to be kept, such as a text that somebody wrote */
export function Lock({ isOver = false }) {
  const [secret, setSecret] = useState("");
  const [fault, setFault] = useState("");
  const enter = async () => {
    useKey(secret);
    await refresh();
    const { error } = state.value;
    if (!error) isLocked.value = false;
    else setFault(error instanceof Problem && error.status !== 401 ? error.message : "This key opens nothing here. It may be mistyped, or have expired.");
  };
  const form = html`<${Form} onSubmit=${enter}>
    <p>It is one of those that the server was started with. It stays in the memory of this page, and is gone when you close or reload it.</p>
    <label for="key">Key</label>
    <input id="key" type="password" autocomplete="off" autofocus spellcheck=${false} value=${secret} aria-invalid=${!!fault}
      aria-describedby="key-fault" onInput=${(/** @type {any} */ event) => setSecret(event.target.value)} />
    <p id="key-fault" class="bad" role="alert">${fault}</p>
    <${Button} kind="main" type="submit" disabled=${!secret}>Enter<//>
  <//>`;
  return isOver ? html`<${Dialog} title=${TITLE} class="lock">${form}<//>` : html`<main class="lock"><h1>${TITLE}</h1>${form}</main>`;
}
