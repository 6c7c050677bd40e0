/**
 * What is thought of a message before anybody takes responsibility for it. The seam where authentication, reputation and
 * content come in; today the rules that no mail server can be without: loops and headers that are a weapon.
 */
import type { Header } from "../../protocol/mime/header.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Received } from "../receive/received.ts";

/** What an ARC set says of a message (RFC 8617 §4.1): of the chain it came with, and our results ("mx.us.test; spf=pass …", RFC 8601). */
export type ForSeal = { readonly chain: "none" | "pass" | "fail"; readonly results: string };

/** `notes` are for the journey of the message: short, stable words. */
export type Verdict =
  | {
      readonly kind: "accept" | "junk" | "quarantine";
      readonly notes: readonly string[];
      /** For what is forwarded; undefined where nothing was checked. */
      readonly seal?: ForSeal;
    }
  | { readonly kind: "refuse" | "later"; readonly reply: Reply; readonly notes: readonly string[] };

/** `header` is that of `mail.bytes`. */
export type Judge = (mail: Received, header: Header) => Verdict | Promise<Verdict>;

export type JudgeSettings = {
  /** Received fields before we call it a loop (RFC 5321 §6.3 asks for at least 100 or another way to tell; 50 is what others use). */
  readonly maxHops: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaderFields: number;
};

export const defaultJudgeSettings: JudgeSettings = {
  maxHops: 50,
  maxHeaderBytes: 512 * 1024,
  maxHeaderFields: 2000,
};

const loop: Verdict = {
  kind: "refuse",
  reply: reply(554, "5.4.6", "Too many hops: this message goes round in a loop"),
  notes: ["loop"],
};
const headerTooLarge: Verdict = {
  kind: "refuse",
  reply: reply(552, "5.3.4", "The header of this message is too large"),
  notes: ["header-too-large"],
};
const accept: Verdict = { kind: "accept", notes: [] };

export function makeJudge(settings: JudgeSettings): (mail: Received, header: Header) => Verdict {
  return (_mail, header) => {
    if (header.end - header.start > settings.maxHeaderBytes || header.fields.length > settings.maxHeaderFields)
      return headerTooLarge;
    let hops = 0;
    let authors = 0;
    for (const { name } of header.fields) {
      if (name === "received") hops++;
      else if (name === "from") authors++;
    }
    if (hops > settings.maxHops) return loop;
    // RFC 5322 §3.6 wants exactly one From. Recorded only: what follows from it is a policy with DMARC in hand.
    return authors === 1 ? accept : { kind: "accept", notes: [authors === 0 ? "no-from" : "several-from"] };
  };
}
