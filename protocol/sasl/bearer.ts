/** Bearer tokens in SASL: OAUTHBEARER (RFC 7628) and XOAUTH2, its form before there was an RFC, which programs still speak. */
import { isUtf8 } from "node:buffer";
import { maxNameChars } from "./prep.ts";

export type BearerMessage = {
  /** Whom the client means; "" where it leaves that to the token. */
  readonly user: string;
  readonly token: string;
};

/** Of a token: JSON Web Tokens of large organisations have some thousands of characters. */
export const maxTokenChars = 16 * 1024;

/** RFC 6750 §2.1. */
const tokenForm = /^[A-Za-z0-9\-._~+/]+=*$/;

/** `n,a=user@example.org,^Ahost=…^Aport=…^Aauth=Bearer TOKEN^A^A` (RFC 7628 §3.1); undefined where it is none. */
export function parseOauthBearer(message: Buffer): BearerMessage | undefined {
  const text = textOf(message);
  const found = text === undefined ? null : /^(?:n|y),(?:a=([^,\x01]*))?,\x01(.*)\x01\x01$/s.exec(text);
  if (found === null) return undefined;
  const user = saslName(found[1] ?? "");
  const token = tokenOf((found[2] ?? "").split("\x01"));
  return user === undefined || token === undefined ? undefined : { user, token };
}

/** `user=user@example.org^Aauth=Bearer TOKEN^A^A`. */
export function parseXoauth2(message: Buffer): BearerMessage | undefined {
  const text = textOf(message);
  const found = text === undefined ? null : /^user=([^\x01]*)\x01(.*)\x01\x01$/s.exec(text);
  if (found === null || found[1]!.length > maxNameChars) return undefined;
  const token = tokenOf((found[2] ?? "").split("\x01"));
  return token === undefined ? undefined : { user: found[1]!, token };
}

function textOf(message: Buffer): string | undefined {
  if (message.length > maxTokenChars + 4 * maxNameChars || !isUtf8(message) || message.includes(0)) return undefined;
  return message.toString("utf8");
}

/** RFC 5801 §4: a saslname has "," as =2C and "=" as =3D. */
function saslName(text: string): string | undefined {
  if (text.length > maxNameChars || /=(?!2C|3D)/.test(text)) return undefined;
  return text.replace(/=2C/g, ",").replace(/=3D/g, "=");
}

function tokenOf(pairs: readonly string[]): string | undefined {
  let token: string | undefined;
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals <= 0 || !/^[A-Za-z]+$/.test(pair.slice(0, equals))) return undefined;
    if (pair.slice(0, equals).toLowerCase() !== "auth") continue;
    const found = /^bearer +(\S+)$/i.exec(pair.slice(equals + 1));
    if (token !== undefined || found === null || found[1]!.length > maxTokenChars || !tokenForm.test(found[1]!))
      return undefined;
    token = found[1]!;
  }
  return token;
}

/** What a refused client is told before it is refused (RFC 7628 §3.2.2); it answers with anything. */
export function bearerFailure(openidConfiguration: string | undefined): Buffer {
  const failure = {
    status: "invalid_token",
    ...(openidConfiguration === undefined ? {} : { "openid-configuration": openidConfiguration }),
  };
  return Buffer.from(JSON.stringify(failure), "utf8");
}
