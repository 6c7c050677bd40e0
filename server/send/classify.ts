/** What a reply or a breakdown means for a recipient: delivered, later, or failed. Pure. */
import type { Phase, RecipientOutcome } from "../../protocol/smtp/client.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";

export type Why =
  | "recipient"
  | "quota"
  | "policy"
  | "greylist"
  | "rate"
  | "size"
  | "content"
  | "network"
  | "dns"
  | "tls"
  | "auth"
  | "protocol"
  | "loop"
  | "system";

export type Outcome = (
  | { readonly kind: "delivered"; readonly reply: Reply }
  /** `delayMs`: when to try again at the earliest, where the server or the reason tells; 0 is at once. */
  | ({ readonly kind: "later"; readonly delayMs: number | undefined } & Trouble)
  | ({ readonly kind: "failed" } & Trouble)
) & {
  /** No receiver said it: the sandbox plays one (`server/dispatch/sandbox.ts`). */
  readonly sandbox?: true;
};

type Trouble = {
  readonly reply: Reply;
  readonly why: Why;
  /** Our own words, not a server's: no rule is asked about them. */
  readonly ours?: true;
  /** The host whose words these are, where it said them before there was a session. */
  readonly saidBy?: string;
  /** What the shaping rules make of the reply, and which rule. */
  readonly named?: { readonly class: string; readonly rule: string | undefined };
};

/** Shortest and longest wait that a greylisting server is granted: less is asked in vain, more is not believed. */
const minGreylistMs = 5 * 60_000;
const maxGreylistMs = 60 * 60_000;

/** One recipient's outcome of a transaction. `othersTaken`: the server took other recipients of the same transaction. */
export function classify({ phase, reply }: RecipientOutcome, othersTaken: boolean): Outcome {
  const { code } = reply;
  if (code < 300)
    return phase === "message"
      ? { kind: "delivered", reply }
      : { kind: "later", reply, why: "protocol", delayMs: undefined };
  if (code < 400) return { kind: "later", reply, why: "protocol", delayMs: undefined };
  // RFC 5321 §4.5.3.1.10: too many recipients is 452, and 552 was said for it too: the rest goes at once in another transaction.
  const tooMany = code === 452 || (code === 552 && isAbout(reply, /too many recipients/i));
  if (tooMany && phase === "rcpt" && othersTaken && reply.enhanced !== "4.2.2")
    return { kind: "later", reply, why: "rate", delayMs: 0 };
  if (code >= 500) return { kind: "failed", reply, why: whyOf(reply) };
  if (code !== 421 && isGreylisting(reply, phase))
    return { kind: "later", reply, why: "greylist", delayMs: greylistDelay(reply) };
  return { kind: "later", reply, why: whyOf(reply), delayMs: undefined };
}

/**
 * Recipients of the message that were left out of the transaction because the server takes only so many at a time (RFC 9422): they go
 * in the next one at once, but where the message or the server was the trouble, it is theirs too.
 */
export function ofTheRest(
  tried: readonly Outcome[],
  outcomes: readonly (RecipientOutcome | undefined)[],
  protocol: "smtp" | "lmtp",
): Outcome {
  // RFC 2033 §4.2: LMTP answers for each recipient at the end of the message too.
  const ofOne = (phase: Phase | undefined): boolean => phase === "rcpt" || (protocol === "lmtp" && phase === "message");
  const shared = tried.find(({ kind }, index) => kind !== "delivered" && !ofOne(outcomes[index]?.phase));
  const words = reply(451, "4.5.3", `This server takes ${tried.length} at a time: the others follow at once`);
  return shared ?? { kind: "later", reply: words, why: "rate", delayMs: 0, ours: true };
}

/** The connection ended before a reply decided: `cause` is what happened, the reply is our own words for it. */
export function brokenOff(phase: Phase, cause: "closed" | "timeout" | "fault", host: string): Outcome {
  const what = { closed: "closed the connection", timeout: "was silent too long", fault: "sent nonsense" }[cause];
  const when = { mail: "MAIL", rcpt: "RCPT", data: "DATA", message: "the end of the message", reset: "RSET" }[phase];
  return {
    kind: "later",
    reply: reply(451, cause === "fault" ? "4.5.0" : "4.4.2", `${host} ${what} at ${when}`),
    why: cause === "fault" ? "protocol" : "network",
    delayMs: undefined,
    ours: true,
  };
}

function isAbout(reply: Reply, what: RegExp): boolean {
  return reply.lines.some((line) => what.test(line));
}

/** Greylisting has no code of its own: 450 or 451 and words. */
function isGreylisting(reply: Reply, phase: Phase): boolean {
  if (phase === "message" && reply.code !== 451) return false;
  return isAbout(reply, /gr[ea]y-? ?list|postgrey|first.?time.?sender/i);
}

/** "try again in 300 seconds", "retry in 5 minutes", "00:04:59". */
function greylistDelay(reply: Reply): number {
  for (const line of reply.lines) {
    const found = /(?:^|\D)(\d{1,5}) ?(seconds?|secs?|s|minutes?|mins?|m)\b/i.exec(line);
    const clock = /\b(\d\d):(\d\d):(\d\d)\b/.exec(line);
    const ms =
      found !== null
        ? Number(found[1]) * (found[2]!.toLowerCase().startsWith("m") ? 60_000 : 1000)
        : clock !== null
          ? (Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1000
          : undefined;
    if (ms !== undefined) return Math.min(Math.max(ms, minGreylistMs), maxGreylistMs);
  }
  return minGreylistMs;
}

/** By RFC 3463 subject and detail where there is an enhanced code, else by the code. */
function whyOf({ code, enhanced }: Reply): Why {
  const [, subject, detail] = enhanced?.split(".") ?? [];
  if (subject === "2" && detail === "2") return "quota";
  if ((subject === "2" || subject === "3") && (detail === "3" || detail === "4")) return "size";
  switch (subject) {
    case "1":
      return "recipient";
    case "2":
      return "recipient";
    case "3":
      return "system";
    case "4":
      return detail === "6" ? "loop" : detail === "5" ? "rate" : "network";
    case "5":
      return detail === "3" ? "rate" : "protocol";
    case "6":
      return "content";
    case "7":
      return detail === "0" && code === 421 ? "rate" : "policy";
    default:
      return byCode(code);
  }
}

function byCode(code: number): Why {
  switch (code) {
    case 421:
    case 451:
      return "system";
    case 450:
    case 550:
    case 551:
    case 553:
      return "recipient";
    case 452:
    case 552:
      return "quota";
    case 530:
    case 534:
    case 535:
    case 538:
      return "auth";
    case 554:
      return "policy";
    default:
      return "protocol";
  }
}
