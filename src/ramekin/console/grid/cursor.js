// The cursor of a grid: it goes with its record when rows come or go before it. Where its record is gone it stays, before
// the row that took the place, and no key changes what stands there until somebody has been told.

/** The row of the headers, as arrows count. */
export const HEAD = -1;

/**
 * @typedef {{row: number, column: number, id?: string, isLost?: boolean}} Cursor
 *   `id`: its record, once that is known; `isLost`: which is not among the rows any more
 */

/** @param {number} row @param {number} column @param {import("./rows.js").Rows} rows @returns {Cursor} */
export const cursorAt = (row, column, rows) => ({ row, column, id: row === HEAD ? undefined : idAt(rows, row) });

/** @param {import("./rows.js").Rows} rows @param {number} row */
const idAt = (rows, row) => (rows.at(row) ? String(rows.at(row).id) : undefined);

/**
 * Where a cursor is by now.
 * @param {Cursor} cursor @param {import("./rows.js").Rows} rows @param {boolean} isUsed whether its grid has the keys: until then it is at a row alone
 * @returns {Cursor}
 */
export function followed(cursor, rows, isUsed) {
  const { row, column, id } = cursor;
  if (row === HEAD) return cursor;
  const here = idAt(rows, row);
  if (id === undefined) return isUsed && here !== undefined ? Object.assign(cursor, { id: here }) : cursor; // it has come only now
  if (here === id) return cursor;
  const found = rows.rowOf(id);
  if (found >= 0) return { row: found, column, id };
  return here === undefined && row < rows.length ? cursor : { row: Math.max(0, Math.min(row, rows.length - 1)), column, id, isLost: true };
}

/** Where a cursor comes to by some rows and columns. @param {Cursor} cursor @param {number} down @param {number} right @param {number} top @param {number} columns @param {import("./rows.js").Rows} rows @returns {Cursor} */
export function movedBy({ row, column, id, isLost }, down, right, top, columns, rows) {
  const to = Math.min(columns - 1, Math.max(0, column + right));
  if (isLost && !down) return { row, column: to, id };
  const step = isLost && down > 0 ? down - 1 : down; // what was below has taken its place
  return cursorAt(Math.min(rows.length - 1, Math.max(top, row + step)), to, rows);
}
