/** Address lists (RFC 5322 §3.4 with §4.4's obsolete forms), read liberally and in linear time. */
import { decodeWords } from "./encoded-word.ts";

/**
 * One entry of an address list in the order of the text. Strings are byte strings as they stand in the message (encoded
 * words kept), quoting undone. "group" opens a group, "end" closes it.
 */
export type AddressEntry =
  | {
      readonly kind: "mailbox";
      /** Display name or, where there is none, the comment; "" for neither. */
      readonly name: string;
      /** Obsolete source route "@a,@b", or "". */
      readonly route: string;
      readonly local: string;
      /** "" where the address has no domain. */
      readonly domain: string;
    }
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "end" };

/** A mailbox as people see it, in Unicode. */
export type Mailbox = { readonly name: string; readonly local: string; readonly domain: string };

/** Entries of one field that are looked at. */
export const maxAddresses = 100_000;

const plainAddress = /<([^\s"(),:;<>@[\\\]]+)@([^\s"(),:;<>@[\\\]]+)>/y;

const atom = 0;
const blank = 1;
const special = 2;
const classes = new Uint8Array(256);
for (const char of '"(),:;<>@[]\\.') classes[char.charCodeAt(0)] = special;
for (let code = 0; code <= 32; code++) classes[code] = blank;
classes[127] = blank;

/** What has been read of the entry in hand. */
class Draft {
  /** Words seen, as shown to people. */
  phrase = "";
  comment = "";
  /** The last run of text without blanks in it: it may prove to be an addr-spec. */
  word = "";
  /** Where `word` begins in `phrase`, and where the "@" is in it; -1 for none yet. */
  wordAt = 0;
  at = -1;
  /** A blank has come since the last word. */
  gap = false;
  /** The next text joins `word` whatever blanks come between (after "." or "@"). */
  glue = false;
  angle: { route: string; local: string; domain: string } | undefined;
  /** Begun by words after "<…>" without a comma: an entry only where an address follows. */
  readonly isTail: boolean;

  constructor(isTail = false) {
    this.isTail = isTail;
  }

  add(text: string, shown: string, isGlue: boolean): void {
    if (this.gap && !this.glue && !isGlue && this.word !== "" && this.at < 0) {
      this.wordAt = this.phrase.length + 1;
      this.word = "";
    } else if (this.gap && !this.glue && !isGlue && this.at >= 0) {
      this.phrase += ` ${shown}`; // Text after a complete addr-spec.
      this.gap = false;
      return;
    }
    if (this.gap && this.phrase !== "") this.phrase += " ";
    this.phrase += shown;
    this.word += text;
    this.gap = false;
    this.glue = isGlue;
  }

  finish(): AddressEntry | undefined {
    const angle = this.angle;
    if (angle !== undefined) {
      if (angle.local === "" && angle.domain === "" && this.phrase === "") return undefined;
      return { kind: "mailbox", name: this.phrase.trim() || this.comment, ...angle };
    }
    if (this.phrase.trim() === "") return undefined;
    if (this.at >= 0) {
      const rest = this.phrase.slice(0, this.wordAt).trim();
      return {
        kind: "mailbox",
        name: rest || this.comment,
        route: "",
        local: this.word.slice(0, this.at),
        domain: this.word.slice(this.at + 1),
      };
    }
    if (this.isTail) return undefined;
    // "root", or a name without an address.
    if (!this.phrase.trim().includes(" "))
      return { kind: "mailbox", name: this.comment, route: "", local: this.word, domain: "" };
    return { kind: "mailbox", name: this.phrase.trim(), route: "", local: "", domain: "" };
  }
}

/** Reads an unfolded value; never fails: what makes no sense is skipped. At most `max` entries. */
export function parseAddresses(value: string, max: number = maxAddresses): AddressEntry[] {
  const entries: AddressEntry[] = [];
  const lastQuote = value.lastIndexOf('"');
  const lastBracket = value.lastIndexOf("]");
  let draft = new Draft();
  let inGroup = false;
  let i = 0;
  const flush = (beforeTail = false): void => {
    const entry = draft.finish();
    const last = entries.at(-1);
    if (entry !== undefined) entries.push(entry);
    else if (draft.isTail && last?.kind === "mailbox" && last.name === "")
      entries[entries.length - 1] = { ...last, name: draft.phrase.trim() || draft.comment }; // "<a@b.test> Ann"
    draft = new Draft(beforeTail);
  };
  while (i < value.length && entries.length < max) {
    const code = value.charCodeAt(i);
    const kind = classes[code] ?? atom;
    if (kind === blank) {
      draft.gap = true;
      i++;
      continue;
    }
    if (kind === atom) {
      const start = i++;
      while (i < value.length && (classes[value.charCodeAt(i)] ?? atom) === atom) i++;
      const text = value.slice(start, i);
      if (draft.angle !== undefined) flush(true);
      draft.add(text, text, false);
      continue;
    }
    switch (code) {
      case 34: {
        // A quote without an end is an ordinary character.
        if (i >= lastQuote) {
          i++;
          break;
        }
        const quoted = quotedString(value, i);
        if (draft.angle !== undefined) flush(true);
        draft.add(quoted.text, quoted.text, false);
        i = quoted.end;
        break;
      }
      case 40: {
        const comment = readComment(value, i);
        if (comment.text !== "") draft.comment = comment.text;
        draft.gap = true;
        i = comment.end;
        break;
      }
      case 44: // ,
        flush();
        i++;
        break;
      case 59: // ;
        flush();
        if (inGroup) entries.push({ kind: "end" });
        inGroup = false;
        i++;
        break;
      case 58: // :
        if (!inGroup && draft.angle === undefined && draft.at < 0) {
          entries.push({ kind: "group", name: draft.phrase.trim() });
          inGroup = true;
          draft = new Draft();
        } else draft.add(":", ":", true);
        i++;
        break;
      case 60: {
        // <
        if (draft.angle !== undefined) flush(); // "a <b@c> d <e@f>" without a comma
        plainAddress.lastIndex = i;
        const plain = plainAddress.exec(value);
        if (plain !== null) {
          draft.angle = { route: "", local: plain[1]!, domain: plain[2]! };
          i = plainAddress.lastIndex;
          break;
        }
        const angle = readAngle(value, i + 1, lastQuote, lastBracket);
        i = angle.end;
        draft.angle = { route: angle.route, local: angle.local, domain: angle.domain };
        break;
      }
      case 64: // @
        if (draft.word !== "" && draft.at < 0) {
          draft.at = draft.word.length;
          draft.add("@", "@", true);
        } else if (draft.at >= 0) draft.add("@", "@", true);
        else draft.add("", "@", true);
        i++;
        break;
      case 91: {
        // [ domain literal
        const end = literalEnd(value, i, lastBracket);
        const text = value.slice(i, end);
        draft.add(text, text, draft.at >= 0 && draft.glue);
        draft.glue = false;
        i = end;
        break;
      }
      case 46: // .
        draft.add(".", ".", true);
        i++;
        break;
      case 92: // A quoted pair outside quotes: the character itself.
        if (i + 1 < value.length) draft.add(value[i + 1]!, value[i + 1]!, false);
        i += 2;
        break;
      default: // > ] that close nothing
        i++;
    }
  }
  if (entries.length < max) flush();
  if (inGroup) entries.push({ kind: "end" });
  return entries;
}

