// What the key may do. The server decides; this only keeps what it would refuse from being offered.
import { computed } from "@preact/signals";
import { grantText } from "./server.js";

const ROLES = ["read", "write", "admin"];

/** The grant, as the list of tables tells it: `reports; role=read; tables="users order*"`. */
export const grant = computed(() => {
  const told = grantText.value;
  const name = told.split(";")[0].trim();
  const role = /;\s*role=(\w+)/.exec(told)?.[1] ?? "admin";
  const tables = /;\s*tables="([^"]*)"/.exec(told)?.[1].split(" ") ?? null;
  return { name, role, tables };
});

/** @param {"read" | "write" | "admin"} role */
export const may = (role) => ROLES.indexOf(grant.value.role) >= ROLES.indexOf(role);

/** Whether the key reaches all tables, and has a role: what touches the whole database takes both. */
export const mayAll = (/** @type {"read" | "write" | "admin"} */ role) => may(role) && grant.value.tables === null;
