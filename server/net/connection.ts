/**
 * One TCP connection, ours or a stranger's, seen as chunks in and bytes out. Every protocol conversation, server or
 * client side, is written against this and never sees a socket. Await per chunk, loop per line.
 */
import type { Socket } from "node:net";
import { setImmediate as turnOver } from "node:timers/promises";
import * as tls from "node:tls";
import { Compression } from "./compression.ts";
import type { Reading } from "./reading.ts";

export type Endpoint = { readonly address: string; readonly port: number };

export type TlsInfo = {
  readonly protocol: string; // "TLSv1.3"
  readonly cipher: string; // the IANA name, "TLS_AES_256_GCM_SHA384"
  readonly servername: string | undefined;
  /** Client side: whether the certificate was valid for the name asked for; and why not. */
  readonly authorized: boolean;
  readonly authorizationError: string | undefined;
};

/** RFC 5929 / RFC 9266 channel bindings, for SCRAM-SHA-256-PLUS. */
export type ChannelBinding = { readonly type: "tls-exporter" | "tls-server-end-point"; readonly data: Buffer };

/** What read() answers besides bytes: the peer closed (or the connection broke), or was silent too long. */
export type ReadEnd = "closed" | "timeout";

/** Input that has arrived and was not read yet is held up to this; then the socket is paused. */
const maxUnreadBytes = 256 * 1024;

/** Pieces of at least this size may be lent. */
export const lentBytes = 8 * 1024;

/** How long a peer may take to read our last words and to close. */
const farewellMs = 5_000;

/** What is written waits for its turn up to this; beyond it goes to the socket, which knows when its peer is slow. */
const maxUnwritten = 16 * 1024;

/** Connections with something to write that nobody has sent off yet: all in one go, when this turn of the event loop is over. */
let toFlush: Connection[] = [];

function flushLater(connection: Connection): void {
  if (toFlush.length === 0)
    setImmediate(() => {
      const some = toFlush;
      toFlush = [];
      for (const one of some) one.flush();
    });
  toFlush.push(connection);
}

/** Certificates of a server's chain that are looked at. */
const maxPeerCertificates = 10;

export class Connection {
  #socket: Socket;
  /** Undefined: the socket's own stream is listened to. */
  #reading: Reading | undefined;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #ended = false;
  #timedOut = false;
  #waiting: ((chunk: Buffer | ReadEnd) => void) | undefined;
  /** Who waits takes what is lent. */
  #borrows = false;
  #drain: (() => void)[] = [];
  /** What was written and has not gone to the socket, and each one's encoding (nothing to bytes). */
  #output: (string | Uint8Array)[] = [];
  #encodings: ("latin1" | "utf8")[] = [];
  #outputLength = 0;
  /** Who wants to hear when that has been written. */
  #writers: (() => void)[] = [];
  #willFlush = false;
  #tls: TlsInfo | undefined;
  #compression: Compression | undefined;
  #timeoutMs = 0;
  readonly openedAt = Date.now();
  /** The peer; a PROXY header may replace it (listener.ts). */
  remote: Endpoint;
  local: Endpoint;
  bytesIn = 0;
  /** Set when the connection broke: for the log, never for the peer. */
  failure: Error | undefined;

  constructor(socket: Socket, reading?: Reading) {
    this.#socket = socket;
    this.#reading = reading;
    this.remote = { address: plainAddress(socket.remoteAddress ?? ""), port: socket.remotePort ?? 0 };
    this.local = { address: plainAddress(socket.localAddress ?? ""), port: socket.localPort ?? 0 };
    socket.setNoDelay(true);
    if (socket instanceof tls.TLSSocket) this.#tls = tlsInfo(socket);
    this.#listen();
  }

