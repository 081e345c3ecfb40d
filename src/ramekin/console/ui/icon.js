// Small pictures, drawn with lines in the colour of the text beside them. They say nothing that words do not.
import { html } from "./html.js";

/** @type {Record<string, string>} */
const PATHS = {
  add: "M8 3v10M3 8h10",
  arrow: "M3 8h10M9 4l4 4-4 4",
  back: "M13 8H3M7 4L3 8l4 4",
  branch: "M5 3v10M5 10c0-4 6-2 6-6M5 3m-1.5 0a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M11 3m-1.5 0a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M5 13m-1.5 0a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0",
  chart: "M2.5 13.5h11M4.5 11V8M8 11V3.5M11.5 11V6",
  check: "M3 8.5l3.2 3.2L13 4.8",
  clock: "M8 8m-5.7 0a5.7 5.7 0 1 0 11.4 0a5.7 5.7 0 1 0-11.4 0M8 4.8V8l2.2 1.6",
  close: "M4 4l8 8M12 4l-8 8",
  code: "M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  down: "M4 6l4 4 4-4",
  download: "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M2.5 13.5h11",
  edit: "M3 13l.6-2.8L10.8 3 13 5.2 5.8 12.4z",
  fault: "M8 2.2L14.3 13.4H1.7zM8 6.3v3.4M8 11.3v.4",
  filter: "M2 3.5h12L9.5 8.7v4.3l-3-1.6V8.7z",
  group: "M2.5 3.5h11M2.5 8h7M2.5 12.5h4",
  history: "M2.6 5.2A6 6 0 1 1 2 8.6M2.2 2.6v3h3M8 5v3.2l2.2 1.4",
  join: "M6 8m-3.8 0a3.8 3.8 0 1 0 7.6 0a3.8 3.8 0 1 0-7.6 0M10 8m-3.8 0a3.8 3.8 0 1 0 7.6 0a3.8 3.8 0 1 0-7.6 0",
  key: "M5.3 10.7m-2.8 0a2.8 2.8 0 1 0 5.6 0a2.8 2.8 0 1 0-5.6 0M7.3 8.7L13.5 2.5M11 5l2 2",
  link: "M6.8 9.2l2.4-2.4M7 4.8l1.6-1.6a2.9 2.9 0 0 1 4.2 4.2L11.2 9M9 11.2l-1.6 1.6a2.9 2.9 0 0 1-4.2-4.2L4.8 7",
  list: "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.2M2.5 8h.2M2.5 12h.2",
  live: "M1.8 8.5h3L6.5 3.5l3 9 1.7-4h3",
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  moon: "M13.2 9.6A5.7 5.7 0 0 1 6.4 2.8a5.7 5.7 0 1 0 6.8 6.8z",
  more: "M3.5 8h.2M8 8h.2M12.5 8h.2",
  next: "M6 4l4 4-4 4",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2v9.6L12.6 8z",
  redo: "M13.4 5.2A6 6 0 1 0 14 8.6M13.8 2.6v3h-3",
  search: "M7 7m-4.3 0a4.3 4.3 0 1 0 8.6 0a4.3 4.3 0 1 0-8.6 0M10.3 10.3L13.8 13.8",
  sun: "M8 8m-2.8 0a2.8 2.8 0 1 0 5.6 0a2.8 2.8 0 1 0-5.6 0M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  table: "M2.5 3h11v10h-11zM2.5 6.5h11M6.5 6.5V13",
  trash: "M3 4.5h10M6 4.5V2.8h4v1.7M4.3 4.5l.6 8.7h6.2l.6-8.7M6.7 7v3.8M9.3 7v3.8",
  tree: "M3 3.5h4M5 3.5v9h3M5 8h3M9.5 8h4M9.5 12.5h4",
  undo: "M5.5 3L2.8 5.8 5.5 8.6M3 5.8h6.2a3.7 3.7 0 0 1 0 7.4H6.5",
  up: "M4 10l4-4 4 4",
  upload: "M8 11V3M4.5 6L8 2.5 11.5 6M2.5 13.5h11",
};

/** @param {{name: string}} given */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name] ?? PATHS.table} /></svg>`;
}
