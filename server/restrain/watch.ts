/** Watches what accounts of our own do when they send, and says when one looks stolen. Counts in memory, written to the store a moment later. */

import { isLoopback, networkOf } from "../door/networks.ts";
import type { PeerBook } from "../door/peer-book.ts";
import type { Fingerprint } from "../judge/content/campaigns.ts";
import type { Account, AccountId } from "../store/store.ts";
import { forgiven, type Habits, type Happening, latelyOf, noHabits, withHappening } from "./habits.ts";
import { scoreOf, usualOf } from "./score.ts";
import type { Signal } from "./stop.ts";
import { counted, emptyWindow, lastHour, present, total, type Window } from "./window.ts";

/** Accounts whose wrong passwords, and whose texts, are remembered. */
export const maxWatched = 20_000;
const keptMs = 40 * 24 * 60 * 60 * 1000;
/** Texts of one account that are compared, and for how long. */
const maxTexts = 20;
const textsMs = 30 * 60_000;
/** Fingerprints that differ in so many bits are of almost the same text (`judge/content/campaigns.ts`). */
const nearBits = 11;

export type WatchPorts = {
  readonly habits: Pick<PeerBook<Habits>, "get" | "set">;
  /** Recipients of the last 24 hours, as the limits count them. */
  readonly recipientsLastDay: (account: AccountId) => number;
  /** Where an address is. */
  readonly countryOf: (address: string) => string | undefined;
  /** Of the last hour. */
  readonly failures: (account: AccountId) => { readonly tried: number; readonly failed: number };
  /** After something that may change the score. */
  readonly scored: (account: Account, signals: readonly Signal[]) => void;
  readonly now: () => number;
};

type Text = Fingerprint & { count: number };
type Texts = { at: number; readonly all: Text[] };

/** What `sent` is told of a message. */
export type SentMail = {
  readonly account: Account;
  /** As `Received` has them. */
  readonly via: string;
  readonly address: string;
  readonly recipients: number;
  readonly strangers: number;
  /** Answers go to a free provider's mailbox that is not the author's. */
  readonly elsewhere: boolean;
};

export class Watch {
  readonly #ports: WatchPorts;
  /** By the name of the account. */
  readonly #wrong = new Map<string, Window>();
  readonly #texts = new Map<AccountId, Texts>();

  constructor(ports: WatchPorts) {
    this.#ports = ports;
  }

  /** A wrong password, by any protocol. */
  loginFailed(name: string): void {
    const window = this.#wrong.get(name) ?? emptyWindow(lastHour);
    remember(this.#wrong, name, counted(window, lastHour, this.#ports.now(), 1));
  }

  /** A message was taken. */
  sent({ account, via, address, recipients, strangers, elsewhere }: SentMail): void {
    const [network, country] = isLoopback(address) ? [] : [networkOf(address), this.#ports.countryOf(address)];
    this.#note(account, {
      kind: "sent",
      recipients,
      strangers,
      program: /SMTP/.test(via),
      network,
      country,
      elsewhere,
    });
  }

  happened(account: Account, what: Exclude<Happening, { kind: "sent" }>): void {
    this.#note(account, what);
  }

  /** The text of a message that is on its way. */
  wrote(account: AccountId, print: Fingerprint): void {
    const now = this.#ports.now();
    let texts = this.#texts.get(account);
    if (texts === undefined || texts.at < now - textsMs) texts = { at: now, all: [] };
    remember(this.#texts, account, texts);
    const known = texts.all.find((one) => bitsOf(one.high ^ print.high) + bitsOf(one.low ^ print.low) <= nearBits);
    if (known !== undefined) known.count++;
    else {
      // The one met least gives way.
      if (texts.all.length >= maxTexts) texts.all.splice(leastOf(texts.all), 1);
      texts.all.push({ ...print, count: 1 });
    }
  }

  /** What speaks for its being in wrong hands now. */
  signals(account: Pick<Account, "id" | "name">): readonly Signal[] {
    const { habits, recipientsLastDay, failures, now } = this.#ports;
    const at = now();
    const { days, program, ...lately } = latelyOf(habits.get(`${account.id}`) ?? noHabits, at);
    const texts = this.#texts.get(account.id);
    const { tried, failed } = failures(account.id);
    const wrong = this.#wrong.get(account.name);
    return scoreOf({
      ...lately,
      recipientsLastDay: recipientsLastDay(account.id),
      usualDay: usualOf(days),
      alike: texts === undefined || texts.at < at - textsMs ? 0 : Math.max(0, ...texts.all.map(({ count }) => count)),
      failedLogins: program && wrong !== undefined ? total(present(wrong, lastHour, at)) : 0,
      tried,
      refused: failed,
    });
  }

  /** An administrator has let it go on. */
  forget({ id, name }: Pick<Account, "id" | "name">): void {
    const { habits, now } = this.#ports;
    const known = habits.get(`${id}`);
    if (known !== undefined) habits.set(`${id}`, forgiven(known), now() + keptMs);
    this.#texts.delete(id);
    this.#wrong.delete(name);
  }

  #note(account: Account, what: Happening): void {
    const { habits, now, scored } = this.#ports;
    const at = now();
    habits.set(`${account.id}`, withHappening(habits.get(`${account.id}`) ?? noHabits, what, at), at + keptMs);
    scored(account, this.signals(account));
  }
}

/** The one that nothing was heard of for longest goes first. */
function remember<K, V>(all: Map<K, V>, key: K, value: V): void {
  all.delete(key);
  if (all.size >= maxWatched) all.delete(all.keys().next().value as K);
  all.set(key, value);
}

function leastOf(texts: readonly Text[]): number {
  let least = 0;
  for (const [index, { count }] of texts.entries()) if (count < texts[least]!.count) least = index;
  return least;
}

function bitsOf(value: number): number {
  let left = value >>> 0;
  let count = 0;
  for (; left !== 0; count++) left &= left - 1;
  return count;
}
