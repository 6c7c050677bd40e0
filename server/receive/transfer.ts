/** The bytes of a message on their way in, by DATA (RFC 5321 §4.1.1.4) or by BDAT (RFC 3030). */
import { ByteCollector } from "../../protocol/bytes.ts";
import { type BareLineEnds, DataScanner, hasBareLineEnd } from "../../protocol/smtp/data.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import { lentBytes } from "../net/connection.ts";
import type { BytesInFlight } from "./bytes-in-flight.ts";
import type { Input, InputEnd } from "./input.ts";

const tooBig = reply(552, "5.3.4", "Message is larger than this server takes");
const bareLineEnd = reply(550, "5.5.2", "Message holds a bare CR or LF; lines end with CRLF");
const noRoom = reply(452, "4.3.1", "Too much mail at the moment, try again later");

export type Transferred = Buffer | Reply | InputEnd;

export type TransferBounds = {
  readonly maxBytes: number;
  readonly maxDiscardedBytes: number;
  readonly bareLineEnds: BareLineEnds;
};

/** Memory that one message holds until it is filed. */
export class Room {
  readonly #inFlight: BytesInFlight;
  #heldBytes = 0;

  constructor(inFlight: BytesInFlight) {
    this.#inFlight = inFlight;
  }

  /** Makes it hold `totalBytes`; false: there is no such room. */
  grow(totalBytes: number): boolean {
    const more = totalBytes - this.#heldBytes;
    if (more <= 0) return true;
    if (!this.#inFlight.take(more, totalBytes)) return false;
    this.#heldBytes = totalBytes;
    return true;
  }

  release(): void {
    this.#inFlight.give(this.#heldBytes);
    this.#heldBytes = 0;
  }
}

/** Everything up to `<CRLF>.<CRLF>`, dots undone; a reply where the message is refused, once its end has come. */
export async function readData(input: Input, room: Room, bounds: TransferBounds): Promise<Transferred> {
  const scanner = new DataScanner(bounds.maxBytes, bounds.bareLineEnds);
  const maxSeenBytes = bounds.maxBytes + bounds.maxDiscardedBytes;
  let refusal: Reply | undefined;
  for (;;) {
    const chunk = await input.bytes(Infinity, true);
    if (typeof chunk === "string") return chunk;
    const isLent = chunk.length >= lentBytes;
    const rest = scanner.push(chunk, isLent);
    if (!room.grow(scanner.heldBytes)) {
      refusal = noRoom;
      scanner.refuse();
      room.release();
    }
    if (rest !== undefined) {
      input.putBack(isLent ? Buffer.from(rest) : rest);
      break;
    }
    if (scanner.seenBytes > maxSeenBytes) return "flood";
  }
  switch (scanner.fault) {
    case undefined:
      return scanner.take();
    case "bare-line-end":
      return bareLineEnd;
    case "too-big":
      return refusal ?? tooBig;
    default:
      return scanner.fault satisfies never;
  }
}

/** The chunks of one message. */
export class Chunks {
  readonly #collected = new ByteCollector();
  readonly #room: Room;
  readonly #bounds: TransferBounds;

  constructor(room: Room, bounds: TransferBounds) {
    this.#room = room;
    this.#bounds = bounds;
  }

  /** Reads a chunk to its end; undefined when it was taken. */
  async read(input: Input, sizeBytes: number): Promise<Exclude<Transferred, Buffer> | undefined> {
    const { maxBytes, maxDiscardedBytes } = this.#bounds;
    if (this.#collected.length + sizeBytes > maxBytes) return discard(input, sizeBytes, maxDiscardedBytes, tooBig);
    for (let left = sizeBytes; left > 0; ) {
      const piece = await input.bytes(left);
      if (typeof piece === "string") return piece;
      left -= piece.length;
      if (!this.#room.grow(this.#collected.length + piece.length))
        return discard(input, left, maxDiscardedBytes, noRoom);
      this.#collected.add(piece);
    }
    return undefined;
  }

  /** The whole message. Only BODY=BINARYMIME may hold bare line ends. */
  take(binary: boolean): Buffer | Reply {
    const bytes = this.#collected.take();
    return !binary && hasBareLineEnd(bytes) ? bareLineEnd : bytes;
  }
}

/** RFC 3030 §2: the octets of a refused BDAT come all the same; they are read and dropped. */
export async function discard(
  input: Input,
  sizeBytes: number,
  maxBytes: number,
  refusal: Reply,
): Promise<Reply | InputEnd> {
  if (sizeBytes > maxBytes) return "flood";
  for (let left = sizeBytes; left > 0; ) {
    const piece = await input.bytes(left);
    if (typeof piece === "string") return piece;
    left -= piece.length;
  }
  return refusal;
}
