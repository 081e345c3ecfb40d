// Where a record leads: to the records that its fields name, and to those whose fields name it, as joins would follow.
import { useEffect, useState } from "preact/hooks";
import { link } from "../address.js";
import { declaredFields } from "../fields.js";
import { Spelled } from "../json.js";
import { pathOf, read } from "../server.js";
import { tables } from "../tables/catalog.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { count } from "../values.js";

/** The name of one thing, of the name of a table of many: users, boxes, cities. @param {string} table */
export const singular = (table) => table.replace(/ies$/, "y").replace(/(ss|sh|ch|x)es$/, "$1").replace(/([^s])s$/, "$1");

/** Whether a field is called like a reference to a table. @param {string} field @param {string} table */
function refersTo(field, table) {
  const name = field.toLowerCase().replace(/_?id$/, "");
  return name !== field.toLowerCase() && (name === singular(table).toLowerCase() || name === table.toLowerCase());
}

/** @param {{table: string, record: any}} given */
export function Links({ table, record }) {
  const out = Object.entries(record).flatMap(([field, value]) => {
    const isId = typeof value === "string" || typeof value === "number" || value instanceof Spelled;
    const target = isId && tables.value.find(({ name }) => refersTo(field, name));
    return target ? [{ field, value: String(value), target: target.name }] : [];
  });
  const [into, setInto] = useState(/** @type {{name: string, field: string, total: number}[] | null} */ (null));
  useEffect(() => {
    let isWanted = true;
    found(table, record).then((all) => isWanted && setInto(all), () => isWanted && setInto([]));
    return () => void (isWanted = false);
  }, [table, record]);
  return html`<h3>It names</h3>
    ${out.length ? html`<ul class="links">${out.map(({ field, value, target }) => html`<li><a href=${link(["tables", target, "records", value])}><${Icon} name="link" /><span class="clip">${field} → ${target} ${value}</span></a></li>`)}</ul>`
      : html`<p class="faint">None of its fields is called after a table, such as user_id.</p>`}
    <h3>It is named by</h3>
    ${into === null ? html`<p class="faint" aria-busy="true">…</p>` : into.length ? html`<ul class="links">${into.map(({ name, field, total }) => html`<li>
      <a href=${link(["tables", name], [[field, String(record.id)]])}><${Icon} name="link" />${count(total)} ${total === 1 ? singular(name) : name} by ${field}</a></li>`)}</ul>`
      : html`<p class="faint">No other table has a field that is called after this one.</p>`}`;
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
