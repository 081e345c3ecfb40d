// What stands around every view: the header, the tables at the side, and the place for dialogs and messages.
import { useEffect, useState } from "preact/hooks";
import { BRANCH, ICON, ROOT, VERSION, go, link, view } from "../address.js";
import { grant } from "../access.js";
import { hasKey, isAway, isGone, isLocked } from "../server.js";
import { NEW, state, watch } from "../tables/catalog.js";
import { Button } from "../ui/button.js";
import { useCorrections } from "../ui/corrections.js";
import { Opened, opened } from "../ui/dialog.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { enter } from "../ui/focus.js";
import { isTyping } from "../ui/keys.js";
import { Toasts } from "../ui/toast.js";
import { viewOf, withoutSurplus } from "../views.js";
import "../record/conflict.js";
import "../record/gone.js";
import { undoLast } from "../record/deeds.js";
import { Lock } from "./lock.js";
import { openPalette, pressed } from "./palette.js";
import { OnPurpose } from "./purpose.js";
import { Sidebar } from "./sidebar.js";
import { isDark, switchTheme } from "./theme.js";

export function Shell() {
  const [isOut, setOut] = useState(false);
  useEffect(watch, []);
  useEffect(() => {
    const jump = (/** @type {KeyboardEvent} */ event) => {
      pressed(event, isTyping(event.target));
      if (isTyping(event.target) || opened.value.length) return;
      if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey) void undoLast();
      if (event.key !== "/") return;
      event.preventDefault();
      setOut(true);
      document.getElementById("find-table")?.focus();
    };
    addEventListener("keydown", jump);
    return () => removeEventListener("keydown", jump);
  }, []);
  if (isLocked.value && !state.value.isKnown) return html`<${Header} /><${Lock} /><${Toasts} />`;
  return html`
    <a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => { event.preventDefault(); enter(); }}>Skip to the content</a>
    <${Header} onMenu=${() => setOut(!isOut)} />
    <div class="body ${isOut ? "out" : ""}" onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Escape" || !isOut) return;
        event.stopPropagation();
        setOut(false);
      }}>
      <${Sidebar} onLeave=${() => setOut(false)} />
      <div class="veil" onClick=${() => setOut(false)}></div>
      <main id="main" tabindex="-1"><${View} /></main>
    </div>
    <${Opened} />${isLocked.value && html`<${Lock} isOver />`}<${Toasts} />`;
}

/** @param {{onMenu?: () => void}} given */
function Header({ onMenu }) {
  return html`<header class="top">
    ${onMenu && html`<${Button} icon="menu" label="Show the tables" kind="quiet" class="drawer" onClick=${onMenu} />`}
    <a class="brand" href=${link([])}><img src=${ICON} alt="" width="22" height="22" />Ramekin</a>
    <span class="faint version">${VERSION}</span>
    ${BRANCH && html`<${Told} icon="branch" text=${BRANCH} />`}
    <span class="grow"></span>
    <${OnPurpose} />
    ${isAway.value && html`<${Told} icon="fault" kind="bad" text="The server does not answer" />`}
    ${isGone.value && html`<${Told} icon="fault" kind="bad" text="This branch is gone"> · <a href=${`${ROOT}/console/branches`}>Branches</a><//>`}
    ${hasKey() && grant.value.name && html`<${Told} icon="key" text=${`${grant.value.name} · ${grant.value.role}`} />`}
    ${onMenu && html`<button type="button" class="button quiet palette-button" aria-keyshortcuts="Control+K" onClick=${openPalette}><${Icon} name="search" /><span>Go to, or do</span><kbd>Ctrl K</kbd></button>`}
    <a class="button quiet" href=${`${ROOT}/docs`} target="_blank" rel="noopener">API</a>
    <${Button} icon=${isDark() ? "sun" : "moon"} label=${isDark() ? "Light colours" : "Dark colours"} kind="quiet" onClick=${switchTheme} />
  </header>`;
}

/** What is told in the header, as far as there is room. @param {{icon: string, text: string, kind?: string, children?: unknown}} given */
function Told({ icon, text, kind = "", children }) {
  return html`<span class="chip ${kind}" role=${kind && "status"} title=${text}><${Icon} name=${icon} /><span class="clip">${text}${children}</span></span>`;
}

/** What a view is called by the browser: a record, its table, the view. @param {import("../views.js").Known} known @param {string[]} parts */
function titleOf(known, [first, table, part, id]) {
  const thing = part === "records" && id !== undefined ? [id] : first === "tables" && part === "definition" ? ["definition"] : [];
  return [...thing, table, known.title, "Ramekin"].filter((each) => each && each !== NEW).join(" · ");
}

/** The view that the address names, once it is fetched. */
function View() {
  const known = viewOf(view.value.parts[0]);
  const { told, kept } = withoutSurplus(view.value);
  useCorrections(told, () => go(link(kept.parts, kept.words, kept.mark), { replace: true }));
  const [loaded, setLoaded] = useState(/** @type {{path: string, View: any} | null} */ (null));
  useEffect(() => {
    let isWanted = true;
    known.load().then((found) => isWanted && setLoaded({ path: known.path, View: found.default }));
    return () => void (isWanted = false);
  }, [known.path]);
  const title = titleOf(known, view.value.parts);
  useEffect(() => void (document.title = title), [title]);
  if (state.value.error && !state.value.isKnown) return html`<div class="pad"><${Fault} error=${state.value.error} /></div>`;
  if (loaded?.path !== known.path || !state.value.isKnown) return html`<div class="waiting late" aria-busy="true" role="status">Loading…</div>`;
  return html`<${loaded.View} />`;
}
