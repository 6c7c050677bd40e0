/** Lets holders of bytes in, up to a bound, the others wait in order. One is always let in, however big. */
export class MemoryBound {
  readonly #maxBytes: number;
  #bytes = 0;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Resolves when there is room; `leave` with the same number gives it back. */
  enter(bytes: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.tryEnter(bytes)) return undefined;
    return new Promise((enter) => this.#waiting.push({ bytes, enter }));
  }

  /** Enters if there is room now. */
  tryEnter(bytes: number): boolean {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  leave(bytes: number): void {
    this.#bytes -= bytes;
    for (let next = this.#waiting[0]; next !== undefined && this.tryEnter(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      next.enter();
    }
  }
}
