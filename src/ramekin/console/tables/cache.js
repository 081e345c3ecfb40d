// What is told of a table that is a cache: its limits, how often it had what was asked for, how many records gave way.
import { count, many, size } from "../values.js";

/** @param {import("./catalog.js").Table} table */
export const isCache = (table) => table.max_records != null || table.max_bytes != null;

/** @param {import("./catalog.js").Table} table */
export function cacheOf(table) {
  const limits = [];
  if (table.max_records != null) limits.push(many(table.max_records, "record"));
  if (table.max_bytes != null) limits.push(size(table.max_bytes));
  const hits = table.hits ?? 0;
  const asked = hits + (table.misses ?? 0);
  const told = asked ? `${Math.round((100 * hits) / asked)} % of ${many(asked, "read")} found the record` : "not read yet";
  return `cache of ${limits.join(", ")} at the most; ${told}; ${count(table.evicted ?? 0)} gave way`;
}
