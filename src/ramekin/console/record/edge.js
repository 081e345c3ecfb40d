// How wide the panel of a record is: its edge is dragged, or moved by the arrows. The browser keeps it.
import { signal } from "@preact/signals";
import { html } from "../ui/html.js";

const KEPT = "ramekin.panel";
const STEP_PX = 24;
const NARROWEST_PX = 320;

export const panelWidth = signal(Number(localStorage.getItem(KEPT)) || 420);

const widest = () => Math.max(NARROWEST_PX, Math.round(innerWidth * 0.8));

/** @param {number} wanted */
function widen(wanted) {
  panelWidth.value = Math.round(Math.min(widest(), Math.max(NARROWEST_PX, wanted)));
  localStorage.setItem(KEPT, String(panelWidth.value));
}

export function Edge() {
  const drag = (/** @type {PointerEvent} */ event) => {
    event.preventDefault();
    const edge = /** @type {HTMLElement} */ (event.currentTarget);
    const right = /** @type {HTMLElement} */ (edge.parentElement).getBoundingClientRect().right;
    const move = (/** @type {PointerEvent} */ moved) => widen(right - moved.clientX);
    edge.setPointerCapture(event.pointerId);
    edge.addEventListener("pointermove", move);
    edge.addEventListener("pointerup", () => edge.removeEventListener("pointermove", move), { once: true });
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowLeft: STEP_PX, ArrowRight: -STEP_PX }[event.key];
    if (!step) return;
    event.preventDefault();
    widen(panelWidth.value + step);
  };
  return html`<div class="edge" role="separator" tabindex="0" aria-orientation="vertical" aria-label="Width of the record" title="Drag, or use the arrows, to widen it"
    aria-valuenow=${panelWidth.value} aria-valuemin=${NARROWEST_PX} aria-valuemax=${widest()} onPointerDown=${drag} onKeyDown=${press}></div>`;
}
