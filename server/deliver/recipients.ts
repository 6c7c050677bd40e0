/** Whether we take mail for a recipient: decided at RCPT, from what the directory says. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Directory, Resolution } from "../access/directory.ts";
import type { Account } from "../store/store.ts";

const unknownUser = reply(550, "5.1.1", "No such address here");
const relayDenied = reply(550, "5.7.1", "Relay access denied");
const disabled = reply(550, "5.2.1", "This mailbox is disabled");
export const mailboxFull: Reply = reply(452, "4.2.2", "Mailbox is full");
const tooBigForDomain = reply(552, "5.3.4", "Message is larger than this domain takes");

/** "ask": the server behind the relay domain knows. */
export type RecipientDecision = { readonly kind: "take" } | { readonly kind: "ask" } | Reply;
const take: RecipientDecision = { kind: "take" };
const ask: RecipientDecision = { kind: "ask" };

export type RecipientQuestion = {
  readonly resolution: Resolution;
  /** Of a local resolution that has one account and forwards nothing: that account. */
  readonly onlyAccount: Account | undefined;
  /** The sender is authenticated, or in a trusted network. */
  readonly mayRelay: boolean;
  /** Announced size. */
  readonly sizeBytes: number | undefined;
};

/** Never an open relay: without leave to relay, only addresses and relay domains of ours. */
export function decideRecipient({
  resolution,
  onlyAccount,
  mayRelay,
  sizeBytes,
}: RecipientQuestion): RecipientDecision {
  switch (resolution.kind) {
    case "remote":
      return mayRelay ? take : relayDenied;
    case "unknown":
      return resolution.why ?? unknownUser;
    case "relay":
      if (sizeBytes !== undefined && sizeBytes > domainLimit(resolution)) return tooBigForDomain;
      return resolution.known === "ask" ? ask : resolution.known ? take : unknownUser;
    case "local":
      if (sizeBytes !== undefined && sizeBytes > domainLimit(resolution)) return tooBigForDomain;
      if (resolution.essential || onlyAccount === undefined) return take;
      if (onlyAccount.disabled) return disabled;
      return isFull(onlyAccount, sizeBytes ?? 0) ? mailboxFull : take;
    default:
      return resolution satisfies never;
  }
}

/** Largest message that the recipient's domain takes. */
export function domainLimit(resolution: Resolution): number {
  return resolution.kind === "remote" ? Infinity : (resolution.domain.settings.maxMessageBytes ?? Infinity);
}

function isFull(account: Account, sizeBytes: number): boolean {
  const { quotaBytes, usedBytes } = account;
  return quotaBytes > 0 && (usedBytes >= quotaBytes || usedBytes + sizeBytes > quotaBytes);
}

/** The account that RCPT asks about its state, where there is exactly one taker. */
export function onlyAccountOf(
  resolution: Resolution,
  directory: Pick<Directory, "account">,
): Account | undefined | Promise<Account | undefined> {
  if (resolution.kind !== "local" || resolution.essential) return undefined;
  if (resolution.accounts.length !== 1 || resolution.forwards.length > 0) return undefined;
  return directory.account(resolution.accounts[0]!);
}
