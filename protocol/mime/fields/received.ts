/** The Received field (RFC 5321 §4.4), as well as the many forms of it can be read: what each hop said of the one before. */
import { parseDate } from "./date.ts";

/** A longer value is read so far. */
export const maxReceivedChars = 4096;

export type Received = {
  /** What the client called itself, or what it was looked up as. */
  readonly from: string | undefined;
  /** Address of the client, without brackets and "IPv6:". */
  readonly fromIp: string | undefined;
  readonly by: string | undefined;
  readonly via: string | undefined;
  /** RFC 3848 transmission type, upper case: "ESMTPS". */
  readonly with: string | undefined;
  readonly id: string | undefined;
  /** The recipient, without angle brackets. */
  readonly for: string | undefined;
  /** Milliseconds since 1970. */
  readonly date: number | undefined;
};

type Clause = "from" | "by" | "via" | "with" | "id" | "for";
const clauses = new Set(["from", "by", "via", "with", "id", "for"]);

/** Reads an unfolded value; what cannot be understood is undefined. */
export function parseReceived(whole: string): Received {
  const value = whole.slice(0, maxReceivedChars);
  const semicolon = lastSemicolon(value);
  const found: { [clause in Clause]?: string } = {};
  let fromIp: string | undefined;
  let clause: Clause | undefined;
  /** The clause that a comment belongs to. */
  let side: Clause | undefined;
  for (const token of tokensOf(semicolon < 0 ? value : value.slice(0, semicolon))) {
    const word = token.text.toLowerCase();
    if (token.isComment) {
      if (side === "from") fromIp ??= addressIn(token.text);
      continue;
    }
    if (clauses.has(word) && found[word as Clause] === undefined) {
      clause = word as Clause;
      side = clause;
      continue;
    }
    if (clause === undefined) {
      if (side === "from") fromIp ??= addressIn(token.text);
      continue;
    }
    // "with Microsoft SMTP Server": the maker is no protocol.
    if (clause === "with" && word === "microsoft") continue;
    found[clause] = token.text.replace(/,$/, "");
    if (clause === "from") fromIp ??= addressIn(token.text);
    clause = undefined;
  }
  return {
    from: found.from?.replace(/^\[(?:IPv6:)?|\]$/gi, ""),
    fromIp,
    by: found.by?.replace(/^[<[]|[>\]]$/g, ""),
    via: found.via,
    // "ESMTP/TLS/…", "SMTPSVC(6.0)"
    with: /^[A-Z0-9-]+/.exec(found.with?.toUpperCase() ?? "")?.[0].replace(/^SMTPSVC$/, "SMTP"),
    id: found.id?.replace(/^<|>$/g, ""),
    for: found.for?.replace(/^<|>$/g, ""),
    date: semicolon < 0 ? undefined : parseDate(value.slice(semicolon + 1).trim()),
  };
}

/** The date follows the last semicolon; one within a comment of the date itself is none. */
function lastSemicolon(value: string): number {
  let depth = 0;
  let last = -1;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 40) depth++;
    else if (code === 41 && depth > 0) depth--;
    else if (code === 59 && depth === 0) last = i;
  }
  return last >= 0 ? last : value.lastIndexOf(";");
}

type Token = { readonly text: string; readonly isComment: boolean };

/** Words between blanks, and comments without their outer parentheses. */
function tokensOf(value: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  while (i < value.length) {
    const code = value.charCodeAt(i);
    if (code <= 32) {
      i++;
      continue;
    }
    const start = i;
    if (code === 40) {
      let depth = 0;
      for (; i < value.length; i++) {
        const at = value.charCodeAt(i);
        if (at === 40) depth++;
        else if (at === 41 && --depth === 0) break;
      }
      i = Math.min(value.length, i + 1);
      tokens.push({ text: value.slice(start + 1, depth === 0 ? i - 1 : i), isComment: true });
      continue;
    }
    while (i < value.length && value.charCodeAt(i) > 32 && value.charCodeAt(i) !== 40) i++;
    tokens.push({ text: value.slice(start, i), isComment: false });
  }
  return tokens;
}

/** The first IP address in a comment or word. */
function addressIn(text: string): string | undefined {
  // Some write the port behind the address.
  const bracketed = /\[(?:IPv6:)?([0-9a-f:.]{3,45})\]/i.exec(text)?.[1]?.replace(/^([\d.]+):\d+$/, "$1");
  const found = bracketed ?? /(?:^|[^\w.:-])(\d{1,3}(?:\.\d{1,3}){3})(?![\w.-])/.exec(text)?.[1];
  return found !== undefined && /^\d{1,3}(?:\.\d{1,3}){3}$|:.*:/.test(found) ? found.toLowerCase() : undefined;
}
