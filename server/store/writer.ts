/** The one that writes: what is waiting becomes one transaction, one commit, one answer. */
import type { Blobs } from "./blobs.ts";
import { type Answer, type Answers, type Call, failureOf } from "./calls.ts";
import type { ImportTo } from "./carry-store.ts";
import {
  type PackedCopies,
  type PackedCopiesAnswer,
  packAccepted,
  packCopiesAnswer,
  unpackAcceptance,
} from "./crossing.ts";
import type { Packed } from "./crossing-lists.ts";
import { unpackSettle } from "./crossing-queue.ts";
import { keepQuickly } from "./keep.ts";
import { migrate } from "./migrations/migrate.ts";
import type { KeptImported } from "./ops/carry.ts";
import type { KeptAcceptance, KeptAppend, KeptMessage } from "./ops/kept.ts";
import type { Op, StoredBytes } from "./ops/tx.ts";
import { writeOps } from "./ops/write.ts";
import { keptForDeleting, noReserve, type Reserve } from "./reserve.ts";
import { heedShared } from "./shared-memory.ts";
import { type Database, Effects } from "./sqlite.ts";
import type { Change } from "./store.ts";
import { StoreTrouble, troubleOf } from "./trouble.ts";

/** One transaction takes calls in until it has this many, or has run for so long. */
export const maxBatchCalls = 512;
const maxGatherMs = 20;
/** What makes room, or leads to it: on a full disk it may take from the reserve. */
const freeing: ReadonlySet<string> = new Set([
  "setFlags",
  "expunge",
  "move",
  "deleteMailbox",
  "emailsSet",
  "removeQuarantined",
  "purge",
  "queueAct",
  "tidy",
]);

export class Writer {
  readonly #open: () => Database;
  readonly #blobs: Blobs;
  readonly #clock: () => number;
  readonly #reserve: Reserve;
  #database: Database | undefined;
  #seenVersion = -1;

  /** `open` is called at once, and again after a commit has failed. */
  constructor(open: () => Database, blobs: Blobs, clock: () => number, reserve: Reserve = noReserve) {
    this.#open = open;
    this.#blobs = blobs;
    this.#clock = clock;
    this.#reserve = reserve;
    const database = open();
    try {
      database.beginImmediate();
      new Effects(database, blobs, clock).run(migrate());
      database.commit();
    } catch (error) {
      database.close();
      throw error;
    }
    this.#database = database;
  }

