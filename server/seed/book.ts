/** What is kept of seeds: the mailboxes, the probes, and the runs with what was found. */
import type { Instant, Store } from "../store/store.ts";
import { isOver, type Run } from "./run.ts";
import { maxProbes, maxSeeds, type Probe, probeSchema, type Seed, seedSchema } from "./schema.ts";

export const seedKind = "seed";
export const probeKind = "seed-probe";
const stateKind = "seed-state";
/** Under way, and over: the former are few and read often. */
const openKind = "seed-open";
export const runKind = "seed-run";

/** Runs that are kept, and for how long. */
const maxRuns = 500;
const keptMs = 30 * 86_400_000;
const recentMs = 30_000;

/** What the engine has learnt of a seed. */
export type SeedState = {
  /** It measures nothing any more, and why. */
  readonly spoiled?: string;
  readonly lookedAt?: Instant;
  readonly trouble?: string;
};
export type KnownSeed = Seed & { readonly name: string } & SeedState;
export type KnownProbe = Probe & { readonly name: string; readonly lastAt: Instant | undefined };

export type Put =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly why: string; readonly field?: string };
const refused = (why: string, field?: string): Put => ({
  kind: "refused",
  why,
  ...(field === undefined ? {} : { field }),
});

type BookStore = Pick<Store, "sendingRows" | "putSendingRows">;

export class SeedBook {
  readonly #store: BookStore;
  readonly #now: () => Instant;
  #recent: { readonly at: Instant; readonly runs: Promise<readonly Run[]> } | undefined;

  constructor(store: BookStore, now: () => Instant) {
    this.#store = store;
    this.#now = now;
  }

  async seeds(): Promise<readonly KnownSeed[]> {
    const rows = await this.#store.sendingRows([seedKind, stateKind]);
    const states = new Map(rows.filter(({ kind }) => kind === stateKind).map(({ name, value }) => [name, value]));
    return rows
      .filter(({ kind }) => kind === seedKind)
      .map(({ name, value }) => ({ ...(value as Seed), ...(states.get(name) as SeedState | undefined), name }));
  }

  /** `providers`: those that are known. */
  async putSeed(
    name: string,
    change: { readonly [field: string]: unknown },
    make: "new" | "known",
    providers: readonly string[],
  ): Promise<Put> {
    const all = await this.seeds();
    const known = all.find((one) => one.name === name);
    if (known !== undefined && make === "new") return refused(`There is a seed "${name}" already.`);
    if (known === undefined && make === "known") return refused(`There is no seed "${name}".`);
    if (known === undefined && all.length >= maxSeeds)
      return refused(`There are ${maxSeeds} seeds, which is the bound.`);
    const { name: _, spoiled: __, lookedAt: ___, trouble: ____, ...before } = known ?? { name };
    const read = seedSchema.safeParse({ ...before, ...change });
    if (!read.success) return wrong(read.error.issues);
    if (read.data.password === "" && read.data.oauth === undefined)
      return refused("Say how it is opened: a password, or oauth with a refresh token.", "password");
    if (read.data.provider !== "other" && !providers.includes(read.data.provider))
      return refused(`"${read.data.provider}" is no provider: ${providers.join(", ")}, other.`, "provider");
    await this.#store.putSendingRows([
      { kind: seedKind, name, value: read.data },
      // Another mailbox, or a person who has looked after it: it begins anew.
      { kind: stateKind, name, value: undefined },
    ]);
    return { kind: "done" };
  }

  async removeSeed(name: string): Promise<boolean> {
    if (!(await this.seeds()).some((one) => one.name === name)) return false;
    await this.#store.putSendingRows([
      { kind: seedKind, name, value: undefined },
      { kind: stateKind, name, value: undefined },
    ]);
    return true;
  }

  async noteSeed(name: string, value: SeedState): Promise<void> {
    await this.#store.putSendingRows([{ kind: stateKind, name, value }]);
  }

  async probes(): Promise<readonly KnownProbe[]> {
    return (await this.#store.sendingRows([probeKind])).map(
      ({ name, value }) => value as KnownProbe & { name: typeof name },
    );
  }

  async putProbe(name: string, change: { readonly [field: string]: unknown }, make: "new" | "known"): Promise<Put> {
    const all = await this.probes();
    const known = all.find((one) => one.name === name);
    if (known !== undefined && make === "new") return refused(`There is a probe "${name}" already.`);
    if (known === undefined && make === "known") return refused(`There is no probe "${name}".`);
    if (known === undefined && all.length >= maxProbes)
      return refused(`There are ${maxProbes} probes, which is the bound.`);
    const { name: _, lastAt, ...before } = known ?? { name, lastAt: undefined };
    const read = probeSchema.safeParse({ ...before, ...change });
    if (!read.success) return wrong(read.error.issues);
    await this.#store.putSendingRows([{ kind: probeKind, name, value: { ...read.data, name, lastAt } }]);
    return { kind: "done" };
  }

  async removeProbe(name: string): Promise<boolean> {
    if (!(await this.probes()).some((one) => one.name === name)) return false;
    await this.#store.putSendingRows([{ kind: probeKind, name, value: undefined }]);
    return true;
  }

  async probed(probe: KnownProbe): Promise<void> {
    await this.#store.putSendingRows([{ kind: probeKind, name: probe.name, value: { ...probe, lastAt: this.#now() } }]);
  }

  async openRuns(): Promise<readonly Run[]> {
    return (await this.#store.sendingRows([openKind])).map(({ value }) => value as Run);
  }

  /** The latest first. */
  async runs(): Promise<readonly Run[]> {
    const rows = await this.#store.sendingRows([openKind, runKind]);
    return rows.map(({ value }) => value as Run).sort((one, other) => other.startedAt - one.startedAt);
  }

  /** As they were half a minute ago at most: for what is asked often. */
  async recentRuns(): Promise<readonly Run[]> {
    const now = this.#now();
    if (this.#recent === undefined || now - this.#recent.at > recentMs) this.#recent = { at: now, runs: this.runs() };
    return this.#recent.runs;
  }

  /** Kept as it is; answers whether it is over. */
  async keep(run: Run): Promise<boolean> {
    this.#recent = undefined;
    const over = run.entries.every(isOver);
    await this.#store.putSendingRows(
      over
        ? [
            { kind: openKind, name: run.id, value: undefined },
            { kind: runKind, name: run.id, value: { ...run, endedAt: run.endedAt ?? this.#now() } },
          ]
        : [
            { kind: openKind, name: run.id, value: run },
            { kind: runKind, name: run.id, value: undefined },
          ],
    );
    return over;
  }

  /** Forgets what is old, and the oldest of what is too much. */
  async prune(): Promise<void> {
    const runs = (await this.runs()).filter(({ endedAt }) => endedAt !== undefined);
    const old = runs.filter(({ startedAt }, index) => index >= maxRuns || startedAt < this.#now() - keptMs);
    if (old.length > 0)
      await this.#store.putSendingRows(old.map(({ id }) => ({ kind: runKind, name: id, value: undefined })));
  }
}

function wrong(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string; readonly code?: string }[],
): Put {
  const [first] = issues;
  const field = String(first?.path[0] ?? "");
  return refused(`${field === "" ? "" : `${field}: `}${first?.message ?? "wrong"}.`, field === "" ? undefined : field);
}
