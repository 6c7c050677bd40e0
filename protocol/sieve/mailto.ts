/** mailto URIs (RFC 6068) as the method of a notification (RFC 5436). */
import { parseMailbox } from "../smtp/address.ts";

export type Mailto = {
  readonly to: readonly string[];
  /** In order, names as written, "to" and "body" left out. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly body: string | undefined;
};

/** Recipients of one notification. */
export const maxMailtoRecipients = 10;

/** Undefined for what is no mailto URI with at least one recipient. */
export function parseMailto(uri: string): Mailto | undefined {
  const parsed = /^mailto:([^?#]*)(?:\?([^#]*))?$/i.exec(uri.trim());
  if (parsed === null) return undefined;
  const to: string[] = [];
  const fields: { name: string; value: string }[] = [];
  let body: string | undefined;
  const add = (list: string): boolean => {
    for (const part of list.split(",")) {
      const address = decode(part);
      if (address === undefined || parseMailbox(address.trim()) === undefined) return false;
      to.push(address.trim());
    }
    return to.length <= maxMailtoRecipients;
  };
  if (parsed[1] !== "" && !add(parsed[1]!)) return undefined;
  for (const pair of (parsed[2] ?? "").split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = decode(equals < 0 ? "" : pair.slice(equals + 1));
    if (name === undefined || value === undefined || !/^[!-9;-~]+$/.test(name)) return undefined;
    const lower = name.toLowerCase();
    if (lower === "to") {
      if (!add(value)) return undefined;
    } else if (lower === "body") body = value;
    else fields.push({ name, value: value.replace(/[\r\n\0]+/g, " ") });
  }
  return to.length === 0 ? undefined : { to, fields, body };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
