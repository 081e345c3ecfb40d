// Where a record leads: to the records that its fields name, and to those whose fields name it, as joins would follow.
import { useEffect, useState } from "preact/hooks";
import { link } from "../address.js";
import { declaredFields, pathOfName, shownFields } from "../fields.js";
import { Spelled, print } from "../json.js";
import { isReference, refersTo, singular } from "../references.js";
import { pathOf, read } from "../server.js";
import { tables } from "../tables/catalog.js";
import { gridOf } from "../tables/chosen.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { count } from "../values.js";

/** Tables in which an id is looked for, where a name does not say which. */
const MOST_TABLES = 30;
/** Records that show which fields a table without a schema has. */
const SHOWING = 50;

/** @param {unknown} value */
const isKey = (value) => typeof value === "string" || typeof value === "number" || value instanceof Spelled;

/** @typedef {{field: string, value: unknown, target: string, isThere: boolean}} Reference */

/** @param {{table: string, record: any}} given */
export function Links({ table, record }) {
  const [out, setOut] = useState(/** @type {Reference[] | null} */ (null));
  const [into, setInto] = useState(/** @type {{name: string, field: string, total: number}[] | null} */ (null));
  useEffect(() => {
    let isWanted = true;
    named(record).then((all) => isWanted && setOut(all), () => isWanted && setOut([]));
    naming(table, record).then((all) => isWanted && setInto(all), () => isWanted && setInto([]));
    return () => void (isWanted = false);
  }, [table, record]);
  return html`<h3>It names</h3>
    ${out === null ? html`<p class="faint" aria-busy="true">…</p>` : out.length ? html`<ul class="links">${out.map(({ field, value, target, isThere }) => html`<li key=${`${field} ${target}`}>
      ${isThere ? html`<a href=${link(["tables", target, "records", String(value)])}><${Icon} name="link" /><span class="clip">${field} → ${target} ${String(value)}</span></a>`
        : html`<span class="lost"><${Icon} name="link" /><span class="clip">${field} → ${target} ${String(value)}</span><span class="chip warn">not there</span></span>`}</li>`)}</ul>`
      : html`<p class="faint">No field of it is called after a table, such as user_id, or ends so and has the id of a record.</p>`}
    <h3>It is named by</h3>
    ${into === null ? html`<p class="faint" aria-busy="true">…</p>` : into.length ? html`<ul class="links">${into.map(({ name, field, total }) => html`<li>
      <a href=${gridOf(name, [[pathOfName(field), String(record.id)]])}><${Icon} name="link" />${count(total)} ${total === 1 ? singular(name) : name} by ${field}</a></li>`)}</ul>`
      : html`<p class="faint">No table has a field that is called after this one, or like a reference and has this id.</p>`}`;
}

/**
 * The records that a record names: by a field that is called after their table, or, where none is, by one that is called
 * like a reference and has their id. As in a join, 5 is another id than "5".
 * @param {any} record
 * @returns {Promise<Reference[]>}
 */
async function named(record) {
  const references = /** @type {[string, unknown][]} */ (Object.entries(record).filter(([field, value]) => isReference(field) && isKey(value)));
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

/**
 * Which records name a record: by a field that is called after its table, or by one that is called like a reference to no
 * table, if it has the id.
 * @param {string} table @param {any} record
 * @returns {Promise<{name: string, field: string, total: number}[]>}
 */
async function naming(table, record) {
  const asked = tables.value.map(async ({ name, schema }, at) => {
    const fields = (await fieldsOf(name, schema)).filter(isReference);
    const sure = fields.filter((field) => refersTo(field, table));
    const maybe = at < MOST_TABLES ? fields.filter((field) => !tables.value.some((other) => refersTo(field, other.name))) : [];
    const found = await Promise.all([...sure, ...maybe].map(async (field) => ({ name, field, total: await countOf(name, field, record.id) })));
    return found.filter(({ field, total }) => total > 0 || sure.includes(field));
  });
  return (await Promise.all(asked)).flat();
}

/** @param {string} name @param {any} schema */
async function fieldsOf(name, schema) {
  if (schema) return declaredFields(schema).map(({ path }) => path);
  const { data } = await read(`data/${pathOf(name)}`, { words: [["limit", String(SHOWING)]] });
  return shownFields(data).map(({ path }) => path);
}

/** How many records have an id in a field, of its kind: as in a join, 5 is another than "5". @param {string} name @param {string} field @param {unknown} id */
async function countOf(name, field, id) {
  const asked = { where: { [pathOfName(field)]: id }, limit: 0, count: true };
  return (await read(`query/${pathOf(name)}`, { method: "POST", body: asked }).catch(() => ({ total: 0 }))).total; // its values are of another kind
}
