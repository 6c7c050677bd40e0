/** The door: who may come in, how fast, and what is remembered of them. Decisions are in the files beside; here they meet one visitor. */
import { setTimeout as wait } from "node:timers/promises";
import { type Reply, reply, replyText } from "../../protocol/smtp/reply.ts";
import type { Log } from "../base/log.ts";
import { RefusalBudget } from "../deliver/refusals.ts";
import { type Judge, nothingToSay, type PartialJudge, type Taken, type Verdict } from "../judge/judge.ts";
import { networks } from "../net/networks.ts";
import type { Received } from "../receive/received.ts";
import type { Instant, Store } from "../store/store.ts";
import type { Ban, Bans } from "./bans.ts";
import { type Blocklists, nowhere } from "./blocklists.ts";
import { type Grey, greylisted } from "./greylist.ts";
import { heloName, judgeHelo } from "./helo.ts";
import { isLoopback, networkOf } from "./networks.ts";
import type { PeerBook } from "./peer-book.ts";
import { Rates } from "./rates.ts";
import type { Reputation } from "./reputation.ts";
import type { DoorSettings } from "./settings.ts";

export type DoorPorts = {
  readonly settings: DoorSettings;
  readonly bans: Bans;
  readonly grey: PeerBook<Grey>;
  /** Times that an address asked for people who are not here, or guessed passwords, this hour. */
  readonly harvest: PeerBook<number>;
  readonly reputation: Reputation;
  readonly lists: Blocklists;
  readonly ourHost: string;
  readonly isOurDomain: (name: string) => boolean | Promise<boolean>;
  /** Whether the envelope's domain lets this peer send for it (SPF). */
  readonly maySend: (address: string, helo: string, from: string) => Promise<boolean>;
  readonly store: Pick<Store, "note">;
  readonly now: () => Instant;
  readonly newId: () => string;
  readonly log: Log;
};

export type RecipientAsked = {
  readonly helo: string;
  readonly remoteName: string | undefined;
  readonly from: string;
  readonly recipient: string;
};

/** One stranger's session. */
export interface Visitor extends Disposable {
  /** Waits a moment before the greeting; the last words for who may not come in, or who speaks first. */
  greet(spoke: () => boolean): Promise<Reply | undefined>;
  /** For MAIL: the reply of who sends too fast. */
  message(): Reply | undefined;
  /** For a recipient that would be taken. */
  recipient(asked: RecipientAsked): Promise<Reply | undefined>;
  /** A recipient was refused for good; answers how many ms the reply waits. */
  refused(recipient: string): number;
  /** The last words for who was banned while here. */
  barred(): Reply | undefined;
}

const hourMs = 60 * 60 * 1000;
const listedMs = 5 * 60 * 1000;
const maxListed = 20_000;
const trapWeight = 5;
const trapBanMs = 24 * hourMs;
const maxRefusalsNoted = 20;
const early = reply(554, "5.5.1", "You spoke before you were greeted (RFC 5321 section 4.3.1); closing");

export class Door {
  readonly #ports: DoorPorts;
  readonly #rates: Rates;
  readonly #exempt: ReturnType<typeof networks>;
  readonly #traps: ReadonlySet<string>;
  readonly #inside = new Map<string, number>(); // network → sessions
  readonly #listed = new Map<string, { readonly at: number; readonly found: ReturnType<Blocklists["find"]> }>();
  readonly #noted = new RefusalBudget(maxRefusalsNoted);

  constructor(ports: DoorPorts) {
    this.#ports = ports;
    this.#rates = new Rates(ports.settings.maxRemembered, () => performance.now());
    this.#exempt = networks(ports.settings.exempt);
    this.#traps = new Set(ports.settings.traps.map((trap) => trap.toLowerCase()));
  }

  /** Whether nothing of this is for the address. */
  exempts(address: string): boolean {
    return this.#exempt.has(address);
  }

  /** The ban that keeps an address out of every protocol, as a sentence. */
  banned(address: string): string | undefined {
    const ban: Ban | undefined = this.exempts(address) ? undefined : this.#ports.bans.of(address);
    return ban === undefined ? undefined : `Your address ${address} is banned for a while: ${ban.why}`;
  }

  /** A login failed. Many names from one address are a stolen list being tried; guesses at one name are the login throttle's. */
  loginFailed(address: string, account: string): void {
    const key = `${address} ${account}`;
    const { now, harvest, settings } = this.#ports;
    if (harvest.get(`name ${key}`) !== undefined) return;
    harvest.set(`name ${key}`, 1, now() + hourMs);
    this.#count(`login ${address}`, address, 1, settings.stuffingPerHour, "it tried to log in under many names");
  }

