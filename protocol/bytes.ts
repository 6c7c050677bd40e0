/** Collects pieces of bytes into one Buffer: large pieces as views, small ones copied together, so that neither many nor tiny pieces cost more than they hold. */

/** A message of at least this size is laid into shared memory: other threads look at it without a copy. */
const sharedBytes = 32 * 1024;
/** Room in front of it, for the signatures and trace fields that are put there (`prepend`). */
const roomBytes = 8 * 1024;
/** Where what is used of a memory begins: in front of that it is free. */
const usedFrom = new WeakMap<ArrayBufferLike, number>();

/** Pieces of at least this size are kept as views; smaller ones after the first are copied into a block. */
const viewBytes = 8 * 1024;
const firstBlockBytes = 1024;
const largestBlockBytes = 64 * 1024;
/** Blocks that wait for the next large message. */
const maxSpareBlocks = 128;
const spareBlocks: Buffer[] = [];

export class ByteCollector {
  #pieces: Buffer[] = [];
  #block: Buffer | undefined;
  #blockAt = 0;
  #blockBytes = firstBlockBytes;
  /** Blocks that serve again when all has been taken. */
  #spares: Buffer[] = [];
  /** Bytes collected. */
  length = 0;

  /** `piece` may be a view: it is kept, not copied, when it is the first or large, unless it is lent for the moment. */
  add(piece: Buffer, isLent = false): void {
    if (piece.length === 0) return;
    const first = this.length === 0;
    this.length += piece.length;
    if (!isLent && (first || piece.length >= viewBytes)) {
      this.#close();
      this.#pieces.push(piece);
      return;
    }
    let from = 0;
    while (from < piece.length) {
      if (this.#block === undefined) {
        this.#block = isLent ? this.#spare() : Buffer.allocUnsafeSlow(this.#blockBytes);
        this.#blockAt = 0;
        if (this.#blockBytes < largestBlockBytes) this.#blockBytes *= 2;
      }
      const copied = piece.copy(this.#block, this.#blockAt, from);
      from += copied;
      this.#blockAt += copied;
      if (this.#blockAt === this.#block.length) this.#close();
    }
  }

  /** All that was collected, and an empty collector again. */
  take(): Buffer {
    this.#close();
    const pieces = this.#pieces;
    const length = this.length;
    const whole =
      length < sharedBytes && pieces.length === 1 && this.#spares.length === 0 ? pieces[0]! : joined(pieces, length);
    this.clear();
    return whole;
  }

  clear(): void {
    this.#pieces = [];
    for (const block of this.#spares) if (spareBlocks.length < maxSpareBlocks) spareBlocks.push(block);
    this.#spares = [];
    this.#block = undefined;
    this.#blockBytes = firstBlockBytes;
    this.length = 0;
  }

  #spare(): Buffer {
    const block = spareBlocks.pop() ?? Buffer.allocUnsafeSlow(largestBlockBytes);
    this.#spares.push(block);
    return block;
  }

  #close(): void {
    if (this.#block !== undefined && this.#blockAt > 0) this.#pieces.push(this.#block.subarray(0, this.#blockAt));
    this.#block = undefined;
  }
}

/** Pieces as one: what is large in shared memory, with room in front. */
export function joined(
  pieces: readonly Buffer[],
  length: number = pieces.reduce((sum, piece) => sum + piece.length, 0),
): Buffer {
  if (length < sharedBytes) return Buffer.concat(pieces, length);
  const bytes = room(length);
  let at = 0;
  for (const piece of pieces) at += piece.copy(bytes, at);
  return bytes;
}

function room(length: number): Buffer {
  if (length < sharedBytes) return Buffer.allocUnsafe(length);
  const memory = new SharedArrayBuffer(roomBytes + length);
  usedFrom.set(memory, roomBytes);
  return Buffer.from(memory, roomBytes, length);
}

/** `text` (UTF-8) and then `bytes`, as one. Where there is room in front of `bytes`, and nobody has used it yet, nothing is copied. */
export function prepend(text: string, bytes: Buffer): Buffer {
  const length = Buffer.byteLength(text, "utf8");
  const { buffer, byteOffset } = bytes;
  if (length > byteOffset || usedFrom.get(buffer) !== byteOffset) {
    const whole = room(length + bytes.length);
    whole.write(text, 0, "utf8");
    bytes.copy(whole, length);
    return whole;
  }
  usedFrom.set(buffer, byteOffset - length);
  const whole = Buffer.from(buffer, byteOffset - length, length + bytes.length);
  whole.write(text, 0, "utf8");
  return whole;
}
