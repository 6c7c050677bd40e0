/** What a receiver's refusal is about, in the order in which it is asked. */
export const replyClasses = [
  "invalid-recipient",
  "bad-domain",
  "inactive-mailbox",
  "quota",
  "too-large",
  "greylist",
  "rate-limit",
  "rate-domain",
  "recipient-rate",
  "busy",
  "reputation-block",
  "domain-block",
  "blocklist-address",
  "blocklist-url",
  "spam-content",
  "policy",
  "authentication",
  "tls",
  "routing",
  "protocol",
  "network",
  "expired",
  "auto-reply",
  "unknown",
] as const;
export type ReplyClass = (typeof replyClasses)[number];
export const isReplyClass = (value: unknown): value is ReplyClass => replyClasses.includes(value as ReplyClass);

/** What a warm-up's gates count it as. Greylisting, full mailboxes, DNS and connections say nothing about us. */
export function gateCountOf(name: ReplyClass, permanent: boolean): "deferral" | "hard" | "block" | undefined {
  switch (name) {
    case "invalid-recipient":
    case "bad-domain":
    case "inactive-mailbox":
      return permanent ? "hard" : undefined;
    case "rate-limit":
    case "rate-domain":
      return permanent ? "block" : "deferral";
    case "reputation-block":
    case "domain-block":
    case "blocklist-address":
      return permanent ? "block" : "deferral";
    case "blocklist-url":
    case "spam-content":
    case "policy":
      return permanent ? "block" : undefined;
    default:
      return undefined;
  }
}

/** What it means for the address it was said of (§4.2). Never anything for what is said of us or of the content. */
export function suppressionOf(name: ReplyClass, permanent: boolean): "at-once" | "when-repeated" | undefined {
  switch (name) {
    case "invalid-recipient":
    case "inactive-mailbox":
      return permanent ? "at-once" : undefined;
    case "bad-domain":
    case "quota":
      return "when-repeated";
    default:
      return undefined;
  }
}
