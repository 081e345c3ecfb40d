// The palette of commands: Ctrl K anywhere, a few letters, Enter. All that can be reached is in it, so nothing takes a mouse.
import { useEffect, useId, useState } from "preact/hooks";
import { may, mayAll } from "../access.js";
import { ROOT, link } from "../address.js";
import { undoLast } from "../record/deeds.js";
import { NEW, tables } from "../tables/catalog.js";
import { gridOf } from "../tables/chosen.js";
import { deedsOf, doThere } from "../ui/deeds.js";
import { Dialog, open, opened } from "../ui/dialog.js";
import { visit } from "../ui/focus.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { DEV_VIEWS, VIEWS } from "../views.js";
import { switchTheme } from "./theme.js";

const SHOWN = 50;

/** @typedef {{name: string, kind: string, icon: string, run: () => unknown}} Command */

/** @returns {Command[]} */
function commands() {
  const views = [...VIEWS, ...DEV_VIEWS].filter((known) => known.isOffered());
  const always = ofConsole();
  const here = deedsOf(/** @type {HTMLElement} */ (document.querySelector("main"))).filter(({ name }) => !always.some((each) => each.name === name));
  const elsewhere = views.flatMap(({ path, title, icon, deeds = [] }) => deeds.filter(([, , role]) => !role || mayAll(role)).map(([name, button]) => ({ name, kind: title, icon, run: () => doThere(link([path]), button) })));
  return [
    ...views.map(({ path, title, icon }) => ({ name: title, kind: "view", icon, run: () => visit(link([path])) })),
    ...here.map((deed) => ({ ...deed, kind: "on this page", icon: "arrow" })),
    ...elsewhere.filter(({ name }) => !here.some((each) => each.name === name)),
    ...tables.value.map(({ name }) => ({ name, kind: "table", icon: "table", run: () => visit(gridOf(name)) })),
    ...tables.value.map(({ name }) => ({ name: `Definition of ${name}`, kind: "table", icon: "code", run: () => visit(link(["tables", name, "definition"])) })),
    ...tables.value.map(({ name }) => ({ name: `Group ${name}`, kind: "table", icon: "group", run: () => visit(link(["groups", name])) })),
    ...tables.value.map(({ name }) => ({ name: `Join ${name}`, kind: "table", icon: "join", run: () => visit(link(["joins", name])) })),
    ...tables.value.map(({ name }) => ({ name: `Follow changes of ${name}`, kind: "table", icon: "history", run: () => visit(link(["changes"], [["table", name]])) })),
    ...tables.value.flatMap(({ name }) => OF_TABLE.filter(({ role }) => may(role)).map(({ told, button, icon }) => ({ name: told.replace("*", () => name), kind: "table", icon, run: () => doThere(gridOf(name), button) }))),
    ...always,
  ];
}

/** What the buttons and menus of a table do, as it is called from elsewhere. @type {{told: string, button: string, icon: string, role: "read" | "write" | "admin"}[]} */
const OF_TABLE = [
  { told: "Add to *", button: "Add", icon: "add", role: "write" },
  ...["CSV", "JSON", "NDJSON"].map((format) => /** @type {const} */ ({ told: `Export * as ${format}`, button: `Export as ${format}`, icon: "download", role: "read" })),
  { told: "Change all of *…", button: "Change all that are found…", icon: "edit", role: "write" },
  { told: "Empty *…", button: "Empty the table…", icon: "trash", role: "write" },
  { told: "Drop *…", button: "Drop the table…", icon: "trash", role: "admin" },
];

/** What can be done wherever one is. @returns {Command[]} */
function ofConsole() {
  return [
    ...(may("write") ? [{ name: "Import a file", kind: "command", icon: "upload", run: () => visit(link(["import"])) }] : []),
    ...(may("admin") ? [{ name: "New table", kind: "command", icon: "add", run: () => visit(link(["tables", NEW, "definition"])) }] : []),
    ...(may("write") ? [{ name: "Undo the last change", kind: "command", icon: "history", run: () => undoLast() }] : []),
    { name: "Switch between light and dark", kind: "command", icon: "moon", run: switchTheme },
    { name: "Show the keys of the keyboard", kind: "command", icon: "key", run: showKeys },
    { name: "Open the documentation of the API", kind: "command", icon: "link", run: () => window.open(`${ROOT}/docs`, "_blank", "noopener") },
  ];
}