const maxLiteralChars = 64;

/** Just after the "]" of the domain literal at `start`; a bracket without an end near it is an ordinary character. */
function literalEnd(value: string, start: number, lastBracket: number): number {
  const limit = Math.min(lastBracket, start + maxLiteralChars);
  for (let i = start + 1; i <= limit; i++) if (value.charCodeAt(i) === 93) return i + 1;
  return start + 1;
}

function quotedString(value: string, start: number): { readonly text: string; readonly end: number } {
  let text = "";
  let from = start + 1;
  let i = from;
  for (; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 34) break;
    if (code === 92 && i + 1 < value.length) {
      text += value.slice(from, i);
      from = ++i;
    }
  }
  return { text: text + value.slice(from, i), end: i + 1 };
}

/** RFC 5322 §3.2.2, nesting counted, not recursed into: the text without the outer parentheses. */
function readComment(value: string, start: number): { readonly text: string; readonly end: number } {
  let text = "";
  let depth = 1;
  let from = start + 1;
  let i = from;
  for (; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 92 && i + 1 < value.length) {
      text += value.slice(from, i);
      from = ++i;
    } else if (code === 40) depth++;
    else if (code === 41 && --depth === 0) break;
  }
  return { text: (text + value.slice(from, i)).trim(), end: i + 1 };
}

/** What stands between angle brackets: route, quoted local parts, comments, blanks anywhere. A "<" or an unroutely "," ends it too. */
function readAngle(
  value: string,
  start: number,
  lastQuote: number,
  lastBracket: number,
): { readonly route: string; readonly local: string; readonly domain: string; readonly end: number } {
  let text = "";
  let at = -1;
  let route = "";
  let i = start;
  loop: while (i < value.length) {
    const code = value.charCodeAt(i);
    switch (code) {
      case 62: // >
        i++;
        break loop;
      case 60: // <
        if (text !== "") break loop;
        i++;
        break;
      case 34: {
        if (i >= lastQuote) {
          i++;
          break;
        }
        const quoted = quotedString(value, i);
        text += quoted.text;
        i = quoted.end;
        break;
      }
      case 40:
        i = readComment(value, i).end;
        break;
      case 44: // ,
        if (text !== "" && at !== 0) break loop;
        text += ",";
        i++;
        break;
      case 58: // : ends a route
        if (at === 0) {
          route = text.replace(/^,+/, "");
          while (route.endsWith(",")) route = route.slice(0, -1);
          text = "";
          at = -1;
        } else text += ":";
        i++;
        break;
      case 64: // @
        if (at < 0) at = text === "" || /^,+$/.test(text) ? 0 : text.length;
        else if (at > 0) at = text.length; // "a@b@c": the last one parts.
        text += "@";
        i++;
        break;
      case 91: {
        const end = literalEnd(value, i, lastBracket);
        text += value.slice(i, end);
        i = end;
        break;
      }
      default:
        if (code > 32 && code !== 127) {
          const from = i++;
          while (i < value.length && (classes[value.charCodeAt(i)] ?? atom) === atom) i++;
          text += value.slice(from, i);
        } else i++;
    }
  }
  if (at < 0) return { route, local: text, domain: "", end: i };
  return { route, local: text.slice(0, at), domain: text.slice(at + 1), end: i };
}

/** The mailboxes of a value, groups flattened, in Unicode. */
export function mailboxesOf(value: string, max: number = maxAddresses): Mailbox[] {
  const mailboxes: Mailbox[] = [];
  for (const entry of parseAddresses(value, max))
    if (entry.kind === "mailbox")
      mailboxes.push({
        name: decodeWords(entry.name),
        local: decodeWords(entry.local),
        domain: decodeWords(entry.domain),
      });
  return mailboxes;
}
