/**
 * The address that a digest of the quarantine is answered to: its local part names the owner and the messages that were listed, under a
 * keyed hash. `release-<account>.<first>.<last>-<hash>`, numbers in base 36.
 */
import { base32 } from "./base32.ts";
import type { Mac } from "./srs.ts";

export type ReleaseToken = {
  readonly account: number;
  /** The lowest and the highest number of a message that was listed. */
  readonly first: number;
  readonly last: number;
};

/** 60 bits: nobody tries these out. */
const hashChars = 12;

export function releaseLocal({ account, first, last }: ReleaseToken, mac: Mac): string {
  const token = [account, first, last].map((number) => number.toString(36)).join(".");
  return `release-${token}-${hash(token, mac)}`;
}

/** What a local part made by `releaseLocal` says, in whatever case it comes back; undefined for every other one. */
export function releaseToken(local: string, mac: Mac): ReleaseToken | undefined {
  const found = /^release-(([0-9a-z]{1,10})\.([0-9a-z]{1,10})\.([0-9a-z]{1,10}))-([a-z2-7]{12})$/.exec(
    local.toLowerCase(),
  );
  if (found === null || found[5] !== hash(found[1]!, mac)) return undefined;
  return {
    account: Number.parseInt(found[2]!, 36),
    first: Number.parseInt(found[3]!, 36),
    last: Number.parseInt(found[4]!, 36),
  };
}

function hash(token: string, mac: Mac): string {
  return base32(mac(`release ${token}`), hashChars);
}
