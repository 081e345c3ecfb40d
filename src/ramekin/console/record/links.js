// Where a record leads: to the records that its fields name, and to those whose fields name it, as joins would follow.
import { useEffect, useState } from "preact/hooks";
import { link } from "../address.js";
import { declaredFields } from "../fields.js";
import { Spelled, print } from "../json.js";
import { pathOf, read } from "../server.js";
import { tables } from "../tables/catalog.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { count } from "../values.js";

const REFERENCE = /.(_id|Id|ID)$/;
/** Tables in which an id is looked for. */
const MOST_TABLES = 30;

/** @param {unknown} value */
const isKey = (value) => typeof value === "string" || typeof value === "number" || value instanceof Spelled;

/** The name of one thing, of the name of a table of many: users, boxes, cities. @param {string} table */
export const singular = (table) => table.replace(/ies$/, "y").replace(/(ss|sh|ch|x)es$/, "$1").replace(/([^s])s$/, "$1");

/** Whether a field is called like a reference to a table. @param {string} field @param {string} table */
function refersTo(field, table) {
  const name = field.toLowerCase().replace(/_?id$/, "");
  return name !== field.toLowerCase() && (name === singular(table).toLowerCase() || name === table.toLowerCase());
}

/** @typedef {{field: string, value: unknown, target: string, isThere: boolean}} Reference */

/** @param {{table: string, record: any}} given */
export function Links({ table, record }) {
  const [out, setOut] = useState(/** @type {Reference[] | null} */ (null));
  const [into, setInto] = useState(/** @type {{name: string, field: string, total: number}[] | null} */ (null));
  useEffect(() => {
    let isWanted = true;
    named(record).then((all) => isWanted && setOut(all), () => isWanted && setOut([]));
    found(table, record).then((all) => isWanted && setInto(all), () => isWanted && setInto([]));
    return () => void (isWanted = false);
  }, [table, record]);
  return html`<h3>It names</h3>
    ${out === null ? html`<p class="faint" aria-busy="true">…</p>` : out.length ? html`<ul class="links">${out.map(({ field, value, target, isThere }) => html`<li key=${`${field} ${target}`}>
      ${isThere ? html`<a href=${link(["tables", target, "records", String(value)])}><${Icon} name="link" /><span class="clip">${field} → ${target} ${String(value)}</span></a>`
        : html`<span class="lost"><${Icon} name="link" /><span class="clip">${field} → ${target} ${String(value)}</span><span class="chip warn">not there</span></span>`}</li>`)}</ul>`
      : html`<p class="faint">No field of it is called after a table, such as user_id, or ends so and has the id of a record.</p>`}
    <h3>It is named by</h3>
    ${into === null ? html`<p class="faint" aria-busy="true">…</p>` : into.length ? html`<ul class="links">${into.map(({ name, field, total }) => html`<li>
      <a href=${link(["tables", name], [[field, String(record.id)]])}><${Icon} name="link" />${count(total)} ${total === 1 ? singular(name) : name} by ${field}</a></li>`)}</ul>`
      : html`<p class="faint">No other table has a field that is called after this one.</p>`}`;
}

/**
 * The records that a record names: by a field that is called after their table, or, where none is, by one that is called
 * like a reference and has their id. As in a join, 5 is another id than "5".
 * @param {any} record
 * @returns {Promise<Reference[]>}
 */
async function named(record) {
  const references = /** @type {[string, unknown][]} */ (Object.entries(record).filter(([field, value]) => REFERENCE.test(field) && isKey(value)));
  const targets = references.map(([field]) => tables.value.find(({ name }) => refersTo(field, name))?.name);
  const looked = tables.value.filter(({ name }, at) => targets.includes(name) || (at < MOST_TABLES && targets.includes(undefined)));
  const ids = new Map(await Promise.all(looked.map(({ name }) => idsIn(name, references.filter((_, at) => (targets[at] ?? name) === name)))));
  return references.flatMap(([field, value], at) => {
    const [target, isIn] = [targets[at], (/** @type {string} */ name) => !!ids.get(name)?.has(print(value))];
    if (target) return [{ field, value, target, isThere: isIn(target) }];
    return [...ids.keys()].filter(isIn).map((name) => ({ field, value, target: name, isThere: true }));
  });
}

/**
 * A table, and which of some values are ids of it.
 * @param {string} name @param {[string, unknown][]} references
 * @returns {Promise<[string, Set<string>]>}
 */
async function idsIn(name, references) {
  const values = references.map(([, value]) => value);
  const kinds = [values.filter((value) => typeof value === "string"), values.filter((value) => typeof value !== "string")];
  const found = await Promise.all(kinds.filter((same) => same.length).map(async (same) => {
    const asked = { where: { id: { in: same } }, select: ["id"], limit: same.length };
    return (await read(`query/${pathOf(name)}`, { method: "POST", body: asked }).catch(() => ({ data: [] }))).data; // its ids are of another kind
  }));
  return [name, new Set(found.flat().map((/** @type {any} */ { id }) => print(id)))];
}

/** @param {string} table @param {any} record */
async function found(table, record) {
  const asked = tables.value.map(async ({ name, schema }) => {
    const fields = schema ? declaredFields(schema).map((field) => field.path)
      : Object.keys((await read(`data/${pathOf(name)}`, { words: [["limit", "1"]] })).data[0] ?? {});
    return Promise.all(fields.filter((field) => refersTo(field, table)).map(async (field) => {
      const words = /** @type {[string, string][]} */ ([[field, String(record.id)], ["limit", "0"], ["count", "true"]]);
      return { name, field, total: (await read(`data/${pathOf(name)}`, { words })).total };
    }));
  });
  return (await Promise.all(asked)).flat();
}
