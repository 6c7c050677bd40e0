/** Messages from the store for a client that takes them one after another: fetched by the page, before they are asked for. */
import type { Maildrop } from "../../protocol/pop3/maildrop.ts";
import type { StoreReader } from "../store/store.ts";

export type ReadAheadBounds = { readonly readAheadMessages: number; readonly readAheadBytes: number };

/** How much wider each page is than the one before, while the client goes on in order. */
const growth = 8;

export class ReadAhead {
  readonly #fetch: (low: number, high: number) => ReturnType<StoreReader["fetch"]>;
  readonly #drop: Maildrop;
  readonly #bounds: ReadAheadBounds;
  #ready = new Map<number, Buffer | undefined>();
  /** Messages up to this one have been asked of the store. */
  #upTo = 0;
  #window = 1;
  #last = 0;
  #coming: Promise<void> | undefined;

  /** `fetch` reads the rows, with bytes, of a range of UIDs. */
  constructor(
    fetch: (low: number, high: number) => ReturnType<StoreReader["fetch"]>,
    drop: Maildrop,
    bounds: ReadAheadBounds,
  ) {
    this.#fetch = fetch;
    this.#drop = drop;
    this.#bounds = bounds;
  }

  /** A message by its number; undefined where it is gone from the mailbox. */
  async message(message: number): Promise<Buffer | undefined> {
    const inOrder = message === this.#last + 1;
    this.#last = message;
    if (!this.#ready.has(message)) {
      await this.#coming;
      if (!this.#ready.has(message)) {
        this.#ready.clear();
        this.#window = inOrder ? Math.min(this.#window * growth, this.#bounds.readAheadMessages) : 1;
        await this.#page(message);
      }
    }
    const found = this.#ready.get(message);
    this.#ready.delete(message);
    if (
      inOrder &&
      this.#coming === undefined &&
      this.#ready.size <= this.#window >>> 1 &&
      this.#upTo < this.#drop.last
    ) {
      this.#window = Math.min(this.#window * growth, this.#bounds.readAheadMessages);
      this.#coming = this.#page(this.#upTo + 1).finally(() => {
        this.#coming = undefined;
      });
      // Its failure is told to who waits for it, or to the next who asks.
      this.#coming.catch(() => {});
    }
    return found;
  }

  async #page(from: number): Promise<void> {
    const drop = this.#drop;
    let to = from;
    let bytes = drop.sizeOf(from);
    while (to < drop.last && to - from + 1 < this.#window) {
      bytes += drop.sizeOf(to + 1);
      if (bytes > this.#bounds.readAheadBytes) break;
      to++;
    }
    this.#upTo = to;
    const { rows, next } = await this.#fetch(drop.uidOf(from), drop.uidOf(to));
    const end = next === undefined ? to : Math.min(to, drop.from(next) - 1);
    this.#upTo = Math.max(end, from);
    for (let message = from; message <= end; message++) this.#ready.set(message, undefined);
    for (const row of rows) {
      if (row.bytes === undefined) continue;
      const { buffer, byteOffset, byteLength } = row.bytes;
      this.#ready.set(drop.from(row.uid), Buffer.from(buffer, byteOffset, byteLength));
    }
  }
}
