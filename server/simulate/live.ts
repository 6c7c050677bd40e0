/**
 * A scenario on the server's own queue, shaping, classification, warm-ups and SMTP, against modelled receivers that are real SMTP servers on
 * loopback. Only time is virtual: it passes in steps, and while mail is on its way a thousand times as fast as outside. What is counted is
 * exact; unlike in the other scenarios the order of messages is not the same each time.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quiet } from "../base/log.ts";
import { putThing } from "../dispatch/edit.ts";
import { bookOf, daysKind, planKind } from "../dispatch/warmups.ts";
import type { Answer as DnsAnswer, Resolver } from "../net/resolver.ts";
import type { Dispatching } from "../queue/dispatching.ts";
import { makeQueue } from "../queue/make-queue.ts";
import { defaultQueueSettings } from "../queue/settings.ts";
import { defaultSendSettings, makeSend, type SendAsk } from "../send/send.ts";
import { openSqliteStore } from "../store/client.ts";
import type { QueuedMessage, Store } from "../store/store.ts";
import { capOf, dayMs, dayOf, type Plan } from "../warm/plan.ts";
import { progressOf } from "../warm/progress.ts";
import { fleet, profiles } from "./fleet.ts";
import { queuedLetter } from "./letter.ts";
import type { Pledge } from "./promises.ts";
import { chance } from "./random.ts";
import { type ReceiverServer, serveReceiver } from "./receiver-server.ts";
import type { DayRow, Run } from "./run.ts";
import type { ProviderKey, Scenario } from "./scenario.ts";

/** What the assembly makes of the server's parts, at a clock. */
export type LiveSending = {
  readonly dispatch: Dispatching;
  readonly forSend: Pick<SendAsk, "provider" | "shaper">;
  complained(message: Pick<QueuedMessage, "tenant" | "campaign">, count: number): void;
  tick(): Promise<void>;
  stop(): Promise<void>;
};
export type MakeSending = (parts: {
  readonly store: Store;
  readonly dataDir: string;
  readonly now: () => number;
}) => Promise<LiveSending>;

const memoryFolder = "/dev/shm";
const start = 20_500 * dayMs;
const stepMs = 5 * 60_000;
/** The state is brought into the store, and looked at, once in so many steps. */
const keepEvery = 6;
/** Time that passes while the queue works, each time it is looked at. */
const flowMs = 500;
const tenant = "shop";
const author = "news.example.test";
const source = "mta1";
const sourceAddress = "127.0.0.10";
const hosts: { readonly [provider in ProviderKey]: readonly [host: string, mx: string, domain: string] } = {
  gmail: ["127.0.0.21", "gmail-smtp-in.l.google.com", "gmail.com"],
  "microsoft-consumer": ["127.0.0.22", "hotmail-com.olc.protection.outlook.com", "hotmail.com"],
  yahoo: ["127.0.0.23", "mta5.am0.yahoodns.net", "yahoo.com"],
  apple: ["127.0.0.24", "mx01.mail.icloud.com", "icloud.com"],
};
/** New mail comes once in so many steps. */
const refillEvery = 24;
/** A person waits for a message, once in so many steps. */
const noticeEvery = 24;
const eagerness: { readonly [rank: string]: number } = { r1: 1, r2: 1, r3: 0.4, r4: 0.2 };

