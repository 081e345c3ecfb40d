// Keys, and who they are for.
import { useEffect, useRef } from "preact/hooks";

/** Whether a key that is pressed there is part of a text. @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Do something by Escape, wherever the focus is or if it is nowhere; but for a text, a dialog or a menu, which have that key for themselves. @param {() => void} run */
export function useEscape(run) {
  const now = useRef(run);
  now.current = run;
  useEffect(() => {
    const press = (/** @type {KeyboardEvent} */ event) => void (event.key === "Escape" && !isTyping(event.target) && !document.querySelector("dialog[open]") && now.current());
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
