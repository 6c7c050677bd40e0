/**
 * A small world for the server's own queue, store, warm-ups, shaping and dispatch: modelled receivers, and a clock that moves only here. Nothing
 * waits for real time and nothing comes by a socket, so the same seed gives the same messages in the same order.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { quiet } from "../base/log.ts";
import { putThing } from "../dispatch/edit.ts";
import { parkName } from "../dispatch/parks.ts";
import type { Kind } from "../dispatch/schema.ts";
import { bookOf, daysKind, planKind } from "../dispatch/warmups.ts";
import type { Dispatching, Heard } from "../queue/dispatching.ts";
import { makeQueue } from "../queue/make-queue.ts";
import { defaultQueueSettings } from "../queue/settings.ts";
import { openInProcess } from "../store/in-process.ts";
import type { SendingEvent } from "../store/sending.ts";
import type { Store } from "../store/store.ts";
import { dayMs, dayOf, type Plan } from "../warm/plan.ts";
import { fleet, profiles } from "./fleet.ts";
import { queuedLetter } from "./letter.ts";
import type { LiveSending, MakeSending } from "./live.ts";
import { modelSend } from "./model-send.ts";
import { chance } from "./random.ts";
import type { Answer, Mailing } from "./receiver.ts";
import type { ProviderKey } from "./scenario.ts";

/** Who sends: a tenant's stream from one domain, so much a day to each provider. */
export type Sender = {
  readonly tenant: string;
  readonly author: string;
  readonly stream: "news" | "notices";
  readonly mailing: Mailing;
  readonly daily: Partial<Readonly<Record<ProviderKey, number>>>;
};
export type Sent = {
  readonly at: number;
  readonly source: string;
  readonly author: string;
  readonly provider: ProviderKey;
  readonly to: string;
  readonly answer: Answer;
};
export type WorldOptions = {
  /** Times the expected volume that receivers let in; undefined: as their profiles say. */
  readonly tolerance?: number;
  /** How large the receivers are, against their profiles. */
  readonly size?: number;
  /** A system that sends and does not listen: what receivers say changes nothing. */
  readonly deaf?: boolean;
};
type Node = {
  readonly name: string;
  readonly sending: LiveSending;
  readonly queue: ReturnType<typeof makeQueue>;
  readonly send: ReturnType<typeof modelSend>;
  readonly store: Store & { dead: boolean };
};

export const worldStart = 20_500 * dayMs;
const memoryFolder = "/dev/shm";
/** Sending's clock ticks, and its state is kept, this often. */
const tickMs = 30 * 60_000;
/** Marketing is handed in so often, all of two hours. */
const portionsADay = 12;
const mxHosts: { readonly [provider in ProviderKey]: readonly [domain: string, mx: string] } = {
  gmail: ["gmail.com", "gmail-smtp-in.l.google.com"],
  "microsoft-consumer": ["hotmail.com", "hotmail-com.olc.protection.outlook.com"],
  yahoo: ["yahoo.com", "mta5.am0.yahoodns.net"],
  apple: ["icloud.com", "mx01.mail.icloud.com"],
};
const providerOf = new Map(
  (Object.keys(mxHosts) as ProviderKey[]).map((provider) => [mxHosts[provider][0], provider] as const),
);
const eagerness: { readonly [rank: string]: number } = { r1: 1, r2: 1, r3: 0.4, r4: 0.2 };
const plainReplies = { accepted: "250 2.0.0 OK" };

export class World {
  now = worldStart;
  readonly receivers: ReturnType<typeof fleet>;
  readonly sent: Sent[] = [];
  readonly #make: MakeSending;
  readonly #deaf: boolean;
  readonly #draw: ReturnType<typeof chance>;
  readonly #dir: string;
  readonly #store: Store;
  readonly #mailings = new Map<string, Mailing>();
  readonly nodes: Node[] = [];
  /** When what a person waits for was handed in, by its recipient. */
  readonly handedAt = new Map<string, number>();
  #serial = 0;
  #tickedAt = 0;
  /** Handed in, not counting what was refused. */
  accepted = 0;

