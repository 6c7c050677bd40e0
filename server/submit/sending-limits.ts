/** How much one account may send: a stolen password must not become a flood. Counted in memory, over the last 24 hours. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { AccountId } from "../store/store.ts";

export type SendingLimitSettings = {
  /** Messages of one account in 24 hours; 0: no limit. */
  readonly maxMessagesPerDay: number;
  /** Recipients of all its messages in 24 hours; 0: no limit. */
  readonly maxRecipientsPerDay: number;
  /** Recipients of one message; 0: no limit of its own. */
  readonly maxRecipientsPerMessage: number;
};

export const defaultSendingLimitSettings: SendingLimitSettings = {
  maxMessagesPerDay: 2000,
  maxRecipientsPerDay: 10_000,
  maxRecipientsPerMessage: 500,
};

const hourMs = 60 * 60 * 1000;
const hours = 24;

type Sent = { readonly messages: Uint32Array; readonly recipients: Uint32Array; hour: number };

export class SendingLimits {
  readonly #settings: SendingLimitSettings;
  /** Monotonic ms. */
  readonly #now: () => number;
  readonly #sent = new Map<AccountId, Sent>();
  #sweptHour = 0;

  constructor(settings: SendingLimitSettings, now: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#now = now;
  }

  /** The refusal of a further message, or undefined. */
  check(account: AccountId, recipients: number): Reply | undefined {
    const { maxMessagesPerDay, maxRecipientsPerDay, maxRecipientsPerMessage } = this.#settings;
    if (maxRecipientsPerMessage > 0 && recipients > maxRecipientsPerMessage)
      return reply(
        550,
        "5.5.3",
        `You may send to ${maxRecipientsPerMessage} recipients at once; this message has ${recipients}`,
      );
    const sent = this.#present(account);
    if (sent === undefined) return undefined;
    if (maxMessagesPerDay > 0 && sum(sent.messages) >= maxMessagesPerDay)
      return reply(
        452,
        "4.7.0",
        `You have sent ${maxMessagesPerDay} messages in 24 hours, which is your limit; try again later`,
      );
    if (maxRecipientsPerDay > 0 && sum(sent.recipients) + recipients > maxRecipientsPerDay)
      return reply(452, "4.7.0", `You may send to ${maxRecipientsPerDay} recipients in 24 hours; try again later`);
    return undefined;
  }

  /** A message of the account was taken. */
  count(account: AccountId, recipients: number): void {
    const { maxMessagesPerDay, maxRecipientsPerDay } = this.#settings;
    if (maxMessagesPerDay === 0 && maxRecipientsPerDay === 0) return;
    const hour = this.#hour();
    this.#sweep(hour);
    let sent = this.#present(account);
    if (sent === undefined) {
      sent = { messages: new Uint32Array(hours), recipients: new Uint32Array(hours), hour };
      this.#sent.set(account, sent);
    }
    sent.messages[hour % hours]! += 1;
    sent.recipients[hour % hours]! += recipients;
  }

  #hour(): number {
    return Math.floor(this.#now() / hourMs);
  }

  /** The account's counts with the hours forgotten that are over. */
  #present(account: AccountId): Sent | undefined {
    const sent = this.#sent.get(account);
    if (sent === undefined) return undefined;
    const hour = this.#hour();
    for (let past = Math.max(sent.hour + 1, hour - hours + 1); past <= hour; past++) {
      sent.messages[past % hours] = 0;
      sent.recipients[past % hours] = 0;
    }
    sent.hour = hour;
    return sent;
  }

  /** Once an hour: forgets who has not sent for a day. */
  #sweep(hour: number): void {
    if (hour === this.#sweptHour) return;
    this.#sweptHour = hour;
    for (const [account, sent] of this.#sent) if (hour - sent.hour >= hours) this.#sent.delete(account);
  }
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
