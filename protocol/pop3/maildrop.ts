/** What a POP3 session holds of its mailbox: fixed from login to QUIT, 9 bytes a message. RFC 1939 §5. */

const deleted = 1;
const retrieved = 2;

export class Maildrop {
  readonly #uidValidity: number;
  readonly #uids: Uint32Array;
  readonly #sizes: Uint32Array;
  readonly #marks: Uint8Array;
  /** Messages and octets that are not marked deleted. */
  count = 0;
  octets = 0;

  /** `uids` ascend; `sizes` in octets as they are sent. */
  constructor(uidValidity: number, uids: Uint32Array, sizes: Uint32Array) {
    this.#uidValidity = uidValidity;
    this.#uids = uids;
    this.#sizes = sizes;
    this.#marks = new Uint8Array(uids.length);
    this.reset();
  }

  /** The largest message number; deleted messages keep theirs. */
  get last(): number {
    return this.#uids.length;
  }

  /** Is there such a message, not marked deleted? */
  has(message: number): boolean {
    return message >= 1 && message <= this.last && (this.#marks[message - 1]! & deleted) === 0;
  }

  uidOf(message: number): number {
    return this.#uids[message - 1]!;
  }

  sizeOf(message: number): number {
    return this.#sizes[message - 1]!;
  }

  /** RFC 1939 §7: the same for ever, for this message only. */
  uniqueId(message: number): string {
    return `${this.#uidValidity}.${this.uidOf(message)}`;
  }

  /** Message number of a UID at or above this one. */
  from(uid: number): number {
    let low = 0;
    let high = this.last;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[middle]! < uid) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  }

  delete(message: number): void {
    if (!this.has(message)) return;
    this.#marks[message - 1]! |= deleted;
    this.count--;
    this.octets -= this.sizeOf(message);
  }

  retrieve(message: number): void {
    this.#marks[message - 1]! |= retrieved;
  }

  /** RSET: nothing is deleted. */
  reset(): void {
    this.count = this.last;
    this.octets = 0;
    for (let at = 0; at < this.last; at++) {
      this.#marks[at]! &= ~deleted;
      this.octets += this.#sizes[at]!;
    }
  }

  /** UIDs marked deleted, ascending. */
  get deletedUids(): number[] {
    return this.#marked((marks) => (marks & deleted) !== 0);
  }

  /** UIDs retrieved and not deleted, ascending. */
  get readUids(): number[] {
    return this.#marked((marks) => marks === retrieved);
  }

  #marked(wanted: (marks: number) => boolean): number[] {
    const out: number[] = [];
    for (let at = 0; at < this.last; at++) if (wanted(this.#marks[at]!)) out.push(this.#uids[at]!);
    return out;
  }

  /** Lines of LIST or UIDL for messages `from` to `to`, with CRLF. */
  lines(what: "LIST" | "UIDL", from: number, to: number): string {
    let out = "";
    for (let message = from; message <= Math.min(to, this.last); message++) {
      if (!this.has(message)) continue;
      out += `${message} ${what === "LIST" ? this.sizeOf(message) : this.uniqueId(message)}\r\n`;
    }
    return out;
  }
}
