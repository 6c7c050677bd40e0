/**
 * What sockets read goes into one memory, piece after piece, and from there where it is wanted: a stream of Node makes a buffer for each piece and
 * hands it on through its own queue, which costs more than the copy of a command line, and leaves garbage as large as all that was ever received.
 */
import { Socket } from "node:net";

/** Read at most at a time. */
const memoryBytes = 64 * 1024;
/** Reading and handing on are one step: no two sockets use it at once. */
const memory = Buffer.allocUnsafeSlow(memoryBytes);

/** Where a socket's input goes. */
export class Reading {
  /** Gets each piece, which is good until this returns and the microtasks that follow from it have run. */
  take: (piece: Buffer) => void = () => {};

  /** For the options of a socket. */
  readonly onread = {
    buffer: memory,
    callback: (count: number, buffer: Uint8Array): boolean => {
      this.take((buffer as Buffer).subarray(0, count));
      return true;
    },
  };
}

/** The parts of an accepted socket that Node does not show. */
type Inside = { _handle?: { useUserBuffer?: unknown } | null; _server?: { _connections?: unknown } };

/**
 * Node gives a server no say in how its sockets read. So the socket that it made, which must not read yet (`pauseOnConnect`), gives what is behind
 * it to one of our making. That is not public: where it does not look as we know it, undefined, and the socket serves as it is.
 */
export function takeOver(accepted: Socket): { readonly socket: Socket; readonly reading: Reading } | undefined {
  // Windows reads ahead, into the memory of each socket.
  if (process.platform === "win32") return undefined;
  const inside = accepted as unknown as Inside;
  const { _handle: handle, _server: server } = inside;
  if (typeof handle?.useUserBuffer !== "function" || typeof server?._connections !== "number") return undefined;
  inside._handle = null;
  const reading = new Reading();
  const { onread } = reading;
  const socket = new Socket({ handle, allowHalfOpen: true, onread } as unknown as ConstructorParameters<
    typeof Socket
  >[0]);
  // The server counts its sockets when they close.
  (socket as unknown as Inside)._server = server;
  return { socket, reading };
}
