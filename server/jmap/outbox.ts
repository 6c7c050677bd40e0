/**
 * Mail that waits for its time, and mail that is under way: watched until its end is known. Survives a restart, for both are in the store. Every node
 * watches all that waits; one of them hands it over.
 */
import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import { breathingFlatMap } from "../base/breathe.ts";
import type { Queue } from "../queue/queue.ts";
import {
  canceledSubmission,
  isSubmission,
  type Leaving,
  type Submission,
  submissionName,
} from "../scheduled/scheduled.ts";
import type { AccountId } from "../store/store.ts";
import { readBlob } from "./blobs.ts";
import type { SetDone } from "./objects.ts";
import type { JmapPorts } from "./ports.ts";
import { ReturnedReports } from "./returned.ts";
import { firstStatus, handedOver, handOver, headerOf, laterStatus, readEnvelope } from "./submission.ts";

const lookEveryMs = 1_000;
/** A node that dies while it hands something over is waited for so long; no hand-over takes longer. */
const leaveMs = 300_000;
/** What is to be written where something else of the account changes all the while is tried so often. */
const maxTries = 10;
/** Changes of an account that are looked at in one round; and, of those that were before the first that was heard of (one notice may stand for several). */
const maxChanges = 1_000;
const firstChanges = 100;
/** Submissions under way that are looked at in one round. */
const maxLookedAt = 200;
/** Known to be under way at most; what becomes of older ones is looked up no more. What waits for its time is always known. */
const maxWatched = 20_000;
/** Submissions of an account that are remembered once they have come to their end (RFC 8621 §7 lets a server forget them). */
export const maxRemembered = 2_000;
/** More of them than this, and the oldest go. */
const maxBeforeTidying = maxRemembered + 200;

type Watched = { readonly account: AccountId; readonly id: string; readonly dueAt: number };
type Kept = { readonly data: Submission; readonly state: number };

const here = { address: "127.0.0.1", port: 0 };
const keyOf = (account: AccountId, id: string): string => `${account} ${id}`;

export class Outbox {
  readonly #ports: JmapPorts;
  readonly #queue: Pick<Queue, "act" | "show">;
  readonly #returned: ReturnedReports;
  readonly #waiting = new Map<string, Watched>();
  readonly #underWay = new Map<string, Watched>();
  /** Being handed over now: too late to take them back. */
  readonly #leaving = new Set<string>();
  /** Accounts whose submissions have changed, by another node it may be; and up to which state those of an account have been looked at. */
  readonly #changed = new Set<AccountId>();
  readonly #seenTo = new Map<AccountId, number>();
  /** This process, among those that share the store. */
  readonly #self: string;
  #unsubscribe: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;

  constructor(ports: JmapPorts, queue: Pick<Queue, "act" | "show">, self: string = randomUUID()) {
    this.#self = self;
    this.#ports = ports;
    this.#queue = queue;
    this.#returned = new ReturnedReports(ports);
  }

