/** Listens on one address and port and gives each peer, once it may speak, to a protocol. */
import { createServer, type Socket } from "node:net";
import type { TLSSocketOptions } from "node:tls";
import { maxProxyHeaderBytes, readProxyHeader } from "../../protocol/proxy.ts";
import type { Log } from "../base/log.ts";
import { Connection } from "./connection.ts";
import { networks, peerKey } from "./networks.ts";
import { takeOver } from "./reading.ts";

export type ListenerSettings = {
  /** Connections that one listener serves at a time. */
  readonly maxConnections: number;
  /** Connections of one address (IPv6: one /64) at a time. */
  readonly maxPerAddress: number;
  /** Networks whose connections are not counted per address: proxies without PROXY, our own other nodes. */
  readonly uncounted: readonly string[];
  /** Proxies that send a PROXY header, which then they must; any other peer is turned away. Empty: no PROXY protocol. */
  readonly proxies: readonly string[];
  /** How long a PROXY header or a TLS handshake may take. */
  readonly openingTimeoutMs: number;
  /** Connections that the kernel holds until we accept them. */
  readonly backlog: number;
};

export const defaultListenerSettings: ListenerSettings = {
  maxConnections: 10_000,
  maxPerAddress: 100,
  uncounted: [],
  proxies: [],
  openingTimeoutMs: 30_000,
  backlog: 1024,
};

/** Peers turned away that are still being told so; beyond it they are cut off. */
const maxLeaving = 1000;

/** Why a peer is turned away before the protocol began. */
export type Refusal = "too-many-connections" | "too-many-from-address";

export type ListenerOptions = {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Several processes or workers on the same port. */
  readonly reusePort?: boolean;
  /** For the log: "smtp", "imaps" … */
  readonly name: string;
  /** TLS from the first byte, with what this answers at the moment; undefined: plain (STARTTLS is the protocol's affair). */
  readonly implicitTls: (() => TLSSocketOptions) | undefined;
  /** The protocol's own words, as wire bytes ("421 4.7.0 …\r\n"); not sent where TLS would have to come first. */
  readonly turnAway: (why: Refusal) => string;
  /** Serves one connection to its end. `stopping` tells when to take leave; the listener closes what is left after the grace period. */
  readonly serve: (connection: Connection, stopping: AbortSignal) => Promise<void>;
  readonly settings: ListenerSettings;
  readonly log: Log;
};

export type Listener = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Served at the moment. */
  readonly connections: number;
  /** Connections turned away since the start. */
  readonly turnedAway: number;
  /** No new connections, tells the present ones to take leave, waits up to `graceMs`, then ends them. */
  close(graceMs: number): Promise<void>;
};

