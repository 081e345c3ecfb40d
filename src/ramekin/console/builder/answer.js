// The answer to what a builder asks, asked anew whenever that changes; the last one stays in sight meanwhile.
import { useEffect, useRef, useState } from "preact/hooks";
import { cursorOf, read } from "../server.js";

const WAIT_MS = 250;

/**
 * @typedef {{answer: any, error: unknown, isBusy: boolean}} Asked
 * @param {{path: string, words?: [string, string][], method?: string, body?: unknown, most?: number} | null} asking null: nothing yet; `most`: as many rows, if
 *   one page has not all
 * @returns {Asked & {again: () => void}}
 */
export function useAnswer(asking) {
  const [asked, setAsked] = useState(/** @type {Asked} */ ({ answer: null, error: null, isBusy: false }));
  const [times, setTimes] = useState(0);
  const isFirst = useRef(true);
  const text = JSON.stringify(asking);
  useEffect(() => {
    if (!asking) {
      setAsked({ answer: null, error: null, isBusy: false });
      return undefined;
    }
    const stop = new AbortController();
    setAsked((last) => ({ ...last, isBusy: true }));
    const ask = async () => {
      try {
        const answer = await read(asking.path, { ...asking, signal: stop.signal });
        while (answer.next && answer.data.length < (asking.most ?? 0)) {
          const { data, next } = await read(asking.path, { ...asking, words: [["cursor", cursorOf(answer.next)]], signal: stop.signal });
          answer.data.push(...data);
          answer.next = next;
        }
        setAsked({ answer, error: null, isBusy: false });
      } catch (error) {
        if (!stop.signal.aborted) setAsked({ answer: null, error, isBusy: false });
      }
    };
    const timer = setTimeout(ask, isFirst.current ? 0 : WAIT_MS);
    isFirst.current = false;
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text, times]);
  return { ...asked, again: () => setTimes(times + 1) };
}
