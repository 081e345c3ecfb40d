// What somebody copies. Browsers give pages their clipboard on secure addresses alone; elsewhere a text is copied as a person
// would do it, by selecting it.
import { say, sayFault } from "./toast.js";

/** Copy what `make` returns, and say so. @param {string} what @param {() => string} make */
export async function copy(what, make) {
  try {
    const text = make();
    const isCopied = navigator.clipboard ? await navigator.clipboard.writeText(text).then(() => true, () => false) : copySelected(text);
    if (!isCopied) throw new Error("The browser does not let this page copy.");
    if (what) say(`Copied ${what}`);
  } catch (error) {
    sayFault(error);
  }
}

/** @param {string} text @returns {boolean} whether the browser let it */
function copySelected(text) {
  const put = (/** @type {ClipboardEvent} */ event) => {
    event.preventDefault();
    event.clipboardData?.setData("text/plain", text);
  };
  addEventListener("copy", put, { once: true, capture: true });
  const isCopied = document.execCommand("copy");
  removeEventListener("copy", put, { capture: true });
  return isCopied;
}
