/** Time-based one-time passwords (RFC 6238) as authenticator apps make them: HMAC-SHA-1, six digits, thirty seconds. */
import { createHmac } from "node:crypto";
import { base32 } from "../return-path/base32.ts";

const stepSeconds = 30;
const digits = 6;
/** RFC 6238 §5.2: one step of clock difference either way. */
const drift = 1;
/** RFC 4226 §4 R6 asks for 128 bits at least and recommends 160. */
export const totpSecretBytes = 20;

/** The secret as authenticator apps take it: base 32 in upper case (RFC 4648 §6). */
export const totpText = (secret: Uint8Array): string =>
  base32(secret, Math.ceil((secret.length * 8) / 5)).toUpperCase();

/** The bytes of a base 32 text, in any case, spaces and padding passed over; undefined where it is none. */
export function totpSecret(text: string): Buffer | undefined {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const clean = text.replace(/[\s=-]/g, "").toUpperCase();
  if (!/^[A-Z2-7]{16,128}$/.test(clean)) return undefined;
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of clean) {
    value = (value << 5) | letters.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 255);
    value &= (1 << bits) - 1;
  }
  return Buffer.from(bytes);
}

/** RFC 4226 §5.3. */
export function hotp(secret: Uint8Array, counter: number): string {
  const moving = Buffer.alloc(8);
  moving.writeBigUInt64BE(BigInt(counter));
  const hash = createHmac("sha1", secret).update(moving).digest();
  const number = hash.readUInt32BE(hash[hash.length - 1]! & 15) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

export const totpStep = (nowMs: number): number => Math.floor(nowMs / 1000 / stepSeconds);

/** The time step that a code belongs to, where it is right now and later than `lastStep` (a code is good once: RFC 6238 §5.2). */
export function totpMatch(secret: Uint8Array, code: string, nowMs: number, lastStep: number): number | undefined {
  const plain = code.replace(/\s/g, "");
  if (!/^\d{6}$/.test(plain)) return undefined;
  const step = totpStep(nowMs);
  for (let at = Math.max(step - drift, lastStep + 1, 0); at <= step + drift; at++)
    if (hotp(secret, at) === plain) return at;
  return undefined;
}

/** What an authenticator app reads from a picture: an otpauth URI. */
export function totpUri(secret: string, issuer: string, account: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${digits}&period=${stepSeconds}`;
}
