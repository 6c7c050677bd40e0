/** The worlds of the acceptance scenarios: one cold source, a warm one beside it, and tenants. */
import type { Plan } from "../warm/plan.ts";
import type { MakeSending } from "./live.ts";
import type { Pledge } from "./promises.ts";
import type { Mailing } from "./receiver.ts";
import type { ProviderKey } from "./scenario.ts";
import { type Sender, type Sent, World, type WorldOptions } from "./world.ts";

export type Acceptance = {
  readonly name: string;
  readonly says: string;
  run(seed: number, make: MakeSending): Promise<readonly Pledge[]>;
};

export type Volume = { readonly [provider in ProviderKey]: number };
export const targets: Volume = { gmail: 400, "microsoft-consumer": 200, yahoo: 150, apple: 100 };
export const providers = Object.keys(targets) as ProviderKey[];
export const good: Mailing = { invalid: 0.003, complaining: 0.0002, engaged: 0.25 };
export const source = "mta1";
export const shop: Sender = {
  tenant: "shop",
  author: "news.shop.example",
  stream: "news",
  mailing: good,
  daily: targets,
};

export type Setting = WorldOptions & {
  readonly seed: number;
  readonly make: MakeSending;
  readonly nodes?: number;
  readonly senders?: readonly Sender[];
  readonly overflow?: "warm";
  /** Planned messages a day; undefined: `targets`. */
  readonly planned?: Volume;
  /** Nothing is warmed up. */
  readonly cold?: boolean;
};

/** Runs something in a fresh world with one cold source, and leaves nothing behind. */
export async function within<T>(setting: Setting, work: (world: World) => Promise<T>): Promise<T> {
  const { seed, make, nodes = 1, senders = [shop], overflow, planned = targets, cold = false } = setting;
  const world = new World(seed, make, setting);
  const warming = cold ? {} : { warmup: "normal", targets: planned };
  try {
    for (let index = 0; index < nodes; index++) await world.startNode(`node${index + 1}`);
    await world.put([
      ["source", source, { address: "192.0.2.1", ...warming }],
      ["source", "mta0", { address: "192.0.2.2" }],
      ["pool", "warm", { sources: ["mta0"] }],
      ["pool", "cold", { sources: [source], ...(overflow === undefined ? {} : { overflow }) }],
      ["stream", "news", { kind: "marketing", pool: "cold", overflow: "hold", verp: false }],
      ["stream", "notices", { kind: "transactional", pool: "cold", verp: false }],
      ...[...new Set(senders.map(({ tenant }) => tenant))].map(
        (tenant) => ["tenant", tenant, { stream: "notices" }] as const,
      ),
      ...senders
        .filter(({ stream }) => stream === "news")
        .map(({ author, tenant }) => ["domain", author, { tenant, ...warming }] as const),
    ]);
    return await work(world);
  } finally {
    await world.close();
  }
}

export const accepted = (sent: readonly Sent[]): number => sent.filter(({ answer }) => answer.accepted > 0).length;
export const deferred = (sent: readonly Sent[]): number => sent.filter(({ answer }) => answer.deferred > 0).length;
export const inInbox = (sent: readonly Sent[]): number => sent.filter(({ answer }) => answer.inbox > 0).length;
export const bySource = (sent: readonly Sent[], name = source): readonly Sent[] =>
  sent.filter((one) => one.source === name);
export const planOf = (plans: readonly Plan[], provider: ProviderKey): Plan =>
  plans.find((plan) => plan.provider === provider)!;
export const percent = (part: number): string => `${(part * 100).toFixed(part < 0.1 ? 2 : 1)} %`;
