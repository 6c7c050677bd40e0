/** Where a scanner listens, and one question to it over a socket of its own. */
import { connect, type Socket } from "node:net";

export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** "unix:/run/clamav/clamd.ctl", "tcp:127.0.0.1:3310", "127.0.0.1:3310"; undefined where it is neither. */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  if (text.startsWith("unix:/")) return { path: text.slice("unix:".length) };
  const found = /^(?:tcp:)?(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(text);
  const port = Number(found?.[3]);
  return found === null || port < 1 || port > 65_535 ? undefined : { host: (found[1] ?? found[2])!, port };
}

/** Connects; rejects after `timeoutMs`, which bounds the whole life of the socket too. */
export function open(address: SocketAddress, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    socket.once("close", () => clearTimeout(timer));
    socket.once("error", reject);
    socket.once("connect", () => resolve(socket));
  });
}
