/** The answers that need no more than a look: everything but the transfer of data, TLS and AUTH. */
import { parseIp } from "../../protocol/ip.ts";
import type { Mailbox } from "../../protocol/smtp/address.ts";
import type { Command, MailCommand, RcptCommand } from "../../protocol/smtp/command.ts";
import { helloReply } from "../../protocol/smtp/extensions.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Session } from "../../protocol/smtp/session.ts";
import type { Resolution } from "../access/directory.ts";
import { decideRecipient, domainLimit, onlyAccountOf } from "../deliver/recipients.ts";
import type { AppPassword } from "../store/security-store.ts";
import type { Account } from "../store/store.ts";
import type { SmtpPorts } from "./ports.ts";

const ok = reply(250, "2.0.0", "OK");
const senderOk = reply(250, "2.1.0", "Sender OK");
const recipientOk = reply(250, "2.1.5", "Recipient OK");
const atNeither = reply(550, "5.1.1", "No such address here, and you are the server where it should be otherwise");
const bye = reply(221, "2.0.0", "Bye");
const help = reply(214, "2.0.0", "RFC 5321");
const cannotVerify = reply(252, "2.5.2", "Send some mail, it will be tried");
const noExpn = reply(502, "5.5.1", "EXPN is not offered");
const notHttp = reply(500, "5.5.2", "This is a mail server");
const tooManyRecipients = reply(452, "4.5.3", "Too many recipients");
const holdTooLong = reply(501, "5.5.4", "Hold time is beyond what this server offers");
const holdInPast = reply(501, "5.5.4", "Hold time is in the past");

/** Who speaks, beside what the session says. */
export type Peer = {
  readonly account: Account | undefined;
  /** Where it was by one that they signed in. */
  readonly appPassword: AppPassword | undefined;
  readonly trusted: boolean;
  /** Address of the other end. */
  readonly address: string;
};

/** What was agreed for the recipient besides its reply: the transaction may carry no more than this. */
export type RcptAnswer = { readonly reply: Reply; readonly maxBytes: number };

export type ShortCommand = Exclude<Command, { verb: "data" | "bdat" | "starttls" | "auth" | "rcpt" }>;

/** The reply; a promise only where somebody else must be asked. */
export function answer(session: Session, command: ShortCommand, peer: Peer, ports: SmtpPorts): Reply | Promise<Reply> {
  switch (command.verb) {
    case "ehlo":
    case "helo":
    case "lhlo":
      return helloReply(session, ports.ourHost, command.verb, ports.now() + session.offer.maxHoldSeconds * 1000);
    case "mail":
      return answerMail(session, command, peer, ports);
    case "rset":
    case "noop":
      return ok;
    case "quit":
      return bye;
    case "help":
      return help;
    case "vrfy":
      return cannotVerify; // RFC 5321 §3.5.3
    case "expn":
      return noExpn;
    case "foreign":
      return notHttp;
    default:
      return command satisfies never;
  }
}

function answerMail(session: Session, command: MailCommand, peer: Peer, ports: SmtpPorts): Reply | Promise<Reply> {
  if (command.hold !== undefined) {
    const now = ports.now();
    const until = holdUntil(command, now)!;
    if (until > now + session.offer.maxHoldSeconds * 1000) return holdTooLong;
    if (until < now) return holdInPast;
  }
  if (peer.account === undefined) return senderOk;
  const refusal = ports.checkSender(peer.account, command.from);
  return refusal instanceof Promise ? refusal.then((found) => found ?? senderOk) : (refusal ?? senderOk);
}

/** When a held message may go, or undefined where it is not held. RFC 4865. */
export function holdUntil(command: MailCommand, now: number): number | undefined {
  const { hold } = command;
  return hold === undefined ? undefined : "until" in hold ? hold.until : now + hold.seconds * 1000;
}

/**
 * `<postmaster>` is at home in our first domain, and so is everybody at the literal of the address that the peer speaks to, which names
 * this host (RFC 1123 §5.2.17).
 */
export function recipientOf(
  { to }: RcptCommand,
  { postmasterDomain }: Pick<SmtpPorts, "postmasterDomain">,
  ourAddress: string,
): Mailbox {
  return to.domain === "" || isLiteralOf(to.domain, ourAddress) ? { local: to.local, domain: postmasterDomain } : to;
}

function isLiteralOf(domain: string, address: string): boolean {
  if (domain[0] !== "[") return false;
  const named = parseIp(domain.slice(domain.startsWith("[IPv6:") ? 6 : 1, -1));
  const ours = parseIp(address);
  return named !== undefined && ours !== undefined && Buffer.compare(named, ours) === 0;
}

/** `taken`: recipients the transaction has; `sizeBytes`: what MAIL announced. */
export function answerRcpt(
  recipient: Mailbox,
  taken: number,
  sizeBytes: number | undefined,
  peer: Peer,
  ports: SmtpPorts,
): RcptAnswer | Promise<RcptAnswer> {
  if (taken >= ports.settings.maxRecipients) return { reply: tooManyRecipients, maxBytes: Infinity };
  const resolution = ports.directory.resolve(recipient.local, recipient.domain);
  return resolution instanceof Promise
    ? resolution.then((found) => answerResolved(recipient, found, sizeBytes, peer, ports))
    : answerResolved(recipient, resolution, sizeBytes, peer, ports);
}

function answerResolved(
  recipient: Mailbox,
  resolution: Resolution,
  sizeBytes: number | undefined,
  peer: Peer,
  ports: SmtpPorts,
): RcptAnswer | Promise<RcptAnswer> {
  const mayRelay = peer.trusted || peer.account !== undefined;
  const decided = (onlyAccount: Account | undefined): RcptAnswer | Promise<RcptAnswer> => {
    const decision = decideRecipient({ resolution, onlyAccount, mayRelay, sizeBytes });
    const maxBytes = domainLimit(resolution);
    if ("code" in decision) return { reply: decision, maxBytes };
    if (decision.kind === "take" || ports.callout === undefined) return { reply: recipientOk, maxBytes };
    return ports.callout(recipient).then((refusal) => ({ reply: refusal ?? recipientOk, maxBytes }));
  };
  // Who is neither here nor there would go round between the two servers of a domain, or their questions would.
  if (resolution.kind === "relay" && resolution.domain.kind === "local" && peer.account === undefined) {
    const back = ports.isOtherHalf?.(resolution.domain, peer.address) ?? false;
    const answered = (isBack: boolean): RcptAnswer | Promise<RcptAnswer> =>
      isBack ? { reply: atNeither, maxBytes: Infinity } : asked();
    return back instanceof Promise ? back.then(answered) : answered(back);
  }
  return asked();

  function asked(): RcptAnswer | Promise<RcptAnswer> {
    const account = onlyAccountOf(resolution, ports.directory);
    return account instanceof Promise ? account.then(decided) : decided(account);
  }
}
