/**
 * Bytes that all FETCH commands of a process hold between store and client. Whoever would go beyond waits for others to be done, first come first
 * served; stalled clients are cut off after a while (`stallMs`), so that the wait ends.
 */
const defaultBudgetBytes = 256 * 1024 * 1024;

export class FetchBudget {
  readonly #limit: number;
  #held = 0;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  constructor(limitBytes = defaultBudgetBytes) {
    this.#limit = limitBytes;
  }

  /** Takes so much now, or answers false. Something is always given where nothing is held. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.length > 0 || (this.#held > 0 && this.#held + bytes > this.#limit)) return false;
    this.#held += bytes;
    return true;
  }

  /** Takes so much, as soon as there is room. */
  take(bytes: number): Promise<void> | undefined {
    if (this.tryTake(bytes)) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, go: resolve });
    });
  }

  /** It turned out to be more (or less) than was taken. */
  correct(bytes: number): void {
    this.#held += bytes;
  }

  give(bytes: number): void {
    this.#held -= bytes;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#held > 0 && this.#held + next.bytes > this.#limit) return;
      this.#waiting.shift();
      this.#held += next.bytes;
      next.go();
    }
  }

  get heldBytes(): number {
    return this.#held;
  }
}
