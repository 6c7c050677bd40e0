/** Addresses elsewhere that must not be written to are left out here, however the message came: SMTP, API, JMAP or forwarding. */
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, reply, replyText } from "../../protocol/smtp/reply.ts";
import type { BombingGuard, Paused } from "../dispatch/bombing.ts";
import type { Full } from "../dispatch/fullness.ts";
import { isConfirmation, type Sender } from "../dispatch/sender.ts";
import type { SuppressionBook } from "../dispatch/suppression.ts";
import type { Received } from "../receive/received.ts";
import type { ReplyClass } from "../shape/reply-class.ts";
import { toldAsOf } from "../store/queued.ts";
import type { NewSendingEvent, Told } from "../store/sending.ts";
import type { AccountId, Instant, NewRecipient } from "../store/store.ts";
import type { Destination, Destinations } from "./destinations.ts";

export type Suppressing = Pick<SuppressionBook, "suppressed">;

/** The destinations without those that are suppressed for the writer; at once where nobody is. */
export function withoutSuppressed(
  mail: Pick<Received, "sending" | "recipients">,
  to: Destinations,
  book: Suppressing | undefined,
): Destinations | Promise<Destinations> {
  if (book === undefined || to.queued.length + to.forwarded.length === 0) return to;
  const addresses = [...to.queued, ...to.forwarded].flatMap(namesOf);
  const asked = book.suppressed(addresses, mail.sending ?? {});
  return asked === undefined ? to : asked.then((found) => (found === undefined ? to : leaveOut(mail, to, found)));
}

/** What suppresses a recipient: an address of ours that forwards to it, too. */
const namesOf = ({ address, toldAs }: NewRecipient): readonly string[] =>
  toldAs === undefined || toldAs === "" ? [address] : [address, toldAs];

function leaveOut(
  mail: Pick<Received, "recipients">,
  to: Destinations,
  found: NonNullable<Awaited<ReturnType<Suppressing["suppressed"]>>>,
): Destinations {
  const refusals = new Map([...found].map(([address, { reason }]) => [address, refusal(address, reason)]));
  const suppressed = [...to.queued, ...to.forwarded].flatMap((one) => {
    const why = namesOf(one).flatMap((name) => found.get(name) ?? [])[0];
    const address = toldAsOf(one);
    return why === undefined || address === "" ? [] : [{ address, reason: why.reason, scope: why.scope }];
  });
  return { ...without(mail, to, refusals), suppressed };
}

/** The destinations without those addresses elsewhere, who named them reads why. */
function without(
  { recipients }: Pick<Received, "recipients">,
  to: Destinations,
  refusals: ReadonlyMap<string, Reply>,
): Destinations {
  const stays = (one: NewRecipient): boolean => !namesOf(one).some((name) => refusals.has(name));
  const forwarded = to.forwarded.filter(stays);
  const each = to.each.map((destination, index): Destination => {
    if (destination.kind === "refused") return destination;
    const address = formatMailbox(recipients[index]!);
    const own = refusals.get(address);
    if (own !== undefined) return { kind: "refused", reply: own };
    const nothingLeft = destination.queued && destination.accounts.length === 0 && forwarded.length === 0;
    const leftOut = to.forwarded.some((one) => !stays(one));
    // Who writes to an alias does not learn where it leads.
    return nothingLeft && leftOut && !to.queued.some((one) => one.address === address)
      ? { kind: "refused", reply: forwardRefusal(address) }
      : destination;
  });
  return { ...to, each, queued: to.queued.filter(stays), forwarded };
}

export type Flooding = Pick<BombingGuard, "ask"> & {
  /** Whether mail that is rather refused than made to wait has room. */
  readonly full?: ((sender: Sender, address: string) => Full | undefined) | undefined;
};

/** A reply to what may be sent again, and when. */
export type Later = Reply & { readonly until: Instant };
const later = (said: Reply, until: Instant): Later => ({ ...said, until });
export const isLater = (reply: Reply): reply is Later => "until" in reply;

/** Why a tenant's mail to an address elsewhere has to wait; what may go counts. Tests and our own seeds are not looked at. */
export function floodedReply(
  sender: Sender | undefined,
  address: string,
  guard: Flooding | undefined,
): Reply | undefined {
  if (guard === undefined || sender === undefined || sender.sandbox !== undefined || sender.seed !== undefined)
    return undefined;
  const full = guard.full?.(sender, address);
  if (full !== undefined) return later(fullReply(address, full), full.until);
  const paused = guard.ask(address, sender.tenant, isConfirmation(sender));
  return paused === undefined ? undefined : later(pausedReply(address, paused), paused.until);
}

/** The destinations without those whose mail is paused for the sake of who gets it. */
export function withoutFlooded(mail: Received, to: Destinations, guard: Flooding | undefined): Destinations {
  if (guard === undefined || mail.sending === undefined || to.queued.length === 0) return to;
  let refusals: Map<string, Reply> | undefined;
  for (const { address } of to.queued) {
    const refused = floodedReply(mail.sending, address, guard);
    if (refused !== undefined) (refusals ??= new Map()).set(address, refused);
  }
  return refusals === undefined ? to : without(mail, to, refusals);
}

/** As a clock shows it; with its day where it is another. */
function clockOf(until: Instant, now: Instant): string {
  const [day, time] = new Date(until).toISOString().split("T") as [string, string];
  return `${day === new Date(now).toISOString().slice(0, 10) ? "" : `${day} `}${time.slice(0, 5)} UTC`;
}

