// A refusal, shown where its answer would stand: what is wrong, and what to do about it.
import { useEffect, useRef } from "preact/hooks";
import { Problem } from "../server.js";
import { Button } from "./button.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** A refusal in one line: where a value is at fault, what is wrong with it. @param {unknown} error */
export function inOneLine(error) {
  const faults = error instanceof Problem ? error.errors.map((each) => each.detail ?? each.message).filter(Boolean) : [];
  return faults.length ? faults.join(" ") : /** @type {Error} */ (error).message;
}

/**
 * What is said of an error: the server's words, or the console's own, which are a plain Error; all else is a fault of the console.
 * @param {unknown} error
 */
export function inWords(error) {
  if (error instanceof Problem) return { title: error.title, detail: [error.detail, error.hint].filter(Boolean).join(" ") };
  const { name, message } = /** @type {Error} */ (error);
  if (name === "Error") return { title: "Nothing was changed", detail: message };
  return { title: "Something went wrong in the console", detail: String(error) };
}

/** @param {{error: unknown, children?: unknown, onAgain?: () => unknown}} given `onAgain` asks again, where another answer may come */
export function Fault({ error, children, onAgain }) {
  const problem = error instanceof Problem ? error : null;
  const { title, detail } = inWords(error);
  const faults = problem ? problem.errors.filter((each) => each.detail !== problem.detail) : []; // what is not said yet
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), [error]); // what a form says stands where one looks
  return html`<div class="fault" role="alert" ref=${box}><${Icon} name="fault" />
    <div>
      <strong>${title}</strong>
      <p>${detail}</p>
      ${faults.length > 0 && html`<ul>
        ${faults.slice(0, 20).map((each) => html`<li><code>${each.pointer || "/"}</code> ${each.detail ?? each.message}</li>`)}
      </ul>`}
      ${children}
      ${onAgain && problem && (problem.status === 0 || problem.status >= 500) && html`<${Button} icon="redo" onClick=${onAgain}>Try again<//>`}
    </div>
  </div>`;
}
