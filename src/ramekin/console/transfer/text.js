// The text of a file, and what the server would say of its bytes; read in turns, so that the page does something else too.

/** @typedef {{line: number, told: string}} Wrong what the server would refuse, and where */

/** Marks with which files begin that are UTF-16, from either end. */
const UTF16 = [0xfeff, 0xfffe];
/** So long is read at once. */
const TURN_MS = 12;

/** Bytes as text; null where it cannot be read at all. @param {Blob} file @param {boolean} isCsv which may be marked as UTF-8 @param {Wrong[]} wrong */
export async function textOf(file, isCsv, wrong) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const [first, second, third] = bytes;
  const isUtf16 = UTF16.includes(first * 256 + second) || first === 0 || second === 0;
  const isMarked = first === 0xef && second === 0xbb && third === 0xbf;
  if (isUtf16 || (isMarked && !isCsv)) {
    wrong.push({ line: 1, told: isCsv || !isMarked ? "The text is UTF-16; save it as UTF-8." : "The text begins with a byte order mark; save it without." });
    return null;
  }
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const line = text.includes("\ufffd") ? lineOfFault(bytes) : 0;
  if (line) wrong.push({ line, told: "The text is not UTF-8." });
  return text;
}

/** The first line that is no UTF-8; 0 if all are. @param {Uint8Array} bytes */
function lineOfFault(bytes) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let [begin, line] = [0, 1]; begin < bytes.length; line += 1) {
    const end = bytes.indexOf(10, begin) >>> 0;
    try {
      decoder.decode(bytes.subarray(begin, end));
    } catch {
      return line;
    }
    begin = end + 1;
  }
  return 0;
}

/** Each of some things, with a rest for the page now and then. @template T @param {Iterable<T>} things @returns {AsyncGenerator<T>} */
export async function* inTurns(things) {
  let began = performance.now();
  for (const thing of things) {
    yield thing;
    if (performance.now() - began < TURN_MS) continue;
    await new Promise((done) => setTimeout(done));
    began = performance.now();
  }
}
