/**
 * Variable return paths: the local part of MAIL FROM names the message and the recipient, so that a bounce in any form (or none) says by
 * its address alone what it is about. Nobody can make one up: a keyed hash stands at its end. `bounce-<token>-<hash>`.
 */
import { base32 } from "./base32.ts";
import type { Mac } from "./srs.ts";

const prefix = "bounce-";
/** 50 bits: nobody tries these out. */
const hashChars = 10;
/** Leaves the local part within its 64 octets (RFC 5321 §4.5.3.1.1). */
export const maxTokenChars = 64 - prefix.length - 1 - hashChars;
const tokenPattern = /^[a-z0-9](?:[a-z0-9.]*[a-z0-9])?$/;

/** The local part for a token of lower-case letters, digits and single dots ("q7k3m9xw2c.12"); undefined where it is none or too long. */
export function verpLocal(token: string, mac: Mac): string | undefined {
  if (token.length > maxTokenChars || !tokenPattern.test(token) || token.includes("..")) return undefined;
  return `${prefix}${token}-${hash(token, mac)}`;
}

/** The token of a local part made by `verpLocal`, in whatever case it comes back; "forged" where its hash is wrong; undefined where it is another address. */
export function verpToken(local: string, mac: Mac): { readonly token: string } | "forged" | undefined {
  const found = /^bounce-([a-z0-9.]+)-([a-z2-7]+)$/.exec(local.toLowerCase());
  if (found === null) return undefined;
  const [, token = "", given = ""] = found;
  return given === hash(token, mac) ? { token } : "forged";
}

function hash(token: string, mac: Mac): string {
  return base32(mac(`verp ${token}`), hashChars);
}
