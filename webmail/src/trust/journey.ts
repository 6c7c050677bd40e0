/** The way of a message, from its Received fields (RFC 5321 §4.4), first hop first. */
import type { Email } from "../jmap/types.ts";
import { headerValues } from "./headers.ts";

export type Hop = {
  readonly from: string | undefined;
  readonly by: string | undefined;
  /** Undefined: not said; false: in the clear. */
  readonly encrypted: boolean | undefined;
  readonly tls: string | undefined;
  readonly at: number | undefined;
};

export function hopsOf(email: Pick<Email, "headers">): readonly Hop[] {
  return headerValues(email, "Received")
    .map((field) => {
      const semicolon = field.lastIndexOf(";");
      const clauses = semicolon < 0 ? field : field.slice(0, semicolon);
      const at = semicolon < 0 ? Number.NaN : Date.parse(field.slice(semicolon + 1).replace(/\([^()]*\)/g, ""));
      const word = (name: string) => new RegExp(`(?:^|\\s)${name}\\s+([^\\s;()]+)`, "i").exec(clauses)?.[1];
      const from = word("from");
      const protocol = word("with")?.toUpperCase();
      const tls = /\b(TLS\s?v?1[._]\d(?:[ /][A-Z0-9_-]{6,})?)/i.exec(clauses)?.[1];
      return {
        from,
        by: word("by"),
        // RFC 3848: the S of ESMTPS, ESMTPSA, LMTPS. What was made there ("JMAP", "local") has come from nowhere.
        encrypted:
          tls !== undefined
            ? true
            : protocol === undefined || from === undefined
              ? undefined
              : /^(?:UTF8)?[EL]?SMTPSA?$|^LMTPSA?$|^HTTPS$/.test(protocol),
        tls,
        at: Number.isNaN(at) ? undefined : at,
      };
    })
    .reverse();
}

/** Whether the last hop between two servers was encrypted: the one that brought it here. */
export function lastHop(email: Pick<Email, "headers">): Hop | undefined {
  return hopsOf(email).at(-1);
}
