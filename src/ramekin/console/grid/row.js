// One row of the grid. It is drawn again only if something of its own has changed, so scrolling draws new rows alone.
import { Component } from "preact";
import { CellEditor } from "../record/editor.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { Value } from "./cell.js";
import { valueAt } from "./columns.js";

/**
 * @typedef {{index: number, y: number, record: any, columns: string[], span: import("./columns.js").Span, widths: number[], fields: Map<string, import("../fields.js").Field>,
 *   active: number, edit: import("./cells.js").Edit | null, held: import("./cells.js").Deed[], isOpened: boolean, isFresh: boolean, href: (record: any) => string,
 *   onPick: (row: number, column: number) => void, onEdit: () => void, onSave: (edit: any, value: unknown, typed: import("./cells.js").Typed) => Promise<void>,
 *   onLeave: (edit: any, isGivenUp: boolean) => void, onNext: (step: number) => void}} Given `held`: what is being stored of it
 * @extends {Component<Given>}
 */
export class Row extends Component {
  /** @param {Given} next */
  shouldComponentUpdate(next) {
    const now = /** @type {any} */ (this.props);
    return ["index", "y", "record", "columns", "span", "widths", "fields", "active", "edit", "held", "isOpened", "isFresh", "href"].some((name) => now[name] !== /** @type {any} */ (next)[name]);
  }

  render() {
    const { index, y, record, columns, span, isOpened, isFresh, href } = /** @type {Given} */ (this.props);
    return html`<div role="row" aria-rowindex=${index + 2} aria-selected=${isOpened} class="row-line ${isOpened ? "opened" : ""} ${isFresh ? "fresh" : ""}"
        style=${{ transform: `translateY(${y}px)` }}>
      <div role="rowheader" class="gutter">${record ? html`<a tabindex="-1" href=${href(record)} aria-label=${`${index + 1}: open ${record.id}`}>
        <span class="number">${index + 1}</span><${Icon} name="arrow" /></a>` : html`<span class="number">${index + 1}</span>`}</div>
      ${columns.slice(span.from, span.to).map((path, place) => this.cell(path, span.from + place))}
    </div>`;
  }

  /** @param {string} path @param {number} column */
  cell(path, column) {
    const { index, record, span, widths, fields, active, edit, held, onPick, onEdit, onSave, onLeave, onNext } = /** @type {Given} */ (this.props);
    const isActive = active === column;
    const deed = held.findLast((each) => each.path === path);
    const value = deed ? deed.value : record ? valueAt(record, path) : undefined;
    const editor = () => html`<${CellEditor} key=${edit?.turn} label=${path} value=${value} field=${fields.get(path)} refused=${edit?.refused} onNext=${onNext}
      onCancel=${(/** @type {boolean} */ isGivenUp) => onLeave(edit, isGivenUp)}
      onSave=${(/** @type {unknown} */ made, /** @type {import("./cells.js").Typed} */ typed) => onSave(edit, made, typed)} />`;
    return html`<div role="gridcell" key=${path} id=${isActive ? "active-cell" : undefined} aria-colindex=${column + 2} style=${{ width: `${widths[column]}px`, marginLeft: `${column === span.from ? span.before : 0}px` }}
        class="cell ${isActive ? "active" : ""} ${deed ? (deed.fault ? "refused" : "pending") : ""}" aria-busy=${deed && !deed.fault ? "true" : undefined} aria-invalid=${deed?.fault ? "true" : undefined} onPointerDown=${() => onPick(index, column)} onDblClick=${onEdit}>
      ${!record ? html`<span class="blank"></span>` : edit?.path === path ? editor() : deed?.fault ? html`<span title=${deed.fault}>${deed.typed.text}</span>` : html`<${Value} value=${value} />`}
    </div>`;
  }
}
