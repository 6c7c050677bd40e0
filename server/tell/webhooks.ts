/** All webhook endpoints of this server: made, changed, run. Endpoints and how far each has come are rows of the store. */
import { randomBytes } from "node:crypto";
import type { Log } from "../base/log.ts";
import { currentTypes } from "../inject/event-types.ts";
import type { Guard } from "../net/guard.ts";
import type { Instant, Store } from "../store/store.ts";
import { type Endpoint, type Progress, rotationMs } from "./endpoint.ts";
import { makePoster } from "./post.ts";
import { Runner } from "./runner.ts";

const kind = "webhook";
const progressKind = "webhook-progress";
/** Endpoints of one tenant. */
export const maxOfTenant = 20;
/** Of all. */
const maxEndpoints = 2000;
const lookEveryMs = 1_000;
/** Events that come close together are read together. */
const gatherMs = 20;

export type EndpointChange = Partial<Pick<Endpoint, "url" | "description" | "types" | "batch" | "ordered" | "state">>;
export type WebhooksPorts = {
  readonly store: Pick<Store, "sendingRows" | "putSendingRows" | "sendingEvents" | "newestEvent" | "subscribe">;
  readonly guard: Guard;
  readonly schemes: readonly string[];
  readonly withheld: () => boolean;
  readonly now: () => Instant;
  readonly random: () => number;
  readonly log: Log;
};

const newSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

export class Webhooks {
  readonly #ports: WebhooksPorts;
  readonly #runners = new Map<string, Runner>();
  #timer: NodeJS.Timeout | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #unsubscribe = (): void => {};

  constructor(ports: WebhooksPorts) {
    this.#ports = ports;
  }

