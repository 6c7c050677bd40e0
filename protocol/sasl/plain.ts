/** SASL PLAIN (RFC 4616) and the undocumented LOGIN that Outlook still speaks, both sides. */
import { isUtf8 } from "node:buffer";
import { maxNameChars, maxPasswordChars } from "./prep.ts";

export type PlainMessage = { readonly authzid: string; readonly user: string; readonly password: string };

/** The PLAIN message `[authzid] NUL authcid NUL passwd`; undefined where it is not one (RFC 4616 §2). */
export function parsePlain(message: Buffer): PlainMessage | undefined {
  if (message.length > 4 * (maxNameChars + maxNameChars + maxPasswordChars) + 2 || !isUtf8(message)) return undefined;
  const first = message.indexOf(0);
  const second = first < 0 ? -1 : message.indexOf(0, first + 1);
  if (second < 0 || message.indexOf(0, second + 1) >= 0) return undefined;
  const authzid = loginText(message.subarray(0, first), maxNameChars);
  const user = loginText(message.subarray(first + 1, second), maxNameChars);
  const password = loginText(message.subarray(second + 1), maxPasswordChars);
  if (authzid === undefined || !user || !password) return undefined;
  return { authzid, user, password };
}

/** One answer of LOGIN as text: UTF-8 without NUL and bounded, else undefined. */
export function loginText(answer: Buffer, maxChars: number): string | undefined {
  if (!isUtf8(answer) || answer.includes(0)) return undefined;
  const text = answer.toString("utf8");
  return text.length > maxChars ? undefined : text;
}

/** What a LOGIN server asks, in order. Some clients look at the words. */
export const loginChallenges = { user: Buffer.from("Username:"), password: Buffer.from("Password:") } as const;

/** The client's PLAIN message, acting for itself. */
export function plainMessage(user: string, password: string): Buffer {
  return Buffer.from(`\0${user}\0${password}`, "utf8");
}
