/** The queue's part of a Store, in memory, for tests and measurements of the queue. */
import { setTimeout as sleep } from "node:timers/promises";
import { plainTransit } from "../store/queued.ts";
import type { ParkLane } from "../store/sending.ts";
import type {
  Acceptance,
  Accepted,
  JourneyEntry,
  NewQueued,
  QueuedMessage,
  QueuedRecipient,
  QueueFilter,
  SettleRequest,
  Store,
} from "../store/store.ts";
import type { QueueAsk } from "./queue-ask.ts";

type Row = { -readonly [name in keyof QueuedRecipient]: QueuedRecipient[name] } & { claims: number };
type Message = { message: QueuedMessage; bytes: Buffer; rows: Map<number, Row> };
type QueuePart = QueueAsk["store"];

export class FakeStore implements QueuePart {
  readonly messages = new Map<string, Message>();
  readonly journey: JourneyEntry[] = [];
  readonly notices: Acceptance[] = [];
  settles = 0;
  stale = 0;
  /** How often it was asked for what is due. */
  looks = 0;
  /** How long a commit takes. */
  commitMs = 0;
  /** So many next calls of settle are rejected. */
  failing = 0;
  #ids = 0;

  enqueue(queued: NewQueued, bytes: Buffer): QueuedMessage {
    const id = `q${String(++this.#ids).padStart(8, "0")}`;
    const { recipients, lease, held, ...rest } = queued;
    const message: QueuedMessage = { ...rest, id, content: this.#ids, sizeBytes: bytes.length, recipients: [] };
    const rows = new Map<number, Row>();
    for (const recipient of recipients) {
      const row: Row = {
        ...recipient,
        id: ++this.#ids,
        state: held ? "held" : lease === undefined ? "scheduled" : "leased",
        attempts: 0,
        nextAt: queued.notBefore,
        delayWarned: false,
        lastReply: undefined,
        lease,
        claims: lease?.token ?? 0,
      };
      rows.set(row.id, row);
    }
    const entry = { message, bytes, rows };
    this.messages.set(id, entry);
    return shown(entry, () => true)!;
  }

  /** Recipients that are being tried. */
  get leased(): number {
    return [...this.#rows()].filter(({ state }) => state === "leased").length;
  }

  /** Recipients not yet delivered or failed. */
  get left(): number {
    let count = 0;
    for (const { rows } of this.messages.values()) count += rows.size;
    return count;
  }

  async claim({
    owner,
    now,
    until,
    limit,
    exceptDomains = [],
    park,
    urgency,
  }: Parameters<Store["claim"]>[0]): Promise<QueuedMessage[]> {
    this.looks++;
    const except = new Set(exceptDomains);
    const due: { row: Row; message: Message }[] = [];
    for (const message of this.messages.values())
      for (const row of message.rows.values()) {
        const free = row.state === "scheduled" || (row.state === "leased" && (row.lease?.until ?? 0) < now);
        const wanted = row.park === park && (urgency === undefined || (row.urgency ?? 0) === urgency);
        if (free && wanted && row.nextAt <= now && !except.has(row.domain)) due.push({ row, message });
      }
    due.sort((a, b) => (a.row.urgency ?? 0) - (b.row.urgency ?? 0) || a.row.nextAt - b.row.nextAt);
    const byMessage = new Map<Message, Set<number>>();
    for (const { row, message } of due.slice(0, limit)) {
      row.state = "leased";
      row.lease = { owner, until, token: ++row.claims };
      byMessage.set(message, (byMessage.get(message) ?? new Set()).add(row.id));
    }
    return [...byMessage].map(([message, ids]) => shown(message, ({ id }) => ids.has(id))!);
  }

  async parkLanes(): ReturnType<Store["parkLanes"]> {
    const lanes = new Map<string, ParkLane>();
    for (const { rows } of this.messages.values())
      for (const { park, state, nextAt, urgency = 0 } of rows.values()) {
        if (park === undefined || state !== "scheduled") continue;
        const key = `${urgency} ${park}`;
        lanes.set(key, { park, urgency, nextAt: Math.min(lanes.get(key)?.nextAt ?? nextAt, nextAt) });
      }
    return [...lanes.values()];
  }

  async parkNext(park: string, urgency?: number): ReturnType<Store["parkNext"]> {
    const lanes = (await this.parkLanes()).filter(
      (one) => one.park === park && one.urgency === (urgency ?? one.urgency),
    );
    return lanes.length === 0 ? undefined : Math.min(...lanes.map(({ nextAt }) => nextAt));
  }

  async wakeParks(parks: readonly string[], now: number): Promise<number> {
    let woken = 0;
    for (const row of this.#rows())
      if (row.state === "scheduled" && row.park !== undefined && parks.includes(row.park) && row.nextAt > now) {
        row.nextAt = now;
        woken++;
      }
    return woken;
  }

  async claimExpired({ owner, now, until, limit }: Parameters<Store["claimExpired"]>[0]): Promise<QueuedMessage[]> {
    const late: QueuedMessage[] = [];
    for (const entry of this.messages.values()) {
      if (entry.message.tenant === undefined || entry.message.expiresAt > now || late.length >= limit) continue;
      const ids = new Set<number>();
      for (const row of entry.rows.values()) {
        if (row.state !== "scheduled") continue;
        row.state = "leased";
        row.lease = { owner, until, token: ++row.claims };
        ids.add(row.id);
      }
      const message = ids.size === 0 ? undefined : shown(entry, ({ id }) => ids.has(id));
      if (message !== undefined) late.push(message);
    }
    return late;
  }

  async settle({ settlements, notices, journey }: SettleRequest): ReturnType<Store["settle"]> {
    if (this.failing > 0) {
      this.failing--;
      throw new Error("the disk is full");
    }
    if (this.commitMs > 0) await sleep(this.commitMs);
    this.settles++;
    let stale = 0;
    for (const { queue, recipient, token, outcome, reply } of settlements) {
      const rows = this.messages.get(queue)?.rows;
      const row = rows?.get(recipient);
      if (rows === undefined || row === undefined || row.lease?.token !== token) {
        stale++;
        continue;
      }
      if (outcome.kind !== "later") {
        rows.delete(recipient);
        if (rows.size === 0) this.messages.delete(queue);
        continue;
      }
      row.state = "scheduled";
      row.lease = undefined;
      row.nextAt = outcome.nextAt;
      if (outcome.park === undefined) delete row.park;
      else row.park = outcome.park;
      row.delayWarned = outcome.delayWarned;
      row.lastReply = reply;
      if (outcome.countsAsAttempt) row.attempts++;
    }
    this.stale += stale;
    for (const entry of journey) this.journey.push(entry);
    const accepted = notices.map((notice): Accepted => {
      this.notices.push(notice);
      const { queue, message } = notice;
      return { content: 0, placed: [], queued: queue && this.enqueue(queue, Buffer.from(message.bytes)) };
    });
    return { stale, accepted };
  }

  async renewLeases(owner: string, until: number): Promise<void> {
    for (const row of this.#rows()) if (row.lease?.owner === owner) row.lease = { ...row.lease, until };
  }

  async releaseLeases(owner: string): Promise<void> {
    for (const row of this.#rows())
      if (row.lease?.owner === owner) {
        row.lease = undefined;
        row.state = "scheduled";
      }
  }

  async queueAct(filter: QueueFilter, action: "retry" | "hold" | "release" | "delete", now: number): Promise<number> {
    let touched = 0;
    for (const [id, { message, rows }] of this.messages)
      for (const row of rows.values()) {
        if (!isMeant(filter, message, row)) continue;
        if (action === "retry" && row.state === "scheduled") row.nextAt = now;
        else if (action === "release" && row.state === "held") {
          row.state = "scheduled";
          row.nextAt = now;
        } else if (action === "hold" && row.state === "scheduled") {
          row.state = "held";
        } else if (action === "delete") {
          rows.delete(row.id);
          if (rows.size === 0) this.messages.delete(id);
        } else continue;
        touched++;
      }
    return touched;
  }

  async queueList(filter: QueueFilter): Promise<QueuedMessage[]> {
    const found: QueuedMessage[] = [];
    for (const [id, entry] of this.messages) {
      if (filter.after !== undefined && id <= filter.after) continue;
      const message = shown(entry, (row) => isMeant(filter, entry.message, row));
      if (message !== undefined) found.push(message);
      if (found.length >= (filter.limit ?? Infinity)) break;
    }
    return found;
  }

  async content(content: number): Promise<Uint8Array | undefined> {
    for (const { message, bytes } of this.messages.values()) if (message.content === content) return bytes;
    return undefined;
  }

  subscribe(): () => void {
    return () => {};
  }

  *#rows(): Generator<Row> {
    for (const { rows } of this.messages.values()) yield* rows.values();
  }
}

function shown({ message, rows }: Message, wanted: (row: Row) => boolean): QueuedMessage | undefined {
  const recipients = [...rows.values()].filter(wanted).map(({ claims: _, ...row }): QueuedRecipient => row);
  return recipients.length === 0 ? undefined : { ...message, recipients };
}

function isMeant(filter: QueueFilter, message: QueuedMessage, row: Row): boolean {
  return (
    (filter.id === undefined || filter.id === message.id) &&
    (filter.sender === undefined || filter.sender === message.envelopeFrom) &&
    (filter.domain === undefined || filter.domain === row.domain) &&
    (filter.recipient === undefined || filter.recipient === row.address) &&
    (filter.state === undefined || filter.state === row.state)
  );
}

/** A message for the queue with everything as usual. */
export function mail(from: string, to: readonly string[], more: Partial<NewQueued> = {}): NewQueued {
  const at = more.createdAt ?? Date.now();
  return {
    envelopeFrom: from,
    recipients: to.map((address) => ({
      address,
      domain: address.slice(address.lastIndexOf("@") + 1),
      orcpt: undefined,
      notify: undefined,
    })),
    ...plainTransit,
    body: "7bit",
    stream: "default",
    createdAt: at,
    notBefore: at,
    expiresAt: at + 5 * 24 * 3_600_000,
    lease: undefined,
    ...more,
  };
}
