/** Answers to the digest of the quarantine: what its owner names is let through. */
import { decodeText } from "../../protocol/mime/decode.ts";
import { headerValue } from "../../protocol/mime/header.ts";
import { parseMessage } from "../../protocol/mime/parse.ts";
import { partsOf } from "../../protocol/mime/searchable.ts";
import { type ReleaseToken, releaseToken } from "../../protocol/return-path/release-address.ts";
import type { Mac } from "../../protocol/return-path/srs.ts";
import type { Quarantine } from "../deliver/quarantine.ts";
import type { Received } from "../receive/received.ts";
import type { ReportReader } from "./incoming.ts";
import type { Post } from "./post.ts";

export type DigestAnswerPorts = {
  readonly mac: Mac;
  readonly keeper: Pick<Quarantine, "list" | "release">;
  readonly post: () => Promise<Post>;
};

/** So much of an answer is read: what was written stands above what was quoted. */
const maxTextBytes = 16 * 1024;
const maxNumbers = 100;

/**
 * Only whoever has logged in as the owner is heard: false for everybody else, and for what programs send (RFC 3834 §2). A message that
 * was let through is not kept back any more, so that an answer works once.
 */
export function digestAnswers({ mac, keeper, post }: DigestAnswerPorts): ReportReader {
  return async ({ bytes, recipients, account }) => {
    let token: ReleaseToken | undefined;
    for (const { local } of recipients) token ??= releaseToken(local, mac);
    if (token === undefined || account?.id !== token.account) return false;
    const root = parseMessage(bytes);
    const automatic = headerValue(root.header, "auto-submitted");
    if (automatic !== undefined && !/^\s*no\b/i.test(automatic)) return false;
    const { first, last } = token;
    const rows = (await keeper.list({ account: account.id, after: first - 1 })).filter(({ id }) => id <= last);
    const numbers = numbersIn(writtenIn(bytes, root));
    // Where one message was listed, to answer is enough.
    const wanted = numbers.length === 0 && first === last ? [first] : numbers;
    const lines: string[] = [];
    for (const number of wanted) {
      const row = rows.find(({ id }) => id === number);
      const released = row === undefined ? "missing" : (await keeper.release(number, account.name, account.id)).kind;
      lines.push(`${number}: ${outcomes[released]}`);
    }
    if (lines.length === 0)
      lines.push(
        "Nothing was let through: write the numbers of the messages that you want, and nothing else, into the first line of your answer.",
      );
    await (await post())({
      to: account.name,
      subject: "Messages that were kept back from you",
      text: `${lines.join("\n")}\n`,
    });
    return true;
  };
}

const outcomes = {
  done: "it is in your inbox now.",
  missing: "it is not kept back any more, or it was not in this list.",
  "over-quota": "it stays where it is, for your mailbox is full.",
  gone: "it stays where it is, for there is no inbox.",
} as const;

function writtenIn(bytes: Received["bytes"], root: ReturnType<typeof parseMessage>): string {
  for (const part of partsOf(root)) {
    if (part.kind !== "leaf" || part.contentType.type !== "text") continue;
    const text = decodeText(bytes, part, maxTextBytes);
    return part.contentType.subtype === "html"
      ? text.replace(/<(?:br|\/?(?:p|div))\b[^<>]*>/gi, "\n").replace(/<[^<>]*>/g, "")
      : text;
  }
  return "";
}

/** Numbers on lines of nothing else, down to what is quoted: dates and names in what a program wrote above it are none. */
export function numbersIn(text: string): readonly number[] {
  const found = new Set<number>();
  for (const line of text.split("\n")) {
    if (/^\s*(?:>|-{2,}\s*$|-{3,}|_{5,})/.test(line)) break;
    if (!/^\s*(?:(?:release|number|no\.?)s?:?\s+)?#?\d[\d\s,;#]*$/i.test(line)) continue;
    for (const [digits] of line.matchAll(/\d{1,15}/g)) if (found.size < maxNumbers) found.add(Number(digits));
  }
  return [...found];
}
