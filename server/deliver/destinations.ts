/** Where a message goes: the accounts here, the addresses elsewhere, and the recipients that nobody takes. */
import { parseReceived } from "../../protocol/mime/fields/received.ts";
import { fieldValue, type Header } from "../../protocol/mime/header.ts";
import { formatMailbox, type Mailbox } from "../../protocol/smtp/address.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Directory, Resolution } from "../access/directory.ts";
import type { ListAddress } from "../access/list-addresses.ts";
import type { Received, ReceivedRecipient } from "../receive/received.ts";
import { hereDomain } from "../store/queued.ts";
import type { AccountId, NewRecipient, Notify } from "../store/store.ts";
import { forwardersOf } from "./forward.ts";
import { refusedByGroup } from "./group-posting.ts";

const gone = reply(550, "5.1.1", "No such address here");
const loop = reply(554, "5.4.6", "This message has been forwarded by this address already: it goes round in a loop");
const relayedInALoop = reply(
  554,
  "5.4.6",
  "This message goes round: this server passes on mail for the address, and it has come back here more than once. The server that it is passed on to has to have the address itself, or know none of that name",
);
/** So often may a message have come by here on its way to an address that it is passed on to: lists and forwards elsewhere bring some back once. */
const maxEarlierVisits = 2;
const relayDenied = reply(550, "5.7.1", "Relay access denied");

/** What one recipient of the envelope came to. */
export type Destination =
  | {
      readonly kind: "taken";
      readonly accounts: readonly AccountId[];
      /** Some of its mail goes into the queue. */
      readonly queued: boolean;
      /** It stands for several, some of them elsewhere: who asked for it hears that it was expanded, and no more (RFC 3461 §5.2.7.3). */
      readonly expanded?: true;
      /** A mailing list has taken it. */
      readonly lists?: true;
    }
  | { readonly kind: "refused"; readonly reply: Reply };

export type Destinations = {
  /** One for each recipient, in order. */
  readonly each: readonly Destination[];
  /** Accounts that get the message, each once; whether they get it over quota too (postmaster, abuse). */
  readonly accounts: ReadonlyMap<AccountId, boolean>;
  /** Each address once. */
  readonly queued: readonly NewRecipient[];
  /** Addresses elsewhere that an address of ours stands for, each once. */
  readonly forwarded: readonly NewRecipient[];
  /** The addresses of ours that forward. */
  readonly forwarders: readonly Mailbox[];
  /** Some recipient is an address where reports are read. */
  readonly reports: boolean;
  /** Addresses of mailing lists, each once, with the recipients (by place) that came to them. */
  readonly lists: ReadonlyMap<string, ListMail>;
  /** Those left out because they are suppressed, with why. */
  readonly suppressed?: readonly Suppressed[];
};

export type ListMail = ListAddress & { readonly recipients: readonly number[] };

export type Suppressed = { readonly address: string; readonly reason: string; readonly scope: string };

/** The directory is asked again, not believed from RCPT: what it said then may have changed. */
export async function destinationsOf(
  mail: Received,
  header: Header,
  directory: Pick<Directory, "resolve">,
  /** What DMARC says of its author, where it was asked. */
  dmarc?: string,
): Promise<Destinations> {
  const each: Destination[] = [];
  const found: Found = {
    accounts: new Map(),
    queued: new Map(),
    forwarded: new Map(),
    forwarders: [],
    reports: false,
    lists: new Map(),
    header,
  };
  const mayRelay = mail.trusted || mail.account !== undefined;
  for (const [index, recipient] of mail.recipients.entries()) {
    const answer = directory.resolve(recipient.local, recipient.domain);
    const resolution: Resolution = answer instanceof Promise ? await answer : answer;
    const posting = resolution.kind === "local" ? resolution.posting : undefined;
    const refusal = posting && refusedByGroup(mail, header, posting, dmarc === "fail");
    each.push(
      refusal === undefined
        ? place(recipient, index, resolution, mayRelay, mail.ourHost, found)
        : { kind: "refused", reply: refusal },
    );
  }
  const { accounts, queued, forwarded, forwarders, reports, lists } = found;
  return {
    each,
    accounts,
    queued: [...queued.values()],
    forwarded: [...forwarded.values()],
    forwarders,
    reports,
    lists,
  };
}

/** Of a test: everybody, whoever they are, is played by the sandbox, to whose domain the queue takes them. */
export function playedDestinations({ recipients }: Pick<Received, "recipients">, sandbox: string): Destinations {
  const queued = new Map<string, NewRecipient>();
  for (const one of recipients) addQueued(queued, formatMailbox(one), sandbox, one.orcpt, one);
  return {
    each: recipients.map((): Destination => ({ kind: "taken", accounts: [], queued: true })),
    accounts: new Map(),
    queued: [...queued.values()],
    forwarded: [],
    forwarders: [],
    reports: false,
    lists: new Map(),
  };
}

