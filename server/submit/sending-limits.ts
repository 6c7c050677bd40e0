/** How much one account may send: a stolen password must not become a flood. Counted over the last 24 hours, across restarts. */
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
/** Accounts whose counts are kept: far more than send in a day. */
export const maxCountedAccounts = 100_000;

/** What one account has sent in each of the last 24 hours; hour h is at h % 24. */
export type SentCounts = {
  /** Hours since 1970 of the newest count. */
  readonly hour: number;
  readonly messages: readonly number[];
  readonly recipients: readonly number[];
};

/** Where the counts are: by account, each with an end. */
export type SentBook = {
  get(account: string): SentCounts | undefined;
  set(account: string, counts: SentCounts, expiresAt: number): void;
};

export class SendingLimits {
  readonly #settings: SendingLimitSettings;
  readonly #now: () => number;
  readonly #book: SentBook;

  /** `now` is ms since 1970. Without a book of its own the counts end with the process. */
  constructor(settings: SendingLimitSettings, now: () => number = Date.now, book: SentBook = new Map()) {
    this.#settings = settings;
    this.#now = now;
    this.#book = book;
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
    this.#add(account, 1, recipients);
  }

  /** One that was counted before was not taken after all. */
  uncount(account: AccountId, recipients: number): void {
    this.#add(account, -1, -recipients);
  }

  #add(account: AccountId, more: number, recipients: number): void {
    const { maxMessagesPerDay, maxRecipientsPerDay } = this.#settings;
    if (maxMessagesPerDay === 0 && maxRecipientsPerDay === 0) return;
    const hour = Math.floor(this.#now() / hourMs);
    const { messages, recipients: all } = this.#present(account) ?? { messages: zeros, recipients: zeros };
    const counts = {
      hour,
      messages: messages.with(hour % hours, Math.max(0, messages[hour % hours]! + more)),
      recipients: all.with(hour % hours, Math.max(0, all[hour % hours]! + recipients)),
    };
    this.#book.set(`${account}`, counts, (hour + hours) * hourMs);
  }

  /** The account's counts with the hours forgotten that are over. */
  #present(account: AccountId): SentCounts | undefined {
    const sent = this.#book.get(`${account}`);
    if (sent === undefined) return undefined;
    const hour = Math.floor(this.#now() / hourMs);
    if (hour <= sent.hour) return sent;
    const [messages, recipients] = [[...sent.messages], [...sent.recipients]];
    for (let past = Math.max(sent.hour + 1, hour - hours + 1); past <= hour; past++)
      messages[past % hours] = recipients[past % hours] = 0;
    return { hour, messages, recipients };
  }
}

const zeros: readonly number[] = Array.from({ length: hours }, () => 0);

function sum(counts: readonly number[]): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