  /**
   * Runs the calls, and those that `more` gives meanwhile, as one transaction. Each is undone alone when it fails by
   * itself; none is acknowledged when the commit fails.
   */
  run(first: readonly Call[], more: () => readonly Call[] = none): Answers {
    if (this.#reserve.isUsed() && !this.#hasRoomInside()) return this.#makingRoom(first);
    const calls = [...first];
    try {
      // Calls hardly ever fail, and a savepoint for each has its price: the pages it touches are copied. They get them when one has failed.
      return this.#transaction(calls, more, false) ?? this.#transaction(calls, more, true)!;
    } catch (error) {
      this.#reopen();
      // Whatever broke, it was not one of the calls: none of them may be said to be done.
      const trouble = troubleFor(error);
      if (calls.some(([, name]) => freeing.has(name)) && (this.#reserve.isUsed() || this.#reserve.use(trouble.kind)))
        return this.#makingRoom(calls);
      return { answers: allFailed(calls, trouble), changes: [] };
    }
  }

  /** Rows that were deleted have left so much that mail can be taken without the file growing. */
  #hasRoomInside(): boolean {
    try {
      return this.#opened().freeBytes() >= this.#reserve.insideBytes;
    } catch {
      return false; // What the matter is, the next call tells.
    }
  }

  /** On a full disk, with the reserve given up: only what makes room is done. */
  #makingRoom(calls: readonly Call[]): Answers {
    const some = calls.filter(([, name]) => freeing.has(name));
    const others = allFailed(
      calls.filter(([, name]) => !freeing.has(name)),
      keptForDeleting,
    );
    if (some.length === 0) return { answers: others, changes: [] };
    try {
      const { answers, changes } = this.#transaction(some, none, false) ?? this.#transaction(some, none, true)!;
      return { answers: [...answers, ...others], changes };
    } catch (error) {
      this.#reopen();
      return { answers: [...allFailed(some, troubleFor(error)), ...others], changes: [] };
    }
  }

  /** `calls` grows by what `more` gives. Without savepoints, undefined where a call failed by itself: all is undone then. */
  #transaction(calls: Call[], more: () => readonly Call[], savepoints: boolean): Answers | undefined {
    const database = this.#opened();
    database.beginImmediate();
    const begun = performance.now();
    const answers: Answer[] = [];
    const changes: Change[] = [];
    const sending = new Set<string>();
    const removed: string[] = [];
    for (let at = 0; at < calls.length; at++) {
      const [id, name, args] = calls[at]!;
      const effects = new Effects(database, this.#blobs, this.#clock);
      if (savepoints) database.savepoint();
      try {
        const value = effects.run(operation(name, args));
        if (savepoints) database.release();
        answers.push([id, undefined, value]);
        // Each message of a tenant says that there is an event: once is enough.
        for (const change of effects.changes)
          if (change.kind === "sending") for (const of of change.of) sending.add(of);
          else changes.push(change);
        removed.push(...effects.removedBlobs);
      } catch (error) {
        // A disk that is full or broken is no call's own fault.
        if (troubleOf(error) !== undefined || !database.inTransaction) throw error;
        if (!savepoints) {
          database.rollback();
          return undefined;
        }
        database.rollbackToSavepoint();
        answers.push([id, failureOf(error), undefined]);
      }
      // What has come while these ran is spared a commit of its own.
      const last = at === calls.length - 1;
      if (last && calls.length < maxBatchCalls && performance.now() - begun < maxGatherMs) calls.push(...more());
    }
    database.commit();
    for (const blob of removed) this.#removeBlob(blob);
    const told = changes.length > 1 ? latest(changes) : changes;
    return { answers, changes: sending.size === 0 ? told : [...told, { kind: "sending", of: [...sending] }] };
  }

  /** Nothing is lost when it stays: it is found again as a blob that no row names. */
  #removeBlob(blob: string): void {
    try {
      this.#blobs.remove(blob);
    } catch (error) {
      if (troubleOf(error) === undefined) throw error;
    }
  }

  #opened(): Database {
    if (this.#database === undefined) {
      this.#database = this.#open();
      this.#database.keepLogShort(this.#reserve.isShort());
    }
    return this.#database;
  }

  /** A connection whose commit has failed knows less than it believes: a new one reads what is really there. */
  #reopen(): void {
    const broken = this.#database;
    this.#database = undefined;
    try {
      broken?.rollback();
    } catch {
      // What it had not committed goes with it.
    }
    try {
      broken?.close();
    } catch {
      // It is given up anyway: the next call opens another.
    }
    this.#seenVersion = -1;
  }

  /** What another process (the command line) may have changed since the last call; we cannot know what it was. */
  foreignChanges(): readonly Change[] {
    if (this.#database === undefined) return [];
    const version = this.#database.dataVersion();
    const changed = this.#seenVersion !== -1 && version !== this.#seenVersion;
    this.#seenVersion = version;
    return changed ? [{ kind: "directory" }, { kind: "queue" }] : [];
  }

  /** Now and then: is there room on the disk? */
  heedRoom(): void {
    this.#putLogInOrder((database) => database.keepLogShort(this.#reserve.isShort()));
  }

  /** Nobody has asked for anything for a while. */
  rest(): void {
    this.#putLogInOrder((database) => database.shrinkLog());
  }

  /** What cannot be done on a disk in trouble is left for later: the next commit tells. */
  #putLogInOrder(how: (database: Database) => void): void {
    try {
      if (this.#database !== undefined) how(this.#database);
    } catch (error) {
      if (troubleOf(error) === undefined) throw error;
    }
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }
}

