// What an address says and cannot be, as a chart that there is none of: that is told, and what stands in its place is shown
// and written there.
import { useEffect } from "preact/hooks";
import { say } from "./toast.js";

/** @param {(string | false)[]} wrong sentences, of which false is none @param {() => void} correct writes the address as it can be */
export function useCorrections(wrong, correct) {
  const told = wrong.filter((each) => each !== false);
  useEffect(() => {
    told.forEach((each) => say(each, { kind: "failed" }));
    if (told.length) correct();
  }, [told.join("\n")]);
}
