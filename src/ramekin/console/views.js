// The views, by the first part of their address; each is fetched when it is first shown.
import { IS_DEV } from "./address.js";
import { may } from "./access.js";

/** The mark of an address whose view is held still. */
export const PAUSED = "paused";

/** @typedef {{parts: number, words: string[] | null, marks: string[]}} Room what an address may have; without `words`, any */

/** @type {Room} */
const ALONE = { parts: 1, words: [], marks: [] };

/**
 * @typedef {object} Known
 * @property {string} path the first part of its address
 * @property {string} title
 * @property {string} icon
 * @property {() => boolean} isOffered whether the key may use it
 * @property {Room | ((parts: string[]) => Room | null)} [room] what its address may have, if that is more than its name; null: it tells itself
 * @property {[string, string, ("read" | "admin")?][]} [deeds] what can be done there from anywhere: as the palette calls it, as its button does, and the role
 *   for all tables that it takes
 * @property {() => Promise<{default: import("preact").ComponentType<any>}>} load
 */

/** @type {Known[]} */
export const VIEWS = [
  { path: "tables", title: "Tables", icon: "table", isOffered: () => may("read"), room: roomOfTables, load: () => import("./tables/view.js") },
  { path: "joins", title: "Join", icon: "join", isOffered: () => may("read"), room: { parts: 4, words: null, marks: [] }, load: () => import("./builder/joins.js") },
  { path: "groups", title: "Groups", icon: "group", isOffered: () => may("read"), room: { parts: 2, words: null, marks: [] }, load: () => import("./builder/groups.js") },
  { path: "import", title: "Import, export", icon: "upload", isOffered: () => may("read"), load: () => import("./transfer/view.js"),
    deeds: [["Export the whole database as JSON", "The whole database as JSON", "read"], ["Save a backup", "A backup", "admin"]] },
  { path: "live", title: "Live", icon: "live", isOffered: () => may("admin"), room: { ...ALONE, marks: [PAUSED] }, load: () => import("./live/view.js") },
  { path: "changes", title: "Changes", icon: "history", isOffered: () => may("read"), room: { parts: 1, words: ["table"], marks: [PAUSED] }, load: () => import("./live/changes.js") },
];

/** @type {Known[]} */
export const DEV_VIEWS = IS_DEV ? [
  { path: "branches", title: "Branches", icon: "branch", isOffered: () => may("admin"), load: () => import("./dev/branches.js"),
    deeds: [["New branch", "New branch"], ["Keep this state as a checkpoint", "Keep this state"], ["Reset to the checkpoint", "Reset"]] },
  { path: "diff", title: "Since the checkpoint", icon: "history", isOffered: () => may("admin"), load: () => import("./dev/diff.js") },
  { path: "faults", title: "Faults", icon: "fault", isOffered: () => may("admin"), load: () => import("./dev/faults.js") },
  { path: "clock", title: "Clock", icon: "clock", isOffered: () => may("admin"), load: () => import("./dev/clock.js"),
    deeds: [["Stop the clock", "Stop it"], ["Move the clock on by an hour", "An hour"], ["Move the clock on by a day", "A day"], ["Set the clock back to the real time", "Back to the real time"]] },
] : [];

/** @type {Known} */
const NONE = { path: "", title: "No such view", icon: "fault", isOffered: () => false, room: () => null, load: () => import("./shell/nowhere.js") };

/** @param {string | undefined} path none: the first view */
export const viewOf = (path = VIEWS[0].path) => [...VIEWS, ...DEV_VIEWS].find((known) => known.path === path) ?? NONE;

/** @param {string[]} parts @returns {Room | null} */
function roomOfTables([, table, part]) {
  return part === "definition" ? { ...ALONE, parts: 3 } : table ? null : ALONE;
}

/**
 * What an address says and its view has no use for, in sentences, and the address without that.
 * @param {import("./address.js").View} view
 */
export function withoutSurplus({ parts, words, mark }) {
  const { room = ALONE } = viewOf(parts[0]);
  const { parts: most, words: known, marks } = (typeof room === "function" ? room(parts) : room) ?? { parts: Infinity, words: null, marks: [mark] };
  const kept = { parts: parts.slice(0, most), words: words.filter(([name]) => known?.includes(name) ?? true), mark: marks.includes(mark) ? mark : "" };
  const surplus = [parts.slice(most).join("/"), ...words.filter((word) => !kept.words.includes(word)).map(([name]) => name), mark !== kept.mark && `#${mark}`];
  return { told: surplus.filter(Boolean).map((each) => `This view has no use for ${each}.`), kept };
}
