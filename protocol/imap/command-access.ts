/** Arguments of LOGIN, AUTHENTICATE, ID, ENABLE and COMPRESS. */
import type { CommandBody } from "./command.ts";
import type { Cursor } from "./token.ts";

/** RFC 2971 §3.3. */
export const maxIdFields = 30;
const maxIdFieldChars = 30;
const maxIdValueChars = 1024;
const maxEnabled = 50;

export function login(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const user = cursor.textString();
  if (user === undefined || !cursor.space()) return undefined;
  const password = cursor.textString();
  return password === undefined ? undefined : { name: "LOGIN", user, password };
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Bytes of a base64 line of a SASL exchange, undefined where it is none. RFC 4648 §4, padding wanted. */
export function decodeBase64(text: string): Buffer | undefined {
  return base64.test(text) ? Buffer.from(text, "base64") : undefined;
}

const initialResponse = /[^ ]+/y;

export function authenticate(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const mechanism = cursor.atom()?.toUpperCase();
  if (mechanism === undefined) return undefined;
  if (cursor.done) return { name: "AUTHENTICATE", mechanism, initial: undefined };
  if (!cursor.space()) return undefined;
  initialResponse.lastIndex = cursor.at;
  const text = initialResponse.exec(cursor.text)?.[0] ?? "";
  // RFC 4959 §3: "=" is an empty response.
  const initial = text === "=" ? Buffer.alloc(0) : decodeBase64(text);
  if (initial === undefined || text === "") return cursor.fail("Initial response is not base64");
  cursor.at += text.length;
  return { name: "AUTHENTICATE", mechanism, initial };
}

export function id(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  if (cursor.peekWord() === "NIL") {
    cursor.word();
    return { name: "ID", fields: undefined };
  }
  const fields: [string, string | undefined][] = [];
  const read = cursor.list(
    maxIdFields,
    () => {
      const field = cursor.string();
      if (field === undefined || !cursor.space()) return false;
      const value = cursor.nstring();
      if (value === undefined) return false;
      if (field.length > maxIdFieldChars || (value?.length ?? 0) > maxIdValueChars) {
        cursor.fail("ID field is too long");
        return false;
      }
      fields.push([field, value ?? undefined]);
      return true;
    },
    true,
  );
  return read ? { name: "ID", fields } : undefined;
}

export function enable(cursor: Cursor): CommandBody | undefined {
  const capabilities: string[] = [];
  do {
    if (!cursor.space()) return undefined;
    const capability = cursor.atom()?.toUpperCase();
    if (capability === undefined) return undefined;
    if (capabilities.length === maxEnabled) return cursor.fail("Too many capabilities");
    capabilities.push(capability);
  } while (!cursor.done);
  return { name: "ENABLE", capabilities };
}

export function compress(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const mechanism = cursor.atom()?.toUpperCase();
  return mechanism === undefined ? undefined : { name: "COMPRESS", mechanism };
}
