/**
 * Things by name up to a number of bytes. What goes is chosen by chance: a search goes through a mailbox in order, and of a larger one what was not asked
 * for longest would be just what is asked for next.
 */
export class Recent<T, Name = string> {
  readonly #maxBytes: number;
  readonly #kept = new Map<Name, { readonly value: T; readonly bytes: number; readonly at: number }>();
  /** The names, in no order; each thing knows its place. */
  readonly #names: Name[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#names.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(name: Name): T | undefined {
    return this.#kept.get(name)?.value;
  }

  /** Something larger than all that is kept is not. */
  put(name: Name, value: T, bytes: number): void {
    this.forget(name);
    if (bytes > this.#maxBytes) return;
    while (this.#bytes + bytes > this.#maxBytes)
      this.forget(this.#names[Math.floor(Math.random() * this.#names.length)]!);
    this.#kept.set(name, { value, bytes, at: this.#names.push(name) - 1 });
    this.#bytes += bytes;
  }

  clear(): void {
    this.#kept.clear();
    this.#names.length = 0;
    this.#bytes = 0;
  }

  forget(name: Name): void {
    const known = this.#kept.get(name);
    if (known === undefined) return;
    this.#kept.delete(name);
    this.#bytes -= known.bytes;
    const last = this.#names.pop()!;
    if (last === name) return;
    this.#names[known.at] = last;
    this.#kept.set(last, { ...this.#kept.get(last)!, at: known.at });
  }
}
