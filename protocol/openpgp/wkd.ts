/** Web Key Directory (draft-koch-openpgp-webkey-service-20 §3.1): where a domain publishes the OpenPGP keys of its addresses. Pure. */
import { createHash } from "node:crypto";

const alphabet = "ybndrfg8ejkmcpqxot1uwisza345h769";

/** RFC 6189 §5.1.6. */
export function zbase32(bytes: Uint8Array): string {
  let text = "";
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(value << (5 - bits)) & 31];
}

/** The name of a local part's key: 32 letters. §3.1: letters of ASCII as small ones, all others as they are. */
export const wkdHash = (local: string): string =>
  zbase32(
    createHash("sha1")
      .update(
        local.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
        "utf8",
      )
      .digest(),
  );

/** "…/.well-known/openpgpkey/hu/HASH?l=LOCAL", of the advanced method and of the direct one. @param domain in ASCII */
export function wkdUrls(local: string, domain: string): { readonly advanced: string; readonly direct: string } {
  const rest = `hu/${wkdHash(local)}?l=${encodeURIComponent(local)}`;
  return {
    advanced: `https://openpgpkey.${domain}/.well-known/openpgpkey/${domain}/${rest}`,
    direct: `https://${domain}/.well-known/openpgpkey/${rest}`,
  };
}
