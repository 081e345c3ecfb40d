// Light or dark: as the system has it, until somebody chooses.
import { signal, effect } from "@preact/signals";

const KEPT = "ramekin.theme";

/** @type {import("@preact/signals").Signal<string>} */
const chosen = signal(localStorage.getItem(KEPT) ?? "");
const system = matchMedia("(prefers-color-scheme: dark)");

export const isDark = () => (chosen.value ? chosen.value === "dark" : system.matches);

export function switchTheme() {
  chosen.value = isDark() ? "light" : "dark";
  localStorage.setItem(KEPT, chosen.value);
}

effect(() => {
  if (chosen.value) document.documentElement.dataset.theme = chosen.value;
  else delete document.documentElement.dataset.theme;
});