function fullReply(address: string, { until, because }: Full): Reply {
  const text = `<${printable(address)}> cannot be written to before ${clockOf(until, Date.now())}, and its stream does not wait: ${printable(because)}`;
  return reply(450, "4.7.28", text);
}

function pausedReply(address: string, { because, until }: Paused): Reply {
  const clock = `${new Date(until).toISOString().slice(11, 16)} UTC`;
  const who = `<${printable(address)}>`;
  return because === "confirmations"
    ? reply(
        451,
        "4.7.1",
        `${who} has had as many confirmations as one address gets in an hour, the next may go at ${clock}: a form that anybody can fill in needs a CAPTCHA`,
      )
    : reply(
        451,
        "4.7.1",
        `${who} gets mail of so many senders at once that somebody seems to fill in forms with it, and all of it waits until ${clock}: a form that anybody can fill in needs a CAPTCHA`,
      );
}

const forwardRefusal = (address: string): Reply =>
  reply(550, "5.7.1", `<${printable(address)}> is forwarded to an address that may not be written to from here`);

function refusal(address: string, reason: string): Reply {
  return reply(
    550,
    "5.7.1",
    `<${printable(address)}> is suppressed (${reason}): take it off the list before writing to it`,
  );
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, "?").slice(0, 200);
}

/** Where a message goes to the one person that its envelope names, and no other: its tenant is told so by the journey's entry. */
export function acceptedTold(
  { sending, recipients }: Pick<Received, "sending" | "recipients">,
  to: Pick<Destinations, "queued"> & Partial<Pick<Destinations, "suppressed" | "each">>,
  held = false,
): Told | undefined {
  const [only] = recipients;
  if (sending === undefined || only === undefined || recipients.length > 1 || held) return undefined;
  if (to.queued.length !== 1 || (to.suppressed?.length ?? 0) > 0) return undefined;
  const [here] = to.each ?? [];
  if ((here?.kind === "taken" && here.accounts.length > 0) || to.queued[0]!.address !== formatMailbox(only))
    return undefined;
  return { ...whose(sending), n: 1 };
}

/** What a tenant is told of a message that comes in: whom it is sent to, and whom not. */
export function sendingEvents(
  { at, id, sending, recipients }: Received,
  to: Pick<Destinations, "queued"> & Partial<Pick<Destinations, "suppressed" | "each">>,
  held = false,
): readonly NewSendingEvent[] {
  if (sending === undefined) return [];
  const { about } = sending;
  const event = (
    type: NewSendingEvent["type"],
    recipient: string,
    detail: NewSendingEvent["detail"],
  ): NewSendingEvent => ({ at, type, ...whose(sending), message: undefined, recipient, detail });
  const queued = to.queued.map((one, index) => ({ recipient: toldAsOf(one), n: index + 1 }));
  const told = queued.filter(({ recipient }) => recipient !== "");
  return [
    ...told.map(({ recipient, n }) => event("accepted", recipient, { id, n, ...about })),
    ...(held ? told.map(({ recipient, n }) => event("held", recipient, { id, n, by: "filter" })) : []),
    // What stays here is there at once, and so is what goes on to several; its message goes by our own id of it, which stands in X-Angarium-Ref too.
    ...(to.each ?? []).flatMap((one, index) =>
      one.kind === "taken" && (one.accounts.length > 0 || one.expanded === true)
        ? [{ ...event("delivered", formatMailbox(recipients[index]!), { id, here: true, ...about }), message: id }]
        : [],
    ),
    ...(to.suppressed ?? []).map(({ address, reason, scope }) => event("suppressed", address, { id, reason, scope })),
  ];
}

const whose = ({ tenant, stream, campaign = "" }: Sender) => ({ tenant, stream, campaign });

/** Who of its recipients is here, and what accounts stand for them. */
export function hereOf(
  { recipients }: Pick<Received, "recipients">,
  { each }: Pick<Destinations, "each">,
): readonly (readonly [recipient: string, accounts: readonly AccountId[]])[] {
  return each.flatMap((one, index) =>
    one.kind === "taken" && one.accounts.length > 0 ? [[formatMailbox(recipients[index]!), one.accounts] as const] : [],
  );
}

/** What a tenant is told of those here who did not get what was taken for them. */
export function leftOutEvents(
  mail: Pick<Received, "at" | "id" | "sending">,
  left: readonly { readonly address: string; readonly reply: Reply }[],
): readonly NewSendingEvent[] {
  const events = rejectedEvents(
    mail,
    left.map(({ address, reply }) => ({ address, reply: replyText(reply) })),
  );
  return events.map((event, index) => {
    const name: ReplyClass = left[index]!.reply.enhanced === "5.2.2" ? "quota" : "unknown";
    return { ...event, type: "bounced", message: mail.id, detail: { ...event.detail, class: name, here: true } };
  });
}

/** What a tenant is told of those who do not get its message, in the words that it reads in the reply. */
export function rejectedEvents(
  { at, id, sending }: Pick<Received, "at" | "id" | "sending">,
  refused: readonly { readonly address: string; readonly reply: string }[],
): readonly NewSendingEvent[] {
  if (sending === undefined) return [];
  return refused.map(({ address, reply: said }) => ({
    at,
    type: "rejected",
    ...whose(sending),
    message: "",
    recipient: address,
    detail: { id, reply: said, ...sending.about },
  }));
}
