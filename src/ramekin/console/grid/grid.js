// The grid: a window on the rows of a list. Arrows move, Enter edits, Space opens the record, and what is copied is the
// value as it is. Above the first row are the headers: there Enter sorts.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { stepsOf } from "../fields.js";
import { showUnsaved } from "../record/unsaved.js";
import { copy } from "../ui/clipboard.js";
import { welcome } from "../ui/focus.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { say } from "../ui/toast.js";
import { edited, kindOf } from "../values.js";
import { cellsOf } from "./cells.js";
import { spanOf, valueAt } from "./columns.js";
import { HEAD, cursorAt, followed, movedBy } from "./cursor.js";
import { Row } from "./row.js";
import { Scroll } from "./scroll.js";

const ROW_PX = 30;
const GUTTER_PX = 66;
/** Rows that are asked for before they are seen. */
const AHEAD = 60;
const BEYOND = 8;
/** Columns of which all are drawn; of more, those in sight and some pixels aside, which is also how far one scrolls until others are. */
const FEW = 40;
const ASIDE_PX = 480;
const STEP_PX = 24;
const NARROWEST_PX = 48;

/**
 * @typedef {import("./cells.js").Edit} Edit
 * @typedef {{table: string, rows: import("./rows.js").Rows, columns: string[], widthOf: (path: string) => number, fields: Map<string, import("../fields.js").Field>,
 *   order: import("../filter.js").Order[], openedId: string | undefined, fresh: Set<string>, isWritable: boolean,
 *   href: (record: any) => string, onOpen: (record: any) => void, onSort: (path: string, isMore: boolean) => void,
 *   onWidth: (path: string, width: number, isDone: boolean) => void, onFit: (path: string, seen: any[], most: number) => void,
 *   onSave: (record: any, path: string, value: unknown, how: import("../record/store.js").How) => Promise<any>}} Given
 * @param {Given} given
 */
