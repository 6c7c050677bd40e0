/** A small world for POP3 tests: mail in memory, three accounts, a server on loopback, and a client that speaks lines. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import * as tls from "node:tls";
import type { Login } from "../access/login.ts";
import { quiet } from "../base/log.ts";
import { Connection } from "../net/connection.ts";
import type { Account, MessageRow } from "../store/store.ts";
import { LocalMaildropLocks } from "./locks.ts";
import type { MaildropStore } from "./open.ts";
import { servePop3 } from "./pop3.ts";
import { defaultPop3Settings, type Pop3Settings } from "./settings.ts";

export const account: Account = {
  id: 1,
  name: "u1@example.test",
  displayName: "",
  role: "user",
  disabled: false,
  quotaBytes: 0,
  usedBytes: 0,
  usedMessages: 0,
  createdAt: 0,
};

/** Mail of one INBOX. UIDs are 10, 20, 30 … */
export class Mail implements MaildropStore {
  readonly messages = new Map<number, Buffer>();
  readonly seen: number[] = [];
  /** Rows that one fetch answers at most. */
  pageRows = 500;
  fetches = 0;
  broken = false;

  constructor(messages: readonly string[]) {
    for (const [at, text] of messages.entries()) this.messages.set((at + 1) * 10, Buffer.from(text, "latin1"));
  }

  async mailboxes() {
    const inbox = { id: 5, parent: undefined, name: "INBOX", path: "INBOX", role: "inbox", subscribed: true } as const;
    const counts = {
      uidNext: 1e6,
      highestModseq: 1,
      messages: this.messages.size,
      unseen: 0,
      deleted: 0,
      sizeBytes: 0,
    };
    return [{ ...inbox, ...counts, uidValidity: 77 }];
  }

  async fetch(
    _account: number,
    _mailbox: number,
    uids: readonly (readonly [number, number])[],
    fields: readonly string[],
  ) {
    this.fetches++;
    if (this.broken) throw new Error("disk broke");
    const rows: MessageRow[] = [];
    const [low, high] = uids[0]!;
    let next: number | undefined;
    for (const [uid, bytes] of this.messages) {
      if (uid < low || uid > high) continue;
      if (rows.length === this.pageRows) {
        next = uid;
        break;
      }
      const plain = { uid, flags: 0, keywords: [], modseq: 1, savedAt: 0, email: 1, thread: 1, content: 1 };
      rows.push({ ...plain, receivedAt: uid, sizeBytes: bytes.length, ...(fields.includes("bytes") ? { bytes } : {}) });
    }
    return { rows, next };
  }

  async expunge(_account: number, _mailbox: number, uids: readonly (readonly [number, number])[] | undefined) {
    const gone: number[] = [];
    for (const uid of [...this.messages.keys()]) {
      if (!uids?.some(([low, high]) => uid >= low && uid <= high)) continue;
      this.messages.delete(uid);
      gone.push(uid);
    }
    return { kind: "done", uids: gone, modseq: 2 } as const;
  }

  async setFlags(_account: number, _mailbox: number, change: Parameters<MaildropStore["setFlags"]>[2]) {
    for (const uid of this.messages.keys()) {
      if (change.uids.some(([low, high]) => uid >= low && uid <= high)) this.seen.push(uid);
    }
    return { kind: "done", changed: [], modified: [], modseq: 2 } as const;
  }
}

/** Password "pw" and a two-step mechanism "TWO": challenge "who", answer "u1". PLAIN needs TLS where `tlsOnly`. */
export function login(tlsOnly = false): Login {
  const allowed = (where: Parameters<Login["mechanisms"]>[0]) => !tlsOnly || where.connection.tls !== undefined;
  const refused = (reason: "credentials" | "needs-tls" | "cancelled" | "malformed" | "closed") =>
    ({ kind: "refused", reason }) as const;
  return {
    mechanisms: (where) => (allowed(where) ? ["PLAIN", "TWO"] : ["TWO"]),
    async password(user, password, where) {
      if (!allowed(where)) return refused("needs-tls");
      return user === account.name && password === "pw" ? { kind: "ok", account } : refused("credentials");
    },
    async sasl(mechanism, initial, ask) {
      const said = initial ?? (await ask(Buffer.from(mechanism === "TWO" ? "who" : "")));
      if (typeof said === "string") return refused(said);
      const good = mechanism === "TWO" ? said.toString() === "u1" : said.toString() === `\0${account.name}\0pw`;
      return good ? { kind: "ok", account } : refused("credentials");
    },
  };
}

export type World = AsyncDisposable & {
  readonly port: number;
  readonly stop: AbortController;
  /** Conversations that have not ended. */
  readonly open: () => number;
  client(): Promise<Client>;
};

export async function world(
  mail: Mail,
  options: {
    readonly settings?: Partial<Pop3Settings>;
    readonly tls?: tls.TLSSocketOptions;
    readonly login?: Login;
    readonly now?: () => number;
  } = {},
): Promise<World> {
  const locks = new LocalMaildropLocks();
  const stop = new AbortController();
  let open = 0;
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    open++;
    const ended = servePop3(new Connection(socket), {
      store: mail,
      login: options.login ?? login(),
      locks,
      tlsOptions: options.tls === undefined ? undefined : () => options.tls!,
      stopping: stop.signal,
      settings: { ...defaultPop3Settings, ...options.settings },
      now: options.now ?? (() => 1_000_000_000),
      log: quiet,
    });
    void ended.then(() => open--);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const clients: Client[] = [];
  return {
    port,
    stop,
    open: () => open,
    async client() {
      const client = new Client(connect({ port, host: "127.0.0.1" }));
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.socket.destroy();
      server.close();
      if (server.listening || open > 0) await once(server, "close");
    },
  };
}

/** Sends bytes, reads what comes. */
export class Client {
  socket: Socket;
  #text = "";
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#listen();
  }

  #listen(): void {
    this.socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
      this.#wake?.();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    this.socket.on("close", end);
    this.socket.on("end", end);
    this.socket.on("error", end);
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  async #until<T>(found: () => T | undefined): Promise<T | undefined> {
    for (;;) {
      const what = found();
      if (what !== undefined || this.#ended) return what;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next line without CRLF; "closed" at the end. */
  async line(): Promise<string> {
    const end = await this.#until(() => (this.#text.includes("\r\n") ? this.#text.indexOf("\r\n") : undefined));
    if (end === undefined) return "closed";
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    return line;
  }

  /** A multi-line answer up to its dot, as sent, first line included. */
  async lines(): Promise<string> {
    const end = (await this.#until(() =>
      this.#text.includes("\r\n.\r\n") ? this.#text.indexOf("\r\n.\r\n") : undefined,
    ))!;
    const lines = this.#text.slice(0, end + 2);
    this.#text = this.#text.slice(end + 5);
    return lines;
  }

  /** Everything until the server closes. */
  async rest(): Promise<string> {
    await this.#until(() => undefined);
    return this.#text;
  }

  async ask(command: string): Promise<string> {
    this.send(`${command}\r\n`);
    return this.line();
  }

  async askLines(command: string): Promise<string> {
    this.send(`${command}\r\n`);
    return this.lines();
  }

  async login(): Promise<void> {
    await this.line();
    await this.ask("USER u1@example.test");
    await this.ask("PASS pw");
  }

  /** After STLS. */
  async secure(): Promise<void> {
    this.socket.removeAllListeners();
    const secured = tls.connect({ socket: this.socket, rejectUnauthorized: false });
    await once(secured, "secureConnect");
    this.socket = secured;
    this.#listen();
  }
}
