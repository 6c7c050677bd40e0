/** Posts that come together: when they go, and as what (RFC 2046 §5.1.5). Pure but for what is given. */
import { Buffer } from "node:buffer";
import { type ComposedPart, composeMessage } from "../../protocol/mime/compose.ts";
import type { DigestPeriod } from "../store/lists-store.ts";
import type { Instant } from "../store/store.ts";
import { footerOf, front } from "./compose.ts";
import { type List, partAddress } from "./settings.ts";

/** Of one digest; what is more goes with another right behind it. */
export const maxDigestPosts = 100;
export const maxDigestBytes = 5 * 1024 * 1024;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Six in the morning, UTC. */
const sendHour = 6;
/** 1970-01-05 was a Monday. */
const mondayMs = 4 * dayMs;

/** The last time before `now` at which digests of this kind were due: each morning, each Monday morning. */
export function lastDue(period: DigestPeriod, now: Instant): Instant {
  const [every, first] = period === "daily" ? [dayMs, 0] : [7 * dayMs, mondayMs];
  const offset = first + sendHour * hourMs;
  return Math.floor((now - offset) / every) * every + offset;
}

/** Whether posts that wait since `since` go now. */
export const isDue = (period: DigestPeriod, since: Instant, now: Instant): boolean => since < lastDue(period, now);

export type DigestPost = {
  readonly author: string;
  readonly subject: string;
  readonly sizeBytes: number;
  /** As the list sent it; undefined where it is too large, or gone. */
  readonly bytes: Buffer | undefined;
};

/** How many of these, the oldest first, go into one digest; at least one. Those too large for any count nothing: they are only named. */
export function fitting(sizes: readonly number[]): number {
  let bytes = 0;
  let count = 0;
  for (const size of sizes) {
    if (count === maxDigestPosts) break;
    if (size <= maxDigestBytes) bytes += size;
    if (bytes > maxDigestBytes) break;
    count++;
  }
  return count;
}

/** The message without what differs from member to member. Lines of `posts` end with CRLF. */
export function composeDigest(
  list: List,
  posts: readonly DigestPost[],
  about: {
    readonly at: Instant;
    /** Without brackets. */
    readonly messageId: string;
    /** Of enough randomness. */
    readonly boundary: string;
    readonly base: string;
  },
): Buffer {
  const { settings, address } = list;
  const name = settings.displayName || address;
  const day = new Date(about.at).toISOString().slice(0, 10);
  const many = posts.length === 1 ? "one message" : `${posts.length} messages`;
  const contents = posts.map(
    ({ author, subject, bytes }, index) =>
      `${String(index + 1).padStart(3)}. ${subject || "(no subject)"} (${author})${bytes === undefined ? " – too large to be in here" : ""}`,
  );
  const below = footerOf(list, about.base);
  const told = [
    `${name}: ${many} of ${address}`,
    "",
    ...contents,
    "",
    `To answer one of them, open it and answer it there: an answer to this mail goes to ${address}.`,
    ...(below === "" ? [] : ["", below]),
    "",
  ].join("\n");
  const parts: ComposedPart[] = posts.flatMap(({ bytes }) =>
    bytes === undefined ? [] : [{ kind: "raw", type: "message/rfc822", encoding: "8bit", bytes }],
  );
  const digest: ComposedPart = { kind: "multipart", subtype: "digest", boundary: `d-${about.boundary}`, parts };
  const text: ComposedPart = { kind: "text", subtype: "plain", text: told };
  const message = composeMessage(
    [
      { name: "From", addresses: [{ name, address: partAddress(list, "request") }] },
      { name: "To", addresses: [{ name, address }] },
      { name: "Reply-To", addresses: [{ address }] },
      { name: "Subject", text: `${settings.subjectTag === "" ? name : settings.subjectTag} ${day}: ${many}` },
      { name: "Date", date: about.at },
      { name: "Message-ID", ids: [about.messageId] },
    ],
    parts.length === 0
      ? text
      : { kind: "multipart", subtype: "mixed", boundary: `m-${about.boundary}`, parts: [text, digest] },
  );
  return Buffer.concat([Buffer.from(front(list, about.base), "utf8"), message]);
}
