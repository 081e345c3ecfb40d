// The tables, always at hand, and the other views. `/` goes to the field that finds a table.
import { useEffect, useRef, useState } from "preact/hooks";
import { link, view } from "../address.js";
import { tables } from "../tables/catalog.js";
import { gridOf } from "../tables/chosen.js";
import { visit } from "../ui/focus.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { count } from "../values.js";
import { DEV_VIEWS, VIEWS } from "../views.js";

/** @param {{onLeave: () => void}} given */
export function Sidebar({ onLeave }) {
  const [sought, setSought] = useState("");
  const [first, table] = view.value.parts;
  const wanted = sought.toLowerCase().split(" ");
  const found = tables.value.filter(({ name }) => wanted.every((part) => name.toLowerCase().includes(part)));
  const list = useRef(/** @type {HTMLUListElement | null} */ (null));
  useEffect(() => list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }), [first, table, sought]);
  const goToFirst = () => {
    if (!found[0]) return;
    setSought("");
    onLeave();
    visit(gridOf(found[0].name));
  };
  return html`<nav class="sidebar" aria-label="Views" onClick=${(/** @type {any} */ event) => event.target.closest("a") && onLeave()}>
    <div class="sidebar-find"><${Icon} name="search" />
      <input type="search" id="find-table" placeholder="Find a table" aria-label="Find a table" value=${sought} spellcheck=${false}
        onInput=${(/** @type {any} */ event) => setSought(event.target.value)}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && goToFirst()} />
      <kbd>/</kbd>
    </div>
    <ul class="sidebar-tables" aria-label="Tables" ref=${list}>
      <li><a href=${link(["tables"])} aria-current=${(first ?? "tables") === "tables" && !table ? "page" : undefined}><${Icon} name="list" />All tables</a></li>
      ${found.map(({ name, records }) => html`<li key=${name}>
        <a href=${gridOf(name)} title=${name} aria-current=${first === "tables" && table === name ? "page" : undefined}>
          <${Icon} name="table" /><span class="clip">${name}</span><span class="figure">${count(records)}</span>
        </a></li>`)}
      ${!found.length && tables.value.length > 0 && html`<li class="faint">No table is called that.</li>`}
    </ul>
    <ul>${VIEWS.slice(1).map((known) => entry(known, first))}</ul>
    ${DEV_VIEWS.length > 0 && html`<h2>For tests</h2><ul>${DEV_VIEWS.map((known) => entry(known, first))}</ul>`}
  </nav>`;
}

/** @param {import("../views.js").Known} known @param {string | undefined} first */
function entry(known, first) {
  return known.isOffered() && html`<li key=${known.path}>
    <a href=${link([known.path])} aria-current=${first === known.path ? "page" : undefined}><${Icon} name=${known.icon} />${known.title}</a>
  </li>`;
}
