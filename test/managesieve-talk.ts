/** A ManageSieve client for tests: says lines, reads answers with their literals. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** What came up to an OK, NO or BYE: the lines before it, and that one. */
export type Answered = { readonly lines: readonly string[]; readonly reply: string };

export class ManageSieveTalk {
  #socket: Socket;
  #text = "";
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  /** Connects; the greeting is still to be read. */
  static async open(port: number): Promise<ManageSieveTalk> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new ManageSieveTalk(socket);
  }

  /** Connects, reads the greeting and logs in with PLAIN over TLS. */
  static async login(port: number, user: string, password = "pw"): Promise<ManageSieveTalk> {
    const talk = await ManageSieveTalk.open(port);
    await talk.answer();
    await talk.startTls();
    const secret = Buffer.from(`\0${user}\0${password}`).toString("base64");
    const { reply } = await talk.say(`AUTHENTICATE "PLAIN" "${secret}"`);
    if (!reply.startsWith("OK")) throw new Error(`login refused: ${reply}`);
    return talk;
  }

  #listen(): void {
    this.#socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
      this.#wake();
    });
    for (const event of ["end", "close", "error"])
      this.#socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  /** One line of the server, its literals put in as JSON strings; undefined where it has hung up. */
  async line(): Promise<string | undefined> {
    let out = "";
    for (;;) {
      const end = this.#text.indexOf("\r\n");
      if (end < 0) {
        if (this.#ended) return undefined;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const line = this.#text.slice(0, end);
      const literal = /\{(\d+)\}$/.exec(line);
      if (literal === null) {
        this.#text = this.#text.slice(end + 2);
        return out + line;
      }
      const bytes = Number(literal[1]);
      while (this.#text.length < end + 2 + bytes && !this.#ended)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      const content = Buffer.from(this.#text.slice(end + 2, end + 2 + bytes), "latin1").toString("utf8");
      out += line.slice(0, literal.index) + JSON.stringify(content);
      this.#text = this.#text.slice(end + 2 + bytes);
    }
  }

  async answer(): Promise<Answered> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === undefined) return { lines, reply: "" };
      if (/^(?:OK|NO|BYE)\b/.test(line)) return { lines, reply: line };
      lines.push(line);
    }
  }

  async say(line: string): Promise<Answered> {
    this.write(`${line}\r\n`);
    return this.answer();
  }

  /** PUTSCRIPT and SETACTIVE; answers what was said to the first. */
  async activate(script: string, name = "main"): Promise<string> {
    const bytes = Buffer.byteLength(script);
    const { reply } = await this.say(`PUTSCRIPT "${name}" {${bytes}+}\r\n${script}`);
    if (reply.startsWith("OK")) await this.say(`SETACTIVE "${name}"`);
    return reply;
  }

  async startTls(): Promise<Answered> {
    await this.say("STARTTLS");
    this.#socket.removeAllListeners();
    const secured = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await once(secured, "secureConnect");
    this.#socket = secured;
    this.#listen();
    return this.answer();
  }

  get socket(): Socket {
    return this.#socket;
  }

  close(): void {
    this.#socket.destroy();
  }
}