export async function runLive(scenario: Scenario, seed: number, makeSending: MakeSending): Promise<Run> {
  const draw = chance(seed);
  const receivers = fleet(draw, scenario.tolerance);
  const providers = Object.keys(scenario.targets) as ProviderKey[];
  const clock = { now: start };
  // What is simulated need not survive the machine: memory is quicker than a disk.
  const dataDir = mkdtempSync(join(existsSync(memoryFolder) ? memoryFolder : tmpdir(), "angarium-simulate-"));
  const servers: (ReceiverServer & { readonly port: number })[] = [];
  const counts = new Map(providers.map((provider) => [provider, zero()]));
  const sentToday = new Map<ProviderKey, number>();
  const handedAt = new Map<string, number>();
  const delays: number[] = [];
  let blockedBeforePause = 0;
  let firstBlock = false;
  let paused = false;
  for (const provider of providers) {
    const served = await serveReceiver(
      receivers.get(provider)!,
      profiles[provider],
      (recipient) => ({
        ...scenario.mailing,
        engaged: scenario.mailing.engaged * (eagerness[recipient.slice(0, 2)] ?? 1),
      }),
      { host: hosts[provider][0], port: servers[0]?.port ?? 0 },
    );
    served.onMessage = (recipient, answer, from) => {
      const handed = handedAt.get(recipient);
      if (handed !== undefined && answer.accepted > 0) delays.push(clock.now - handed);
      if (answer.accepted > 0) handedAt.delete(recipient);
      if (from !== sourceAddress) return;
      const row = counts.get(provider)!;
      row.attempts++;
      row.delivered += answer.accepted;
      row.deferred += answer.deferred;
      row.blocked += answer.blocked;
      row.inbox += answer.inbox;
      sentToday.set(provider, (sentToday.get(provider) ?? 0) + 1);
      if (answer.blocked > 0) firstBlock = true;
      if (firstBlock && !paused && provider === "gmail") blockedBeforePause++;
    };
    servers.push(served);
  }
  let store = await openSqliteStore({ dir: dataDir });
  let server = await open(store);

  /** The server's parts over the data as they are. */
  async function open(over: Store) {
    const now = (): number => clock.now;
    const sending = await makeSending({ store: over, dataDir, now });
    const monotonic = (): number => clock.now - start;
    const send = makeSend({
      ...sending.forSend,
      // The modelled receivers are on loopback, and DNS says so.
      settings: { ...defaultSendSettings, port: servers[0]!.port, idleMs: dayMs, privateAddresses: true },
      resolver: resolverOf(providers),
      routing: () => plainRouting,
      domain: () => undefined,
      ourHost: "mta1.example.test",
      ours: [],
      source: "",
      tls: {},
      sts: { find: async () => ({ policy: undefined, trouble: undefined }), forgetFailures() {} },
      tlsResults: { connected() {}, stsTrouble() {}, notNamed() {} },
      now,
      sevenBit: async () => undefined,
      random: draw.next,
      nonce: () => "",
      monotonic,
      log: quiet,
    });
    const queue = makeQueue({
      store: over,
      send,
      notices: { notice: async () => undefined },
      settings: { ...defaultQueueSettings, claimEveryMs: 3_600_000, leaseMs: dayMs },
      dispatch: sending.dispatch,
      node: "simulated",
      wall: now,
      monotonic,
      random: draw.next,
      log: quiet,
    });
    await queue.start();
    return { sending, queue };
  }
  const planOf = async (provider: string): Promise<Plan | undefined> => {
    const rows = await store.sendingRows([planKind, daysKind]);
    return bookOf(rows, new Map(), clock.now).account("source", source, provider)?.plan;
  };
  /** Lets the queue work until nothing is under way. */
  const settle = async (): Promise<void> => {
    for (let quietFor = 0; quietFor < 2; ) {
      await server.queue.poke();
      await new Promise((resolve) => setTimeout(resolve, 2));
      clock.now += flowMs;
      quietFor = server.queue.counters().inMemory === 0 ? quietFor + 1 : 0;
    }
  };

  const targets = Object.fromEntries(providers.map((provider) => [provider, scenario.targets[provider]]));
  for (const [kind, name, value] of [
    ["source", source, { address: sourceAddress, warmup: "normal", targets }],
    // What people wait for goes by an address that is warm already, where the new one may not.
    ["source", "mta0", { address: "127.0.0.11" }],
    ["pool", "warm", { sources: ["mta0"] }],
    ["pool", "cold", { sources: [source], overflow: "warm" }],
    ["stream", "news", { kind: "marketing", pool: "cold", overflow: "hold", verp: false }],
    ["stream", "notices", { kind: "transactional", pool: "cold", verp: false }],
    ["tenant", tenant, { stream: "notices" }],
  ] as const)
    await putThing({ store, now: () => clock.now }, kind, name, value, "either");
  await server.sending.tick();

  const days: DayRow[] = [];
  const events: Run["events"][number][] = [];
  const said = new Map<string, string>();
  let overCap: string[] = [];
  let serial = 0;
  let accepted = 0;
  let lostAtRestart = 0;
  const caps = new Map<ProviderKey, number>();
  try {
    for (let day = 0; day < scenario.days; day++) {
      const midnight = start + day * dayMs;
      sentToday.clear();
      if (scenario.incident?.day === day) receivers.get("gmail")!.block(sourceAddress, scenario.incident.days);
      for (let step = 0; step < dayMs / stepMs; step++) {
        clock.now = Math.max(clock.now, midnight + step * stepMs);
        if (step % keepEvery === 0 || (firstBlock && !paused)) await server.sending.tick();
        // A pause that ends in the middle of a day ends in a probe: its size is the day's quota then.
        if (step % keepEvery === 0)
          for (const provider of providers)
            caps.set(provider, Math.max(await capNow(provider), step === 0 ? 0 : caps.get(provider)!));
        const made: Promise<unknown>[] = [];
        for (const provider of providers) {
          const wanted =
            step % refillEvery === 0 ? Math.ceil((scenario.targets[provider] * refillEvery * stepMs) / dayMs) : 0;
          for (let at = 0; at < wanted; at++) {
            const drawn = draw.next();
            const rank = drawn < 0.55 ? 2 : drawn < 0.8 ? 3 : 4;
            made.push(put(`r${rank}.${++serial}@${hosts[provider][2]}`, "news", rank));
          }
        }
        if (step % noticeEvery === 1) {
          const provider = providers[Math.floor(step / noticeEvery) % 2]!;
          const address = `r1.${++serial}@${hosts[provider][2]}`;
          handedAt.set(address, clock.now);
          made.push(put(address, "notices", 1));
        }
        await Promise.all(made);
        await settle();
        if (firstBlock && !paused && (await planOf("gmail"))?.state === "paused") paused = true;
        // Once, in the middle of a day, everything is stopped and opened again.
        if (day === 3 && step === dayMs / stepMs / 2) {
          const before = new Map(sentToday);
          await server.queue.stop();
          await server.sending.stop();
          await store.close();
          store = await openSqliteStore({ dir: dataDir });
          server = await open(store);
          const used = new Map((await store.quotasUsed(dayOf(clock.now))).map((one) => [one.key, one.used]));
          for (const [provider, count] of before)
            lostAtRestart += Math.max(0, count - (used.get(`source/${source}/${provider}`) ?? 0));
        }
      }
      for (const provider of providers)
        if ((sentToday.get(provider) ?? 0) > caps.get(provider)!)
          overCap.push(`${provider} day ${day + 1}: ${sentToday.get(provider)} of ${caps.get(provider)}`);
      clock.now = Math.max(clock.now, midnight + dayMs);
      await server.sending.tick();
      for (const provider of providers) receivers.get(provider)!.endDay();
      await endDay(day);
    }
    const waiting = await store.queueCount();
    const told = await tally(store);
    const pledges: Pledge[] = [
      {
        says: "no day's attempts are more than its quota, over a restart too",
        figure: overCap.join(", ") || "none",
        held: overCap.length === 0,
      },
      {
        says: "a restart in the middle of a day forgets nothing that was sent",
        figure: `${lostAtRestart} forgotten`,
        held: lostAtRestart === 0,
      },
      delayPledge(delays),
      {
        says: "every message is accounted for: delivered, bounced, expired or waiting",
        figure: `${accepted} accepted, ${told.ended} ended, ${waiting} waiting, ${told.twice} twice`,
        held: accepted === told.ended + waiting && told.twice === 0,
      },
    ];
    return { scenario, seed, days, events, blockedBeforePause, pledges };
  } finally {
    await server.queue.stop();
    await server.sending.stop();
    await store.close();
    for (const served of servers) await served.close();
    rmSync(dataDir, { recursive: true, force: true });
    overCap = [];
  }

  async function capNow(provider: ProviderKey): Promise<number> {
    const plan = await planOf(provider);
    return plan === undefined ? Number.POSITIVE_INFINITY : capOf(plan);
  }

  async function put(address: string, stream: "news" | "notices", rank: number): Promise<void> {
    const park = stream === "news" ? `${tenant}|news||` : undefined;
    const lease = park === undefined ? server.queue.leaseForNew() : undefined;
    const from = `news@${author}`;
    const taken = queuedLetter({ from, author, address, tenant, stream, rank, park, lease, at: clock.now });
    const { queued } = await store.accept(taken);
    accepted++;
    if (queued !== undefined) server.queue.offer(queued, taken.message.bytes);
  }

  async function endDay(day: number): Promise<void> {
    const plans: Plan[] = [];
    for (const provider of providers) {
      const plan = await planOf(provider);
      if (plan === undefined) continue;
      plans.push(plan);
      const what = `${plan.state}, level ${plan.level + 1} of ${plan.levels.length}: ${plan.because}`;
      if (said.get(provider) !== what) events.push({ day, provider, what });
      said.set(provider, what);
    }
    const { warm, capacity } = progressOf(plans, dayOf(clock.now));
    days.push({
      day,
      warm,
      capacity,
      providers: Object.fromEntries(
        providers.map((provider) => {
          const plan = plans.find((one) => one.provider === provider);
          const row = {
            state: plan?.state ?? "none",
            level: plan === undefined ? 0 : plan.level + 1,
            cap: plan?.levels[plan.level] ?? 0,
            ...counts.get(provider)!,
          };
          counts.set(provider, zero());
          return [provider, row];
        }),
      ) as DayRow["providers"],
    });
  }
}

