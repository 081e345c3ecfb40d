// What moves by itself can be held still: the mark of the address says so.
import { go, link, view } from "../address.js";
import { Button } from "../ui/button.js";
import { useCorrections } from "../ui/corrections.js";
import { html } from "../ui/html.js";

const PAUSED = "paused";

export const isPaused = () => view.value.mark === PAUSED;

export function Pause() {
  const { parts, words, mark } = view.value;
  const show = (/** @type {boolean} */ isStill) => go(link(parts, words, isStill ? PAUSED : ""), { replace: true });
  useCorrections([mark !== "" && !isPaused() && `Nothing is called #${mark} here.`], () => show(false));
  return html`<${Button} icon=${isPaused() ? "play" : "pause"} onClick=${() => show(!isPaused())}>${isPaused() ? "Go on" : "Pause"}<//>`;
}
