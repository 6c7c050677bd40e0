/**
 * What is thought of a message before anybody takes responsibility for it: several judges, one after the other, each seeing
 * what those before it found, and one verdict. The first are the rules that no mail server can be without: loops and headers
 * that are a weapon.
 */
import type { Header } from "../../protocol/mime/header.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Received } from "../receive/received.ts";
import type { AccountId } from "../store/store.ts";
import type { Authentication } from "./authenticate/authentication.ts";

/** What an ARC set says of a message (RFC 8617 §4.1): of the chain it came with, and our results ("mx.us.test; spf=pass …", RFC 8601). */
export type ForSeal = { readonly chain: "none" | "pass" | "fail"; readonly results: string };

/** What the filter thinks of a message: how probable it is that it is spam, 0 to 1, and for whom it is junk though it is accepted. */
export type Spam = { readonly probability: number; readonly junkFor?: ReadonlySet<AccountId> };

/** What judges find out, for those after them and for whoever delivers. Each part belongs to one judge, which adds its type here. */
export interface Findings {
  /** What the filter thinks; undefined where it was not asked. */
  readonly spam?: Spam;
  /** What was found among its attachments, as RFC 5235 §3 counts: 1 nothing, 2 taken out, 4 perhaps something; undefined where nobody looked. */
  readonly virus?: 1 | 2 | 4;
  /** For what is forwarded; undefined where nothing was checked. */
  readonly seal?: ForSeal;
  /** Who sent it (server/judge/authenticate, asked right after the rules here); undefined where that was not checked. */
  readonly authentication?: Authentication;
}

/** What is said of every message: notes for its journey (short, stable words), reasons for people (sentences). */
type Remarks = { readonly notes: readonly string[]; readonly reasons?: readonly string[] };
/** What is done to the header of a message that is taken. */
export type Marking = {
  /** Fields to put in front, each ended with CRLF. */
  readonly fields?: string;
  /** Fields that are not kept, by their place in `header.fields`. */
  readonly dropped?: readonly number[];
  /** The message without what was taken out of its body; its header is the same. */
  readonly replaced?: Buffer;
};
export interface Taken extends Remarks, Marking {
  readonly kind: "accept" | "junk" | "quarantine";
  /** Why it is in the inbox, in sentences; of no use where another judge wants it elsewhere. */
  readonly defence?: readonly string[];
  readonly findings?: Findings;
  /** Goes into the queue held: an administrator decides. */
  readonly held?: true;
  /** Nothing may be worked out about its body: that broke before. */
  readonly unopened?: true;
}
export interface Refused extends Remarks {
  readonly kind: "refuse" | "later";
  readonly reply: Reply;
}
export type Verdict = Taken | Refused;
/** A judge that has nothing to say gives this very value: it is not merged with what others said. */
export const nothingToSay: Taken = { kind: "accept", notes: [] };

/** `header` is that of `mail.bytes`. */
export type Judge = (mail: Received, header: Header) => Verdict | Promise<Verdict>;
/** One of several: `findings` are those of the judges before it. */
export type PartialJudge = (mail: Received, header: Header, findings: Findings) => Verdict | Promise<Verdict>;

/** Who hands us the message: a stranger, a network or an LMTP client that the administrator trusts, or an account (programs of ours too). */
export type Origin = "stranger" | "trusted" | "own";

export function originOf(mail: Pick<Received, "account" | "trusted" | "via">): Origin {
  if (mail.account !== undefined || mail.via === "local" || mail.via === "API" || mail.via === "JMAP") return "own";
  return mail.trusted ? "trusted" : "stranger";
}

const gravity = ["accept", "junk", "quarantine"] as const;

/** Asks one judge after the other. The first that refuses ends it; else the gravest opinion holds, with the remarks of all. */
export function together(judges: readonly PartialJudge[]): Judge {
  const [only, ...others] = judges;
  if (only !== undefined && others.length === 0) return (mail, header) => only(mail, header, {});
  // No promise where nobody needs one: plain mail is judged in one go.
  const from = (first: number, before: Taken, mail: Received, header: Header): Verdict | Promise<Verdict> => {
    let verdict = before;
    for (let at = first; at < judges.length; at++) {
      const opinion = judges[at]!(mail, header, verdict.findings ?? noFindings);
      if (opinion instanceof Promise)
        return opinion.then((late) => {
          const all = added(verdict, late);
          return "reply" in all ? all : from(at + 1, all, mail, header);
        });
      const all = added(verdict, opinion);
      if ("reply" in all) return all;
      verdict = all;
    }
    return verdict;
  };
  return (mail, header) => from(0, nothingToSay, mail, header);
}

const noFindings: Findings = {};

function added(verdict: Taken, next: Verdict): Verdict {
  if (next === nothingToSay) return verdict;
  return "reply" in next ? { ...next, ...remarksOf(verdict, next) } : both(verdict, next);
}

function both(one: Taken, other: Taken): Taken {
  return {
    kind: gravity[Math.max(gravity.indexOf(one.kind), gravity.indexOf(other.kind))]!,
    ...remarksOf(one, other),
    fields: (one.fields ?? "") + (other.fields ?? ""),
    dropped: [...(one.dropped ?? []), ...(other.dropped ?? [])],
    findings: { ...one.findings, ...other.findings },
    ...defenceOf(one, other),
    ...replacedOf(one, other),
  };
}

function defenceOf(one: Taken, other: Taken): Pick<Taken, "defence"> {
  const defence = other.defence ?? one.defence;
  return defence === undefined ? {} : { defence };
}

function replacedOf(one: Taken, other: Taken): Pick<Taken, "replaced"> {
  const replaced = other.replaced ?? one.replaced;
  return replaced === undefined ? {} : { replaced };
}

function remarksOf(one: Remarks, other: Remarks): Required<Remarks> {
  return {
    notes: [...one.notes, ...other.notes],
    reasons: [...(one.reasons ?? []), ...(other.reasons ?? [])],
  };
}

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
    return authors === 1 ? nothingToSay : { kind: "accept", notes: [authors === 0 ? "no-from" : "several-from"] };
  };
}