  visit(address: string): Visitor {
    const network = networkOf(address);
    this.#inside.set(network, (this.#inside.get(network) ?? 0) + 1);
    let unknown = 0;
    const { settings, log } = this.#ports;
    if (settings.blocklists.length + settings.allowlists.length > 0) void this.#listing(address);
    return {
      greet: (spoke) => this.#greet(address, network, spoke),
      message: () =>
        this.#rates.take(`m ${address}`, settings.messagesPerMinute) &&
        this.#rates.take(`mn ${network}`, settings.messagesPerMinutePerNetwork)
          ? undefined
          : reply(451, "4.7.1", "You send too much at a time, try again later"),
      recipient: async (asked) => {
        const refusal = await this.#recipient(address, network, asked);
        if (refusal !== undefined) {
          log.info(
            { remote: address, from: asked.from, recipient: asked.recipient, reply: replyText(refusal) },
            "refused at the door",
          );
          this.#note(address, asked, refusal);
        }
        return refusal;
      },
      refused: (recipient) => {
        if (this.#traps.has(recipient.toLowerCase())) {
          this.#ports.reputation.learn(keysOf(address), "bad", trapWeight);
          this.#ports.bans.add(
            address,
            "it wrote to an address that exists for spammers alone",
            "the server",
            trapBanMs,
          );
        }
        this.#count(
          `rcpt ${address}`,
          address,
          1,
          settings.harvestPerHour,
          "it asked for many people who are not here",
        );
        return ++unknown > settings.tarpitAfter ? settings.tarpitMs : 0;
      },
      barred: () => {
        const banned = this.banned(address);
        return banned === undefined ? undefined : reply(421, "4.7.0", `${banned}; closing`);
      },
      [Symbol.dispose]: () => {
        const left = (this.#inside.get(network) ?? 1) - 1;
        if (left > 0) this.#inside.set(network, left);
        else this.#inside.delete(network);
      },
    };
  }

  async #greet(address: string, network: string, spoke: () => boolean): Promise<Reply | undefined> {
    const { settings, ourHost } = this.#ports;
    const banned = this.banned(address);
    if (banned !== undefined) return reply(554, "5.7.1", `${ourHost} ${banned}`);
    if ((this.#inside.get(network) ?? 0) > settings.maxPerNetwork)
      return reply(421, "4.7.0", `${ourHost} Too many connections from your network, try again later`);
    if (
      !this.#rates.take(`c ${address}`, settings.connectionsPerMinute) ||
      !this.#rates.take(`cn ${network}`, settings.connectionsPerMinutePerNetwork)
    )
      return reply(421, "4.7.0", `${ourHost} You connect too often, try again later`);
    if (settings.greetPauseMs > 0) {
      await wait(settings.greetPauseMs, undefined, { ref: false });
      if (spoke()) {
        if (settings.reputation) this.#ports.reputation.learn(keysOf(address), "bad");
        return early;
      }
    }
    return undefined;
  }

  async #recipient(
    address: string,
    network: string,
    { helo, remoteName, from, recipient }: RecipientAsked,
  ): Promise<Reply | undefined> {
    const { settings, reputation, grey, now, isOurDomain, maySend, ourHost } = this.#ports;
    const { blocked, allowed } = await this.#listing(address);
    const listing = blocked[0];
    if (listing !== undefined && allowed.length === 0 && settings.blocklistAction === "refuse") {
      const text = listing.text === undefined ? "" : `: ${listing.text}`;
      return reply(554, "5.7.1", `Your address ${address} is on the blocklist ${listing.zone}${text}`);
    }
    const local = settings.believeLoopback && isLoopback(address);
    const name = heloName(helo);
    const said =
      settings.heloChecks && !local
        ? judgeHelo(name, address, name === ourHost || (await isOurDomain(name)))
        : undefined;
    if (said?.kind === "lie") return reply(550, "5.7.1", `${said.why}, which it is not`);
    if (settings.greylist === "off" || allowed.length > 0) return undefined;
    const standings = keysOf(address).map((key) => reputation.standing(key));
    if (standings.includes("good")) return undefined;
    const doubtful =
      said?.kind === "doubtful" ||
      (remoteName === undefined && !local) ||
      // This machine is many senders: what one of its programs did says nothing of the others.
      (standings.includes("bad") && !local) ||
      listing !== undefined;
    if (settings.greylist !== "all" && !doubtful) return undefined;
    // Who can prove whom it sends for is not made to wait, as long as nothing is known against either.
    const domain = from.slice(from.lastIndexOf("@") + 1).toLowerCase();
    const blameless =
      listing === undefined && !standings.includes("bad") && reputation.standing(`f ${domain}`) !== "bad";
    if (from !== "" && blameless && (await maySend(address, helo, from))) return undefined;
    const key = `${network} ${from.toLowerCase()} ${recipient.toLowerCase()}`;
    return greylisted(grey, key, now(), {
      delayMs: settings.greylistMs,
      windowMs: settings.greylistWindowMs,
      knownMs: settings.greylistKnownMs,
    });
  }

  #listing(address: string): ReturnType<Blocklists["find"]> {
    const { lists, log } = this.#ports;
    if (lists.zones.length === 0) return Promise.resolve(nowhere);
    const known = this.#listed.get(address);
    if (known !== undefined && performance.now() - known.at < listedMs) return known.found;
    const found = lists.find(address).catch((error: unknown) => {
      log.warn({ error, address }, "DNS lists cannot be asked");
      return nowhere;
    });
    this.#listed.delete(address);
    if (this.#listed.size >= maxListed) this.#listed.delete(this.#listed.keys().next().value!);
    this.#listed.set(address, { at: performance.now(), found });
    return found;
  }

  #count(key: string, address: string, by: number, limit: number, why: string): void {
    const { harvest, bans, settings, now, log } = this.#ports;
    if (limit === 0 || this.exempts(address)) return;
    const count = (harvest.get(key) ?? 0) + by;
    harvest.set(key, count, (Math.floor(now() / hourMs) + 1) * hourMs);
    if (count <= limit) return;
    harvest.delete(key);
    bans.add(address, why, "the server", settings.banMs);
    log.warn({ address, why, forMs: settings.banMs }, "banned");
  }

  #note(address: string, { helo, remoteName, from, recipient }: RecipientAsked, refusal: Reply): void {
    const { store, now, newId, log } = this.#ports;
    const at = now();
    if (!this.#noted.take(at)) return;
    const keys = [recipient, address, ...(from === "" ? [] : [from])];
    const detail = { from, recipient, remote: address, remoteName, helo, reply: replyText(refusal), at: "RCPT" };
    store
      .note([{ at, stage: "refused", trace: newId(), keys, detail }])
      .catch((error: unknown) => log.error({ error }, "journey of a refused recipient not noted"));
  }

  /** What the message judges hear of the peer. */
  readonly judge: PartialJudge = (mail) => {
    if (!isStranger(mail) || this.exempts(mail.remote.address)) return nothingToSay;
    const { settings, reputation } = this.#ports;
    const bad = settings.reputation ? keysOfMail(mail).filter((key) => reputation.standing(key) === "bad") : [];
    const { address } = mail.remote;
    const verdict = (blocked: Awaited<ReturnType<Blocklists["find"]>>["blocked"]): Taken => {
      if (bad.length === 0 && blocked.length === 0) return nothingToSay;
      return {
        kind: blocked.length > 0 && settings.blocklistAction === "junk" ? "junk" : "accept",
        notes: [...blocked.map(({ zone }) => `listed-${zone}`), ...(bad.length > 0 ? ["reputation-bad"] : [])],
        reasons: [
          ...blocked.map(({ zone }) => `The address ${address} is on the blocklist ${zone}`),
          ...bad.map((key) => `Much of what came from ${key.slice(2)} was unwanted`),
        ],
      };
    };
    if (!this.#listed.has(address)) return verdict([]);
    return this.#listing(address).then(({ blocked, allowed }) => verdict(allowed.length > 0 ? [] : blocked));
  };

  /** The judge that reputation learns from. */
  learning(judge: Judge): Judge {
    const { settings, reputation } = this.#ports;
    if (!settings.reputation) return judge;
    const learn = (mail: Received, verdict: Verdict): Verdict => {
      if (!isStranger(mail) || this.exempts(mail.remote.address)) return verdict;
      const keys = keysOfMail(mail);
      for (const domain of "findings" in verdict ? (verdict.findings?.authentication?.aligned ?? []) : [])
        keys.push(`d ${domain}`);
      if (verdict.kind === "accept") reputation.learn(keys, "good");
      else if (verdict.kind !== "later") reputation.learn(keys, "bad", verdict.kind === "refuse" ? 2 : 1);
      return verdict;
    };
    return (mail, header) => {
      const verdict = judge(mail, header);
      return verdict instanceof Promise ? verdict.then((found) => learn(mail, found)) : learn(mail, verdict);
    };
  }
}

function isStranger(mail: Received): boolean {
  return mail.account === undefined && !mail.trusted && !mail.via.includes("LMTP");
}

const keysOf = (address: string): string[] => [`a ${address}`, `n ${networkOf(address)}`];

function keysOfMail(mail: Received): string[] {
  const keys = [...keysOf(mail.remote.address), `h ${mail.helo.toLowerCase().slice(0, 255)}`];
  const domain = mail.envelopeFrom.slice(mail.envelopeFrom.lastIndexOf("@") + 1).toLowerCase();
  if (domain !== "") keys.push(`f ${domain}`);
  return keys;
}