const none = (): readonly Call[] => [];

function troubleFor(error: unknown): StoreTrouble {
  return troubleOf(error) ?? new StoreTrouble("io", error instanceof Error ? error.message : String(error));
}

function allFailed(calls: readonly Call[], trouble: StoreTrouble): Answer[] {
  const failure = failureOf(trouble);
  return calls.map(([id]) => [id, failure, undefined]);
}

/** One change for each thing that changed: the last. */
function latest(changes: readonly Change[]): readonly Change[] {
  const last = new Map<string, Change>();
  for (const change of changes) {
    const name =
      change.kind === "mail"
        ? `${change.account} ${change.mailbox}`
        : change.kind === "objects"
          ? `${change.account} ${change.type}`
          : "account" in change
            ? `${change.account}`
            : change.kind;
    last.set(name, change);
  }
  return [...last.values()];
}

// ---------------------------------------------------------------- calls

/** Bytes that the caller's thread has already compressed or written. */
type Kept = { readonly stored: StoredBytes };
type Raw = { readonly bytes: Uint8Array };
type Message = (Kept | Raw) & object;

function kept<M extends Message>(message: M): M & Kept {
  return "stored" in message && message.stored !== undefined
    ? (message as M & Kept)
    : { ...message, stored: keepHere((message as Raw).bytes) };
}

function keepHere(bytes: Uint8Array): StoredBytes {
  heedShared(bytes);
  return keepQuickly(bytes);
}

type RawAcceptance = Omit<KeptAcceptance, "message"> & { readonly message: Message };

function keptAcceptance(acceptance: RawAcceptance): KeptAcceptance {
  return { ...acceptance, message: kept(acceptance.message) as KeptAcceptance["message"] };
}

function* acceptPacked(args: Packed): Op<Packed> {
  return packAccepted(yield* writeOps.accept(keptAcceptance(unpackAcceptance(args))));
}

function* acceptCopiesPacked([template, known, copies]: PackedCopies): Op<PackedCopiesAnswer> {
  return packCopiesAnswer(
    yield* writeOps.acceptCopies({
      template: kept(template),
      known,
      copies: copies.map((copy) => keptAcceptance(unpackAcceptance(copy))),
    }),
  );
}

function operation(name: string, args: readonly unknown[]): Op<unknown> {
  switch (name) {
    case "accept":
      return acceptPacked(args);
    case "acceptCopies":
      return acceptCopiesPacked(args as unknown as PackedCopies);
    case "append":
      return writeOps.append(
        args[0] as number,
        args[1] as number | string,
        (args[2] as Message[]).map(kept) as KeptAppend[],
      );
    case "replaceMessage": {
      const [account, mailbox, message, old] = args as Parameters<typeof writeOps.replaceMessage>;
      return writeOps.replaceMessage(account, mailbox, kept(message as unknown as Message) as KeptAppend, old);
    }
    case "putImported":
      return writeOps.putImported(args[0] as ImportTo, (args[1] as Message[]).map(kept) as unknown as KeptImported[]);
    case "emailAdd": {
      const [account, message, ...rest] = args as Parameters<typeof writeOps.emailAdd>;
      return writeOps.emailAdd(account, kept(message as Message) as KeptMessage, ...rest);
    }
    case "uploadPut": {
      const [account, id, message, ...rest] = args as Parameters<typeof writeOps.uploadPut>;
      return writeOps.uploadPut(account, id, kept(message as Message) as KeptMessage, ...rest);
    }
    case "settle": {
      const request = unpackSettle<RawAcceptance>(args);
      return writeOps.settle({ ...request, notices: request.notices.map(keptAcceptance) });
    }
    default: {
      const op = writeOps[name as keyof typeof writeOps] as ((...args: readonly unknown[]) => Op<unknown>) | undefined;
      if (op === undefined) throw new Error(`The store has no operation "${name}".`);
      return op(...args);
    }
  }
}
