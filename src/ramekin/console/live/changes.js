// The change feed as a list: the newest on top, paused while somebody reads.
import { useEffect, useRef, useState } from "preact/hooks";
import { may } from "../access.js";
import { go, link, view } from "../address.js";
import { follow } from "../feed.js";
import { exampleOf } from "../fields.js";
import { print } from "../json.js";
import { curl, pathOf } from "../server.js";
import { tableOf } from "../tables/catalog.js";
import { gridOf } from "../tables/chosen.js";
import { Missing, isMissing } from "../tables/missing.js";
import { TableOptions } from "../tables/options.js";
import { Button } from "../ui/button.js";
import { Empty } from "../ui/empty.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { Beginning } from "../ui/long.js";
import { count, show } from "../values.js";
import { Pause, isPaused } from "./pause.js";

const KEPT = 500;

/** @typedef {import("../feed.js").Change & {key: number}} Entry */
/** @typedef {{entries: Entry[], held: Entry[]}} Come what is shown, and what has come since a pause began */

/** @type {Come} */
const NOTHING = { entries: [], held: [] };

export default function Changes() {
  const [{ entries, held }, setCome] = useState(NOTHING); // both at once: more may come while a pause ends
  const [{ state, error }, setState] = useState({ state: "waiting", error: /** @type {unknown} */ (null) });
  const isStill = isPaused();
  const paused = useRef(isStill);
  const words = view.value.words.filter(([name]) => name === "table");
  const table = words[0]?.[1] ?? "";
  useEffect(() => collect(words, paused, setCome, setState), [table]);
  useEffect(() => {
    paused.current = isStill;
    if (!isStill) setCome((come) => (come.held.length ? { entries: [...come.held, ...come.entries].slice(0, KEPT), held: [] } : come));
  }, [isStill]);
  return html`<section class="pad" aria-label="Changes">
    <div class="title"><h1>Changes</h1>
      <p class="faint" role="status">${isStill ? `Paused. ${count(held.length)} more ${held.length === 1 ? "has" : "have"} come.` : state === "open" ? "Each shows as it happens." : !error && "Waiting for the server…"}</p>
      <span class="grow"></span>
      <div class="row">
        <select aria-label="Table" value=${table} onChange=${(/** @type {any} */ event) => go(link(["changes"], event.target.value ? [["table", event.target.value]] : [], view.value.mark))}>
          <${TableOptions} none="All tables" chosen=${table} />
        </select>
        <${Pause} />
        <${Button} icon="trash" disabled=${!entries.length} onClick=${() => setCome((come) => ({ ...come, entries: [] }))}>Clear<//>
      </div>
    </div>
    ${error && state === "waiting" && (isMissing(error) ? html`<${Missing} table=${table} />` : html`<${Fault} error=${error} />`)}
    ${state === "lost" && html`<p class="note">Some changes were missed: more happened than the server keeps.</p>`}
    ${entries.length ? html`<ol class="feed" aria-label="Changes, the newest first">${entries.map((entry) => html`<${Line} key=${entry.key} entry=${entry} />`)}</ol>`
      : !held.length && !error && html`<${Empty} icon="history" title="Nothing has happened yet" curl=${example(table)}>
        <p>Every record that is created, replaced, deleted or that expires shows here, whoever does it.</p><//>`}
  </section>`;
}

/** A command after which something shows, or where nobody knows one, that follows. @param {string} table */
function example(table) {
  const body = may("write") ? exampleOf(tableOf(table)?.schema) : undefined;
  return body ? curl("POST", `data/${pathOf(table || "pets")}`, { body }) : curl("GET", "changes", { words: table ? [["table", table]] : [] });
}

/**
 * Follow, and draw at most once a frame however much happens.
 * @param {[string, string][]} words @param {{current: boolean}} paused @param {any} setCome @param {any} setState
 */
function collect(words, paused, setCome, setState) {
  let [fresh, last, isDrawn] = [/** @type {Entry[]} */ ([]), 0, false];
  setCome(NOTHING);
  const draw = () => {
    const [drawn, place] = [fresh, paused.current ? "held" : "entries"];
    [fresh, isDrawn] = [[], false];
    setCome((/** @type {any} */ come) => ({ ...come, [place]: [...drawn, ...come[place]].slice(0, KEPT) }));
  };
  return follow(words, {
    onChange: (change) => {
      fresh.unshift({ ...change, key: ++last });
      fresh.length = Math.min(fresh.length, KEPT);
      if (!isDrawn) requestAnimationFrame(draw);
      isDrawn = true;
    },
    onState: (state, error) => setState({ state, error }),
  });
}

/** The day of a moment, unless it is today: the server's clock may be set, and a list may be long. @param {string} at */
const dayOf = (at) => (at.slice(0, 10) === new Date().toISOString().slice(0, 10) ? "" : `${at.slice(0, 10)} `);

/** @param {{entry: Entry}} given */
function Line({ entry }) {
  const [isOpen, setOpen] = useState(false);
  const { at, table, id, op, record } = entry;
  const isThere = record != null;
  return html`<li class="op-${op}">
    <time class="figure faint" datetime=${at} title=${at}>${dayOf(at)}${at.slice(11, 23)}</time>
    <span class="op">${op}</span>
    <a href=${gridOf(table)}>${table}</a>
    ${id === undefined ? html`<span></span>` : isThere ? html`<a class="clip" href=${link(["tables", table, "records", String(id)])}>${String(id)}</a>` : html`<span class="clip">${String(id)}</span>`}
    ${isThere ? html`<button type="button" class="clip code" dir="auto" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>${show(record)}</button>` : html`<span></span>`}
    ${isOpen && html`<div class="whole"><${Beginning} label="Record" text=${print(record, 2)} /></div>`}
  </li>`;
}
