/** A small world for tests: an IMAP server on loopback, and a client that speaks in lines. */
import assert from "node:assert/strict";
import * as net from "node:net";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import type { Login } from "../access/login.ts";
import { quiet } from "../base/log.ts";
import { Connection } from "../net/connection.ts";
import { ChangeHub } from "../notify/changes.ts";
import type { Account, Store } from "../store/store.ts";
import { ContentCache } from "./content-cache.ts";
import { type ImapNeeds, serveImap } from "./conversation.ts";
import { defaultImapSettings, type ImapSettings } from "./settings.ts";

export type ImapWorld = {
  readonly port: number;
  readonly store: Store;
  readonly needs: ImapNeeds;
  readonly stop: AbortController;
  /** From now on the store fails what is asked of it, until mended. */
  breakStore(error: Error): { mend(): void };
  connect(): Promise<Client>;
  /** Connected and logged in. */
  user(): Promise<Client>;
  close(): Promise<void>;
};

export async function imapWorld(
  store: Store,
  accounts: readonly Account[],
  more: Partial<Omit<ImapNeeds, "settings">> & { readonly settings?: Partial<ImapSettings> } = {},
): Promise<ImapWorld> {
  const stop = new AbortController();
  const hub = new ChangeHub(store);
  let trouble: Error | undefined;
  const needs: ImapNeeds = {
    store: new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return trouble === undefined ? value.bind(target) : () => Promise.reject(trouble);
      },
    }),
    login: openDoor(accounts),
    notify: hub,
    tls: undefined,
    log: quiet,
    now: Date.now,
    cache: new ContentCache(),
    factsOf,
    factsOfLarge: async (bytes) => factsOf(bytes),
    shared: async () => {},
    scripts: async () => {},
    ...more,
    settings: { ...defaultImapSettings, host: "mail.example.test", ...more.settings },
  };
  const open = new Set<Connection>();
  const served = new Set<Promise<void>>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new Connection(socket);
    open.add(connection);
    const done = serveImap(connection, needs, stop.signal)
      .then(() => (connection.closed ? connection.destroy() : connection.end()))
      .catch((error: unknown) => {
        console.error(error);
        connection.destroy();
      })
      .then(() => {
        open.delete(connection);
        served.delete(done);
      });
    served.add(done);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const clients: Client[] = [];
  const connect = async (): Promise<Client> => {
    const client = new Client(port);
    clients.push(client);
    await client.line();
    return client;
  };
  return {
    port,
    store,
    needs,
    stop,
    breakStore(error) {
      trouble = error;
      return {
        mend() {
          trouble = undefined;
        },
      };
    },
    connect,
    async user() {
      const client = await connect();
      await client.ok("LOGIN u1@example.test pw");
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      for (const connection of open) connection.destroy();
      server.close();
      await Promise.all(served);
      hub[Symbol.dispose]();
    },
  };
}

/** Everybody's password is "pw"; PLAIN and LOGIN also without TLS. */
function openDoor(accounts: readonly Account[]): Login {
  const refusal = { kind: "refused", reason: "credentials" } as const;
  const login: Login = {
    mechanisms: () => ["PLAIN", "LOGIN"],
    async password(user, password) {
      const account = accounts.find(({ name }) => name === user);
      return account === undefined || password !== "pw" ? refusal : { kind: "ok", account };
    },
    async sasl(mechanism, initial, ask, where) {
      if (mechanism !== "PLAIN") return { kind: "refused", reason: "mechanism" };
      const response = initial ?? (await ask(Buffer.alloc(0)));
      if (typeof response === "string") return { kind: "refused", reason: response };
      const [, user = "", password = ""] = response.toString().split("\0");
      return login.password(user, password, where);
    },
  };
  return login;
}

/** Speaks in lines and literals; every answer is a byte string without its last CRLF. */
export class Client {
  readonly #socket: net.Socket;
  #unread = "";
  #waiting: (() => void) | undefined;
  #ended = false;
  #tag = 0;

  constructor(port: number) {
    this.#socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("error", () => {});
    this.#socket.on("data", (chunk: Buffer) => {
      this.#unread += chunk.toString("latin1");
      this.#waiting?.();
    });
    this.#socket.on("close", () => {
      this.#ended = true;
      this.#waiting?.();
    });
  }

  get socket(): net.Socket {
    return this.#socket;
  }

  write(bytes: string | Uint8Array): void {
    if (typeof bytes === "string") this.#socket.write(bytes, "latin1");
    else this.#socket.write(bytes);
  }

  /** One response, its literals included; "" when the server is gone. */
  async line(): Promise<string> {
    for (;;) {
      const response = this.#take();
      if (response !== undefined) return response;
      if (this.#ended) return "";
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  #take(): string | undefined {
    let from = 0;
    for (;;) {
      const end = this.#unread.indexOf("\r\n", from);
      if (end < 0) return undefined;
      const literal = /\{(\d+)\}$/.exec(this.#unread.slice(from, end));
      if (literal === null) {
        const line = this.#unread.slice(0, end);
        this.#unread = this.#unread.slice(end + 2);
        return line;
      }
      from = end + 2 + Number(literal[1]);
      if (this.#unread.length < from) return undefined;
    }
  }

  /** Untagged responses and the tagged one (without its tag), in order. */
  async run(command: string | Uint8Array): Promise<string[]> {
    const tag = `t${++this.#tag}`;
    this.write(`${tag} `);
    this.write(command);
    this.write("\r\n");
    return this.until(tag);
  }

  /** Responses up to the one tagged so. */
  async until(tag: string): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line.startsWith(`${tag} `)) {
        lines.push(line.slice(tag.length + 1));
        return lines;
      }
      lines.push(line);
      if (line === "") throw new Error(`The server is gone after ${JSON.stringify(lines)}`);
    }
  }

  /** The untagged responses of a command that must succeed. */
  async ok(command: string | Uint8Array): Promise<string[]> {
    const lines = await this.run(command);
    const last = lines.pop() ?? "";
    if (!last.startsWith("OK")) throw new Error(`${command}: ${last}`);
    return lines;
  }

  /** APPEND with a literal that does not wait. */
  append(mailbox: string, message: string, flags = ""): Promise<string[]> {
    return this.run(`APPEND ${mailbox} ${flags === "" ? "" : `(${flags}) `}{${message.length}+}\r\n${message}`);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Plays "C: …" and "S: …" lines; "~" is CRLF within a response. Numbers that the store chooses are letters. */
export async function play(client: Client, script: string): Promise<void> {
  for (const step of script
    .trim()
    .split("\n")
    .map((line) => line.trim())) {
    if (step.startsWith("C: ")) client.write(`${step.slice(3).replaceAll("~", "\r\n")}\r\n`);
    else assert.equal(steady(await client.line()).trimEnd(), step.slice(3), `in ${script}`);
  }
}

function steady(line: string): string {
  return line
    .replaceAll("\r\n", "~")
    .replace(/UIDVALIDITY \d+/, "UIDVALIDITY V")
    .replace(/(APPENDUID|COPYUID) \d+/, "$1 V")
    .replace(/HIGHESTMODSEQ \d+/, "HIGHESTMODSEQ M")
    .replace(/MODSEQ \(\d+\)/, "MODSEQ (M)")
    .replace(/MAILBOXID \(F\d+\)/, "MAILBOXID (F)")
    .replace(/EMAILID \(M\d+\)/, "EMAILID (M)")
    .replace(/THREADID \(T\d+\)/, "THREADID (T)");
}
