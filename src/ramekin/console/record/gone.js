// A record that is not what it was when somebody began: whether it is to be there.
import { print } from "../json.js";
import { Button } from "../ui/button.js";
import { Dialog, question } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { Beginning } from "../ui/long.js";
import { presence } from "./store.js";

const WORDS = {
  gone: { title: "This record has been deleted", told: "It has been deleted since you saw it, or it has expired. This is what you would have saved in", label: "Your version", no: "Leave it deleted", yes: "Create it again" },
  changed: { title: "This record has been changed", told: "It has been changed since you added it. This is what is stored by now in", label: "As stored now", no: "Keep it", yes: "Delete it" },
};

presence.ask = (found, table, record) =>
  question((end) => {
    const { title, told, label, no, yes } = WORDS[found];
    const foot = html`<${Button} onClick=${() => end(false)}>${no}<//><${Button} kind=${found === "gone" ? "main" : "danger"} onClick=${() => end(true)}>${yes}<//>`;
    return html`<${Dialog} title=${title} onClose=${() => end(undefined)} foot=${foot}>
      <p>${told} <strong>${table}</strong>:</p>
      <${Beginning} label=${label} text=${print(record, 2)} />
    <//>`;
  });
