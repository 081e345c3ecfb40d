// The views, by the first part of their address; each is fetched when it is first shown.
import { IS_DEV } from "./address.js";
import { may } from "./access.js";

/**
 * @typedef {object} Known
 * @property {string} path the first part of its address
 * @property {string} title
 * @property {string} icon
 * @property {() => boolean} isOffered whether the key may use it
 * @property {() => Promise<{default: import("preact").ComponentType<any>}>} load
 */

/** @type {Known[]} */
export const VIEWS = [
  { path: "tables", title: "Tables", icon: "table", isOffered: () => may("read"), load: () => import("./tables/view.js") },
  { path: "joins", title: "Join", icon: "join", isOffered: () => may("read"), load: () => import("./builder/joins.js") },
  { path: "groups", title: "Groups", icon: "group", isOffered: () => may("read"), load: () => import("./builder/groups.js") },
  { path: "import", title: "Import, export", icon: "upload", isOffered: () => may("read"), load: () => import("./transfer/view.js") },
  { path: "live", title: "Live", icon: "live", isOffered: () => may("admin"), load: () => import("./live/view.js") },
  { path: "changes", title: "Changes", icon: "history", isOffered: () => may("read"), load: () => import("./live/changes.js") },
];

/** @type {Known[]} */
export const DEV_VIEWS = IS_DEV ? [
  { path: "branches", title: "Branches", icon: "branch", isOffered: () => may("admin"), load: () => import("./dev/branches.js") },
  { path: "diff", title: "Since the checkpoint", icon: "history", isOffered: () => may("admin"), load: () => import("./dev/diff.js") },
  { path: "faults", title: "Faults", icon: "fault", isOffered: () => may("admin"), load: () => import("./dev/faults.js") },
  { path: "clock", title: "Clock", icon: "clock", isOffered: () => may("admin"), load: () => import("./dev/clock.js") },
] : [];

/** @type {Known} */
const NONE = { path: "", title: "No such view", icon: "fault", isOffered: () => false, load: () => import("./shell/nowhere.js") };

/** @param {string | undefined} path none: the first view */
export const viewOf = (path = VIEWS[0].path) => [...VIEWS, ...DEV_VIEWS].find((known) => known.path === path) ?? NONE;
