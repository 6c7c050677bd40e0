/**
 * Changes between the processes of a cluster, over LISTEN/NOTIFY. They are sent after the commit and not within it: a NOTIFY
 * inside a transaction makes all commits of the database wait for each other. What is lost when a process dies between
 * its commit and its notice is seen at the next change or the next look.
 */
import { randomUUID } from "node:crypto";
import pg from "pg";
import type { Change } from "./store.ts";

const channel = "angarium_changes";
/** PostgreSQL takes payloads below 8000 bytes. */
const maxPayloadBytes = 7500;
/** Changes that wait for a connection; the oldest are dropped. */
const maxWaiting = 50_000;
const firstPauseMs = 50;
const maxPauseMs = 5000;

export type ChangeBus = {
  /** Tells the other processes. */
  readonly send: (changes: readonly Change[]) => void;
  readonly close: () => Promise<void>;
};

/** `heard` is told of the changes that other processes made. Answers when it is listening. */
export async function openChangeBus(url: string, heard: (changes: readonly Change[]) => void): Promise<ChangeBus> {
  const bus = new Bus(url, heard);
  await bus.open();
  return bus;
}

class Bus implements ChangeBus {
  readonly #url: string;
  readonly #heard: (changes: readonly Change[]) => void;
  readonly #us: string = randomUUID();
  readonly #waiting = new Map<string, Change>();
  #client: pg.Client | undefined;
  #sending: Promise<void> | undefined;
  #closed = false;
  #pauseMs = firstPauseMs;
  #timer: NodeJS.Timeout | undefined;

  constructor(url: string, heard: (changes: readonly Change[]) => void) {
    this.#url = url;
    this.#heard = heard;
  }

  async open(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: "angarium-changes",
      keepAlive: true,
    });
    let over = false;
    const lost = () => {
      if (over) return;
      over = true;
      if (this.#client === client) this.#client = undefined;
      client.end().catch(() => {});
      if (!this.#closed && this.#timer === undefined) this.#reopenLater();
    };
    client.on("error", lost);
    client.on("end", lost);
    client.on("notification", ({ payload }) => this.#receive(payload ?? ""));
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
    } catch (error) {
      over = true;
      client.end().catch(() => {});
      throw error;
    }
    if (this.#closed) return client.end();
    this.#client = client;
    this.#pauseMs = firstPauseMs;
    this.#flush();
  }

  #reopenLater(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.open().then(
        // What was said meanwhile is unknown: these two are cheap to look up again.
        () => this.#heard([{ kind: "directory" }, { kind: "queue" }]),
        () => {
          if (!this.#closed) this.#reopenLater();
        },
      );
    }, this.#pauseMs);
    this.#timer.unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, maxPauseMs);
  }

  send(changes: readonly Change[]): void {
    for (const change of changes) {
      // Of one mailbox only the newest change need be told.
      const key = keyOf(change);
      const before = this.#waiting.get(key);
      if (before !== undefined && "modseq" in before && "modseq" in change && before.modseq > change.modseq) continue;
      this.#waiting.set(key, change);
    }
    for (const key of this.#waiting.keys()) {
      if (this.#waiting.size <= maxWaiting) break;
      this.#waiting.delete(key);
    }
    this.#flush();
  }

  #flush(): void {
    if (this.#sending !== undefined || this.#client === undefined || this.#waiting.size === 0) return;
    this.#sending = this.#sendAll(this.#client).finally(() => {
      this.#sending = undefined;
      this.#flush();
    });
  }

  async #sendAll(client: pg.Client): Promise<void> {
    while (this.#waiting.size > 0 && this.#client === client) {
      const sent = new Map<string, Change>();
      let payload = this.#us;
      for (const [key, change] of this.#waiting) {
        const text = `\n${JSON.stringify(change)}`;
        if (payload.length + text.length > maxPayloadBytes) break;
        payload += text;
        sent.set(key, change);
      }
      try {
        await client.query({ name: "notify", text: "SELECT pg_notify($1, $2)", values: [channel, payload] });
      } catch {
        // They wait for the next connection.
        if (this.#client === client) this.#client = undefined;
        client.end().catch(() => {});
        return;
      }
      for (const [key, change] of sent) if (this.#waiting.get(key) === change) this.#waiting.delete(key);
    }
  }

  #receive(payload: string): void {
    const [sender, ...lines] = payload.split("\n");
    if (sender === this.#us || this.#closed) return;
    const changes: Change[] = [];
    for (const line of lines) changes.push(JSON.parse(line) as Change);
    if (changes.length > 0) this.#heard(changes);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#sending;
    await this.#client?.end();
  }
}

function keyOf(change: Change): string {
  switch (change.kind) {
    case "mail":
      return `mail ${change.account} ${change.mailbox}`;
    case "mailboxes":
      return `mailboxes ${change.account}`;
    case "objects":
      return `objects ${change.account} ${change.type}`;
    case "signed-out":
      return `${change.kind} ${change.account} ${change.session ?? ""}`;
    case "sieve":
      return `${change.kind} ${change.account}`;
    case "sending":
      return `sending ${change.of.join()}`;
    default:
      return change.kind;
  }
}
