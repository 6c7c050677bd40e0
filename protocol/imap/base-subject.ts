/** RFC 5256 §2.1: what is left of a subject without "Re:", "[list]" and "(fwd)". */

export type BaseSubject = {
  readonly text: string;
  /** Something said that this is a reply or a forwarded message. */
  readonly isReply: boolean;
};

const refwd = /(?:re|fwd?)[ \t]*(?:\[[^[\]]*\][ \t]*)?:/iy;
const forward = /\[fwd:/iy;

/** Of a decoded subject on one line, whatever its white space. One walk from both ends. */
export function baseSubject(subject: string): BaseSubject {
  const text = subject.replace(/[ \t\r\n]+/g, " ");
  let from = 0;
  let to = text.length;
  let isReply = false;
  for (;;) {
    // Step 2.
    for (;;) {
      if (to > from && text.charCodeAt(to - 1) === SPACE) to--;
      else if (to - from >= 5 && text.slice(to - 5, to).toLowerCase() === "(fwd)") {
        to -= 5;
        isReply = true;
      } else break;
    }
    // Steps 3 to 5.
    for (;;) {
      while (from < to && text.charCodeAt(from) === SPACE) from++;
      const blobs = afterBlobs(text, from, to);
      refwd.lastIndex = blobs.end;
      if (refwd.test(text) && refwd.lastIndex <= to) {
        from = refwd.lastIndex;
        isReply = true;
        continue;
      }
      // A blob goes only where something stays: if there is nothing else, the last one is the subject.
      from = blobs.end < to ? blobs.end : blobs.last;
      break;
    }
    // Step 6.
    forward.lastIndex = from;
    if (to - from < 6 || text.charCodeAt(to - 1) !== CLOSE || !forward.test(text)) break;
    from += 5;
    to--;
    isReply = true;
  }
  return { text: text.slice(from, to), isReply };
}

const SPACE = 0x20;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/** Where "[…]" after "[…]" ends, and where the last of them begins. */
function afterBlobs(text: string, from: number, to: number): { readonly end: number; readonly last: number } {
  let end = from;
  let last = from;
  while (text.charCodeAt(end) === OPEN && end < to) {
    const close = text.indexOf("]", end + 1);
    if (close < 0 || close >= to) break;
    const open = text.indexOf("[", end + 1);
    if (open >= 0 && open < close) break;
    last = end;
    end = close + 1;
    while (end < to && text.charCodeAt(end) === SPACE) end++;
  }
  return { end, last };
}
