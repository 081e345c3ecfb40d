// Rows that change while they are seen: what the feed tells of is put in its place, or the rows are read again.
import { useEffect, useState } from "preact/hooks";
import { conditionWords } from "../filter.js";
import { follow } from "../feed.js";
import { followed } from "../record/store.js";

const SHOWN_MS = 1_600;
/** So long changes gather before something is read again. */
export const GATHERED_MS = 400;

/**
 * Follow a table while `isLive`. Returns the ids that have changed a moment ago.
 * @param {string} table
 * @param {import("../filter.js").Filter} filter
 * @param {import("./rows.js").Rows} rows
 * @param {boolean} isLive
 */
export function useLive(table, filter, rows, isLive) {
  const [fresh, setFresh] = useState(/** @type {Set<string>} */ (new Set()));
  useEffect(() => {
    if (!isLive) return undefined;
    let timer = 0;
    const sorted = filter.order.map(({ path }) => path.split(".")[0]);
    const again = () => {
      if (!timer) timer = setTimeout(() => { timer = 0; void rows.refresh(); }, GATHERED_MS);
    };
    const missed = () => {
      again();
      followed.forEach((tell) => tell({}));
    };
    const onChange = (/** @type {import("../feed.js").Change} */ change) => {
      const { op, id, record } = change;
      followed.forEach((tell) => tell(change));
      const isInPlace = op === "replace" && !sorted.length && !conditionWords(filter).length && !filter.columns.length && rows.replace(record);
      if (!isInPlace) again();
      if (id === undefined || !record) return;
      setFresh((now) => new Set([...now, String(id)]));
      setTimeout(() => setFresh((now) => new Set([...now].filter((each) => each !== String(id)))), SHOWN_MS);
    };
    const stop = follow([["table", table]], { onChange, onState: (state) => state !== "waiting" && missed() }); // once it is open: what happened since all was read
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [rows, isLive]);
  return fresh;
}