export function Grid({ table, rows, columns, widthOf, fields, order, openedId, fresh, isWritable, href, onOpen, onSort, onWidth, onFit, onSave }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const scroll = useMemo(() => new Scroll(ROW_PX), [rows]);
  const [top, setTop] = useState(0);
  const [seen, setSeen] = useState(600);
  const [left, setLeft] = useState(0);
  const [wide, setWide] = useState(1280);
  const [cursor, setCursor] = useState(/** @type {import("./cursor.js").Cursor} */ ({ row: 0, column: 0 }));
  const [edit, setEdit] = useState(/** @type {Edit | null} */ (null));
  const cells = cellsOf(table);
  const now = useRef(/** @type {any} */ (null)); // what is seen when an answer comes
  const isToEnd = useRef(false); // somebody goes to the last row, and nobody knows yet which that is
  void rows.version.value;
  const active = followed(cursor, rows, !!box.current?.contains(document.activeElement));
  const count = rows.length;
  scroll.resize(count);
  const first = Math.max(0, Math.floor(scroll.exact(top) / ROW_PX) - BEYOND);
  const last = Math.min(count - 1, Math.ceil((scroll.exact(top) + seen) / ROW_PX) + BEYOND);
  useEffect(() => rows.want(Math.max(0, first - AHEAD), Math.min(count - 1, last + AHEAD)), [rows, first, last, count]);
  useLayoutEffect(() => {
    const watcher = new ResizeObserver(() => {
      setSeen(box.current?.clientHeight ?? 600);
      setWide(box.current?.clientWidth ?? 1280);
    });
    if (box.current) watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  useEffect(() => welcome(box.current), []);
  useEffect(() => {
    if (isToEnd.current && rows.total.value !== null) goTo(count - 1, active.column);
    isToEnd.current &&= rows.total.value === null;
  }, [rows.total.value]);
  useEffect(() => {
    isToEnd.current = false;
    if (box.current) box.current.scrollTop = 0;
    setCursor((now) => (now.row === HEAD ? now : { row: 0, column: 0 })); // who sorts goes on at the headers
    setEdit(null);
  }, [rows]);

  const onScroll = () => {
    const element = /** @type {HTMLDivElement} */ (box.current);
    const meant = scroll.moved(element.scrollTop, element.clientHeight);
    if (meant !== element.scrollTop) element.scrollTop = meant;
    setTop(meant);
    setLeft(Math.floor(element.scrollLeft / ASIDE_PX) * ASIDE_PX);
  };
  const pick = (/** @type {number} */ row, /** @type {number} */ column) => setCursor(cursorAt(row, column, rows));
  const show = (/** @type {number} */ row, /** @type {number} */ column) => {
    const element = /** @type {HTMLDivElement} */ (box.current);
    if (row !== HEAD) element.scrollTop = scroll.to(row, element.scrollTop, element.clientHeight - ROW_PX - 6);
    setTop(element.scrollTop);
    const left = GUTTER_PX + columns.slice(0, column).reduce((sum, path) => sum + widthOf(path), 0);
    if (left - GUTTER_PX < element.scrollLeft) element.scrollLeft = left - GUTTER_PX;
    if (left + widthOf(columns[column]) > element.scrollLeft + element.clientWidth) element.scrollLeft = left + widthOf(columns[column]) - element.clientWidth;
  };
  const goTo = (/** @type {number} */ row, /** @type {number} */ column, to = cursorAt(row, column, rows)) => {
    setCursor(to);
    show(to.row, to.column);
  };
  /** Tell that the record of the cursor is gone, before a key changes the one that has its place. */
  const isTold = (/** @type {import("./cursor.js").Cursor} */ { row, column, id, isLost }) => {
    if (!isLost) return false;
    goTo(row, column);
    say(`${id} is not here any more`, { kind: "failed", detail: rows.at(row) && `The cursor is at ${rows.at(row).id} now.` });
    return true;
  };
  const shown = (/** @type {any} */ record, /** @type {string} */ path) => {
    const deed = cells.at(record, path);
    return deed ? deed.value : valueAt(record, path);
  };
  const isEditable = (/** @type {any} */ record, /** @type {string} */ path) =>
    isWritable && record && path !== "id" && stepsOf(path).length === 1 && !["array", "object"].includes(kindOf(shown(record, path)));
  const begin = () => {
    const { active, edit } = now.current;
    if (isTold(active)) return;
    const [record, path] = [rows.at(active.row), columns[active.column]];
    if (!record || (edit?.record.id === record.id && edit?.path === path)) return;
    const deed = cells.at(record, path);
    if (deed?.isUndecided) decide(deed);
    else if (isEditable(record, path) || deed?.fault) setEdit(cells.edit(record, path, active.row));
    else onOpen(record);
  };
  const next = (/** @type {number} */ step) => {
    const { active } = now.current;
    if (active.isLost) return; // until another key asks for it
    const place = active.row * columns.length + active.column + step;
    const [row, column] = [Math.floor(place / columns.length), (place + columns.length) % columns.length];
    if (row < 0 || row >= rows.length) return;
    goTo(row, column);
    const [record, path] = [rows.at(row), columns[column]];
    if (isEditable(record, path)) setEdit(cells.edit(record, path, row));
  };
  const leave = (/** @type {Edit} */ left, isGivenUp = false) => {
    if (isGivenUp && left.refused) {
      cells.end(left.refused);
      if (left.refused.isNotKnown) void rows.refresh();
    }
    if (box.current?.querySelector(".cell-editor")?.contains(document.activeElement)) box.current.focus({ preventScroll: true });
    setEdit((now) => (now === left ? null : now)); // another cell may be edited already
  };
  const save = async (/** @type {Edit} */ made, /** @type {unknown} */ value, /** @type {import("./cells.js").Typed} */ typed) => {
    leave(made);
    store(made, value, typed, { mayAsk: () => false });
  };
  /** What is refused waits at its place, and is told: the next key may be meant for another. */
  const store = (/** @type {Edit} */ made, /** @type {unknown} */ value, /** @type {import("./cells.js").Typed} */ typed, /** @type {import("../record/store.js").How} */ how) =>
    void cells.store(made, value, typed, (record, path, value) => onSave(record, path, value, how)).then((refused) => refused && tell(refused));
  const tell = (/** @type {import("./cells.js").Deed} */ deed) => {
    const act = { name: deed.isUndecided ? "Decide" : "What I typed", run: () => now.current.reopen(deed) };
    const what = `${deed.path} of ${table} ${deed.id}`;
    deed.toast = say(deed.isNotKnown ? `Whether ${what} is saved is not known` : `${what} was not saved`, { kind: "failed", detail: deed.fault, isLasting: true, act });
  };
  /** Ask which of two versions holds, and store that. @param {import("./cells.js").Deed} deed */
  const decide = (deed) => store({ record: deed.base, path: deed.path, at: -1, turn: 0, refused: deed }, deed.value, deed.typed, {});
  /** Open what was refused, because somebody wants to see it. @param {import("./cells.js").Deed} deed */
  const reopen = (deed) => {
    const [row, column] = [rows.rowOf(deed.id), columns.indexOf(deed.path)];
    if (deed.isUndecided) return decide(deed);
    if (!box.current || row < 0 || column < 0) return showUnsaved(deed.path, deed.typed.text, new Error(deed.fault));
    goTo(row, column);
    return setEdit(cells.edit(rows.at(row), deed.path, row));
  };
  now.current = { reopen, active, edit }; // what an answer, a message or a row of before comes to
  const fit = (/** @type {string} */ path) => {
    const seen = Array.from({ length: last - first + 1 }, (_, place) => rows.at(first + place)).filter(Boolean);
    onFit(path, seen, Math.max(NARROWEST_PX, (box.current?.clientWidth ?? 0) - GUTTER_PX));
  };
  /** What a key does at a header; false if it is none for that. @param {KeyboardEvent} event */
  const pressHead = ({ key, shiftKey }) => {
    const path = columns[active.column];
    const wider = { "+": STEP_PX, "-": -STEP_PX }[key];
    if (wider) onWidth(path, Math.max(NARROWEST_PX, widthOf(path) + wider), true);
    else if (key === "Enter") onSort(path, shiftKey);
    else if (key === "0") fit(path);
    return wider !== undefined || key === "Enter" || key === "0";
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.target !== box.current) return;
    const page = Math.max(1, Math.floor(seen / ROW_PX) - 2);
    const far = event.ctrlKey || event.metaKey;
    const moves = /** @type {Record<string, [number, number]>} */ ({
      ArrowDown: [far ? count : 1, 0], ArrowUp: [far ? -count : -1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageDown: [page, 0], PageUp: [-page, 0],
      Home: [far ? -count : 0, -columns.length], End: [far ? count : 0, columns.length],
    });
    const move = moves[event.key];
    isToEnd.current = far && rows.total.value === null && ["End", "ArrowDown"].includes(event.key);
    if (move) {
      const to = movedBy(active, move[0], move[1], far || event.key === "PageUp" ? 0 : HEAD, columns.length, rows);
      goTo(to.row, to.column, to);
    } else if (active.row === HEAD) {
      if (!pressHead(event)) return;
    } else if (event.key === "Enter" || event.key === "F2") begin();
    else if (event.key === " " && rows.at(active.row)) void (isTold(active) || onOpen(rows.at(active.row)));
    else if (far && event.key.toLowerCase() === "c" && !String(getSelection())) {
      void copy("", () => edited(shown(rows.at(active.row) ?? {}, columns[active.column])));
    } else return;
    event.preventDefault();
  };
  const widths = useMemo(() => columns.map(widthOf), [columns.join("\n"), columns.map(widthOf).join()]);
  const width = GUTTER_PX + widths.reduce((sum, each) => sum + each, 0);
  const span = useMemo(() => {
    if (columns.length <= FEW) return { from: 0, to: columns.length, before: 0 };
    const place = edit ? widths.slice(0, columns.indexOf(edit.path)).reduce((sum, each) => sum + each, 0) : left; // an editor stays
    return spanOf(widths, Math.min(left - ASIDE_PX, place), Math.max(left + wide + 2 * ASIDE_PX, place + 1));
  }, [widths, left, wide, edit?.path]);
  const isActiveSeen = (active.row === HEAD || (active.row >= first && active.row <= last)) && active.column >= span.from && active.column < span.to;
  const lines = [];
  const moved = edit ? rows.find(edit.record.id, first, last) : -1;
  if (edit && moved >= 0) edit.at = moved;
  for (let index = first; index <= last; index += 1) {
    const isEdited = index === edit?.at; // it keeps its editor where rows come before it, and its row where it is there no more
    const record = edit && isEdited && moved < 0 ? edit.record : rows.at(index);
    lines.push(html`<${Row} key=${isEdited ? "edited" : index} index=${index} y=${index * ROW_PX - scroll.shift} record=${record} columns=${columns} span=${span} widths=${widths} fields=${fields}
      active=${active.row === index ? active.column : -1} edit=${isEdited ? edit : null} held=${cells.of(record)} isOpened=${record && String(record.id) === openedId}
      isFresh=${record && fresh.has(String(record.id))} href=${href} onPick=${pick} onEdit=${begin} onSave=${save} onLeave=${leave} onNext=${next} />`);
  }
  return html`<div class="grid" role="grid" tabindex="0" ref=${box} onScroll=${onScroll} onKeyDown=${press} onFocusIn=${() => followed(cursor, rows, true)} onPointerOver=${tellWhole} aria-label="Records"
      aria-rowcount=${count + 1} aria-colcount=${columns.length + 1} aria-activedescendant=${isActiveSeen ? "active-cell" : undefined} aria-multiselectable="false">
    <div class="grid-head" role="row" aria-rowindex="1" style=${{ width: `${width}px` }}>
      <div role="columnheader" class="gutter"><span class="hidden">Row</span></div>
      ${columns.map((path, at) => at >= span.from && at < span.to && html`<${Head} key=${path} path=${path} at=${at} before=${at === span.from ? span.before : 0} width=${widths[at]} field=${fields.get(path)} order=${order} isActive=${active.row === HEAD && active.column === at} onSort=${onSort} onWidth=${onWidth} onFit=${fit} />`)}
    </div>
    <div class="grid-canvas" role="rowgroup" style=${{ height: `${scroll.height}px`, width: `${width}px` }}>${lines}</div>
  </div>`;
}

/** Tell on the side what does not fit into the cell below the pointer. @param {PointerEvent} event */
function tellWhole({ target }) {
  const cell = target instanceof Element ? target.closest(".cell") : null;
  const shown = cell?.querySelector(":scope > span");
  if (cell instanceof HTMLElement && shown) cell.title = shown.scrollWidth > shown.clientWidth ? shown.textContent ?? "" : "";
}

/** @param {{path: string, at: number, before: number, width: number, field?: import("../fields.js").Field, order: import("../filter.js").Order[], isActive: boolean, onSort: Given["onSort"], onWidth: Given["onWidth"], onFit: (path: string) => void}} given */
function Head({ path, at: column, before, width, field, order, isActive, onSort, onWidth, onFit }) {
  const at = order.findIndex((each) => each.path === path);
  const sorted = at < 0 ? "none" : order[at].isDown ? "descending" : "ascending";
  const drag = (/** @type {PointerEvent} */ event) => {
    event.preventDefault();
    const handle = /** @type {Element} */ (event.currentTarget);
    const from = event.clientX - width;
    handle.setPointerCapture(event.pointerId);
    const move = (/** @type {any} */ moved) => onWidth(path, Math.max(NARROWEST_PX, moved.clientX - from), false);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", (/** @type {any} */ moved) => {
      handle.removeEventListener("pointermove", move);
      onWidth(path, Math.max(NARROWEST_PX, moved.clientX - from), true);
    }, { once: true });
  };
  return html`<div role="columnheader" class="head ${isActive ? "active" : ""} ${["number", "integer"].includes(field?.kind ?? "") ? "numbers" : ""}" id=${isActive ? "active-cell" : undefined} aria-colindex=${column + 2} aria-sort=${sorted} style=${{ width: `${width}px`, marginLeft: `${before}px` }} title=${[path, field?.kind, field?.told].filter(Boolean).join(" · ")}>
    <button type="button" tabindex="-1" onClick=${(/** @type {MouseEvent} */ event) => onSort(path, event.shiftKey)}>
      <span class="clip">${path}</span>${at >= 0 && html`<${Icon} name=${order[at].isDown ? "down" : "up"} />`}${at >= 0 && order.length > 1 && html`<small>${at + 1}</small>`}
    </button>
    <span class="resize" aria-hidden="true" onPointerDown=${drag} onDblClick=${() => onFit(path)}></span>
  </div>`;
}
