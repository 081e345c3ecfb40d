// The ids of a file's records, as the server takes them (`values/ids.py`): which are none, and which come twice.
import { isInteger } from "../elements.js";
import { Spelled } from "../json.js";

/** @typedef {import("./text.js").Wrong} Wrong */

const FORBIDDEN = /[\x00-\x1f\x7f-\x9f/]/;
const RULE = "An id is text of 1 to 255 characters without control characters or '/', not '.' or '..', or a 64-bit integer.";
/** Faults that are kept. */
const MOST = 100;

/** @param {unknown} id */
function isId(id) {
  if (typeof id === "string") return id !== "" && [...id].length <= 255 && id !== "." && id !== ".." && !FORBIDDEN.test(id);
  return (typeof id === "number" || id instanceof Spelled) && isInteger(String(id));
}

export class Ids {
  constructor() {
    /** What is no id. @type {Wrong[]} */
    this.wrong = [];
    /** What came before; it is refused unless something else is chosen. @type {Wrong[]} */
    this.twice = [];
    this.known = /** @type {Set<string>} */ (new Set());
    /** Records without an id. */
    this.none = 0;
  }

  /** @param {unknown} id undefined: one is made @param {() => number} findLine */
  see(id, findLine) {
    if (id === undefined) this.none += 1;
    else if (!isId(id)) this.note(this.wrong, findLine, RULE);
    else if (this.known.has(String(id))) this.note(this.twice, findLine, "This id came before.");
    else this.known.add(String(id));
  }

  /** @param {Wrong[]} faults @param {() => number} findLine @param {string} told */
  note(faults, findLine, told) {
    if (faults.length < MOST) faults.push({ line: findLine(), told });
  }
}
