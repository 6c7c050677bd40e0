/** What a receiver's refusal means for a person who reads of it, and what is done about it, in short words. Pure. */
import { type ReplyClass, suppressionOf } from "./reply-class.ts";
import type { Reaction } from "./schema.ts";
import { type Classified, classifyReply, type Shaping } from "./shaping.ts";

/** For each class: of what is tried again, of what is given up. */
const sentences: { readonly [name in ReplyClass]: readonly [later: string, failed: string] } = {
  "invalid-recipient": [
    "The receiver does not know this address at the moment; it is tried again.",
    "This address does not exist; nothing more is sent to it.",
  ],
  "bad-domain": [
    "The domain of this address cannot be reached now; it is tried again.",
    "The domain of this address takes no mail.",
  ],
  "inactive-mailbox": [
    "This mailbox is not in use at the moment; it is tried again.",
    "This mailbox is no longer in use; nothing is sent to it for half a year.",
  ],
  quota: [
    "This mailbox is full; it is tried again.",
    "This mailbox is full; if it stays so, nothing is sent to it for a month.",
  ],
  "too-large": [
    "The message is too large for the receiver now.",
    "The message is larger than the receiver takes: make it smaller.",
  ],
  greylist: [
    "The receiver asks everybody new to come again; it is tried again in some minutes.",
    "The receiver asks to come again, and has refused meanwhile.",
  ],
  "rate-limit": [
    "The receiver takes less from our address than it was sent; sending slows down and it is tried again.",
    "The receiver refuses more mail from our address for now: sending slows down.",
  ],
  "rate-domain": [
    "The receiver takes less of the sending domain than it was sent; sending slows down and it is tried again.",
    "The receiver refuses more mail of the sending domain for now: let its volume grow more slowly.",
  ],
  "recipient-rate": [
    "This recipient gets more mail than the receiver lets through; it is tried again in an hour.",
    "This recipient gets more mail than the receiver lets through: send less often.",
  ],
  busy: ["The receiver is busy; it is tried again.", "The receiver is too busy to take it."],
  "reputation-block": [
    "The receiver does not trust our address at the moment; it is tried again.",
    "The receiver blocks our address for its reputation; the recipient is not at fault and stays on the list.",
  ],
  "domain-block": [
    "The receiver does not trust the sending domain at the moment; it is tried again.",
    "The receiver blocks the sending domain for its reputation: send to people who want it only.",
  ],
  "blocklist-address": [
    "Our address stands on a blocklist that the receiver uses; it is tried again.",
    "Our address stands on a blocklist that the receiver uses: have it taken off.",
  ],
  "blocklist-url": [
    "The receiver does not trust a link in the message; it is tried again.",
    "The receiver does not trust a link in the message: see where its links lead.",
  ],
  "spam-content": [
    "The receiver takes the message for spam at the moment; it is tried again.",
    "The receiver takes the message for spam: look at its words and links, and at who gets it.",
  ],
  policy: [
    "A rule of the receiver holds the message back; it is tried again.",
    "A rule of the receiver refuses the message.",
  ],
  authentication: [
    "The receiver cannot tell that the message is from its sender; it is tried again.",
    "The receiver cannot tell that the message is from its sender: SPF, DKIM, DMARC or the address's reverse name does not pass.",
  ],
  tls: [
    "The receiver wants an encrypted connection, and none came about; it is tried again.",
    "The receiver wants an encrypted connection, and none came about.",
  ],
  routing: [
    "The way to the receiver is not right at the moment; it is tried again.",
    "The message went to a server that does not take mail for this address: check the domain's MX records or the route.",
  ],
  protocol: [
    "The receiver did not understand what it was told; it is tried again.",
    "The receiver objects to the form of the message or of its sender's address.",
  ],
  network: [
    "The connection to the receiver failed; it is tried again.",
    "The connection to the receiver failed too often.",
  ],
  expired: ["It takes long; it is tried again.", "The receiver did not take it in time, and it was given up."],
  "auto-reply": [
    "An automatic answer; it says nothing of the delivery.",
    "An automatic answer; it says nothing of the delivery.",
  ],
  unknown: [
    "The receiver asks to come again and does not say why; it is tried again.",
    "The receiver refuses the message and does not say why.",
  ],
};

/** The sentence of a class; `fix`: the rule's advice, where it has one. */
export function sentenceOf(name: ReplyClass, permanent: boolean, fix?: string): string {
  const sentence = sentences[name][permanent ? 1 : 0];
  return fix === undefined ? sentence : `${sentence} ${fix}`;
}

export type Meaning = Classified & {
  readonly permanent: boolean;
  /** What is done, in short words: "retry 1h", "suppress", "suspend source 2h", "pause warm-up", "stop campaign" … */
  readonly actions: readonly string[];
  readonly sentence: string;
};

/** What is done about a reply of a provider's server ("CODE ENHANCED words") when it is heard for the first time. */
export function meaningOf(shaping: Shaping, provider: string, text: string): Meaning {
  const found = classifyReply(shaping, provider, text);
  const permanent = text.startsWith("5");
  const told = (found.rule?.reaction ?? []).flatMap(actionsOf);
  const suppresses = suppressionOf(found.class, permanent);
  const address =
    suppresses === "at-once" ? ["suppress"] : suppresses === "when-repeated" ? ["suppress when repeated"] : [];
  const again = permanent ? ["give up"] : told.some((one) => one.startsWith("retry ")) ? [] : ["retry"];
  return {
    ...found,
    permanent,
    actions: [...again, ...address, ...told],
    sentence: sentenceOf(found.class, permanent, found.rule?.fix),
  };
}

function actionsOf({
  scope,
  hits,
  within,
  suspend,
  slow,
  rate,
  connections,
  messagesPerConnection,
  for: lasts,
  ...more
}: Reaction): string[] {
  const { retry, warmup, stop, alert } = more;
  const when = hits === 1 ? "" : ` at ${hits} in ${span(within)}`;
  const held = lasts === undefined ? "" : ` for ${span(lasts)}`;
  return [
    ...(suspend === undefined ? [] : [`suspend ${scope} ${span(suspend)}`]),
    ...(slow === undefined ? [] : [`slow ${scope} to ${slow * 100} %${held}`]),
    ...(rate === undefined ? [] : [`slow ${scope} to ${Math.round(rate * 60)} a minute${held}`]),
    ...(connections === undefined ? [] : [`slow ${scope} to ${connections} connections${held}`]),
    ...(messagesPerConnection === undefined
      ? []
      : [`slow ${scope} to ${messagesPerConnection} messages a connection${held}`]),
    ...(retry === undefined ? [] : [`retry ${span(retry)}`]),
    ...(warmup === undefined ? [] : [`warm-up ${warmup}`]),
    ...(stop ? ["stop campaign"] : []),
    ...(alert ? ["tell a person"] : []),
  ].map((action) => action + when);
}

function span(ms: number): string {
  for (const [unit, name] of [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "m"],
  ] as const)
    if (ms % unit === 0) return `${ms / unit}${name}`;
  return `${ms / 1000}s`;
}
