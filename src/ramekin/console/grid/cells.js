// Cells that are being stored. Each shows at once what it shall be, and the grid has its keys again. What is refused stays
// with its cell, with the text that was typed, whatever else is looked at.
import { signal } from "@preact/signals";
import { NOT_KNOWN } from "../record/store.js";
import { Undecided } from "../record/unsaved.js";
import { draft, forget } from "../ui/drafts.js";
import { inOneLine } from "../ui/fault.js";
import { dismiss } from "../ui/toast.js";

/**
 * @typedef {{text: string, kind: import("../values.js").Kind}} Typed
 * @typedef {{record: any, path: string, at: number, turn: number, refused?: Deed}} Edit a cell that is edited, of a record as it
 *   was when that began, and its row; `turn` tells it from those before
 * @typedef {{id: string, path: string, value: unknown, typed: Typed, fault: string, isUndecided?: boolean, isNotKnown?: boolean, base: any, toast: number}} Deed
 *   `fault`: why it was refused; `isUndecided`: somebody has to decide which of two versions holds; `isNotKnown`: it may be stored all the same; `base`: the record as it was seen
 */

class Cells {
  /** @param {string} table */
  constructor(table) {
    this.turns = 0;
    this.draft = `cells/${table}`;
    this.deeds = signal(/** @type {Deed[]} */ ([]));
  }

  /** What is being stored of a record, or was refused. @param {any} record @returns {Deed[]} */
  of(record) {
    const held = this.deeds.value.length ? this.deeds.value.filter(({ id }) => id === String(record?.id)) : NONE;
    return held.length ? held : NONE;
  }

  /** @param {any} record @param {string} path @returns {Deed | undefined} */
  at(record, path) {
    return this.of(record).findLast((deed) => deed.path === path);
  }

  /** @param {any} record @param {string} path @param {number} at its row @returns {Edit} */
  edit(record, path, at) {
    const last = this.at(record, path);
    const refused = last?.fault ? last : undefined;
    return { record: refused?.base ?? record, path, at, turn: (this.turns += 1), refused };
  }

  /**
   * Store a value. Returns what was refused, if it was.
   * @param {Edit} edit @param {unknown} value @param {Typed} typed @param {(record: any, path: string, value: unknown) => Promise<any>} write
   * @returns {Promise<Deed | null>}
   */
  async store({ record, path, refused }, value, typed, write) {
    if (refused) this.end(refused);
    const deed = /** @type {Deed} */ ({ id: String(record.id), path, value, typed, fault: "", base: record, toast: 0 });
    this.set([...this.deeds.value, deed]);
    try {
      await write(record, path, value);
      this.end(deed);
      return null;
    } catch (error) {
      deed.fault = inOneLine(error);
      deed.isNotKnown = /** @type {any} */ (error).code === NOT_KNOWN;
      deed.isUndecided = error instanceof Undecided;
      this.set([...this.deeds.value]);
      return deed;
    }
  }

  /** No longer hold a cell: it is stored, or given up. @param {Deed} deed */
  end(deed) {
    dismiss(deed.toast);
    this.set(this.deeds.value.filter((each) => each !== deed));
  }

  /** @param {Deed[]} deeds */
  set(deeds) {
    this.deeds.value = deeds;
    if (deeds.length) draft(this.draft, 0)[1](deeds.length); // so that the browser asks before the page goes
    else forget(this.draft);
  }
}

/** @type {Deed[]} */
const NONE = [];

const known = /** @type {Map<string, Cells>} */ (new Map());

/** @param {string} table */
export function cellsOf(table) {
  const cells = known.get(table) ?? new Cells(table);
  known.set(table, cells);
  return cells;
}
