/** An SMTP server for tests that says what a table tells it to, at the moment it tells. */
import { createServer, type Server, type Socket } from "node:net";
import { TLSSocket, type TLSSocketOptions } from "node:tls";

/** A reply without its line end; "drop" closes the connection, "silence" says nothing, "drop after X" says X first. */
export type Answer = string;
export type Script = {
  readonly greeting?: Answer;
  /** EHLO keywords. */
  readonly offers?: readonly string[];
  readonly offersInTls?: readonly string[];
  /** By command word, or by the whole line; the message itself is "MESSAGE". A list is said one after another, the last repeats. */
  readonly on?: { readonly [command: string]: Answer | readonly Answer[] };
  /** For STARTTLS; "broken" answers the handshake with nonsense. */
  readonly tls?: TLSSocketOptions | "broken";
  readonly implicit?: TLSSocketOptions;
};

export type FakeServer = {
  readonly port: number;
  /** What came, one entry a line; messages as "<…>" with their dots undone, "[connect]" for each connection. */
  readonly log: string[];
  readonly messages: Buffer[];
  connections: number;
  /** Resolves when no connection is open. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

export async function fakeServer(script: Script): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  const said = new Map<string, number>();
  const fake = { log: [] as string[], messages: [] as Buffer[], connections: 0 };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    fake.connections++;
    fake.log.push("[connect]");
    const first =
      script.implicit === undefined ? socket : new TLSSocket(socket, { isServer: true, ...script.implicit });
    first.on("error", () => {});
    speak(first, script.implicit !== undefined, true);
  });

  function speak(socket: Socket, inTls: boolean, greet: boolean): void {
    let buffer: Buffer = Buffer.alloc(0);
    let data = false;
    let chunk = 0;
    let taken = 0;
    const lmtp = script.on?.["LHLO"] !== undefined;
    const say = (answer: Answer): boolean => {
      if (answer === "drop") socket.destroy();
      else if (answer.startsWith("drop after ")) socket.end(`${answer.slice(11)}\r\n`);
      else if (answer !== "silence") socket.write(`${answer}\r\n`);
      return answer.startsWith("drop");
    };
    const answerTo = (line: string): Answer | undefined => {
      const verb = line.split(" ")[0]!.toUpperCase();
      for (const key of [line, verb]) {
        const answers = script.on?.[key];
        if (answers === undefined) continue;
        if (typeof answers === "string") return answers;
        const count = said.get(key) ?? 0;
        said.set(key, count + 1);
        return answers[Math.min(count, answers.length - 1)];
      }
      return undefined;
    };
    const endMessage = (message: Buffer): boolean => {
      fake.messages.push(message);
      fake.log.push(`<${message.toString("latin1").length}>`);
      const count = lmtp ? taken : 1;
      taken = 0;
      for (let at = 0; at < count; at++) if (say(answerTo("MESSAGE") ?? "250 2.0.0 taken")) return true;
      return false;
    };
    if (greet) say(script.greeting ?? "220 fake.test ESMTP");
    socket.on("data", (piece: Buffer) => {
      buffer = Buffer.concat([buffer, piece]);
      for (;;) {
        if (chunk > 0) {
          if (buffer.length < chunk) return;
          const message = buffer.subarray(0, chunk);
          buffer = buffer.subarray(chunk);
          chunk = 0;
          if (endMessage(message)) return;
          continue;
        }
        if (data) {
          const end = buffer.subarray(0, 3).toString("latin1") === ".\r\n" ? 0 : buffer.indexOf("\r\n.\r\n");
          if (end < 0) return;
          const raw = end === 0 ? Buffer.alloc(0) : buffer.subarray(0, end + 2);
          buffer = buffer.subarray(end === 0 ? 3 : end + 5);
          data = false;
          if (endMessage(Buffer.from(raw.toString("latin1").replace(/^\.\./gm, "."), "latin1"))) return;
          continue;
        }
        const end = buffer.indexOf("\r\n");
        if (end < 0) return;
        const line = buffer.toString("utf8", 0, end);
        buffer = buffer.subarray(end + 2);
        fake.log.push(line);
        const verb = line.split(" ")[0]!.toUpperCase();
        const offers = (inTls ? script.offersInTls : undefined) ?? script.offers ?? [];
        const usual =
          verb === "EHLO" || verb === "LHLO"
            ? ["fake.test", ...offers]
                .map((word, at, all) => `250${at === all.length - 1 ? " " : "-"}${word}`)
                .join("\r\n")
            : verb === "DATA"
              ? "354 go on"
              : verb === "STARTTLS"
                ? "220 go on"
                : verb === "QUIT"
                  ? "drop after 221 bye"
                  : "250 2.0.0 ok";
        const scripted = answerTo(line);
        const answer = scripted === undefined || scripted === "usual" ? usual : scripted;
        if (verb === "BDAT") {
          chunk = Number(line.split(" ")[1]);
          if (chunk === 0 && endMessage(Buffer.alloc(0))) return;
          continue;
        }
        if (verb === "RCPT" && answer.startsWith("2")) taken++;
        if (verb === "MAIL" || verb === "RSET") taken = 0;
        if (say(answer)) return;
        if (verb === "DATA" && answer.startsWith("354")) data = true;
        if (verb === "STARTTLS" && answer.startsWith("220")) {
          socket.removeAllListeners("data");
          if (script.tls === "broken" || script.tls === undefined) {
            socket.once("data", () => socket.end("this is no handshake\r\n"));
            return;
          }
          const secured = new TLSSocket(socket, { isServer: true, ...script.tls });
          secured.on("error", () => {});
          speak(secured, true, false);
          return;
        }
      }
    });
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(fake, {
    port: (server.address() as { port: number }).port,
    idle: async () => {
      while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
