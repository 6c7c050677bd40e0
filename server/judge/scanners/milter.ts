/** Milters (the protocol of Sendmail's libmilter, version 6): the message is told piece by piece, each piece is answered. */
import type { Socket } from "node:net";
import { rawValue } from "../../../protocol/mime/header.ts";
import { formatMailbox } from "../../../protocol/smtp/address.ts";
import type { Received } from "../../receive/received.ts";
import type { Opinion, Scanner } from "./scanner.ts";
import { open, type SocketAddress } from "./socket.ts";

export type MilterSettings = { readonly address: SocketAddress; readonly timeoutMs: number; readonly maxBytes: number };

const version = 6;
/**
 * All SMFIF_ actions. libmilter ends the conversation of a filter that finds one missing which it may want, and most want some
 * (opendkim, adding a field); what they would change is not heard.
 */
const offered = 0x1ff;
const chunkBytes = 65_535;
const maxPacketBytes = 1024 * 1024;
const maxRecipients = 100;
const maxFields = 2000;

type Packet = { readonly command: string; readonly data: Buffer };

export function milter({ address, timeoutMs, maxBytes }: MilterSettings): Scanner {
  const where = "path" in address ? address.path : `${address.host}:${address.port}`;
  return {
    name: "Milter",
    ask: async (mail, header) => {
      const socket = await open(address, timeoutMs);
      try {
        const talk = new Talk(socket);
        await talk.negotiate();
        const { remote } = mail;
        const family = remote.address.includes(":") ? "6" : "4";
        const port = Buffer.alloc(2);
        port.writeUInt16BE(remote.port);
        const steps: (readonly [command: string, data: Buffer])[] = [
          [
            "C",
            Buffer.concat([
              cstring(mail.remoteName ?? `[${remote.address}]`),
              Buffer.from(family),
              port,
              cstring(remote.address),
            ]),
          ],
          ["H", cstring(mail.helo)],
          ["M", cstring(`<${mail.envelopeFrom}>`)],
          ...mail.recipients.slice(0, maxRecipients).map((one) => ["R", cstring(`<${formatMailbox(one)}>`)] as const),
          ...header.fields
            .filter(({ name }) => name !== "")
            .slice(0, maxFields)
            .map(
              (field) =>
                [
                  "L",
                  Buffer.concat([
                    cstring(header.text.slice(field.start, field.valueStart - 1).trim(), "latin1"),
                    cstring(
                      rawValue(header, field)
                        .replace(/^ /, "")
                        .replace(/\r?\n$/, ""),
                      "latin1",
                    ),
                  ]),
                ] as const,
            ),
          ["N", Buffer.alloc(0)],
        ];
        for (const [command, data] of steps) {
          if (command === "M") talk.tellMacros(command, macrosOf(mail));
          const opinion = await talk.step(command, data);
          if (opinion !== undefined) return named(opinion, where);
        }
        const body = mail.bytes.subarray(header.end, header.end + maxBytes);
        for (let at = 0; at < body.length; at += chunkBytes) {
          const opinion = await talk.step("B", body.subarray(at, at + chunkBytes));
          if (opinion !== undefined) return named(opinion, where);
        }
        return named((await talk.step("E", Buffer.alloc(0))) ?? { kind: "clean" }, where);
      } finally {
        socket.end(packet("Q", Buffer.alloc(0)));
        socket.destroySoon();
      }
    },
  };
}

/** Which message it is, and whose where it was submitted: what filters write into their logs, and some decide by. */
function macrosOf({ id, account }: Received): readonly (readonly [name: string, value: string])[] {
  return [["i", id], ...(account === undefined ? [] : [["{auth_authen}", account.name] as const])];
}

function named(opinion: Opinion, where: string): Opinion {
  return opinion.kind === "clean"
    ? opinion
    : { ...opinion, why: opinion.why === "" ? `The milter at ${where} does not want this message` : opinion.why };
}

const cstring = (text: string, encoding: BufferEncoding = "utf8"): Buffer =>
  Buffer.concat([Buffer.from(text.replaceAll("\0", ""), encoding), Buffer.from([0])]);

function packet(command: string, data: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(data.length + 1);
  head.write(command, 4, "latin1");
  return Buffer.concat([head, data]);
}

class Talk {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended: Error | undefined;
  #quarantine: string | undefined;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.#received = Buffer.concat([this.#received, piece]);
      this.#wake();
    });
    const end = (error?: Error): void => {
      this.#ended ??= error ?? new Error("the milter closed the connection");
      this.#wake();
    };
    socket.on("error", end);
    socket.on("close", () => end());
  }

  async negotiate(): Promise<void> {
    const data = Buffer.alloc(12);
    data.writeUInt32BE(version, 0);
    data.writeUInt32BE(offered, 4);
    this.#socket.write(packet("O", data));
    const { command } = await this.#next();
    if (command !== "O") throw new Error("the milter does not negotiate");
  }

  /** Told before the command that they belong to; there is no answer to it. */
  tellMacros(command: string, macros: readonly (readonly [name: string, value: string])[]): void {
    const text = macros.flatMap(([name, value]) => [cstring(name), cstring(value)]);
    this.#socket.write(packet("D", Buffer.concat([Buffer.from(command), ...text])));
  }

  /** Undefined: go on. */
  async step(command: string, data: Buffer): Promise<Opinion | undefined> {
    this.#socket.write(packet(command, data));
    for (;;) {
      const answer = await this.#next();
      switch (answer.command) {
        case "c":
        case "s": // skip the rest of the body: as good as being asked about it
          return command === "E" && this.#quarantine !== undefined
            ? { kind: "quarantine", why: this.#quarantine }
            : undefined;
        case "a":
          return { kind: "clean" };
        case "r":
        case "d": // silently thrown away is not something that we do
          return { kind: "refuse", why: "" };
        case "t":
          return { kind: "later", why: "" };
        case "y": {
          const text = answer.data.toString("latin1").replace(/\0.*$/s, "");
          return {
            kind: text.startsWith("4") ? "later" : "refuse",
            why: text.replace(/^\d{3}[ -]?(?:\d\.\d+\.\d+ ?)?/, ""),
          };
        }
        case "q":
          this.#quarantine = answer.data.toString("utf8").replace(/\0.*$/s, "");
          break;
        default: // progress, and changes, which are the filter's wish only
      }
    }
  }

  async #next(): Promise<Packet> {
    for (;;) {
      if (this.#received.length >= 5) {
        const size = this.#received.readUInt32BE(0);
        if (size < 1 || size > maxPacketBytes) throw new Error("the milter sends a packet of no sense");
        if (this.#received.length >= 4 + size) {
          const found = {
            command: this.#received.toString("latin1", 4, 5),
            data: this.#received.subarray(5, 4 + size),
          };
          this.#received = this.#received.subarray(4 + size);
          return found;
        }
      }
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