/**
 * Commands that have all letters of a text in their order, the nearest first.
 * @param {Command[]} all @param {string} text
 */
function found(all, text) {
  const wanted = text.toLowerCase().replace(/\s+/g, "");
  const ranked = all.map((command, place) => ({ command, place, rank: rankOf(command.name.toLowerCase(), wanted) }));
  return ranked.filter(({ rank }) => rank < Infinity).sort((some, other) => some.rank - other.rank || some.place - other.place).slice(0, SHOWN).map(({ command }) => command);
}

/** How far a name is from what was typed: less is nearer. @param {string} name @param {string} wanted */
function rankOf(name, wanted) {
  const whole = name.replace(/\s+/g, "").indexOf(wanted);
  if (whole >= 0) return whole;
  let at = -1;
  for (const letter of wanted) {
    at = name.indexOf(letter, at + 1);
    if (at < 0) return Infinity;
  }
  return 1000 + at;
}

/** @param {{onClose: () => void}} given */
function Palette({ onClose }) {
  const id = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const shown = found(commands(), text);
  useEffect(() => document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: "nearest" }), [at]);
  const run = (/** @type {Command | undefined} */ command) => {
    if (!command) return;
    onClose();
    queueMicrotask(command.run);
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((at + step + shown.length) % (shown.length || 1));
    else if (event.key === "Enter") run(shown[at]);
    else return;
    event.preventDefault();
  };
  return html`<${Dialog} title="Go to, or do" class="palette" onClose=${onClose}>
    <input autofocus role="combobox" aria-label="Command" aria-expanded="true" aria-controls=${id} aria-activedescendant=${shown.length ? `${id}-${at}` : undefined}
      autocomplete="off" spellcheck=${false} placeholder="A table, a view, a command" value=${text} onKeyDown=${press}
      onInput=${(/** @type {any} */ event) => { setText(event.target.value); setAt(0); }} />
    <ul id=${id} role="listbox" aria-label="Commands">${shown.map((command, place) => html`<li key=${`${command.kind} ${command.name}`} id=${`${id}-${place}`} role="option" aria-selected=${place === at}
      onMouseMove=${() => place !== at && setAt(place)} onClick=${() => run(command)}><${Icon} name=${command.icon} /><span class="clip">${command.name}</span><span class="faint">${command.kind}</span></li>`)}</ul>
    ${!shown.length && html`<p class="faint" role="status">Nothing is called that.</p>`}
  <//>`;
}

export const openPalette = () => open((close) => html`<${Palette} onClose=${close} />`);

const KEYS = [
  ["Ctrl K", "this palette: go anywhere, do anything"], ["/", "find a table"], ["?", "these keys"], ["Tab, Shift Tab", "the next thing, the one before"],
  ["Arrow keys", "another cell of the grid, another entry of a menu"], ["Enter", "edit a cell; open, send"], ["Space", "open the record of a row"], ["↑ to a header", "Enter sorts, Shift Enter by one more; + and − make it wider and narrower, 0 fits it"],
  ["Escape", "leave a cell, close a menu, dialog or record"], ["Ctrl C", "copy the value of a cell"], ["Ctrl Z", "undo the last change"],
];

const showKeys = () => open((close) => html`<${Dialog} title="Keys" onClose=${close}>
  <dl class="facts">${KEYS.map(([keys, told]) => html`<div key=${keys}><dt><kbd>${keys}</kbd></dt><dd>${told}</dd></div>`)}</dl><//>`);

/** Open the palette or the keys where these are pressed. @param {KeyboardEvent} event @param {boolean} isTyping */
export function pressed(event, isTyping) {
  if (opened.value.length || event.defaultPrevented) return;
  const isPalette = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (!isPalette && (event.key !== "?" || isTyping)) return;
  event.preventDefault();
  if (isPalette) openPalette();
  else showKeys();
}
