/** Subjects: decoded for people, and the base subject of RFC 5256 §2.1 by which mail is sorted and threaded. */
import { decodeWords } from "./fields/encoded-word.ts";

/** UTF-16 units of a subject that are kept. */
export const maxSubjectChars = 500;

/** The decoded subject of an unfolded value: one line, white space collapsed, NFC, at most `maxSubjectChars`. */
export function subjectText(value: string): string {
  const decoded = decodeWords(value.length > maxSubjectChars * 16 ? value.slice(0, maxSubjectChars * 16) : value);
  let text = /^[!-~]+(?: [!-~]+)*$/.test(decoded) ? decoded : decoded.replace(/[\s\x00-\x1f\x7f]+/g, " ").trim();
  if (/[^\x00-\x7f]/.test(text)) text = text.normalize("NFC");
  if (text.length <= maxSubjectChars) return text;
  // Never half of a surrogate pair.
  const end = text.charCodeAt(maxSubjectChars - 1) >>> 10 === 0x36 ? maxSubjectChars - 1 : maxSubjectChars;
  return text.slice(0, end).trimEnd();
}

export type BaseSubject = {
  /** Case kept; compare it folded. */
  readonly text: string;
  /** RFC 5256 §2.1: the subject says that this is a reply or a forward. */
  readonly isReply: boolean;
};

/** RFC 5256 §2.1, steps 1 to 6, of a decoded subject. */
export function baseSubject(subject: string): BaseSubject {
  let text = subject.slice(0, maxSubjectChars).replace(/\s+/g, " ");
  let isReply = false;
  for (;;) {
    // (2) trailing "(fwd)" and blanks
    for (;;) {
      const trimmed = text.replace(/ +$/, "");
      if (/\(fwd\)$/i.test(trimmed)) {
        text = trimmed.slice(0, -5);
        isReply = true;
      } else {
        text = trimmed;
        break;
      }
    }
    // (3) (4) (5) leaders and blobs
    for (let before = ""; before !== text; ) {
      before = text;
      text = text.replace(/^ +/, "");
      const leader = /^(?:\[[^[\]]*\] *)*(?:re|fwd?) *(?:\[[^[\]]*\] *)?:/i.exec(text);
      if (leader !== null) {
        text = text.slice(leader[0].length);
        isReply = true;
        continue;
      }
      const blob = /^\[[^[\]]*\] */.exec(text);
      if (blob !== null && blob[0].length < text.length) text = text.slice(blob[0].length);
    }
    // (6) "[fwd: … ]"
    if (/^\[fwd:/i.test(text) && text.endsWith("]")) {
      text = text.slice(5, -1);
      isReply = true;
    } else return { text, isReply };
  }
}
