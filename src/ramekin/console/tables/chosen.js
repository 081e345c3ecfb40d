// Where a table is looked at: with the columns that somebody has chosen for it, which this browser keeps.
import { link } from "../address.js";

const KEPT = "ramekin.chosen.";

/** @param {string} table @param {string[]} columns none: all of them */
export function keepColumns(table, columns) {
  if (columns.length) localStorage.setItem(KEPT + table, columns.join(","));
  else localStorage.removeItem(KEPT + table);
}

/**
 * The address of a table's grid. An address says all that it shows, so what is kept stands in the links to it.
 * @param {string} table
 * @param {[string, string][]} [words] conditions
 */
export function gridOf(table, words = []) {
  const columns = localStorage.getItem(KEPT + table);
  return link(["tables", table], columns ? [...words, ["select", columns]] : words);
}
