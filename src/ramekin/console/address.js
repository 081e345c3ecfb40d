// Where the console is: what it shows, as its address says it. A view is a path below the console's own address and the
// words behind it, which are the words of the API where it has them; so a link is the query.
import { signal } from "@preact/signals";

const facts = document.documentElement.dataset;

/** What the server says of itself, in the page. */
export const ROOT = facts.root ?? "";
export const API = facts.api ?? "/api/v1";
export const CONSOLE = facts.console ?? "/console";
/** The picture that stands for the program. */
export const ICON = new URL("icon.svg", import.meta.url).href;
export const VERSION = facts.version ?? "";
/** Rows that a page of an answer may have, and bytes that one write of many records may have. */
export const MOST_ROWS = Number(facts.rows ?? 10_000);
export const BULK_BYTES = Number(facts.bulk ?? 16 << 20);
export const IS_DEV = "dev" in facts;
export const HAS_KEYS = "keys" in facts;
/** Whether the address names a branch that is not there. */
export const IS_LOST = "lost" in facts;

/** The branch that this page shows; empty for the database itself. */
export const BRANCH = decodeURIComponent(/\/b\/([^/]+)\/console$/.exec(CONSOLE)?.[1] ?? "");

/**
 * @typedef {{parts: string[], words: [string, string][], mark: string}} View
 * The parts of the path, the words behind it in their order, and what stands behind `#`: what is no word of the API, since
 * any other word is a condition.
 */

/** @type {import("@preact/signals").Signal<View>} */
export const view = signal(read());

/** @returns {View} */
function read() {
  const path = location.pathname.startsWith(CONSOLE) ? location.pathname.slice(CONSOLE.length) : "";
  const parts = path.split("/").filter(Boolean).map(decode);
  return { parts, words: [...new URLSearchParams(location.search)], mark: decode(location.hash.slice(1)) };
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * A part of a query, written as a person would: only what would be misread is escaped.
 * @param {string} text
 */
function escapeWord(text) {
  return encodeURIComponent(text).replace(/%(3A|2C|40|2F|24|3B)/g, (found) => decodeURIComponent(found));
}

/** @param {[string, string][]} words */
export function queryOf(words) {
  return words.map(([name, value]) => `${escapeWord(name)}=${escapeWord(value)}`).join("&");
}

/**
 * The address of a view.
 * @param {string[]} parts
 * @param {[string, string][]} [words]
 * @param {string} [mark]
 */
export function link(parts, words = [], mark = "") {
  const query = queryOf(words);
  return `${CONSOLE}/${parts.map(encodeURIComponent).join("/")}${query && `?${query}`}${mark && `#${encodeURIComponent(mark)}`}`;
}

/**
 * Show another view. `replace` leaves no trace of this one in the history: it was a step on the way. The same once more is no step.
 * @param {string} href
 * @param {{replace?: boolean}} [how]
 */
export function go(href, { replace = false } = {}) {
  history[replace || new URL(href, location.href).href === location.href ? "replaceState" : "pushState"](null, "", href);
  view.value = read();
}

addEventListener("popstate", () => (view.value = read()));

// Links are links: a click within the console changes the view, everything else is the browser's.
addEventListener("click", (event) => {
  const anchor = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(anchor instanceof HTMLAnchorElement) || anchor.target || anchor.hasAttribute("download")) return;
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const path = anchor.pathname;
  if (anchor.origin !== location.origin || !(path === CONSOLE || path.startsWith(`${CONSOLE}/`))) return;
  event.preventDefault();
  go(anchor.href);
});
