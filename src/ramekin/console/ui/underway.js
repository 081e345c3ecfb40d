// What may take long, said while it does: how far it is, and a way to stop it.
import { amend, dismiss, say, sayFault } from "./toast.js";

/** What is under way, as it was said: a second click begins nothing again. @type {Set<string>} */
const said = new Set();

/**
 * Returns what `run` does; undefined where it was stopped, went wrong, which is said, or is under way already.
 * @template T
 * @param {string} text
 * @param {(tell: (sofar: string) => void, stop: AbortSignal) => Promise<T>} run
 * @returns {Promise<T | undefined>}
 */
export async function underway(text, run) {
  if (said.has(text)) return undefined;
  said.add(text);
  const stop = new AbortController();
  const toast = say(text, { isLasting: true, act: { name: "Stop", run: () => stop.abort() } });
  try {
    return await run((sofar) => amend(toast, `${text}: ${sofar} so far`), stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) sayFault(error);
    return undefined;
  } finally {
    said.delete(text);
    dismiss(toast);
  }
}