  constructor(seed: number, make: MakeSending, { tolerance, size, deaf = false }: WorldOptions = {}) {
    this.#draw = chance(seed);
    this.#make = make;
    this.receivers = fleet(this.#draw, tolerance, size);
    this.#deaf = deaf;
    this.#dir = mkdtempSync(join(existsSync(memoryFolder) ? memoryFolder : tmpdir(), "angarium-world-"));
    this.#store = openInProcess(this.#dir, () => this.now);
  }

  async put(things: readonly (readonly [Kind, string, { readonly [field: string]: unknown }])[]): Promise<void> {
    for (const [kind, name, value] of things) {
      const done = await putThing({ store: this.#store, now: () => this.now }, kind, name, value, "either");
      if (done.kind === "refused") throw new Error(`${kind} ${name}: ${done.why}`);
    }
    for (const { sending } of this.nodes) await sending.tick();
  }

  async startNode(name: string): Promise<Node> {
    const store = mortal(this.#store);
    const now = (): number => this.now;
    const sending = await this.#make({ store, dataDir: this.#dir, now });
    const send = modelSend({
      ...sending.forSend,
      now,
      mx: (domain) => {
        const provider = providerOf.get(domain);
        return provider === undefined ? undefined : { name: mxHosts[provider][1], address: "198.51.100.25" };
      },
      deliver: ({ source, from, to }) => this.#deliver(sending, source, from, to),
    });
    const queue = makeQueue({
      store,
      send,
      notices: { notice: async () => undefined },
      settings: { ...defaultQueueSettings, claimEveryMs: 3_600_000, leaseMs: dayMs },
      dispatch: this.#deaf ? deafened(sending.dispatch) : sending.dispatch,
      node: name,
      wall: now,
      monotonic: () => this.now - worldStart,
      random: this.#draw.next,
      log: quiet,
    });
    await queue.start();
    const node = { name, sending, queue, send, store };
    this.nodes.push(node);
    return node;
  }

  #deliver(sending: LiveSending, source: string, from: string, to: string): { answer: Answer; reply: string } {
    const provider = providerOf.get(to.slice(to.indexOf("@") + 1))!;
    const author = from.slice(from.indexOf("@") + 1);
    const mailing = this.#mailings.get(author)!;
    const eager = eagerness[to.slice(0, 2)] ?? 1;
    const answer = this.receivers
      .get(provider)!
      .receive(source, author, 1, { ...mailing, engaged: mailing.engaged * eager });
    this.sent.push({ at: this.now, source, author, provider, to, answer });
    const { replies, tellsComplaints } = profiles[provider];
    if (answer.complaints > 0 && tellsComplaints) sending.complained({ tenant: tenantOf(from) }, answer.complaints);
    const reply =
      answer.blocked > 0
        ? replies.blocked
        : answer.unknown > 0
          ? replies.unknownUser
          : answer.deferred > 0
            ? replies.tooMuch
            : plainReplies.accepted;
    return { answer, reply };
  }

  /** What is as if the machine had lost its power: nothing is written or given back any more. */
  async kill(node: Node): Promise<void> {
    node.store.dead = true;
    this.nodes.splice(this.nodes.indexOf(node), 1);
    await node.queue.stop().catch(() => {});
  }

  /** Whole days; `each` is called before a step, with the part of the day that is over. */
  async days(
    count: number,
    senders: readonly Sender[],
    options: { readonly stepMs?: number; readonly each?: (day: number, step: number) => Promise<void> | void } = {},
  ): Promise<void> {
    const { stepMs = 20 * 60_000, each } = options;
    const steps = dayMs / stepMs;
    const portion = steps / portionsADay;
    for (const { author, mailing } of senders) this.#mailings.set(author, mailing);
    for (let day = 0; day < count; day++) {
      const midnight = dayOf(this.now) * dayMs;
      for (let step = 0; step < steps; step++) {
        this.now = midnight + step * stepMs;
        await each?.(day, step);
        for (const sender of senders) {
          const { stream } = sender;
          if (stream === "news" && step % portion === 0) await this.#handIn(sender, 1 / portionsADay);
          if (stream === "notices") await this.#handIn(sender, 1 / steps);
        }
        await this.settle();
      }
      this.now = midnight + dayMs;
      await this.#tick();
      for (const receiver of this.receivers.values()) receiver.endDay();
    }
  }

  async #handIn({ tenant, author, stream, daily }: Sender, part: number): Promise<void> {
    for (const [provider, count] of Object.entries(daily) as [ProviderKey, number][]) {
      const exact = count * part;
      const whole = Math.floor(exact) + (this.#draw.next() < exact - Math.floor(exact) ? 1 : 0);
      for (let at = 0; at < whole; at++) {
        const drawn = this.#draw.next();
        const rank = stream === "notices" ? 1 : drawn < 0.55 ? 2 : drawn < 0.8 ? 3 : 4;
        await this.#handOne(tenant, author, stream, rank, `r${rank}.${++this.#serial}@${mxHosts[provider][0]}`);
      }
    }
  }

  async #handOne(tenant: string, author: string, stream: string, rank: number, address: string): Promise<void> {
    const { queue, store } = this.nodes[this.#serial % this.nodes.length]!;
    const park = stream === "news" ? parkName({ tenant, stream, campaign: "", provider: "", domain: "" }) : undefined;
    const lease = park === undefined ? queue.leaseForNew() : undefined;
    const from = `${tenant}@${author}`;
    const accepted = queuedLetter({ from, author, address, tenant, stream, rank, park, lease, at: this.now });
    const { queued } = await store.accept(accepted);
    this.accepted++;
    if (stream === "notices") this.handedAt.set(address, this.now);
    if (queued !== undefined) queue.offer(queued, accepted.message.bytes);
  }

  /** Lets the queues work until nothing is under way but what waits for its rate. */
  async settle(): Promise<void> {
    if (this.now - this.#tickedAt >= tickMs) await this.#tick();
    for (const { queue, send } of this.nodes) {
      send.goOn();
      for (let calm = 0; calm < 2; ) {
        await queue.poke();
        await turn();
        await turn();
        calm = queue.counters().inMemory <= send.paced() ? calm + 1 : 0;
      }
    }
  }

  async #tick(): Promise<void> {
    this.#tickedAt = this.now;
    for (const { sending } of this.nodes) await sending.tick();
  }

  /** As the store has them: what a tick has kept. */
  async plans(scope: Plan["scope"], subject: string): Promise<readonly Plan[]> {
    const rows = await this.#store.sendingRows([planKind, daysKind]);
    return [...bookOf(rows, new Map(), this.now).accounts()]
      .map(({ plan }) => plan)
      .filter((plan) => plan.scope === scope && plan.subject === subject);
  }

  async quotasUsed(): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.#store.quotasUsed(dayOf(this.now))).map(({ key, used }) => [key, used]));
  }

  async events(): Promise<readonly SendingEvent[]> {
    const all: SendingEvent[] = [];
    for (let after = 0; ; after = all.at(-1)!.id) {
      const some = await this.#store.sendingEvents({ after });
      if (some.length === 0) return all;
      all.push(...some);
    }
  }

  waiting(): Promise<number> {
    return this.#store.queueCount();
  }

  async close(): Promise<void> {
    for (const { queue, sending } of this.nodes) {
      await queue.stop();
      await sending.stop();
    }
    await this.#store.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Nothing is learnt from replies: no rule, no gate, no suppression. */
function deafened(dispatch: Dispatching): Dispatching {
  return new Proxy(dispatch, {
    get(target, name) {
      if (name === "heard")
        return (...[, , outcomes]: Parameters<Dispatching["heard"]>): Heard => ({
          outcomes,
          suppress: [],
          strikes: [],
        });
      const value = target[name as keyof Dispatching] as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const tenantOf = (from: string): string => from.slice(0, from.indexOf("@"));

/** The store as one node has it; a dead node reaches nothing any more. */
function mortal(store: Store): Store & { dead: boolean } {
  let dead = false;
  return new Proxy(store as Store & { dead: boolean }, {
    get(target, name) {
      if (name === "dead") return dead;
      if (!dead || name === "subscribe") return target[name as keyof Store];
      return async () => {
        throw new Error("this node is dead");
      };
    },
    set(_, name, value) {
      if (name === "dead") dead = value as boolean;
      return true;
    },
  });
}