/** Until its time comes mail waits in the queue for people here too; who they are is looked up again then. */
export function waitingDestinations({ recipients }: Pick<Received, "recipients">, to: Destinations): Destinations {
  const queued = new Map(to.queued.map((one) => [one.address, one]));
  const each = to.each.map((one, index): Destination => {
    if (one.kind === "refused") return one;
    const recipient = recipients[index]!;
    addQueued(queued, formatMailbox(recipient), hereDomain, recipient.orcpt, recipient);
    return { kind: "taken", accounts: [], queued: true };
  });
  const nobody = { accounts: new Map(), forwarded: [], forwarders: [], reports: false, lists: new Map() };
  return { ...nobody, each, queued: [...queued.values()] };
}

type Found = {
  readonly accounts: Map<AccountId, boolean>;
  readonly queued: Map<string, NewRecipient>;
  readonly forwarded: Map<string, NewRecipient>;
  readonly forwarders: Mailbox[];
  reports: boolean;
  readonly lists: Map<string, ListMail>;
  readonly header: Header;
};

function place(
  recipient: ReceivedRecipient,
  index: number,
  resolution: Resolution,
  mayRelay: boolean,
  ourHost: string,
  found: Found,
): Destination {
  const { accounts, queued, forwarded, forwarders, header } = found;
  switch (resolution.kind) {
    case "unknown":
      return { kind: "refused", reply: resolution.why ?? gone };
    case "remote":
      if (!mayRelay) return { kind: "refused", reply: relayDenied };
      addQueued(queued, formatMailbox(recipient), recipient.domain, recipient.orcpt, recipient);
      return { kind: "taken", accounts: [], queued: true };
    case "relay":
      if (earlierVisits(header, recipient, ourHost) > maxEarlierVisits)
        return { kind: "refused", reply: relayedInALoop };
      addQueued(queued, formatMailbox(recipient), recipient.domain, recipient.orcpt, recipient);
      return { kind: "taken", accounts: [], queued: true };
    case "local": {
      for (const account of resolution.accounts)
        accounts.set(account, resolution.essential || accounts.get(account) === true);
      if (resolution.reports) found.reports = true;
      if (resolution.lists !== undefined) for (const one of resolution.lists) addList(found.lists, one, index);
      if (resolution.forwards.length === 0) return { kind: "taken", accounts: resolution.accounts, queued: false };
      if (forwardersOf(header).has(formatMailbox(recipient).toLowerCase()))
        return resolution.accounts.length === 0
          ? { kind: "refused", reply: loop }
          : { kind: "taken", accounts: resolution.accounts, queued: false };
      forwarders.push(recipient);
      // RFC 3461 §5.2.7.2: an alias forwards under its own name as the original recipient.
      const orcpt = recipient.orcpt ?? originalRecipient(recipient);
      const { forwards, lists = [] } = resolution;
      const expanded = resolution.accounts.length + forwards.length + lists.length > 1;
      const asked = expanded ? { ...recipient, notify: withoutSuccess(recipient.notify) } : recipient;
      const toldAs = expanded ? "" : formatMailbox(recipient);
      for (const forward of forwards)
        addQueued(forwarded, forward, forward.slice(forward.lastIndexOf("@") + 1).toLowerCase(), orcpt, asked, toldAs);
      return { kind: "taken", accounts: resolution.accounts, queued: true, ...(expanded ? { expanded } : {}) };
    }
    default:
      return resolution satisfies never;
  }
}

/** How often it was here already, by our own Received fields: for this recipient, or for several, who are not named there. */
function earlierVisits(header: Header, recipient: Mailbox, ourHost: string): number {
  const address = formatMailbox(recipient).toLowerCase();
  let visits = 0;
  for (const field of header.fields) {
    if (field.name !== "received") continue;
    const { by, for: to } = parseReceived(fieldValue(header, field));
    if (by?.toLowerCase() === ourHost && (to === undefined || to.toLowerCase() === address)) visits++;
  }
  return visits;
}

function addList(lists: Map<string, ListMail>, one: ListAddress, recipient: number): void {
  const key = `${one.part} ${one.token} ${one.list}`;
  lists.set(key, { ...one, recipients: [...(lists.get(key)?.recipients ?? []), recipient] });
}

function addQueued(
  queued: Map<string, NewRecipient>,
  address: string,
  domain: string,
  orcpt: string | undefined,
  { notify }: ReceivedRecipient,
  toldAs?: string,
): void {
  if (queued.has(address)) return;
  queued.set(
    address,
    toldAs === undefined ? { address, domain, orcpt, notify } : { address, domain, orcpt, notify, toldAs },
  );
}

function withoutSuccess(notify: Notify | undefined): Notify | undefined {
  return notify === undefined || !notify.success
    ? notify
    : { ...notify, success: false, never: !notify.failure && !notify.delay };
}

function originalRecipient(recipient: ReceivedRecipient): string | undefined {
  const address = formatMailbox(recipient);
  return /^[ -~]*$/.test(address) ? `rfc822;${address}` : undefined;
}

/** With what is forwarded among what is queued. */
export function withForwarded(to: Destinations): Destinations {
  if (to.forwarded.length === 0) return to;
  const known = new Set(to.queued.map(({ address }) => address));
  return { ...to, queued: [...to.queued, ...to.forwarded.filter(({ address }) => !known.has(address))], forwarded: [] };
}
