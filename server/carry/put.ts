/** Puts messages that come from elsewhere into mailboxes, some at a time, so that nothing comes twice. */
import { createHash } from "node:crypto";
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { ImportedMessage, ImportTo } from "../store/carry-store.ts";
import type { AccountId, Instant, MailboxId, Marks, SpecialUse, Store } from "../store/store.ts";

export type PutPorts = {
  readonly store: Pick<Store, "mailboxes" | "createMailbox" | "setSubscribed" | "putImported">;
  readonly factsOf: (bytes: Buffer) => MessageFacts | Promise<MessageFacts>;
};

/** Of one transaction. */
const maxBatchMessages = 100;
const maxBatchBytes = 8 * 1024 * 1024;

export type Counts = { added: number; known: number };

/** There is no way to go on: a sentence that says why. What has come so far stays, and is not brought again. */
export class CannotCarry extends Error {}

export const hashOf = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("base64url").slice(0, 27);

/** Messages of one folder on their way into one mailbox. `flush` when there are no more. */
export class Put {
  readonly #ports: PutPorts;
  readonly #to: ImportTo;
  readonly #counts: Counts;
  #waiting: ImportedMessage[] = [];
  #bytes = 0;

  constructor(ports: PutPorts, to: ImportTo, counts: Counts) {
    this.#ports = ports;
    this.#to = to;
    this.#counts = counts;
  }

  /** `key` is what the source calls the message; rejects with `CannotCarry`. */
  async add(bytes: Buffer, key: string, hash: string, marks: Marks, receivedAt: Instant): Promise<void> {
    const facts = await this.#ports.factsOf(bytes);
    this.#waiting.push({ bytes, facts, key, hash, marks, receivedAt });
    this.#bytes += bytes.length;
    if (this.#waiting.length >= maxBatchMessages || this.#bytes >= maxBatchBytes) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const put = await this.#ports.store.putImported(this.#to, batch);
    if (put.kind === "no-mailbox") throw new CannotCarry("The mailbox was removed meanwhile.");
    if (put.kind === "over-quota") {
      if (batch.length === 1)
        throw new CannotCarry(
          "The account may not keep so much mail: raise its quota (angarium account quota) and go on.",
        );
      // As many as there is room for.
      for (const one of batch) {
        this.#waiting = [one];
        await this.flush();
      }
      return;
    }
    if (put.kind !== "done") return;
    this.#counts.added += put.added;
    this.#counts.known += put.known;
  }
}

/** The mailbox of an account for a folder from elsewhere: by its role, else by its path, made where it is missing. */
export async function mailboxFor(
  { store }: PutPorts,
  account: AccountId,
  path: string,
  role: SpecialUse | undefined,
): Promise<MailboxId> {
  const all = await store.mailboxes(account);
  const found =
    (role === undefined ? undefined : all.find((one) => one.role === role)) ??
    all.find((one) => one.path.toLowerCase() === path.toLowerCase());
  if (found !== undefined) return found.id;
  const made = await store.createMailbox(account, path, role);
  if (made.kind === "done") {
    await store.setSubscribed(account, made.mailbox.path, true);
    return made.mailbox.id;
  }
  if (made.kind === "role-taken") return mailboxFor({ store } as PutPorts, account, path, undefined);
  throw new CannotCarry(`The mailbox "${path}" cannot be made (${made.kind}).`);
}
