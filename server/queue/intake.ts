/** How messages come into memory: fresh ones with the lease of their acceptance, others from a claim; and that they are sent on their ways. */
import type { Lease, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import type { Condemned } from "./condemned.ts";
import type { Finisher } from "./finish.ts";
import type { Holding } from "./holding.ts";
import type { Held } from "./item.ts";
import type { Life } from "./life.ts";
import { asBuffer, type MessageMemory } from "./message-memory.ts";
import { waitedTooLong } from "./outcomes.ts";
import type { ParkLine } from "./park-line.ts";
import type { QueueAsk } from "./queue-ask.ts";
import type { Ways } from "./ways.ts";

export type IntakeAsk = Pick<QueueAsk, "dispatch" | "withheld" | "settings"> & {
  readonly life: Life;
  readonly holding: Holding;
  readonly memory: MessageMemory;
  readonly condemned: Condemned;
  readonly finisher: Finisher;
  readonly ways: Ways;
  /** Undefined without sending at volume. */
  readonly line: ParkLine | undefined;
  /** Whose leases fresh mail has. */
  readonly freshOwner: string;
  readonly now: () => number;
};

export class Intake {
  readonly #ask: IntakeAsk;
  #freshLease: Lease | undefined;

  constructor(ask: IntakeAsk) {
    this.#ask = ask;
  }

  leaseForNew(): Lease | undefined {
    const { life, withheld, holding, settings, freshOwner, now } = this.#ask;
    if (!life.running || withheld?.() === true || holding.recipients >= settings.maxReady) return undefined;
    const until = now() + settings.leaseMs;
    // This lease is never renewed: were the answer to `accept` lost, the message would otherwise be nobody's until a restart.
    if (this.#freshLease === undefined || this.#freshLease.until < until - 1000)
      this.#freshLease = { owner: freshOwner, until, token: 1 };
    return this.#freshLease;
  }

  offer(message: QueuedMessage, bytes: Uint8Array | undefined): void {
    if (!this.#ask.life.running) return;
    if (message.tenant !== undefined && message.recipients[0]?.lease === undefined) this.#noteParked(message);
    else void this.hold(message, bytes === undefined ? undefined : asBuffer(bytes));
  }

  /** It waits in the store already. */
  #noteParked({ recipients, notBefore }: QueuedMessage): void {
    for (const { park, urgency = 0 } of recipients)
      if (park !== undefined) this.#ask.line?.note({ park, urgency, nextAt: notBefore });
  }

  /** Takes a message into memory and sends its recipients on their ways; answers when it is decided which, undefined: it is already. */
  hold(message: QueuedMessage, bytes: Buffer | undefined): Promise<void> | undefined {
    const { holding, memory, condemned, ways, finisher, now } = this.#ask;
    const ours = holding.take(message);
    if (ours.length === 0) return undefined;
    const held = this.#held(message, ours, bytes !== undefined);
    if (bytes !== undefined) memory.keep(held, bytes);
    if (condemned.fail(held, ours, undefined)) return undefined;
    if (message.notBefore <= now() + 1000) return ways.find(held, ours);
    finisher.postpone(held, ours, message.notBefore);
    return undefined;
  }

  /** It waited too long for its turn. */
  giveUp(message: QueuedMessage): void {
    const ours = this.#ask.holding.take(message);
    if (ours.length === 0) return;
    this.#ask.finisher.all(this.#held(message, ours, false), ours, waitedTooLong, undefined);
  }

  #held(message: QueuedMessage, { length: pending }: readonly QueuedRecipient[], fresh: boolean): Held {
    const share = this.#shareOf(message);
    return { message, fresh, share, bytes: undefined, kept: false, loading: undefined, pending };
  }

  #shareOf(message: QueuedMessage): Held["share"] {
    const { dispatch } = this.#ask;
    const park = message.tenant === undefined ? undefined : dispatch?.parkOf(message, undefined);
    return park === undefined ? undefined : dispatch?.shareOf(park);
  }
}
