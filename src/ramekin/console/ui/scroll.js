// A frame for what may be wider or longer than there is room: it scrolls in itself, by keys too, and its edge fades where
// more lies beyond.
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "./html.js";

/** @param {{label: string, class?: string, children?: unknown}} given */
export function Scroll({ label, class: more = "", children }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const look = () => {
    const { scrollLeft, clientWidth, scrollWidth, classList } = /** @type {HTMLDivElement} */ (box.current);
    classList.toggle("more-left", scrollLeft > 1);
    classList.toggle("more-right", scrollLeft + clientWidth < scrollWidth - 1);
  };
  useLayoutEffect(() => {
    const watcher = new ResizeObserver(look);
    if (box.current) for (const each of [box.current, ...box.current.children]) watcher.observe(each);
    return () => watcher.disconnect();
  }, []);
  return html`<div class=${`scroll ${more}`} tabindex="0" role="region" aria-label=${label} ref=${box} onScroll=${look}>${children}</div>`;
}