  async start(): Promise<void> {
    await this.#load();
    this.#unsubscribe = this.#ports.store.subscribe((changes) => {
      for (const change of changes) {
        if (change.kind !== "sending") continue;
        if (change.of.includes(kind)) this.#loadSoon();
        if (change.of.includes("event") && this.#runners.size > 0)
          this.#gathering ??= setTimeout(() => {
            this.#gathering = undefined;
            void this.#wakeAll();
          }, gatherMs).unref();
      }
    });
    this.#timer = setInterval(() => void this.#wakeAll(), lookEveryMs).unref();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    clearInterval(this.#timer);
    clearTimeout(this.#gathering);
    await Promise.all([...this.#runners.values()].map((one) => one.stop()));
  }

  /** Those of one tenant, or all; the oldest first. */
  list(tenant: string | undefined): readonly Runner[] {
    return [...this.#runners.values()]
      .filter(({ endpoint }) => tenant === undefined || endpoint.tenant === tenant)
      .sort((one, other) => one.endpoint.createdAt - other.endpoint.createdAt);
  }

  find(id: string): Runner | undefined {
    return this.#runners.get(id);
  }

  /** Why a URL cannot be an endpoint; undefined: it can. */
  async wrongUrl(url: string): Promise<string | undefined> {
    const found = await this.#ports.guard.url(url, this.#ports.schemes);
    // A name that cannot be looked up now may be one tomorrow.
    return found.kind === "refused" && found.what !== "dns" ? found.why : undefined;
  }

  /** Begins with what happens from now on. Undefined: there are too many. */
  async add(
    given: Pick<Endpoint, "tenant" | "url" | "description" | "types" | "batch" | "ordered">,
  ): Promise<Runner | undefined> {
    // Those of nobody are the platform's own.
    const beside = this.list(undefined).filter(({ endpoint }) => endpoint.tenant === given.tenant);
    if (this.#runners.size >= maxEndpoints || beside.length >= maxOfTenant) return undefined;
    const endpoint: Endpoint = {
      ...given,
      id: `wh${randomBytes(8).toString("hex")}`,
      secrets: [{ secret: newSecret() }],
      state: "active",
      reason: "",
      createdAt: this.#ports.now(),
    };
    const progress: Progress = {
      cursor: await this.#ports.store.newestEvent(),
      retries: [],
      lastOkAt: undefined,
      givenUp: 0,
    };
    await this.#keepProgress(endpoint.id, progress);
    await this.#keep(endpoint);
    return this.#serve(endpoint, progress);
  }

  async change(id: string, change: EndpointChange): Promise<void> {
    const runner = this.#runners.get(id);
    if (runner === undefined) return;
    const reason = change.state === undefined ? runner.endpoint.reason : "";
    await this.#put(runner, { ...runner.endpoint, ...change, reason });
    if (change.state === "active") await this.#runners.get(id)?.retryNow();
  }

  /** A new secret; the one before signs beside it for a day. */
  async rotate(id: string): Promise<void> {
    const runner = this.#runners.get(id);
    if (runner === undefined) return;
    const until = this.#ports.now() + rotationMs;
    const [newest] = runner.endpoint.secrets;
    const old = newest === undefined ? [] : [{ secret: newest.secret, until }];
    await this.#put(runner, { ...runner.endpoint, secrets: [{ secret: newSecret() }, ...old] });
  }

  async remove(id: string): Promise<void> {
    const runner = this.#runners.get(id);
    this.#runners.delete(id);
    await this.#ports.store.putSendingRows([
      { kind, name: id, value: undefined },
      { kind: progressKind, name: id, value: undefined },
    ]);
    await runner?.stop();
  }

  /** The last event before a moment: what is sent again from then on comes after it. */
  async lastBefore(moment: Instant): Promise<number> {
    let low = 0;
    let high = await this.#ports.store.newestEvent();
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [next] = await this.#ports.store.sendingEvents({ after: middle, limit: 1 });
      if (next !== undefined && next.at < moment) low = Math.max(middle + 1, next.id);
      else high = middle;
    }
    return low;
  }

  /** Who has read all there is needs not look. */
  async #wakeAll(): Promise<void> {
    if (this.#runners.size === 0) return;
    const newest = await this.#ports.store.newestEvent().catch(() => undefined);
    for (const runner of this.#runners.values()) runner.wake(newest);
  }

  #loadSoon(): void {
    this.#load().catch((error: unknown) => this.#ports.log.error({ error }, "webhooks could not be read"));
  }

  /** Endpoints as other nodes have changed them too. */
  async #load(): Promise<void> {
    const rows = await this.#ports.store.sendingRows([kind, progressKind]);
    const progress = new Map(rows.filter((row) => row.kind === progressKind).map(({ name, value }) => [name, value]));
    const known = new Set<string>();
    for (const row of rows) {
      if (row.kind !== kind) continue;
      known.add(row.name);
      const kept = row.value as Endpoint;
      const endpoint = { ...kept, types: currentTypes(kept.types) };
      const runner = this.#runners.get(row.name);
      if (runner === undefined) this.#serve(endpoint, progress.get(row.name) as Progress);
      else if (runner.endpoint.url === endpoint.url) runner.endpoint = endpoint;
    }
    for (const [id, runner] of this.#runners)
      if (!known.has(id)) {
        this.#runners.delete(id);
        await runner.stop();
      }
  }

  #serve(endpoint: Endpoint, progress: Progress): Runner {
    const { store, guard, schemes, withheld, now, random, log } = this.#ports;
    const { id } = endpoint;
    const known = this.#runners.get(id);
    if (known !== undefined) return known;
    const runner: Runner = new Runner(endpoint, progress, {
      store,
      poster: makePoster(endpoint.url, { guard, schemes, now }),
      keep: (reached) => (this.#runners.has(id) ? this.#keepProgress(id, reached) : Promise.resolve()),
      disable: async (reason) => {
        log.warn({ webhook: id, reason }, "a webhook is switched off");
        await this.#keep({ ...runner.endpoint, state: "disabled", reason });
      },
      withheld,
      now,
      random,
      log,
    });
    this.#runners.set(id, runner);
    runner.wake();
    return runner;
  }

  async #put(runner: Runner, endpoint: Endpoint): Promise<void> {
    await this.#keep(endpoint);
    if (endpoint.url === runner.endpoint.url) {
      runner.endpoint = endpoint;
      runner.wake();
      return;
    }
    // Another address is another connection.
    this.#runners.delete(endpoint.id);
    await runner.stop();
    await this.#keepProgress(endpoint.id, runner.progress);
    this.#serve(endpoint, runner.progress);
  }

  #keep(endpoint: Endpoint): Promise<void> {
    return this.#ports.store.putSendingRows([{ kind, name: endpoint.id, value: endpoint }]);
  }

  #keepProgress(id: string, progress: Progress): Promise<void> {
    return this.#ports.store.putSendingRows([{ kind: progressKind, name: id, value: progress }]);
  }
}
