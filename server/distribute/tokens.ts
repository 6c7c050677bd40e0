/** What stands behind the plus sign in a list's addresses, and at the end of its links: nobody else can make one. */
import { timingSafeEqual } from "node:crypto";
import { base32 } from "../../protocol/return-path/base32.ts";
import type { Mac } from "../../protocol/return-path/srs.ts";

/** 60 bits. */
const hashChars = 12;
/** "leave" and "bounce" name members, "post" what waits for a moderator, "request" who wants to join. */
export type TokenKind = "leave" | "bounce" | "post" | "request";

const hash = (kind: TokenKind, id: number, mac: Mac): string => base32(mac(`list ${kind} ${id}`), hashChars);

export const listToken = (kind: TokenKind, id: number, mac: Mac): string => `${kind[0]}${id}-${hash(kind, id, mac)}`;

/** The number in a token of this kind; undefined where it is none of ours. */
export function readListToken(kind: TokenKind, token: string, mac: Mac): number | undefined {
  const found = new RegExp(`^${kind[0]}(\\d{1,15})-([a-z2-7]{${hashChars}})$`).exec(token.toLowerCase());
  if (found === null) return undefined;
  const id = Number(found[1]);
  return timingSafeEqual(Buffer.from(found[2]!), Buffer.from(hash(kind, id, mac))) ? id : undefined;
}
