/** What one message's attachments may cost. The work of a whole message shares one budget. */

export type ScanBounds = {
  /** Containers within containers that are opened. */
  readonly maxDepth: number;
  /** Files within containers that are looked at, over the whole message. */
  readonly maxEntries: number;
  /** Bytes unpacked over the whole message. */
  readonly maxUnpackedBytes: number;
  /** Bytes of one file within a container that are unpacked. */
  readonly maxEntryBytes: number;
  readonly maxMs: number;
  readonly maxFindings: number;
};

export const defaultScanBounds: ScanBounds = {
  maxDepth: 5,
  maxEntries: 5000,
  maxUnpackedBytes: 64 * 1024 * 1024,
  maxEntryBytes: 16 * 1024 * 1024,
  maxMs: 2000,
  maxFindings: 50,
};

/** An archive that becomes this many times larger, and larger than `bombBytes`, is a bomb. */
export const bombRatio = 100;
export const bombBytes = 256 * 1024 * 1024;
/** Text of one web page, drawing, calendar or script that is looked at. */
export const maxTextBytes = 20 * 1024 * 1024;

export class Budget {
  readonly bounds: ScanBounds;
  #entries: number;
  #bytes: number;
  readonly #until: number;

  constructor(bounds: ScanBounds) {
    this.bounds = bounds;
    this.#entries = bounds.maxEntries;
    this.#bytes = bounds.maxUnpackedBytes;
    this.#until = performance.now() + bounds.maxMs;
  }

  /** Takes one entry; false: there are no more, or no more time. */
  entry(): boolean {
    return --this.#entries >= 0 && performance.now() < this.#until;
  }

  get spent(): boolean {
    return this.#entries < 0 || this.#bytes <= 0 || performance.now() >= this.#until;
  }

  /** How much of one file may be unpacked now. */
  get bytes(): number {
    return Math.max(0, Math.min(this.bounds.maxEntryBytes, this.#bytes));
  }

  unpacked(bytes: number): void {
    this.#bytes -= bytes;
  }
}
