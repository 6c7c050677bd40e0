/** What a HELO name gives away. RFC 5321 §4.1.4 forbids refusing mail because it does not match the address; lies about us it does not protect. */
import { isIP } from "node:net";

export type HeloOpinion =
  | { readonly kind: "fine" }
  /** Says something about the client, not enough to refuse it. */
  | { readonly kind: "doubtful"; readonly why: string }
  | { readonly kind: "lie"; readonly why: string };

const fine: HeloOpinion = { kind: "fine" };

/** As it is compared with names: lower case, without the dot of the root. */
export const heloName = (helo: string): string => helo.toLowerCase().replace(/\.$/, "");

/** @param name a `heloName`; `isOurs`: it is our host name or one of our domains */
export function judgeHelo(name: string, address: string, isOurs: boolean): HeloOpinion {
  const literal = /^\[(?:ipv6:)?([0-9a-f.:]+)\]$/.exec(name)?.[1];
  if (literal !== undefined)
    return literal === address ? fine : { kind: "doubtful", why: "the address in HELO is not the client's" };
  if (isIP(name) !== 0) return { kind: "doubtful", why: "HELO is a bare address" };
  if (isOurs) return { kind: "lie", why: "HELO says that the client is us" };
  if (!name.includes(".")) return { kind: "doubtful", why: "HELO is no full name" };
  return fine;
}
