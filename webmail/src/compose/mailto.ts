/** Links to write a letter (RFC 6068), which strangers make: what is wrong in one stays as it stands there. */
import type { EmailAddress } from "../jmap/types.ts";
import { parseAddress, splitAddresses } from "./addresses.ts";

export type Mailto = {
  readonly to: readonly EmailAddress[];
  readonly cc: readonly EmailAddress[];
  readonly bcc: readonly EmailAddress[];
  readonly subject: string;
  readonly body: string | undefined;
};

export function readMailto(href: string): Mailto {
  const [, path = "", search = ""] = /^mailto:([^?#]*)(?:\?([^#]*))?/i.exec(href) ?? [];
  // Not as forms are written: a "+" is one.
  const params = new Map(
    search.split("&").map((pair) => {
      const equals = pair.indexOf("=");
      const [name, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [decoded(name).toLowerCase(), decoded(value)];
    }),
  );
  const people = (text = "") => splitAddresses(text).map(parseAddress);
  return {
    to: [...people(decoded(path)), ...people(params.get("to"))],
    cc: people(params.get("cc")),
    bcc: people(params.get("bcc")),
    subject: params.get("subject") ?? "",
    body: params.get("body"),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