  #listen(): void {
    const socket = this.#socket;
    if (this.#reading === undefined) socket.on("data", this.#onData);
    else this.#reading.take = this.#onPiece;
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("timeout", this.#onTimeout);
    socket.on("drain", this.#onDrain);
    socket.resume();
  }

  #unlisten(): void {
    const socket = this.#socket;
    if (this.#reading === undefined) socket.off("data", this.#onData);
    else this.#reading.take = () => {};
    this.#reading = undefined;
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onEnd);
    socket.off("timeout", this.#onTimeout);
    socket.off("drain", this.#onDrain);
    // The error listener stays: an error without a listener would end the process.
  }

  /** Somebody else's memory: copied, unless a reader of large pieces waits. */
  readonly #onPiece = (piece: Buffer): void => {
    const waiting = this.#waiting;
    if (this.#borrows && piece.length >= lentBytes && waiting !== undefined && this.#compression === undefined) {
      this.bytesIn += piece.length;
      this.#waiting = undefined;
      waiting(piece);
      return;
    }
    const chunk = Buffer.allocUnsafe(piece.length);
    piece.copy(chunk);
    this.#onData(chunk);
  };
  readonly #onData = (chunk: Buffer): void => {
    this.bytesIn += chunk.length;
    if (this.#compression === undefined) this.#take(chunk);
    else this.#compression.take(chunk);
  };
  readonly #take = (chunk: Buffer): void => {
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      waiting(chunk);
      return;
    }
    this.#unread.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes >= maxUnreadBytes) (this.#compression ?? this.#socket).pause();
  };
  readonly #onEnd = (): void => {
    // What was packed last may still be being unpacked: then its end is the end.
    if (this.#compression?.finish() === true) this.#releaseWriters();
    else this.#finish();
  };
  readonly #finish = (): void => {
    this.#ended = true;
    this.#wake("closed");
    this.#releaseWriters();
  };
  readonly #onError = (error: Error): void => {
    this.failure ??= error;
    this.#onEnd();
  };
  readonly #onTimeout = (): void => {
    this.#timedOut = true;
    this.#wake("timeout");
    // A peer that does not read what it asked for must not hold a writer for ever either.
    if (this.#drain.length > 0) this.destroy();
  };
  readonly #onDrain = (): void => {
    this.#compression?.socketDrained();
    if (!this.#mustDrain) this.#releaseWriters();
  };

  get #mustDrain(): boolean {
    if (this.#ended || this.#socket.destroyed) return false;
    return this.#socket.writableNeedDrain || this.#compression?.needsDrain === true;
  }

  #releaseWriters(): void {
    for (const resolve of this.#drain.splice(0)) resolve();
  }

  #wake(end: ReadEnd): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(end);
  }

  get tls(): TlsInfo | undefined {
    return this.#tls;
  }

  get closed(): boolean {
    return this.#ended;
  }

  /** Bytes that arrived and nobody has read: after STARTTLS these were sent in the clear and must not be believed. */
  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  /** Silence of the peer (nothing read, nothing taken) longer than this ends read() with "timeout". 0 switches off. */
  setTimeout(ms: number): void {
    if (ms === this.#timeoutMs) return;
    this.#timeoutMs = ms;
    this.#socket.setTimeout(ms);
  }

  /**
   * The next chunk, as it came. One reader at a time. `borrows`: a chunk of at least `lentBytes` may be lent, and has to be read before anything
   * but promises is waited for.
   */
  read(borrows = false): Promise<Buffer | ReadEnd> {
    const chunk = this.#unread.shift();
    if (chunk !== undefined) {
      this.#unreadBytes -= chunk.length;
      if (this.#unreadBytes < maxUnreadBytes) {
        if (this.#compression !== undefined) this.#compression.resume();
        else if (this.#socket.isPaused()) this.#socket.resume();
      }
      return Promise.resolve(chunk);
    }
    if (!this.#willFlush) this.flush();
    if (this.#ended) return Promise.resolve("closed");
    if (this.#timedOut) {
      this.#timedOut = false;
      return Promise.resolve("timeout");
    }
    this.#borrows = borrows;
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Puts bytes back in front: what a reader took and another is to see. */
  unread(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#unread.unshift(chunk);
    this.#unreadBytes += chunk.length;
  }

  /**
   * Writes; what is written before the next read leaves together, and at the latest when this turn of the event loop is over. Strings
   * are byte strings (latin1) unless said. `written` is called when the data, and all before, have gone to the system, and their memory is free
   * for something else; not where the connection breaks before.
   */
  write(data: string | Uint8Array, encoding: "latin1" | "utf8" = "latin1", written?: () => void): void {
    // A peer that has closed its side only still gets its answers.
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    const last = this.#output.length - 1;
    const before = this.#output[last];
    if (typeof data === "string" && typeof before === "string" && this.#encodings[last] === encoding)
      this.#output[last] = before + data;
    else {
      this.#output.push(data);
      this.#encodings.push(encoding);
    }
    this.#outputLength += data.length;
    if (written !== undefined) this.#writers.push(written);
    if (this.#outputLength >= maxUnwritten) {
      this.flush();
      return;
    }
    if (this.#willFlush) return;
    this.#willFlush = true;
    // Whoever writes while its reader waits (news for a client that idles) will not read soon.
    if (this.#waiting !== undefined) process.nextTick(() => this.flush());
    else flushLater(this);
  }

  /** Sends off what was written. */
  flush(): void {
    this.#willFlush = false;
    const output = this.#output;
    if (output.length === 0) return;
    const encodings = this.#encodings;
    const writers = this.#writers;
    this.#output = [];
    this.#encodings = [];
    this.#outputLength = 0;
    if (writers.length > 0) this.#writers = [];
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    const to = this.#compression ?? this.#socket;
    const last = output.length - 1;
    if (last > 0) {
      this.#socket.cork();
      for (let index = 0; index < last; index++) put(to, output[index]!, encodings[index]!);
    }
    put(to, output[last]!, encodings[last]!, writers);
    if (last > 0) this.#socket.uncork();
    this.#compression?.flush();
  }

  /** Resolves at once while the peer keeps up, otherwise when it has taken what was written (or the connection ended). */
  drained(): Promise<void> | undefined {
    if (!this.#mustDrain) return undefined;
    return new Promise((resolve) => this.#drain.push(resolve));
  }

  /**
   * Server side of STARTTLS. The caller has answered "go ahead" already and has made sure that `unreadBytes` was 0 or
   * refuses the command: RFC 3207 §4.2, CVE-2011-0411. Answers false when the handshake fails (the connection is closed then).
   * `keepUnread`: what is unread belongs to the handshake (implicit TLS behind a PROXY header).
   */
  async startTls(options: tls.TLSSocketOptions, timeoutMs = 30_000, keepUnread = false): Promise<boolean> {
    if (keepUnread && this.#unreadBytes > 0) {
      this.#unlisten();
      this.#socket.unshift(Buffer.concat(this.#unread));
    }
    this.#unread = [];
    this.#unreadBytes = 0;
    return this.#secure((plain) => new tls.TLSSocket(plain, { ...options, isServer: true }), "secure", timeoutMs);
  }

  /**
   * RFC 4978: from here on both directions are deflated. The caller has written its last plain bytes and has made sure that `unreadBytes` is 0.
   * What is unpacked and not read yet is bounded as all input is, so a bomb costs time only as fast as somebody reads it.
   */
  compress(): void {
    this.flush();
    this.#compression = new Compression(this.#socket, {
      data: this.#take,
      end: this.#finish,
      error: (error) => {
        this.failure ??= error;
        this.destroy();
      },
      drain: this.#onDrain,
    });
  }

  /** Client side: the certificates that the server showed (DER), its own first; none without TLS. */
  peerCertificates(): readonly Buffer[] {
    if (!(this.#socket instanceof tls.TLSSocket)) return [];
    const chain: Buffer[] = [];
    let certificate: tls.DetailedPeerCertificate | undefined = this.#socket.getPeerCertificate(true);
    // The end of a chain is its own issuer.
    while (certificate?.raw !== undefined && chain.length < maxPeerCertificates) {
      chain.push(certificate.raw);
      certificate = certificate.issuerCertificate === certificate ? undefined : certificate.issuerCertificate;
    }
    return chain;
  }

  /** Client side of STARTTLS or of implicit TLS. Whether the certificate is acceptable is the caller's to judge by `tls`. */
  async connectTls(options: tls.ConnectionOptions, timeoutMs = 30_000): Promise<boolean> {
    this.#unread = [];
    this.#unreadBytes = 0;
    return this.#secure(
      (plain) => tls.connect({ ...options, socket: plain, rejectUnauthorized: false }),
      "secureConnect",
      timeoutMs,
    );
  }

  /** What is said from here on is said to somebody behind the peer: its TLS says nothing of them. */
  throughTunnel(): void {
    this.#tls = undefined;
  }

  async #secure(
    make: (plain: Socket) => tls.TLSSocket,
    event: "secure" | "secureConnect",
    timeoutMs: number,
  ): Promise<boolean> {
    if (this.#ended) return false;
    const plain = this.#socket;
    this.flush();
    this.#unlisten();
    plain.setTimeout(0);
    const secured = make(plain);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const fail = (error?: Error): void => {
      this.failure ??= error;
      resolve(false);
    };
    const timer = setTimeout(() => fail(new Error("TLS handshake took too long")), timeoutMs);
    secured.once(event, () => resolve(true));
    secured.once("error", fail);
    secured.once("close", () => fail());
    plain.once("close", () => fail());
    const done = await promise;
    clearTimeout(timer);
    this.#socket = secured;
    if (!done) {
      secured.on("error", () => {});
      secured.destroy();
      plain.destroy();
      this.#onEnd();
      return false;
    }
    secured.setNoDelay(true);
    this.#tls = tlsInfo(secured);
    this.#listen();
    if (this.#timeoutMs > 0) secured.setTimeout(this.#timeoutMs);
    return true;
  }

  /** For SCRAM-SHA-256-PLUS: undefined without TLS. `tls-exporter` on TLS 1.3, `tls-server-end-point` from our certificate's hash. */
  channelBinding(type: ChannelBinding["type"], serverCertificate?: Buffer): ChannelBinding | undefined {
    if (!(this.#socket instanceof tls.TLSSocket)) return undefined;
    if (type === "tls-exporter") {
      if (this.#tls?.protocol !== "TLSv1.3") return undefined; // RFC 9266 §4.2: only with TLS 1.3 or extended master secret
      return { type, data: this.#socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0)) };
    }
    return serverCertificate === undefined ? undefined : { type, data: serverCertificate };
  }

  /** Sends what was written, then closes. */
  async end(): Promise<void> {
    if (this.#socket.destroyed) return;
    // The farewell leaves with the answers of others: a write that wakes a peer alone costs twice as much.
    if (this.#willFlush) await turnOver();
    this.flush();
    const socket = this.#socket;
    if (socket.destroyed) return;
    const closed = new Promise<void>((resolve) => socket.once("close", resolve));
    const timer = setTimeout(() => socket.destroy(), farewellMs);
    if (this.#compression === undefined) socket.end();
    else this.#compression.end(() => socket.end());
    socket.resume();
    await closed;
    clearTimeout(timer);
  }

  destroy(): void {
    this.#socket.destroy();
    this.#compression?.destroy();
    this.#finish();
  }
}

function put(
  to: Socket | Compression,
  piece: string | Uint8Array,
  encoding: "latin1" | "utf8",
  writers: readonly (() => void)[] = [],
): void {
  if (writers.length === 0) to.write(piece, encoding);
  else
    to.write(piece, encoding, (error) => {
      if (!error) for (const written of writers) written();
    });
}

/** "::ffff:192.0.2.1" is 192.0.2.1. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

export function tlsInfo(socket: tls.TLSSocket): TlsInfo {
  const servername = (socket as { servername?: string | false }).servername;
  return {
    protocol: socket.getProtocol() ?? "",
    cipher: socket.getCipher()?.standardName ?? "",
    servername: typeof servername === "string" ? servername : undefined,
    authorized: socket.authorized,
    authorizationError:
      socket.authorizationError === undefined || socket.authorizationError === null
        ? undefined
        : String(socket.authorizationError),
  };
}
