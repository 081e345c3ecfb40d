// A record that was deleted while somebody changed it: what they would have saved, and whether to make it again.
import { print } from "../json.js";
import { Button } from "../ui/button.js";
import { Dialog, question } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { Beginning } from "../ui/long.js";
import { gone } from "./store.js";

gone.ask = (table, mine) =>
  question((end) => {
    const foot = html`<${Button} onClick=${() => end(false)}>Leave it deleted<//><${Button} kind="main" onClick=${() => end(true)}>Create it again<//>`;
    return html`<${Dialog} title="This record has been deleted" onClose=${() => end(false)} foot=${foot}>
      <p>It has been deleted from <strong>${table}</strong> since you saw it, or it has expired. This is what you would have saved:</p>
      <${Beginning} label="Your version" text=${print(mine, 2)} />
    <//>`;
  });
