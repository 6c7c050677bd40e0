/** A small honest SMTP server that keeps what it is sent: the "next server" of the journeys. */
import { createServer, type Socket } from "node:net";

export type Taken = {
  readonly from: string;
  readonly to: readonly string[];
  /** MAIL and RCPT as they were said. */
  readonly commands: readonly string[];
  readonly data: string;
};
export type Sink = {
  readonly port: number;
  readonly taken: Taken[];
  /** The next message that was not handed out yet. */
  readonly next: () => Promise<Taken>;
  readonly close: () => Promise<void>;
};

/** `answer` may refuse a recipient or the data with its own reply line; undefined means 250. */
export async function startSink(
  answer: (command: string) => string | undefined = () => undefined,
  { host = "127.0.0.1", port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<Sink> {
  const taken: Taken[] = [];
  const sockets = new Set<Socket>();
  let handedOut = 0;
  let wake: () => void = () => {};
  // Replies come in several writes: none waits for the acknowledgement of the one before.
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let buffer = "";
    let data = false;
    let from = "";
    let to: string[] = [];
    let commands: string[] = [];
    socket.write("220 sink.test ESMTP\r\n");
    socket.on("data", (chunk) => {
      buffer += chunk.toString("latin1");
      for (;;) {
        if (data) {
          const end = buffer.startsWith(".\r\n") ? 0 : buffer.indexOf("\r\n.\r\n");
          if (end < 0) return;
          const text = end === 0 ? "" : buffer.slice(0, end + 2);
          buffer = buffer.slice(end === 0 ? 3 : end + 5);
          data = false;
          const refused = answer("DATA-END");
          if (refused === undefined) taken.push({ from, to, commands, data: text.replaceAll("\r\n.", "\r\n") });
          socket.write(refused ?? "250 2.0.0 taken\r\n");
          wake();
          continue;
        }
        const end = buffer.indexOf("\r\n");
        if (end < 0) return;
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        const verb = line.slice(0, 4).toUpperCase();
        const refused = answer(line);
        if (refused !== undefined) socket.write(refused);
        else if (verb === "EHLO" || verb === "LHLO")
          socket.write("250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n");
        else if (verb === "MAIL") {
          from = /<([^>]*)>/.exec(line)?.[1] ?? "";
          to = [];
          commands = [line];
          socket.write("250 2.1.0 ok\r\n");
        } else if (verb === "RCPT") {
          to.push(/<([^>]*)>/.exec(line)?.[1] ?? "");
          commands.push(line);
          socket.write("250 2.1.5 ok\r\n");
        } else if (verb === "DATA" && to.length === 0) socket.write("554 5.5.1 no valid recipients\r\n");
        else if (verb === "DATA") {
          data = true;
          socket.write("354 go\r\n");
        } else if (verb === "QUIT") socket.end("221 2.0.0 bye\r\n");
        else socket.write("250 2.0.0 ok\r\n");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return {
    port: (server.address() as { port: number }).port,
    taken,
    next: async () => {
      while (taken.length <= handedOut)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return taken[handedOut++]!;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
