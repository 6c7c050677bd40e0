/** Mail that waits for its time, and mail that is under way: watched until its end is known. Survives a restart, for both are in the store. */
import type { Queue } from "../queue/queue.ts";
import type { AccountId } from "../store/store.ts";
import { readBlob } from "./blobs.ts";
import type { JmapPorts } from "./ports.ts";
import { ReturnedReports } from "./returned.ts";
import {
  firstStatus,
  handOver,
  headerOf,
  isSubmission,
  laterStatus,
  readEnvelope,
  type Submission,
  submissionName,
} from "./submission.ts";

const lookEveryMs = 1_000;
/** Submissions under way that are looked at in one round. */
const maxLookedAt = 200;
/** Known to be under way at most; of older ones only a /get tells. */
const maxWatched = 20_000;

type Watched = { readonly account: AccountId; readonly id: string; dueAt: number | undefined };

export class Outbox {
  readonly #ports: JmapPorts;
  readonly #queue: Pick<Queue, "act" | "show">;
  readonly #returned: ReturnedReports;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;

  constructor(ports: JmapPorts, queue: Pick<Queue, "act" | "show">) {
    this.#ports = ports;
    this.#queue = queue;
    this.#returned = new ReturnedReports(ports);
  }

  async start(): Promise<void> {
    this.#returned.start();
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
    await this.#round;
  }

  /** Remembers a submission whose end is not known. */
  watch(account: AccountId, id: string, data: Submission): void {
    this.#returned.expect(account, data);
    const isWaiting = data.undoStatus === "pending" && data.blobId !== undefined;
    const isUnderWay =
      data.queueId !== undefined &&
      data.undoStatus !== "canceled" &&
      Object.values(data.deliveryStatus).some((status) => status["delivered"] === "queued");
    if (!isWaiting && !isUnderWay) return;
    if (this.#watched.size >= maxWatched) this.#watched.delete(this.#watched.keys().next().value as string);
    this.#watched.set(`${account} ${id}`, { account, id, dueAt: isWaiting ? Date.parse(data.sendAt) : undefined });
  }

  async #look(): Promise<void> {
    await this.#returned.look();
    const now = this.#ports.now();
    let looked = 0;
    for (const [key, one] of [...this.#watched]) {
      if (one.dueAt !== undefined && one.dueAt > now) continue;
      if (++looked > maxLookedAt) break;
      // To the end of the line.
      this.#watched.delete(key);
      try {
        const data = await this.#load(one.account, one.id);
        if (data === undefined) continue;
        const after = await this.#advance(one.account, one.id, data);
        if (after !== undefined) this.watch(one.account, one.id, after);
      } catch (error) {
        this.#ports.log.error(
          { error, submission: one.id },
          "a submission could not be looked after; it is tried again",
        );
        this.#watched.set(key, { ...one, dueAt: one.dueAt === undefined ? undefined : now + 60_000 });
      }
    }
  }

  async #load(account: AccountId, id: string): Promise<Submission | undefined> {
    const { objects } = await this.#ports.store.objects(account, submissionName, [id]);
    const data = objects[0]?.data;
    return isSubmission(data) ? data : undefined;
  }

  async #advance(accountId: AccountId, id: string, data: Submission): Promise<Submission | undefined> {
    if (data.undoStatus === "canceled") return undefined;
    if (data.blobId !== undefined && data.undoStatus === "pending") return this.#send(accountId, id, data);
    return this.refresh(accountId, id, data);
  }

  /** What the queue knows by now is put down. */
  async refresh(account: AccountId, id: string, data: Submission): Promise<Submission> {
    if (data.queueId === undefined || data.undoStatus === "canceled") return data;
    const entries = await this.#ports.store.trace(data.queueId, 200);
    const deliveryStatus = laterStatus(data.deliveryStatus, entries);
    const isOver = !Object.values(deliveryStatus).some((status) => status["delivered"] === "queued");
    const isBegun = Object.values(deliveryStatus).some((status) => status["delivered"] === "yes");
    const undoStatus = isOver || isBegun ? "final" : data.undoStatus;
    if (deliveryStatus === data.deliveryStatus && undoStatus === data.undoStatus) return data;
    const after: Submission = { ...data, deliveryStatus, undoStatus };
    await this.#ports.store.objectsPut(account, submissionName, [{ id, data: after }], undefined);
    return after;
  }

  async #send(accountId: AccountId, id: string, data: Submission): Promise<Submission | undefined> {
    const { store, log } = this.#ports;
    const sender = data.by ?? accountId;
    const [account] = await store.accounts({ id: sender });
    const blob = await readBlob(this.#ports, sender, data.blobId as string);
    if (account === undefined) return undefined;
    const { blobId: _, ...rest } = data;
    const envelope = blob && readEnvelope(data.envelope, headerOf(blob.bytes), account.name);
    if (blob === undefined || envelope === undefined || "type" in envelope) {
      log.error({ submission: id, account: account.name }, "a message that waited for its time is not there any more");
      return this.#put(accountId, id, failedSubmission(rest, "554 5.3.0 The message is not there any more"));
    }
    const handed = await handOver(this.#ports, account, blob.bytes, envelope, { address: "127.0.0.1", port: 0 });
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
  async cancel(data: Submission): Promise<boolean> {
    if (data.undoStatus !== "pending") return false;
    if (data.blobId !== undefined) return true;
    if (data.queueId === undefined) return false;
    const queued = await this.#queue.show(data.queueId);
    // Only as long as nobody has it.
    if (queued === undefined || queued.recipients.length < Object.keys(data.deliveryStatus).length) return false;
    return (await this.#queue.act({ id: data.queueId }, "delete")) > 0;
  }
}

const failedSubmission = (data: Submission, smtpReply: string): Submission => ({
  ...data,
  undoStatus: "final",
  deliveryStatus: Object.fromEntries(
    Object.keys(data.deliveryStatus).map((address) => [address, { smtpReply, delivered: "no", displayed: "unknown" }]),
  ),
});
