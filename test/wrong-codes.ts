import { hotp, totpStep } from "../protocol/otp/totp.ts";

const stepsNear = 20;

/** Codes of six digits that an app with this secret shows neither now nor in the ten minutes before and after. */
export function wrongCodes(secret: Uint8Array, count: number): readonly string[] {
  const now = totpStep(Date.now());
  const right = new Set(Array.from({ length: 2 * stepsNear + 1 }, (_, at) => hotp(secret, now - stepsNear + at)));
  const codes = Array.from({ length: count + right.size }, (_, at) => String(at).padStart(6, "0"));
  return codes.filter((code) => !right.has(code)).slice(0, count);
}