  async start(): Promise<void> {
    this.#returned.start();
    this.#unsubscribe = this.#ports.store.subscribe((changes) => {
      for (const change of changes)
        if (change.kind === "objects" && change.type === submissionName) {
          this.#changed.add(change.account);
          if (!this.#seenTo.has(change.account)) this.#seenTo.set(change.account, change.modseq - firstChanges);
          if (this.#seenTo.size > maxWatched) this.#seenTo.delete(this.#seenTo.keys().next().value as AccountId);
        }
    });
    for (const { account, id, data } of await this.#ports.store.objectsOfAll(submissionName))
      if (isSubmission(data)) {
        this.#returned.expect(account, data, true);
        this.watch(account, id, data);
      }
    this.#timer = setInterval(() => {
      this.#round ??= this.#look().finally(() => {
        this.#round = undefined;
      });
    }, lookEveryMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#returned.stop();
    this.#unsubscribe?.();
    await this.#round;
  }

  /** Remembers a submission whose end is not known. It has to be in the store. */
  watch(account: AccountId, id: string, data: Submission): void {
    this.#returned.expect(account, data);
    if (data.undoStatus === "canceled") return;
    const key = keyOf(account, id);
    if (data.blobId !== undefined) {
      this.#waiting.set(key, { account, id, dueAt: Date.parse(data.sendAt) });
      return;
    }
    if (data.queueId === undefined || !Object.values(data.deliveryStatus).some(isQueued)) return;
    if (this.#underWay.size >= maxWatched) this.#underWay.delete(this.#underWay.keys().next().value as string);
    this.#underWay.set(key, { account, id, dueAt: 0 });
  }

  /** Looks after what a client has set, and forgets the oldest of too many. `all`: of the account, as far as the client sees. */
  async follow(account: AccountId, set: readonly string[], all: SetDone["all"]): Promise<void> {
    for (const id of set) {
      const data = all.get(id)?.data;
      if (isSubmission(data)) this.watch(account, id, data);
    }
    if (all.size <= maxBeforeTidying) return;
    const over = await breathingFlatMap([...all], ([id, { data }]) =>
      isSubmission(data) && isAtEnd(data) ? [{ id, at: data.sendAt }] : [],
    );
    over.sort((one, other) => (one.at < other.at ? -1 : 1));
    const old = over.slice(0, Math.max(0, all.size - maxRemembered));
    await this.#ports.store.objectsPut(
      account,
      submissionName,
      old.map(({ id }) => ({ id, data: undefined })),
      undefined,
    );
  }

  async #look(): Promise<void> {
    await this.#returned.look();
    await this.#hear();
    const now = this.#ports.now();
    let looked = 0;
    // What nothing may leave of stays put off, and can be taken back.
    for (const watched of this.#ports.withheld() ? [this.#underWay] : [this.#waiting, this.#underWay])
      for (const [key, one] of [...watched]) {
        if (one.dueAt > now) continue;
        if (++looked > maxLookedAt) return;
        // To the end of the line; who has taken it back meanwhile has taken it out.
        if (!watched.delete(key)) continue;
        this.#leaving.add(key);
        try {
          const kept = await this.#load(one.account, one.id);
          if (kept === undefined || kept.data.undoStatus === "canceled") continue;
          const { data } = kept;
          const until = this.#takenUntil(data);
          if (until !== undefined) this.#waiting.set(key, { ...one, dueAt: until });
          else if (data.blobId === undefined)
            this.watch(one.account, one.id, await this.#refresh(one.account, one.id, kept));
          else {
            const after = await this.#send(one.account, one.id);
            if (after !== undefined) this.watch(one.account, one.id, after);
          }
        } catch (error) {
          this.#ports.log.error(
            { error, submission: one.id },
            "a submission could not be looked after; it is tried again",
          );
          watched.set(key, { ...one, dueAt: now + 60_000 });
        } finally {
          this.#leaving.delete(key);
        }
      }
  }

  /** What another node keeps until its time is watched here too: that node may be gone by then. */
  async #hear(): Promise<void> {
    const { store } = this.#ports;
    for (const account of [...this.#changed].slice(0, maxLookedAt)) {
      this.#changed.delete(account);
      const since = Math.max(0, this.#seenTo.get(account) ?? 0);
      const changes = await store.objectChanges(account, submissionName, since, maxChanges);
      const ids =
        changes.kind === "cannot"
          ? undefined
          : [...changes.created, ...changes.updated].filter((id) => !this.#waiting.has(keyOf(account, id)));
      if (changes.kind === "done") {
        this.#seenTo.set(account, changes.state);
        if (changes.more) this.#changed.add(account);
      }
      if (ids?.length === 0) continue;
      for (const { id, data } of (await store.objects(account, submissionName, ids)).objects)
        if (isSubmission(data) && data.blobId !== undefined && !this.#leaving.has(keyOf(account, id)))
          this.watch(account, id, data);
    }
  }

  /** Until when another node has it; undefined: nobody else does. */
  #takenUntil({ leaving }: Submission): number | undefined {
    return leaving !== undefined && leaving.by !== this.#self && leaving.until > this.#ports.now()
      ? leaving.until
      : undefined;
  }

  /** Writes what is made of a submission that still waits, whatever else of the account changes meanwhile; undefined: it does not wait any more. */
  async #change(
    account: AccountId,
    id: string,
    make: (data: Submission) => Submission | undefined | Promise<Submission | undefined>,
  ): Promise<{ readonly before: Submission; readonly after: Submission } | undefined> {
    for (let tries = 0; tries < maxTries; tries++) {
      const kept = await this.#load(account, id);
      if (kept === undefined || kept.data.undoStatus !== "pending" || kept.data.blobId === undefined) return undefined;
      if (this.#takenUntil(kept.data) !== undefined) return undefined;
      const after = await make(kept.data);
      if (after === undefined) return undefined;
      const put = await this.#ports.store.objectsPut(account, submissionName, [{ id, data: after }], kept.state);
      if (typeof put !== "string") return { before: kept.data, after };
    }
    throw new Error("its account changes all the while");
  }

  async #load(account: AccountId, id: string): Promise<Kept | undefined> {
    const { objects, state } = await this.#ports.store.objects(account, submissionName, [id]);
    const data = objects[0]?.data;
    return isSubmission(data) ? { data, state } : undefined;
  }

  /** What the queue knows by now is put down, unless a client has set something since: then it is looked at again. */
  async #refresh(account: AccountId, id: string, { data, state }: Kept): Promise<Submission> {
    if (data.queueId === undefined) return data;
    const entries = await this.#ports.store.trace(data.queueId, 200);
    const deliveryStatus = laterStatus(data.deliveryStatus, entries);
    const isFinal =
      Object.values(deliveryStatus).some(
        (status) => status["delivered"] === "yes" || status["delivered"] === "unknown",
      ) || !Object.values(deliveryStatus).some(isQueued);
    const undoStatus = isFinal ? "final" : data.undoStatus;
    if (deliveryStatus === data.deliveryStatus && undoStatus === data.undoStatus) return data;
    const after: Submission = { ...data, deliveryStatus, undoStatus };
    const put = await this.#ports.store.objectsPut(account, submissionName, [{ id, data: after }], state);
    return typeof put === "string" ? data : after;
  }

  /** Hands it over; undefined: somebody else does, or has. */
  async #send(accountId: AccountId, id: string): Promise<Submission | undefined> {
    const { store, log, newId, now } = this.#ports;
    const leaving: Leaving = { by: this.#self, until: now() + leaveMs, trace: newId() };
    const leased = await this.#change(accountId, id, (data) => ({ ...data, leaving }));
    if (leased === undefined) {
      const kept = await this.#load(accountId, id);
      return kept?.data;
    }
    const data = leased.before;
    const sender = data.by ?? accountId;
    const [account] = await store.accounts({ id: sender });
    const blob = account && (await readBlob(this.#ports, sender, data.blobId as string));
    const { blobId: _, leaving: earlier, ...rest } = data;
    const envelope = blob && readEnvelope(data.envelope, headerOf(blob.bytes), account.name);
    if (account === undefined || blob === undefined || envelope === undefined || "type" in envelope) {
      log.error({ submission: id, account: sender }, "a message that waited for its time is not there any more");
      return this.#put(accountId, id, failedSubmission(rest, "554 5.3.0 The message is not there any more"));
    }
    const handed =
      (earlier && (await handedOver(store, earlier.trace))) ??
      (await handOver(
        this.#ports,
        { account, appPassword: data.appPassword },
        blob.bytes,
        envelope,
        here,
        leaving.trace,
      ));
    if (!handed.accepted && handed.reply.startsWith("4")) throw new Error(handed.reply);
    const after: Submission = handed.accepted
      ? {
          ...rest,
          ...(handed.queueId === undefined ? {} : { queueId: handed.queueId }),
          undoStatus: handed.queueId !== undefined && handed.queued.size === envelope.to.length ? "pending" : "final",
          deliveryStatus: firstStatus(envelope, handed),
        }
      : failedSubmission(rest, handed.reply);
    return this.#put(accountId, id, after);
  }

  async #put(account: AccountId, id: string, after: Submission): Promise<Submission> {
    await this.#ports.store.objectsPut(account, submissionName, [{ id, data: after }], undefined);
    return after;
  }

  /** Takes it back; false where it is too late. */
  async cancel(account: AccountId, id: string, data: Submission): Promise<boolean> {
    if (data.undoStatus !== "pending") return false;
    const key = keyOf(account, id);
    if (data.blobId !== undefined) {
      if (this.#leaving.has(key)) return false;
      // Written here already, and where it still waits alone: another node may be about to hand it over.
      const done = await this.#change(account, id, async (kept) =>
        kept.leaving !== undefined && (await handedOver(this.#ports.store, kept.leaving.trace)) !== undefined
          ? undefined
          : canceledSubmission(kept),
      );
      if (done === undefined) return false;
      this.#waiting.delete(key);
      return true;
    }
    if (data.queueId === undefined) return false;
    const queued = await this.#queue.show(data.queueId);
    // Only as long as nobody has it.
    if (queued === undefined || queued.recipients.length < Object.keys(data.deliveryStatus).length) return false;
    return (await this.#queue.act({ id: data.queueId }, "delete")) > 0;
  }
}

const isQueued = (status: JsonObject): boolean => status["delivered"] === "queued";
/** Nothing that is to come hangs on it. */
const isAtEnd = ({ undoStatus, blobId, deliveryStatus }: Submission): boolean =>
  undoStatus === "canceled" || (blobId === undefined && !Object.values(deliveryStatus).some(isQueued));

const failedSubmission = (data: Submission, smtpReply: string): Submission => ({
  ...data,
  undoStatus: "final",
  deliveryStatus: Object.fromEntries(
    Object.keys(data.deliveryStatus).map((address) => [address, { smtpReply, delivered: "no", displayed: "unknown" }]),
  ),
});
