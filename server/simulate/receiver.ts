/**
 * A large provider as it looks from outside: it remembers each address and each domain, expects of them what they sent before,
 * defers what is more, files by reputation, and blocks who is complained about. A model to test a sender against, made of what
 * providers say they do; no claim about the inside of any of them.
 */
import type { Chance } from "./random.ts";

export type ReceiverProfile = {
  /** How much of the reputation is the domain's; the rest is the address's. */
  readonly ofDomain: number;
  /** So many times the expected volume is let in. */
  readonly tolerance: number;
  /** What a stranger may send in a day. */
  readonly floor: number;
  readonly replies: {
    readonly accepted: string;
    readonly tooMuch: string;
    readonly blocked: string;
    readonly unknownUser: string;
  };
  /** It tells senders of complaints. */
  readonly tellsComplaints: boolean;
};

/** What is in a portion of mail. */
export type Mailing = {
  /** Parts of the recipients, 0 to 1. */
  readonly invalid: number;
  /** Of those who find it in the inbox. */
  readonly complaining: number;
  readonly engaged: number;
};

export type Answer = {
  readonly accepted: number;
  readonly inbox: number;
  readonly deferred: number;
  readonly blocked: number;
  readonly unknown: number;
  readonly complaints: number;
  readonly opened: number;
};

type Standing = {
  /** Messages a day that it is used to. */
  expected: number;
  /** −1 to 1. */
  reputation: number;
  complaintRate: number;
  today: {
    attempts: number;
    accepted: number;
    inbox: number;
    invalid: number;
    complaints: number;
    good: number;
    over: number;
  };
};

const dailyDecay = 0.985;
const learning = 0.5;
const blockComplaints = 0.006;
const blockReputation = -0.85;
/** One complaint says nothing of a rate: of less mail than this it counts as if there were so much. */
const leastForRate = 300;
/** Some of those who like the mail look for it in the spam folder. */
const rescue = 0.02;

export class Receiver {
  readonly #profile: ReceiverProfile;
  readonly #chance: Chance;
  readonly #standings = new Map<string, Standing>();
  /** Days left that everybody of this name is refused, whatever they send: an incident. */
  readonly #incidents = new Map<string, number>();

  constructor(profile: ReceiverProfile, chance: Chance) {
    this.#profile = profile;
    this.#chance = chance;
  }

  /** Refuses an address or a domain for so many days. */
  block(name: string, days: number): void {
    this.#incidents.set(name, days);
  }

  standing(name: string): Readonly<Pick<Standing, "expected" | "reputation" | "complaintRate">> {
    return this.#of(name);
  }

  receive(source: string, domain: string, count: number, mailing: Mailing): Answer {
    const { ofDomain, tolerance, floor } = this.#profile;
    const pair = [
      { standing: this.#of(source), weight: 1 - ofDomain },
      { standing: this.#of(domain), weight: ofDomain },
    ] as const;
    const weigh = (value: (standing: Standing) => number): number =>
      pair.reduce((sum, { standing, weight }) => sum + weight * value(standing), 0);
    const none: Answer = { accepted: 0, inbox: 0, deferred: 0, blocked: 0, unknown: 0, complaints: 0, opened: 0 };
    for (const { standing } of pair) standing.today.attempts += count;
    if (this.#refused(source, domain, pair)) return { ...none, blocked: count };
    const reputation = weigh(({ reputation }) => reputation);
    const limit = weigh(({ expected }) => Math.max(floor, tolerance * expected)) * (1 + 0.5 * reputation);
    const already = Math.max(...pair.map(({ standing }) => standing.today.accepted));
    const room = Math.max(0, Math.floor(limit - already));
    const unknown = this.#chance.times(count, mailing.invalid);
    const wanted = count - unknown;
    const accepted = Math.min(wanted, room);
    const inbox = this.#chance.times(accepted, 1 / (1 + Math.exp(-(4 * reputation + 0.9 + 2.5))));
    const complaints = this.#chance.times(inbox, mailing.complaining);
    const good = this.#chance.times(inbox, mailing.engaged);
    const rescued = this.#chance.times(accepted - inbox, mailing.engaged * rescue);
    for (const { standing } of pair) {
      standing.today.accepted += accepted;
      standing.today.inbox += inbox;
      standing.today.invalid += unknown;
      standing.today.complaints += complaints;
      standing.today.good += good + rescued;
      standing.today.over += wanted - accepted;
    }
    return { accepted, inbox, deferred: wanted - accepted, blocked: 0, unknown, complaints, opened: good };
  }

  #refused(
    source: string,
    domain: string,
    pair: readonly { readonly standing: Standing; readonly weight: number }[],
  ): boolean {
    if (this.#incidents.has(source) || this.#incidents.has(domain)) return true;
    return pair.some(
      ({ standing, weight }) =>
        weight >= 0.5 && (standing.complaintRate > blockComplaints || standing.reputation < blockReputation),
    );
  }

  /** The night: what the day was becomes what is expected. */
  endDay(): void {
    for (const [name, days] of this.#incidents) {
      if (days <= 1) this.#incidents.delete(name);
      else this.#incidents.set(name, days - 1);
    }
    for (const standing of this.#standings.values()) {
      const { today } = standing;
      standing.reputation *= dailyDecay;
      if (today.attempts > 0) {
        const complained = today.complaints / Math.max(leastForRate, today.inbox);
        const invalid = today.invalid / today.attempts;
        const over = today.over / today.attempts;
        const weight = Math.min(1, today.attempts / 50);
        const change =
          0.35 * (today.good / Math.max(1, today.accepted)) -
          60 * Math.max(0, complained - 0.001) -
          3 * Math.max(0, invalid - 0.03) -
          0.4 * over;
        standing.reputation = Math.max(-1, Math.min(1, standing.reputation + weight * change));
        standing.complaintRate += 0.5 * weight * (complained - standing.complaintRate);
        standing.expected +=
          learning * (today.accepted - standing.expected) * (today.accepted > standing.expected ? 1 : 0.2);
      } else {
        standing.expected *= 0.93;
        standing.complaintRate *= 0.8;
      }
      standing.today = empty();
    }
  }

  #of(name: string): Standing {
    let standing = this.#standings.get(name);
    if (standing === undefined) {
      standing = { expected: 0, reputation: 0, complaintRate: 0, today: empty() };
      this.#standings.set(name, standing);
    }
    return standing;
  }
}

function empty(): Standing["today"] {
  return { attempts: 0, accepted: 0, inbox: 0, invalid: 0, complaints: 0, good: 0, over: 0 };
}
