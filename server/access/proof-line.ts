/**
 * The line in front of argon2: few at a time (each takes 19 MiB and 50 ms of a core), those who have logged in from their
 * address before go first, and one address cannot fill the line.
 */
export type ProofLineSettings = {
  readonly concurrentProofs: number;
  readonly maxWaiting: number;
  readonly maxWaitingPerAddress: number;
};

export class ProofLine {
  readonly #settings: ProofLineSettings;
  #running = 0;
  readonly #waiting = { known: [] as Waiting[], unknown: [] as Waiting[] };
  readonly #perAddress = new Map<string, number>();

  constructor(settings: ProofLineSettings) {
    this.#settings = settings;
  }

  /** Runs `proof` when it is its turn; "full" where it may not even wait. */
  async run<T>(address: string, isKnown: boolean, proof: () => Promise<T>): Promise<T | "full"> {
    if (this.#running >= this.#settings.concurrentProofs) {
      const mine = this.#perAddress.get(address) ?? 0;
      const all = this.#waiting.known.length + this.#waiting.unknown.length;
      if (all >= this.#settings.maxWaiting || mine >= this.#settings.maxWaitingPerAddress) return "full";
      this.#perAddress.set(address, mine + 1);
      await new Promise<void>((resolve) =>
        this.#waiting[isKnown ? "known" : "unknown"].push({ address, start: resolve }),
      );
    } else this.#running++;
    try {
      return await proof();
    } finally {
      this.#next();
    }
  }

  #next(): void {
    const next = this.#waiting.known.shift() ?? this.#waiting.unknown.shift();
    if (next === undefined) {
      this.#running--;
      return;
    }
    const left = (this.#perAddress.get(next.address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(next.address);
    else this.#perAddress.set(next.address, left);
    next.start();
  }
}

type Waiting = { readonly address: string; readonly start: () => void };
