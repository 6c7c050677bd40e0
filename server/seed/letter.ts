/** Letters to seed mailboxes: those of a campaign as its people get them, and probes of their own. Pure, but for what is given. */
import { composeMessage } from "../../protocol/mime/compose.ts";
import { findField, splitHeader } from "../../protocol/mime/header.ts";
import { base32 } from "../../protocol/return-path/base32.ts";
import type { Mac } from "../../protocol/return-path/srs.ts";
import { withoutField } from "../deliver/traced.ts";
import type { Probe } from "./schema.ts";

/** What a letter says of itself, so that its mailbox knows it again and nobody else can make one: "run.seed.hash". */
export function markOf(run: string, seed: string, mac: Mac): string {
  return `${run}.${base32(mac(`seed ${run} ${seed}`), 16)}`;
}

/** Of the first recipient alone, or written anew for each. */
const ofOne = ["to", "cc", "bcc", "message-id", "list-unsubscribe", "list-unsubscribe-post", "return-path"] as const;

/** A message of a campaign, before it is signed, for a seed in place of its recipient. */
export function letterLike(bytes: Buffer, address: string): Buffer {
  let left = bytes;
  for (const name of ofOne) {
    const header = splitHeader(left, 0, left.length);
    if (findField(header, name) !== undefined) left = Buffer.concat([...withoutField(left, header, name)]);
  }
  return Buffer.concat([Buffer.from(`To: <${address}>\r\n`, "utf8"), left]);
}

export function probeLetter(
  { from, subject, text, html }: Pick<Probe, "from" | "subject" | "text" | "html">,
  address: string,
  at: number,
  boundary: string,
): Buffer {
  const plain = { kind: "text", subtype: "plain", text } as const;
  return composeMessage(
    [
      { name: "Date", date: at },
      { name: "From", addresses: [{ address: from }] },
      { name: "To", addresses: [{ address }] },
      { name: "Subject", text: subject },
    ],
    html === ""
      ? plain
      : {
          kind: "multipart",
          subtype: "alternative",
          boundary,
          parts: [plain, { kind: "text", subtype: "html", text: html }],
        },
  );
}