const plainRouting = { routes: [], deliverTo: undefined, tls: "opportunistic" } as const;

function zero() {
  return { attempts: 0, delivered: 0, deferred: 0, blocked: 0, inbox: 0 };
}

function delayPledge(delays: readonly number[]): Pledge {
  const sorted = [...delays].sort((one, other) => one - other);
  const late = sorted[Math.floor(sorted.length * 0.95)] ?? 0;
  return {
    says: "what people wait for leaves within a minute (95 of 100) while marketing waits",
    figure: `${(late / 1000).toFixed(1)} s, of ${sorted.length}`,
    held: sorted.length > 0 && late < 60_000,
  };
}

/** How many messages came to an end by their events, and how many twice. */
async function tally(store: Store): Promise<{ readonly ended: number; readonly twice: number }> {
  const ended = new Set<string>();
  let twice = 0;
  for (let after = 0; ; ) {
    const events = await store.sendingEvents({ after });
    if (events.length === 0) return { ended: ended.size, twice };
    for (const { type, recipient } of events)
      if (type === "delivered" || type === "bounced" || type === "expired") {
        if (ended.has(recipient)) twice++;
        ended.add(recipient);
      }
    after = events.at(-1)!.id;
  }
}

function resolverOf(providers: readonly ProviderKey[]): Resolver {
  const found = <T>(records: readonly T[]): DnsAnswer<T> => ({
    kind: "found",
    records,
    secure: false,
    ttlSeconds: 86_400_000,
  });
  const none = { kind: "none", exists: false, secure: false, ttlSeconds: 86_400_000 } as const;
  const byMx = new Map(providers.map((provider) => [hosts[provider][1], hosts[provider][0]]));
  const byDomain = new Map(providers.map((provider) => [hosts[provider][2], hosts[provider][1]]));
  return {
    mx: async (name) => (byDomain.has(name) ? found([{ preference: 10, exchange: byDomain.get(name)! }]) : none),
    a: async (name) => (byMx.has(name) ? found([byMx.get(name)!]) : none),
    aaaa: async () => none,
    txt: async () => none,
    tlsa: async () => none,
    ptr: async () => none,
  };
}
