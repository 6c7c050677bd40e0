/**
 * Addresses that play receivers: mail to them takes the way of all mail as far as the wire, and no further. Nothing that they "say" counts against
 * anybody: no warm-up, no suppression, no tenant's conduct. Pure.
 */
import { reply } from "../../protocol/smtp/reply.ts";
import type { Outcome } from "../send/classify.ts";
import type { ReplyClass } from "../shape/reply-class.ts";
import type { Suppression } from "../store/sending.ts";
import type { Instant, QueuedRecipient } from "../store/store.ts";

/** "bounced" of "bounced+order-17@sandbox.invalid"; undefined: it is no address of the sandbox. */
export function sandboxRole(address: string, sandbox: string): string | undefined {
  if (sandbox === "" || !address.endsWith(sandbox)) return undefined;
  const at = address.length - sandbox.length - 1;
  if (address[at] !== "@") return undefined;
  return address.slice(0, at).toLowerCase().replace(/\+.*$/s, "");
}

/** What the receiver answers. Whoever it does not know has no mailbox there. */
export function sandboxOutcome(role: string, { attempts }: Pick<QueuedRecipient, "attempts">): Outcome {
  const refused = (code: number, enhanced: string, text: string, named: ReplyClass): Outcome => ({
    kind: "failed",
    why: named === "spam-content" ? "content" : named === "quota" ? "quota" : "recipient",
    reply: reply(code, enhanced, text),
    named: { class: named, rule: "sandbox" },
    sandbox: true,
  });
  const taken: Outcome = { kind: "delivered", sandbox: true, reply: reply(250, "2.0.0", "The sandbox has taken it") };
  switch (role) {
    case "delivered":
    case "complained":
      return taken;
    case "deferred":
      return attempts > 0
        ? taken
        : {
            kind: "later",
            why: "greylist",
            delayMs: undefined,
            reply: reply(451, "4.7.1", "The sandbox takes it at the second try"),
            named: { class: "greylist", rule: "sandbox" },
            sandbox: true,
          };
    case "full":
      return refused(552, "5.2.2", "The sandbox's mailbox is full", "quota");
    case "blocked":
      return refused(550, "5.7.1", "The sandbox takes it for spam", "spam-content");
    default:
      return refused(550, "5.1.1", "The sandbox has no such mailbox", "invalid-recipient");
  }
}

/** "suppressed" is on every list. */
export function sandboxSuppression(address: string, sandbox: string, now: Instant): Suppression | undefined {
  if (sandboxRole(address, sandbox) !== "suppressed") return undefined;
  return { scope: "platform", hash: "", address, reason: "manual", evidence: "sandbox", at: now, expiresAt: undefined };
}
