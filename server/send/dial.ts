/** A TCP connection to an address, within a time. */
import { connect } from "node:net";
import { Connection } from "../net/connection.ts";

/** Opens a TCP connection; the system's error code ("ECONNREFUSED", "ETIMEDOUT") where that fails. `from` is our own address. */
export function dial(
  address: string,
  port: number,
  timeoutMs: number,
  from: string | undefined,
): Promise<Connection | string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, ...(from === undefined ? {} : { localAddress: from }) });
    const timer = setTimeout(() => fail("ETIMEDOUT"), timeoutMs);
    const fail = (code: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(code);
    };
    // This listener stays for good: an error without one would end the process.
    socket.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(new Connection(socket));
    });
  });
}
