/**
 * Messages on their way from the store to clients. Large ones that somebody is reading piece by piece (`BODY[]<65536.65536>`): kept unpacked for a moment, so that each
 * piece does not unpack the whole. Bounded over all sessions together.
 */

import type { ContentId } from "../store/store.ts";
import { FetchBudget } from "./fetch-budget.ts";

const maxCachedBytes = 64 * 1024 * 1024;
const keptMs = 15_000;

export class ContentCache {
  /** What all that read messages hold together, beside what is kept here. */
  readonly budget = new FetchBudget();
  readonly #entries = new Map<ContentId, Uint8Array>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  get(content: ContentId): Uint8Array | undefined {
    const bytes = this.#entries.get(content);
    if (bytes === undefined) return undefined;
    // The last used is the last to go.
    this.#entries.delete(content);
    this.#entries.set(content, bytes);
    return bytes;
  }

  put(content: ContentId, bytes: Uint8Array): void {
    if (bytes.length > maxCachedBytes || this.#entries.has(content)) return;
    this.#entries.set(content, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= maxCachedBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= old.length;
    }
    this.#timer ??= setTimeout(() => this.clear(), keptMs).unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#entries.clear();
    this.#bytes = 0;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }
}