/** Resolves when the port is bound; rejects when it cannot be. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { settings, log, name, host } = options;
  const uncounted = networks(settings.uncounted);
  const proxies = networks(settings.proxies);
  const expectsProxy = settings.proxies.length > 0;
  const perAddress = new Map<string, number>();
  // A signal each: thousands of listeners on one would be walked through at each new connection.
  const open = new Map<Connection, AbortController>();
  let stopped = false;
  let turnedAway = 0;
  let leaving = 0;
  let emptied: (() => void) | undefined;

  const turnAway = (connection: Connection, why: Refusal): void => {
    turnedAway++;
    log.debug({ listener: name, remote: connection.remote.address, why }, "connection turned away");
    if (options.implicitTls !== undefined || leaving >= maxLeaving) {
      connection.destroy();
      return;
    }
    leaving++;
    connection.write(options.turnAway(why));
    connection
      .end()
      .catch(() => connection.destroy())
      .finally(() => leaving--);
  };

  const served = async (connection: Connection, stopping: AbortSignal): Promise<void> => {
    if (expectsProxy) {
      const header = await readProxy(connection, proxies.has(connection.remote.address), settings);
      if (header === "bad")
        log.info({ listener: name, remote: connection.remote.address }, "no valid PROXY header from a known proxy");
      if (header !== "good") return;
    }
    const { address } = connection.remote;
    const key = peerKey(address);
    const counted = !uncounted.has(address);
    if (counted) {
      const count = perAddress.get(key) ?? 0;
      if (count >= settings.maxPerAddress) return turnAway(connection, "too-many-from-address");
      perAddress.set(key, count + 1);
    }
    try {
      if (options.implicitTls !== undefined) {
        if (!(await connection.startTls(options.implicitTls(), settings.openingTimeoutMs, true))) {
          log.debug({ listener: name, remote: address, error: connection.failure?.message }, "TLS handshake failed");
          return;
        }
      }
      await options.serve(connection, stopping);
    } finally {
      if (counted) {
        const count = perAddress.get(key)! - 1;
        if (count === 0) perAddress.delete(key);
        else perAddress.set(key, count);
      }
    }
  };

  const accept = (accepted: Socket): void => {
    const { socket, reading } = takeOver(accepted) ?? { socket: accepted, reading: undefined };
    const connection = new Connection(socket, reading);
    if (open.size >= settings.maxConnections) {
      turnAway(connection, "too-many-connections");
      return;
    }
    const leave = new AbortController();
    if (stopped) leave.abort();
    open.set(connection, leave);
    served(connection, leave.signal)
      .catch((error: unknown) => {
        log.error({ listener: name, remote: connection.remote.address, error }, "conversation broke");
        connection.destroy();
      })
      // A peer that has closed its side only still reads our last words.
      .then(() => connection.end())
      .catch(() => connection.destroy())
      .finally(() => {
        open.delete(connection);
        if (open.size === 0) emptied?.();
      });
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, pauseOnConnect: true }, accept);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(
      { host, port: options.port, backlog: settings.backlog, reusePort: options.reusePort ?? false },
      () => {
        server.off("error", reject);
        server.on("error", (error) => log.error({ listener: name, error }, "listener trouble"));
        resolve();
      },
    );
  });
  const bound = server.address();
  const port = bound !== null && typeof bound === "object" ? bound.port : options.port;

  return {
    name,
    host,
    port,
    get connections() {
      return open.size;
    },
    get turnedAway() {
      return turnedAway;
    },
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      stopped = true;
      for (const leave of open.values()) leave.abort();
      if (open.size > 0) {
        const gone = new Promise<void>((resolve) => {
          emptied = resolve;
        });
        const timer = setTimeout(() => {
          for (const connection of open.keys()) connection.destroy();
        }, graceMs);
        await gone;
        clearTimeout(timer);
      }
      await closed;
    },
  };
}

/**
 * Reads the PROXY header and takes over what it says. "bad": there was none to believe; "silent": the peer has gone without a word, as load
 * balancers do every few seconds to see whether we are here.
 */
async function readProxy(
  connection: Connection,
  known: boolean,
  settings: ListenerSettings,
): Promise<"good" | "bad" | "silent"> {
  // Whoever has gone already has no address.
  if (!known) return connection.remote.address === "" ? "silent" : "bad";
  let bytes: Buffer = Buffer.alloc(0);
  // A deadline, not a silence: one byte a minute is no header.
  const timer = setTimeout(() => connection.destroy(), settings.openingTimeoutMs);
  try {
    while (bytes.length < maxProxyHeaderBytes) {
      const chunk = await connection.read();
      if (typeof chunk === "string") return bytes.length === 0 ? "silent" : "bad";
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const header = readProxyHeader(bytes);
      switch (header.kind) {
        case "more":
          continue;
        case "bad":
          return "bad";
        case "proxied":
          connection.remote = header.source;
          connection.local = header.destination;
          break;
        case "local":
          break;
        default:
          return header satisfies never;
      }
      connection.unread(bytes.subarray(header.usedBytes));
      return "good";
    }
    return "bad";
  } finally {
    clearTimeout(timer);
  }
}
