/** Threads that compress large messages and write them to blobs: there they block nobody, and what they leave behind is no garbage among much else. */
import { Lane } from "./lane.ts";
import type { StoredBytes } from "./ops/tx.ts";
import { StoreTrouble } from "./trouble.ts";

/** At most so many: each takes some 15 MB, once it is needed. */
const maxKeepers = 2;
/** With so many messages waiting for each another one starts. */
const busyCalls = 2;

export class Keepers {
  readonly #dir: string;
  readonly #lanes: Lane[] = [];
  #closed = false;

  /** `dir` is the folder below which `blobs/` is. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Resolves when a message that becomes a blob is durable. Rejects with `StoreTrouble`. */
  async keep(bytes: Uint8Array): Promise<StoredBytes> {
    if (this.#closed) throw new StoreTrouble("unavailable", "The store is closed.");
    let idlest = this.#lanes[0];
    for (const lane of this.#lanes) if (lane.load < idlest!.load) idlest = lane;
    if (idlest === undefined || (idlest.load >= busyCalls && this.#lanes.length < maxKeepers)) {
      idlest = new Lane(
        { role: "keeper", dir: this.#dir, cacheKiB: 0, maxPages: undefined, clock: undefined },
        () => {},
      );
      this.#lanes.push(idlest);
      // One that cannot start refuses its calls, and is started again.
      idlest.start().catch(() => {});
    }
    return idlest.call("keep", [idlest.lay(bytes)]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}
