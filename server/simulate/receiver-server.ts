/** A modelled receiver as a real SMTP server on loopback: it answers in the provider's words, by what its model thinks of each message. */
import { createServer, type Server, type Socket } from "node:net";
import type { Answer, Mailing, Receiver, ReceiverProfile } from "./receiver.ts";

export type ReceiverServer = {
  readonly host: string;
  /** Hears of each message: whom it was for, what became of it, and from which address it came. */
  onMessage: (recipient: string, answer: Answer, source: string) => void;
  close(): Promise<void>;
};

/** `mailingOf`: what kind of recipient an address is. */
export async function serveReceiver(
  receiver: Receiver,
  { replies }: ReceiverProfile,
  mailingOf: (recipient: string) => Mailing,
  at: { readonly host: string; readonly port: number },
): Promise<ReceiverServer & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const served: ReceiverServer & { port: number } = {
    host: at.host,
    port: at.port,
    onMessage: () => {},
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const replyTo = (answer: Answer): string =>
    answer.blocked > 0
      ? replies.blocked
      : answer.unknown > 0
        ? replies.unknownUser
        : answer.deferred > 0
          ? replies.tooMuch
          : replies.accepted;
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    const source = socket.remoteAddress ?? "";
    let buffer = "";
    let inData = false;
    let domain = "";
    let recipient = "";
    socket.write("220 ready ESMTP\r\n");
    socket.on("data", (chunk) => {
      buffer += chunk.toString("latin1");
      for (;;) {
        if (inData) {
          const end = buffer.indexOf("\r\n.\r\n");
          if (end < 0) return;
          buffer = buffer.slice(end + 5);
          inData = false;
          const answer = receiver.receive(source, domain, 1, mailingOf(recipient));
          served.onMessage(recipient, answer, source);
          socket.write(`${replyTo(answer)}\r\n`);
          continue;
        }
        const end = buffer.indexOf("\r\n");
        if (end < 0) return;
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        const address = /<([^>]*)>/.exec(line)?.[1] ?? "";
        switch (line.slice(0, 4).toUpperCase()) {
          case "EHLO":
            socket.write("250-receiver\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
            break;
          case "MAIL":
            domain = address.slice(address.lastIndexOf("@") + 1);
            socket.write("250 2.1.0 ok\r\n");
            break;
          case "RCPT":
            recipient = address;
            socket.write("250 2.1.5 ok\r\n");
            break;
          case "DATA":
            inData = true;
            socket.write("354 go\r\n");
            break;
          case "QUIT":
            socket.end("221 2.0.0 bye\r\n");
            break;
          default:
            socket.write("250 2.0.0 ok\r\n");
        }
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, resolve);
  });
  served.port = (server.address() as { readonly port: number }).port;
  return served;
}
