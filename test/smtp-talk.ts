/** A polite SMTP or LMTP client that says one command at a time and hands back each reply: for the journeys. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { connect as secure } from "node:tls";

export class SmtpTalk {
  #socket: Socket;
  #text = "";
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /** Connects, from `from` where that matters, and says EHLO. */
  static async open(port: number, { from = "127.0.0.1" }: { readonly from?: string } = {}): Promise<SmtpTalk> {
    const socket = connect({ port, host: "127.0.0.1", localAddress: from, noDelay: true });
    await once(socket, "connect");
    const talk = new SmtpTalk(socket);
    await talk.#reply(1);
    await talk.say("EHLO client.test");
    return talk;
  }

  #listen(socket: Socket): void {
    const decoder = new StringDecoder("utf8");
    socket.on("data", (chunk: Buffer) => {
      this.#text += decoder.write(chunk);
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** One reply, its lines joined by "\n". */
  say(line: string): Promise<string> {
    this.#socket.write(`${line}\r\n`);
    return this.#reply(1);
  }

  /** After DATA: the message and its final dot; `replies` of them come with LMTP. */
  async message(text: string, replies = 1): Promise<string> {
    const go = await this.say("DATA");
    if (!go.startsWith("354")) return go;
    this.#socket.write(`${text.replaceAll("\n", "\r\n").replace(/^\./gm, "..")}\r\n.\r\n`);
    return this.#reply(replies);
  }

  async startTls(ca: string): Promise<void> {
    await this.say("STARTTLS");
    this.#socket.removeAllListeners("data");
    const socket = secure({ socket: this.#socket, ca, servername: "localhost" });
    await once(socket, "secureConnect");
    this.#socket = socket;
    this.#listen(socket);
    await this.say("EHLO client.test");
  }

  login(user: string, password: string): Promise<string> {
    return this.say(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString("base64")}`);
  }

  async quit(): Promise<void> {
    await this.say("QUIT");
    this.#socket.destroy();
  }

  async #reply(count: number): Promise<string> {
    for (;;) {
      const lines = this.#text.split("\r\n");
      const ends = lines.slice(0, -1).flatMap((line, index) => (/^\d{3}( |$)/.test(line) ? [index] : []));
      const last = ends[count - 1];
      if (last !== undefined) {
        this.#text = lines.slice(last + 1).join("\r\n");
        return lines.slice(0, last + 1).join("\n");
      }
      if (this.#ended) throw new Error(`the server closed the connection after ${JSON.stringify(this.#text)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export type Letter = {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  /** Parameters of MAIL and of every RCPT. */
  readonly mail?: string;
  readonly rcpt?: string;
};

/** Message-ID of a letter that `give` has sent. */
export const idOf = (subject: string): string => `<${subject.replaceAll(" ", "-")}@client.test>`;

/** Gives a letter over an open session and throws where any of it is refused. */
export async function give(talk: SmtpTalk, { from, to, subject, mail = "", rcpt = "" }: Letter): Promise<string> {
  const expectOk = (reply: string): void => {
    if (!reply.startsWith("250")) throw new Error(reply);
  };
  expectOk(await talk.say(`MAIL FROM:<${from}>${mail === "" ? "" : ` ${mail}`}`));
  for (const one of to) expectOk(await talk.say(`RCPT TO:<${one}>${rcpt === "" ? "" : ` ${rcpt}`}`));
  const text = `From: <${from === "" ? "mailer-daemon@client.test" : from}>\nTo: <${to[0]}>\nSubject: ${subject}\nMessage-ID: ${idOf(subject)}\nDate: Mon, 01 Jun 2026 12:00:00 +0000\n\nhello`;
  const reply = await talk.message(text);
  expectOk(reply);
  return reply;
}
