// What moves by itself can be held still: the mark of the address says so.
import { go, link, view } from "../address.js";
import { Button } from "../ui/button.js";
import { html } from "../ui/html.js";
import { PAUSED } from "../views.js";

export const isPaused = () => view.value.mark === PAUSED;

export function Pause() {
  const { parts, words } = view.value;
  const show = (/** @type {boolean} */ isStill) => go(link(parts, words, isStill ? PAUSED : ""), { replace: true });
  return html`<${Button} icon=${isPaused() ? "play" : "pause"} onClick=${() => show(!isPaused())}>${isPaused() ? "Go on" : "Pause"}<//>`;
}
