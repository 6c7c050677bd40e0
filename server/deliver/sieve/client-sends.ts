/**
 * What scripts that run for a client's doing (RFC 6785) send: redirections and notifications. Reject and vacation have no meaning there
 * (RFC 6785 §3.8). Of one account no more than `maxSentPerHour` leaves so: what a client does can be repeated without end.
 */
import { splitHeader } from "../../../protocol/mime/header.ts";
import type { Action } from "../../../protocol/sieve/actions.ts";
import { parseMailbox } from "../../../protocol/smtp/address.ts";
import type { Directory } from "../../access/directory.ts";
import type { Log } from "../../base/log.ts";
import type { Received } from "../../receive/received.ts";
import type { Account } from "../../store/store.ts";
import { forwardersOf } from "../forward.ts";
import { type HourBook, HourCounts } from "../hour-counts.ts";
import { namedAddress, notification } from "./answers.ts";
import { asReported, sentFromHere } from "./made-here.ts";

export const maxSentPerHour = 100;

export type ClientSendPorts = {
  readonly directory: Pick<Directory, "maySendAs">;
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  /** Takes mail unjudged; false where nobody takes it. */
  readonly give: (mail: Received) => Promise<boolean>;
  readonly newId: () => string;
  readonly ourHost: string;
  /** Where it is counted how much leaves so. */
  readonly hours: HourBook;
  readonly now: () => number;
  readonly log: Log;
};

export type Sends = Extract<Action, { readonly kind: "redirect" | "notify" }>;

/** Sends it; false where it must not be: then the message stays. */
export type ClientSend = (action: Sends, bytes: Buffer, owner: Account) => Promise<boolean>;

export function makeClientSend(ports: ClientSendPorts): ClientSend {
  const { directory, sign, give, newId, ourHost, now, log } = ports;
  const counts = new HourCounts(now, ports.hours);

  const mayGo = (owner: Account): boolean => {
    const key = `client ${owner.id}`;
    if (counts.of(key) >= maxSentPerHour) return false;
    counts.add(key);
    return true;
  };

  const mailOf = async (action: Sends, bytes: Buffer, owner: Account): Promise<Received | undefined> => {
    const header = splitHeader(bytes, 0, bytes.length);
    const facts = { at: now(), id: newId(), ourHost };
    if (action.kind === "redirect") {
      const to = parseMailbox(action.address);
      if (to === undefined || forwardersOf(header).has(owner.name)) return undefined;
      const front = Buffer.from(`Delivered-To: ${owner.name}\r\n`);
      // It is the owner who sends it on: what cannot be delivered comes back to them.
      return asReported(action, sentFromHere(facts, owner.name, [to], Buffer.concat([front, action.message ?? bytes])));
    }
    // RFC 5436 §2.7.1: an automatic message notifies nobody automatically.
    if (header.fields.some(({ name }) => name === "auto-submitted")) return undefined;
    const to = action.to.flatMap((address) => parseMailbox(address) ?? []);
    if (to.length === 0) return undefined;
    const asked = namedAddress(action.from ?? owner.name);
    const mailbox = parseMailbox(asked.address);
    const isTheirs = mailbox !== undefined && (await directory.maySendAs(owner.id, mailbox.local, mailbox.domain));
    const made = notification(action, isTheirs ? asked : { address: owner.name }, owner.name, { ...facts, header });
    const signature = await sign(made, ourHost);
    return sentFromHere(facts, "", to, Buffer.concat([Buffer.from(signature, "latin1"), made]));
  };

  return async (action, bytes, owner) => {
    const mail = await mailOf(action, bytes, owner);
    if (mail === undefined) return false;
    if (mayGo(owner)) return give(mail);
    log.warn({ account: owner.name, maxSentPerHour }, "scripts for what clients do send no more in this hour");
    return false;
  };
}
