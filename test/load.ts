/** Senders that do not stop, and an account of what was acknowledged to them: for the faults. */
import type { DevProcess } from "./dev-process.ts";
import { deliver, imapSession, smtpSession } from "./wire.ts";

const mailboxes = ["u1@example.test", "u2@example.test", "u3@example.test"];

/** Several sessions that send message after message to mailboxes of the server until `stop`. */
export class Load {
  /** Message-IDs that were answered 250. */
  readonly acknowledged = new Set<string>();
  /** Other answers to the data, in order. */
  readonly refusals: string[] = [];
  readonly #senders: readonly Promise<void>[];
  #running = true;
  #serial = 0;

  constructor(dev: DevProcess, sessions: number) {
    const port = dev.ready.ports["smtp"]!;
    this.#senders = Array.from({ length: sessions }, () => this.#send(port));
  }

  async #send(port: number): Promise<void> {
    while (this.#running) {
      try {
        const wire = await smtpSession(port);
        while (this.#running && !wire.closed) {
          const id = `load-${++this.#serial}`;
          const to = mailboxes[this.#serial % mailboxes.length]!;
          const answer = await deliver(
            wire,
            to,
            `Message-ID: <${id}@load.test>\r\nSubject: load\r\n\r\n${"text ".repeat(100)}\r\n`,
          );
          if (answer.startsWith("250")) this.acknowledged.add(id);
          else this.refusals.push(answer);
        }
        wire.close();
      } catch {
        // The server has ended: what was not acknowledged is the sender's to repeat.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Resolves when so many are acknowledged. */
  async until(count: number): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (this.acknowledged.size < count) {
      if (Date.now() > deadline)
        throw new Error(`only ${this.acknowledged.size} acknowledged; ${this.refusals.at(-1)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Resolves with the refusals from now on, when there are so many. */
  async untilRefused(count: number): Promise<readonly string[]> {
    const from = this.refusals.length;
    const deadline = Date.now() + 60_000;
    while (this.refusals.length < from + count) {
      if (Date.now() > deadline) throw new Error(`only ${this.refusals.length - from} refused`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.refusals.slice(from);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#senders);
  }

  /** What was acknowledged and is in no mailbox. */
  async lost(imapPort: number): Promise<readonly string[]> {
    const there = new Set<string>();
    for (const user of mailboxes) for (const id of await inboxIds(imapPort, user)) there.add(id);
    return [...this.acknowledged].filter((id) => !there.has(id));
  }
}

/** The load's Message-IDs in a user's INBOX. */
export async function inboxIds(imapPort: number, user: string): Promise<ReadonlySet<string>> {
  const wire = await imapSession(imapPort, user);
  const answer = await wire.imap("FETCH 1:* (ENVELOPE)");
  wire.close();
  return new Set([...answer.matchAll(/<(load-\d+)@load\.test>/g)].map(([, id]) => id!));
}
