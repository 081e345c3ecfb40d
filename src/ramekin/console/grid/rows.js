// The rows of a list, of which only those near what is seen are here: a window on the server's own order. Pages that
// follow one that is known are read by its cursor, which costs what the page holds; a jump goes by offset.
import { signal } from "@preact/signals";
import { MOST_ROWS } from "../address.js";
import { cursorOf, read } from "../server.js";

export const PAGE = Math.min(100, MOST_ROWS);
const KEPT = 40;

/**
 * @typedef {{records: any[], next: string | null, used: number}} Page
 */

export class Rows {
  /**
   * @param {string} table
   * @param {[string, string][]} words conditions and order
   */
  constructor(table, words) {
    this.path = `data/${encodeURIComponent(table)}`;
    this.words = words;
    /** @type {Map<number, Page>} */
    this.pages = new Map();
    /** @type {Map<number, AbortController>} */
    this.asked = new Map();
    /** @type {Map<number, Promise<void>>} */
    this.loading = new Map();
    this.uses = 0;
    /** The page in the middle of what is seen. */
    this.seen = 0;
    /** Grows with all that arrives: whoever draws rows reads it. */
    this.version = signal(0);
    this.total = signal(/** @type {number | null} */ (null));
    this.error = signal(/** @type {unknown} */ (null));
    this.warnings = signal(/** @type {string[]} */ ([]));
    void this.count();
    void this.load(0);
  }

  /** Whether nothing has come yet: no row, and not how many there are. */
  get isWaiting() {
    return this.pages.size === 0 && this.total.value !== 0 && this.error.value === null;
  }

  /** How many rows there are, as far as is known. */
  get length() {
    if (this.total.value !== null) return this.total.value;
    const last = Math.max(-1, ...this.pages.keys());
    const page = this.pages.get(last);
    return page ? last * PAGE + page.records.length + (page.next ? PAGE : 0) : 0;
  }

  /** Ask how many there are: apart from the first page, which need not wait for it. */
  async count() {
    const stop = new AbortController();
    this.asked.set(-1, stop);
    try {
      const words = /** @type {[string, string][]} */ ([...this.words, ["limit", "0"], ["count", "true"]]);
      this.total.value = (await read(this.path, { words, signal: stop.signal })).total;
    } catch (error) {
      if (!stop.signal.aborted) this.error.value = error;
    }
  }

  /** @param {number} index */
  at(index) {
    return this.pages.get(Math.floor(index / PAGE))?.records[index % PAGE];
  }

  /** The row of a record among some rows, -1 if it is in none. @param {unknown} id @param {number} first @param {number} last */
  find(id, first, last) {
    for (let index = first; index <= last; index += 1) if (String(this.at(index)?.id) === String(id)) return index;
    return -1;
  }

  /** The row of a record, wherever it is here, -1 if it is not. @param {unknown} id */
  rowOf(id) {
    for (const [number, { records }] of this.pages) {
      const at = records.findIndex((each) => String(each.id) === String(id));
      if (at >= 0) return number * PAGE + at;
    }
    return -1;
  }

  /** The rows around those that are seen, in their order and without a gap, and the number of the first. @returns {{first: number, records: any[]}} */
  around() {
    if (!this.pages.has(this.seen)) return { first: 1, records: [] };
    let [from, to] = [this.seen, this.seen];
    while (this.pages.has(from - 1)) from -= 1;
    while (this.pages.has(to + 1)) to += 1;
    return { first: from * PAGE + 1, records: Array.from({ length: to - from + 1 }, (_, at) => this.pages.get(from + at)?.records ?? []).flat() };
  }

  /** All that is here. */
  here() {
    return [...this.pages.values()].flatMap((page) => page.records);
  }

  /**
   * Have some rows here soon, and no longer ask for others.
   * @param {number} first
   * @param {number} last
   */
  want(first, last) {
    this.seen = Math.max(0, Math.floor((first + last) / 2 / PAGE));
    const from = Math.max(0, Math.floor(first / PAGE));
    const to = Math.max(from, Math.floor(last / PAGE));
    for (const [number, stop] of this.asked) {
      if (number >= 0 && (number < from - 1 || number > to + 1)) stop.abort();
    }
    for (let number = from; number <= to; number += 1) {
      const page = this.pages.get(number);
      if (page) page.used = ++this.uses;
      else if (!this.asked.has(number)) void this.load(number);
    }
  }

  /** @param {number} number @returns {Promise<void>} */
  load(number) {
    const loading = this.fetch(number, this.loading.get(number - 1)).finally(() => this.loading.get(number) === loading && this.loading.delete(number));
    this.loading.set(number, loading);
    return loading;
  }

  /** @param {number} number @param {Promise<void> | undefined} before the page before it, where that is asked for: its cursor costs less than an offset */
  async fetch(number, before) {
    const stop = new AbortController();
    this.asked.set(number, stop);
    await before;
    const cursor = cursorOf(this.pages.get(number - 1)?.next);
    /** @type {[string, string][]} */
    const from = number === 0 ? [] : cursor ? [["cursor", cursor]] : [["offset", String(number * PAGE)]];
    try {
      const told = await read(this.path, { words: [...this.words, ["limit", String(PAGE)], ...from], signal: stop.signal });
      this.pages.set(number, { records: told.data, next: told.next, used: ++this.uses });
      this.forget();
      this.warnings.value = told.warnings ?? [];
      this.error.value = null;
      this.version.value += 1;
    } catch (error) {
      if (!stop.signal.aborted) this.error.value = error;
    } finally {
      if (this.asked.get(number) === stop) this.asked.delete(number);
    }
  }

  /** Let go of pages that were not seen for long. */
  forget() {
    while (this.pages.size > KEPT) {
      const [oldest] = [...this.pages].reduce((one, other) => (other[1].used < one[1].used ? other : one));
      this.pages.delete(oldest);
    }
  }

  /** Ask again what could not be answered. */
  again() {
    this.error.value = null;
    void this.count();
    if (!this.pages.size) void this.load(0);
    this.version.value += 1;
  }

  /** Read again what is here; rows stay until others have come. */
  async refresh() {
    void this.count();
    const numbers = [...this.pages.entries()].sort((one, other) => other[1].used - one[1].used).slice(0, 3).map(([number]) => number);
    for (const number of [...this.pages.keys()]) if (!numbers.includes(number)) this.pages.delete(number);
    for (const number of numbers.sort((one, other) => one - other)) await this.load(number);
  }

  /**
   * Put a record in the place of the one with its id, if that is here. Returns whether it was.
   * @param {any} record
   */
  replace(record) {
    for (const page of this.pages.values()) {
      const at = page.records.findIndex((each) => String(each.id) === String(record.id));
      if (at >= 0) {
        page.records = page.records.with(at, record);
        this.version.value += 1;
        return true;
      }
    }
    return false;
  }

  /** Ask for nothing any more. */
  close() {
    for (const stop of this.asked.values()) stop.abort();
  }
}
