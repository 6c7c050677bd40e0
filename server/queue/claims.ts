/** What is due is claimed from the store in portions, under a lease that is renewed while it is ours, as far as there is room in memory. */
import type { QueuedMessage } from "../store/store.ts";
import type { Crowded } from "./crowded.ts";
import type { Holding } from "./holding.ts";
import type { Life } from "./life.ts";
import type { ParkLine } from "./park-line.ts";
import type { QueueAsk } from "./queue-ask.ts";
import type { ReadyStage } from "./ready.ts";

/** Mail that has waited too long is looked for this often. */
const expiredEveryMs = 30_000;

export type ClaimsAsk = Pick<QueueAsk, "send" | "withheld" | "settings" | "node" | "log"> & {
  readonly store: Pick<QueueAsk["store"], "claim" | "renewLeases">;
  readonly life: Life;
  readonly holding: Holding;
  readonly ready: ReadyStage;
  readonly crowded: Crowded;
  /** Undefined without sending at volume. */
  readonly line: ParkLine | undefined;
  readonly now: () => number;
  /** Takes a message in; answers when it is decided which way it goes, undefined: it is already. */
  readonly hold: (message: QueuedMessage) => Promise<void> | undefined;
  /** It has waited too long. */
  readonly giveUp: (message: QueuedMessage) => void;
};

export class Claims {
  readonly #ask: ClaimsAsk;
  #timers: NodeJS.Timeout[] = [];
  #claiming: Promise<void> | undefined;
  #paused = 0;
  /** The last claim found no room. */
  #full = false;
  #expiredAt = 0;

  constructor(ask: ClaimsAsk) {
    this.#ask = ask;
  }

  start(): void {
    const { settings } = this.#ask;
    this.#timers = [
      setInterval(() => this.claim(), settings.claimEveryMs),
      setInterval(() => this.#renew(), Math.max(1000, settings.leaseMs / 3)),
    ];
    this.claim();
  }

  /** Resolves when no claim runs any more. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#claiming;
  }

  /** `parkedAlone`: what waits nowhere was looked at just now. */
  claim(parkedAlone = false): void {
    if (!this.#going || this.#claiming !== undefined) return;
    this.#claiming = (parkedAlone ? this.#claimParked() : this.#claimAll())
      .catch((error) => this.#ask.log.error({ err: error }, "the queue could not be read"))
      .finally(() => {
        this.#claiming = undefined;
      });
  }

  /** Looks now; resolves when what there is has been claimed. */
  async poke(): Promise<void> {
    this.claim();
    await this.#claiming;
  }

  /** Resolves when no claim runs; none begins before the function it gives is called. */
  async pause(): Promise<() => void> {
    this.#paused++;
    await this.#claiming;
    return () => {
      this.#paused--;
      this.claim();
    };
  }

  /** Recipients have left memory: what was left in the store may come now. */
  madeRoom(): void {
    const { crowded, holding, settings } = this.#ask;
    if ((this.#full || crowded.size > 0) && holding.recipients < settings.maxReady / 2) this.claim();
  }

  get #going(): boolean {
    const { life, withheld } = this.#ask;
    return life.running && this.#paused === 0 && withheld?.() !== true;
  }

  /** Claims portions until nothing more is due or there is no room. */
  async #claimAll(): Promise<void> {
    const { store, settings, node, send, holding, ready, crowded, now, hold } = this.#ask;
    while (this.#going) {
      // Half of what is free is left to fresh mail.
      const room = Math.floor((settings.maxReady - holding.recipients) / 2);
      crowded.forget((key) => ready.roomy(key) && send.suspendedMs(key) === 0);
      this.#full = room <= 0;
      if (room <= 0) return;
      const limit = Math.min(settings.claimBatch, room);
      const at = now();
      const claimed = await store.claim({
        owner: node,
        now: at,
        until: at + settings.leaseMs,
        limit,
        exceptDomains: crowded.domains(),
      });
      let recipients = 0;
      for (const message of claimed) {
        recipients += message.recipients.length;
        void hold(message);
      }
      if (recipients < limit) break;
    }
    await this.#claimParked();
  }

  /** Mail that waits for its turn gets what is left, at most half of the room; and what has waited too long is given up. */
  async #claimParked(): Promise<void> {
    const { line, settings, holding, now, hold, giveUp } = this.#ask;
    if (line === undefined || !this.#going) return;
    const at = now();
    if (at >= this.#expiredAt) {
      const late = await line.expired();
      for (const message of late) giveUp(message);
      this.#expiredAt = late.length === 0 ? at + expiredEveryMs : at;
    }
    const room = Math.floor(settings.maxReady / 2) - holding.recipients;
    if (room > 0) await line.claim(room, hold);
  }

  #renew(): void {
    const { store, settings, node, now, log } = this.#ask;
    store
      .renewLeases(node, now() + settings.leaseMs)
      .catch((error) => log.error({ err: error }, "leases could not be renewed"));
  }
}
