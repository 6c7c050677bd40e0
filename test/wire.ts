/** A client that says exactly the bytes it is told to, honest or not, over TCP or TLS: for the journeys. */
import { connect, type Socket } from "node:net";
import * as tls from "node:tls";

/** So long an answer is waited for: a machine that is slow, or full of other work, is no fault. */
const answerMs = 60_000;

export class Wire {
  #socket: Socket;
  /** Whole lines that nobody has asked for yet, with their line ends; and the beginning of the next one. */
  #lines: string[] = [];
  #beginning = "";
  #ended = false;
  #wake: () => void = () => {};
  /** Bytes received so far. */
  received = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  static async open(port: number, secure: "plain" | "tls" = "plain"): Promise<Wire> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const wire = new Wire(socket);
    if (secure === "tls") await wire.startTls();
    return wire;
  }

  #listen(socket: Socket): void {
    socket.setMaxListeners(0);
    socket.on("data", this.#take);
    socket.on("error", () => {});
    socket.on("end", this.#end);
    socket.on("close", this.#end);
  }

  readonly #take = (chunk: Buffer): void => {
    this.received += chunk.length;
    // Only what is new is looked through, whatever the length of the line; a CRLF may be cut in two.
    const cut = this.#beginning.endsWith("\r");
    const lines = `${cut ? "\r" : ""}${chunk.toString("latin1")}`.split("\r\n");
    lines[0] = (cut ? this.#beginning.slice(0, -1) : this.#beginning) + lines[0];
    this.#beginning = lines.pop() ?? "";
    for (const line of lines) this.#lines.push(line);
    this.#wake();
  };

  readonly #end = (): void => {
    this.#ended = true;
    this.#wake();
  };

  get closed(): boolean {
    return this.#ended;
  }

  /** Resolves when the bytes were given to the kernel, or the connection is over. */
  send(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) return resolve();
      const done = (): void => {
        this.#socket.off("close", done);
        resolve();
      };
      this.#socket.once("close", done);
      if (typeof data === "string") this.#socket.write(data, "latin1", done);
      else this.#socket.write(data, done);
    });
  }

  /** Says it and gives back the answer up to the line that `last` recognises. */
  async ask(command: string, last: RegExp): Promise<string> {
    await this.send(command);
    return this.until(last);
  }

  /** All lines up to and with the first that `last` recognises; throws when the connection ends before. */
  async until(last: RegExp): Promise<string> {
    const deadline = Date.now() + answerMs;
    for (let at = 0; ; ) {
      for (; at < this.#lines.length; at++)
        if (last.test(this.#lines[at]!)) return `${this.#lines.splice(0, at + 1).join("\r\n")}\r\n`;
      if (this.#ended)
        throw new Error(`closed while waiting for ${last}; said: ${JSON.stringify(this.pending.slice(-500))}`);
      await this.#more(deadline, `no line like ${last}`);
    }
  }

  /** A whole SMTP reply. */
  reply(): Promise<string> {
    return this.until(/^\d{3}(?: |$)/);
  }

  /** An SMTP command and its reply. */
  smtp(command: string): Promise<string> {
    return this.ask(`${command}\r\n`, /^\d{3}(?: |$)/);
  }

  /** An IMAP command, tagged "t", and all that is said up to its end. */
  imap(command: string): Promise<string> {
    return this.ask(`t ${command}\r\n`, /^t (?:OK|NO|BAD)/);
  }

  /** What else was said until the server closed. */
  async rest(): Promise<string> {
    const deadline = Date.now() + answerMs;
    while (!this.#ended) await this.#more(deadline, "not closed");
    return this.pending;
  }

  /** Whatever has come and was not taken yet. */
  get pending(): string {
    return [...this.#lines, this.#beginning].join("\r\n");
  }

  #more(deadline: number, complaint: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`after ${answerMs} ms ${complaint}`)), deadline - Date.now());
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The handshake alone; the command and its answer are the caller's. */
  async startTls(): Promise<void> {
    const plain = this.#socket;
    plain.off("data", this.#take);
    plain.off("end", this.#end);
    plain.off("close", this.#end);
    const secured = tls.connect({ socket: plain, rejectUnauthorized: false, servername: "localhost" });
    await new Promise<void>((resolve, reject) => {
      secured.once("secureConnect", resolve);
      secured.once("error", reject);
      secured.once("close", () => reject(new Error("closed in the handshake")));
    });
    this.#socket = secured;
    this.#listen(secured);
  }

  /** Reads nothing more: the server's words pile up on its side. */
  stall(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** An SMTP session that has greeted and introduced itself. */
export async function smtpSession(port: number, verb = "EHLO"): Promise<Wire> {
  const wire = await Wire.open(port);
  await wire.reply();
  await wire.smtp(`${verb} client.test`);
  return wire;
}

/** One message, bytes as they are (dots are stuffed); answers the last reply. */
export async function deliver(wire: Wire, to: string, message: string | Buffer, from = "a@far.test"): Promise<string> {
  for (const command of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, "DATA"]) {
    const answer = await wire.smtp(command);
    if (!/^[23]/.test(answer)) return answer;
  }
  const text = typeof message === "string" ? message : message.toString("latin1");
  const stuffed = (text.startsWith(".") ? `.${text}` : text).replaceAll("\r\n.", "\r\n..");
  await wire.send(Buffer.from(`${stuffed}${stuffed.endsWith("\r\n") ? "" : "\r\n"}.\r\n`, "latin1"));
  return wire.reply();
}

/** An IMAP session of a user, in the clear (`--cleartext-auth`), with INBOX selected. */
export async function imapSession(port: number, user: string): Promise<Wire> {
  const wire = await Wire.open(port);
  await wire.until(/^\* OK/);
  const login = await wire.imap(`LOGIN ${user} pw`);
  if (!/^t OK/m.test(login)) throw new Error(login);
  await wire.imap("SELECT INBOX");
  return wire;
}
