/** A TCP connection to an address, within a time. */
import { connect, isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import ipaddr from "ipaddr.js";
import { Connection } from "../net/connection.ts";
import { Reading } from "../net/reading.ts";
import { type EgressProxy, parseProxy } from "./proxy.ts";
import type { Egress } from "./site.ts";

type TlsTrust = Pick<ConnectionOptions, "secureContext" | "ca">;

/** Opens a TCP connection; the system's error code ("ECONNREFUSED", "ETIMEDOUT") where that fails. `from` is our own address. */
export function dial(
  address: string,
  port: number,
  timeoutMs: number,
  from: string | undefined,
): Promise<Connection | string> {
  return new Promise((resolve) => {
    const reading = new Reading();
    const { onread } = reading;
    const socket = connect({ host: address, port, onread, ...(from === undefined ? {} : { localAddress: from }) });
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
      resolve(new Connection(socket, reading));
    });
  });
}

/**
 * The same through a proxy, so that it is the proxy's address (`address` of the egress, where it has several) that the server sees:
 * SOCKS5 (RFC 1928; with a login RFC 1929), HTTP CONNECT (RFC 9110 §9.3.6; with a login RFC 7617), both by TLS too, or a proxy that reads a PROXY protocol
 * header for where to connect from and to. `trusted`: by which authorities a proxy's certificate is known.
 */
export async function dialThrough(
  { proxy, address: from }: Pick<Egress, "proxy" | "address">,
  address: string,
  port: number,
  timeoutMs: number,
  trusted: TlsTrust = {},
): Promise<Connection | string> {
  const found = parseProxy(proxy);
  if (found === undefined) return "EPROXY";
  const { kind, login } = found;
  const connection = await dial(found.host, found.port, timeoutMs, undefined);
  if (typeof connection === "string") return connection;
  connection.setTimeout(timeoutMs);
  if (found.tls) {
    const why = await secureProxy(connection, found.host, timeoutMs, trusted);
    if (why !== undefined) {
      connection.destroy();
      return why;
    }
  }
  if (kind === "haproxy") {
    connection.write(
      `PROXY TCP${isIP(address)} ${from === "" ? connection.local.address : from} ${address} 0 ${port}\r\n`,
    );
    return connection;
  }
  const refused = await (kind === "http" ? askConnect : askSocks)(connection, address, port, login);
  if (refused === undefined) return connection;
  connection.destroy();
  return refused;
}

/** Nothing is said to a proxy that is not the one that was named: our login least of all. */
async function secureProxy(
  connection: Connection,
  host: string,
  timeoutMs: number,
  trusted: TlsTrust,
): Promise<string | undefined> {
  // RFC 6066 §3: no address goes on the wire as a name; Node checks the certificate against `host`.
  const name = isIP(host) === 0 ? { servername: host } : {};
  const done = await connection.connectTls({ minVersion: "TLSv1.2", ...trusted, host, ...name }, timeoutMs);
  if (!done) return `EPROXYTLS (${(connection.failure as NodeJS.ErrnoException | undefined)?.code ?? "closed"})`;
  if (connection.tls?.authorized !== true)
    return `EPROXYTLS (${connection.tls?.authorizationError ?? "its certificate is not good"})`;
  connection.throughTunnel();
  return undefined;
}

/** RFC 1928 §6, in words of the system where it has some. */
const socksReplies = ["", "EPROXY", "EACCES", "ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "ETIMEDOUT"];

async function askSocks(
  connection: Connection,
  address: string,
  port: number,
  login: EgressProxy["login"],
): Promise<string | undefined> {
  let unread = Buffer.alloc(0);
  const take = async (count: number): Promise<Buffer | undefined> => {
    while (unread.length < count) {
      const chunk = await connection.read();
      if (typeof chunk === "string") return undefined;
      unread = Buffer.concat([unread, chunk]);
    }
    const taken = unread.subarray(0, count);
    unread = unread.subarray(count);
    return taken;
  };
  // RFC 1928 §3: methods 0 (no login) and 2 (user and password, RFC 1929); who has a login offers both.
  connection.write(Buffer.from(login === undefined ? [5, 1, 0] : [5, 2, 0, 2]));
  const method = await take(2);
  if (method === undefined || method[0] !== 5) return "EPROXY";
  if (method[1] === 2 && login !== undefined) {
    const [user, password] = [Buffer.from(login.user), Buffer.from(login.password)];
    connection.write(Buffer.from([1, user.length, ...user, password.length, ...password]));
    const answer = await take(2);
    if (answer === undefined || answer[1] !== 0) return "EPROXYAUTH";
  } else if (method[1] !== 0) return "EPROXYAUTH";
  const bytes = ipaddr.parse(address).toByteArray();
  connection.write(Buffer.from([5, 1, 0, bytes.length === 4 ? 1 : 4, ...bytes, port >> 8, port & 255]));
  const head = await take(4);
  if (head === undefined || head[0] !== 5) return "EPROXY";
  if (head[1] !== 0) return socksReplies[head[1]!] ?? "EPROXY";
  const bound = head[3] === 1 ? 4 : head[3] === 4 ? 16 : ((await take(1))?.[0] ?? 0);
  if ((await take(bound + 2)) === undefined) return "EPROXY";
  if (unread.length > 0) connection.unread(unread);
  return undefined;
}

/** Of the head of a proxy's answer. */
const maxHeadBytes = 16 * 1024;

/** Statuses of proxies that could not reach the server, or may not, in words of the system. */
const connectReplies = new Map([
  [403, "EACCES"],
  [407, "EPROXYAUTH"],
  [502, "ECONNREFUSED"],
  [503, "EHOSTUNREACH"],
  [504, "ETIMEDOUT"],
]);

/** RFC 9110 §9.3.6: the tunnel begins behind the head of a 2xx answer; what comes with it is the server's already. */
async function askConnect(
  connection: Connection,
  address: string,
  port: number,
  login: EgressProxy["login"],
): Promise<string | undefined> {
  const target = `${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
  const basic = login === undefined ? "" : Buffer.from(`${login.user}:${login.password}`).toString("base64");
  const proof = basic === "" ? "" : `Proxy-Authorization: Basic ${basic}\r\n`;
  connection.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${proof}\r\n`);
  let unread = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const chunk = await connection.read();
    if (typeof chunk === "string") return "EPROXY";
    unread = Buffer.concat([unread, chunk]);
    end = unread.indexOf("\r\n\r\n");
    if ((end < 0 ? unread.length : end) > maxHeadBytes) return "EPROXY";
  }
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r)/.exec(unread.toString("latin1", 0, end + 2))?.[1]);
  if (!(status >= 200 && status < 300)) return connectReplies.get(status) ?? "EPROXY";
  if (unread.length > end + 4) connection.unread(unread.subarray(end + 4));
  return undefined;
}
