/**
 * Mail refused before there was a message, in the journeys: "why did it not come" has an answer. Bounded twice, for most of it is
 * not worth a word: a flood writes no more than so many lines in an hour, and one address cannot use up what is for all.
 */

import { formatMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, replyText } from "../../protocol/smtp/reply.ts";
import type { Log } from "../base/log.ts";
import type { Instant, JourneyEntry, Store } from "../store/store.ts";
import type { Received } from "./received.ts";

/** Refusals written to the journeys in an hour: about a megabyte. */
export const maxRefusedPerHour = 3000;
/** Those of one address. */
export const maxRefusedPerAddressPerHour = 1000;
/** Recipients of one refused message by which it is found. */
const maxKeyedRecipients = 20;
/** So long they wait for each other: one commit for all. */
const gatherMs = 200;
const hourMs = 3_600_000;

export type RefusedMail = {
  /** Where the conversation was. */
  readonly stage: "MAIL" | "RCPT" | "DATA";
  readonly remote: string;
  readonly remoteName: string | undefined;
  readonly helo: string;
  readonly envelopeFrom: string;
  /** As "local@domain". */
  readonly recipients: readonly string[];
  /** Who authenticated. */
  readonly account: string | undefined;
  readonly reply: Reply;
};

/** A message that was refused after its data, by who has no journal. */
export function refusedMail(mail: Received, said: Reply): RefusedMail {
  const { remoteName, helo, envelopeFrom } = mail;
  return {
    stage: "DATA",
    remote: mail.remote.address,
    remoteName,
    helo,
    envelopeFrom,
    recipients: mail.recipients.map(formatMailbox),
    account: mail.account?.name,
    reply: said,
  };
}

export class RefusedJournal implements Disposable {
  readonly #store: Pick<Store, "note">;
  readonly #newId: () => string;
  readonly #now: () => Instant;
  readonly #log: Log;
  #hour = 0;
  #used = 0;
  readonly #byAddress = new Map<string, number>();
  #entries: JourneyEntry[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(ports: {
    readonly store: Pick<Store, "note">;
    readonly newId: () => string;
    readonly now: () => Instant;
    readonly log: Log;
  }) {
    this.#store = ports.store;
    this.#newId = ports.newId;
    this.#now = ports.now;
    this.#log = ports.log;
  }

  note(mail: RefusedMail): void {
    const at = this.#now();
    if (!this.#mayNote(mail.remote, at)) return;
    const { stage, remote, remoteName, helo, envelopeFrom: from, recipients, account, reply } = mail;
    const keys = [...recipients.slice(0, maxKeyedRecipients), ...(from === "" ? [] : [from]), remote];
    const detail = { from, recipients, remote, remoteName, helo, account, reply: replyText(reply), at: stage };
    this.#entries.push({ at, stage: "refused", trace: this.#newId(), keys, detail });
    this.#timer ??= setTimeout(() => this.#write(), gatherMs).unref();
  }

  #mayNote(remote: string, at: Instant): boolean {
    const hour = Math.floor(at / hourMs);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#used = 0;
      this.#byAddress.clear();
    }
    const ofThis = this.#byAddress.get(remote) ?? 0;
    if (this.#used >= maxRefusedPerHour || ofThis >= maxRefusedPerAddressPerHour) return false;
    this.#used++;
    this.#byAddress.set(remote, ofThis + 1);
    return true;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const entries = this.#entries;
    this.#entries = [];
    if (entries.length === 0) return;
    this.#store
      .note(entries)
      .catch((error: unknown) => this.#log.error({ error }, "journeys of refused mail could not be noted"));
  }

  /** What waits is given to the store. */
  [Symbol.dispose](): void {
    this.#write();
  }
}
