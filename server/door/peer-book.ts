/**
 * What is remembered of peers, behind one small interface: values under keys, each with an end. In memory, written to the store a
 * moment later, so that a restart forgets next to nothing; bounded. Nodes of a cluster share the store and read it again.
 */
import type { Log } from "../base/log.ts";
import { maxPeerRows, type PeerRow } from "../store/peers.ts";
import type { Instant, Store } from "../store/store.ts";

export interface PeerBook<T> {
  get(key: string): T | undefined;
  set(key: string, value: T, expiresAt: Instant): void;
  delete(key: string): void;
  entries(): IterableIterator<readonly [key: string, value: T, expiresAt: Instant]>;
  readonly size: number;
}

export type BookPorts = {
  readonly store: Pick<Store, "peers" | "putPeers">;
  readonly now: () => Instant;
  readonly log: Log;
};

type Held<T> = { readonly value: T; readonly expiresAt: Instant };

const flushEveryMs = 2_000;
/** How often rows of other nodes are read. */
const rereadEveryMs = 30_000;

export class StoredPeerBook<T> implements PeerBook<T>, AsyncDisposable {
  readonly #kind: string;
  readonly #maxEntries: number;
  readonly #ports: BookPorts;
  readonly #held = new Map<string, Held<T>>();
  /** Keys to write; a value that is gone is removed. */
  readonly #dirty = new Set<string>();
  readonly #timers: readonly NodeJS.Timeout[];
  #flushing: Promise<void> = Promise.resolve();

  private constructor(kind: string, maxEntries: number, ports: BookPorts, shared: boolean) {
    this.#kind = kind;
    this.#maxEntries = maxEntries;
    this.#ports = ports;
    const quietly = (work: () => Promise<void>) => (): void => {
      work().catch((error: unknown) =>
        ports.log.error({ error, kind }, "what is known of peers could not be kept or read; it is tried again"),
      );
    };
    const flush = setInterval(
      quietly(() => this.flush()),
      flushEveryMs,
    ).unref();
    this.#timers = shared
      ? [
          flush,
          setInterval(
            quietly(() => this.#read()),
            rereadEveryMs,
          ).unref(),
        ]
      : [flush];
  }

  /** `kind` names the book in the store. `shared`: other nodes write it too. */
  static async open<T>(kind: string, maxEntries: number, ports: BookPorts, shared = true): Promise<StoredPeerBook<T>> {
    const book = new StoredPeerBook<T>(kind, maxEntries, ports, shared);
    await book.#read();
    return book;
  }

  async #read(): Promise<void> {
    const { store, now } = this.#ports;
    const seen = new Set<string>();
    for (let after = ""; seen.size < this.#maxEntries; ) {
      const rows: readonly PeerRow[] = await store.peers(this.#kind, { after, limit: maxPeerRows, now: now() });
      for (const { key, value, expiresAt } of rows) {
        seen.add(key);
        if (!this.#dirty.has(key)) this.#put(key, JSON.parse(value) as T, expiresAt);
      }
      if (rows.length < maxPeerRows) break;
      after = rows.at(-1)!.key;
    }
    for (const key of this.#held.keys()) if (!seen.has(key) && !this.#dirty.has(key)) this.#held.delete(key);
  }

  get size(): number {
    return this.#held.size;
  }

  get(key: string): T | undefined {
    const found = this.#held.get(key);
    if (found === undefined) return undefined;
    if (found.expiresAt > this.#ports.now()) return found.value;
    this.#held.delete(key);
    return undefined;
  }

  set(key: string, value: T, expiresAt: Instant): void {
    this.#put(key, value, expiresAt);
    this.#dirty.add(key);
  }

  #put(key: string, value: T, expiresAt: Instant): void {
    this.#held.delete(key);
    // The one unchanged for longest goes first.
    if (this.#held.size >= this.#maxEntries) this.#held.delete(this.#held.keys().next().value!);
    this.#held.set(key, { value, expiresAt });
  }

  delete(key: string): void {
    if (this.#held.delete(key)) this.#dirty.add(key);
  }

  *entries(): IterableIterator<readonly [string, T, Instant]> {
    const now = this.#ports.now();
    for (const [key, { value, expiresAt }] of this.#held) if (expiresAt > now) yield [key, value, expiresAt];
  }

  /** Writes what has changed. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(
      () => this.#flushNow(),
      () => this.#flushNow(),
    );
    return this.#flushing;
  }

  async #flushNow(): Promise<void> {
    while (this.#dirty.size > 0) {
      const keys = [...this.#dirty].slice(0, 500);
      for (const key of keys) this.#dirty.delete(key);
      const rows = keys.map((key): PeerRow => {
        const found = this.#held.get(key);
        return {
          kind: this.#kind,
          key,
          value: found === undefined ? "" : JSON.stringify(found.value),
          expiresAt: found?.expiresAt ?? 0,
        };
      });
      try {
        await this.#ports.store.putPeers(rows);
      } catch (error) {
        for (const key of keys) this.#dirty.add(key);
        throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.flush().catch(() => {});
  }
}
