// What somebody copies. Browsers give pages their clipboard on secure addresses alone; elsewhere a text is copied as a person
// would do it, by selecting it.
import { say, sayFault } from "./toast.js";

/** Copy what `make` returns, and say so. @param {string} what @param {() => string} make */
export async function copy(what, make) {
  try {
    const text = make();
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copySelected(text);
    if (what) say(`Copied ${what}`);
  } catch (error) {
    sayFault(error);
  }
}

/** @param {string} text */
function copySelected(text) {
  const put = (/** @type {ClipboardEvent} */ event) => {
    event.preventDefault();
    event.clipboardData?.setData("text/plain", text);
  };
  addEventListener("copy", put, { once: true, capture: true });
  document.execCommand("copy");
  removeEventListener("copy", put, { capture: true });
}
