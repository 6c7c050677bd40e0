/** Sends one endpoint its events: from its cursor on, each until it is taken or given up. What it has reached is kept after each round. */

import type { Log } from "../base/log.ts";
import { eventId, type ToldEvent, typeOf } from "../inject/event-types.ts";
import type { SendingEvent } from "../store/sending.ts";
import type { Instant, Store } from "../store/store.ts";
import { Emails } from "./emails.ts";
import {
  type Endpoint,
  maxRetries,
  nextTry,
  type Progress,
  type Retry,
  signedHeaders,
  troubleAfter,
} from "./endpoint.ts";
import { maxUnderWay, type Posted, type Poster } from "./post.ts";

/** What is under way when the server stops has so long to be answered. */
const stopGraceMs = 1_000;
/** Events read at a time. */
const pageSize = 500;
const maxAttemptsShown = 100;

export type Attempt = {
  readonly at: Instant;
  readonly id: string;
  readonly ms: number;
  readonly ok: boolean;
  readonly status: number | undefined;
  readonly why: string;
};

export type RunnerPorts = {
  readonly store: Pick<Store, "sendingEvents">;
  readonly poster: Poster;
  readonly keep: (progress: Progress) => Promise<void>;
  /** Switches the endpoint off, and says why. */
  readonly disable: (reason: string) => Promise<void>;
  /** Nobody is told anything for now. */
  readonly withheld: () => boolean;
  readonly now: () => Instant;
  readonly random: () => number;
  readonly log: Log;
};

export class Runner {
  endpoint: Endpoint;
  #progress: Progress;
  readonly #ports: RunnerPorts;
  readonly #emails: Emails;
  /** Failures in a row. */
  #failures = 0;
  #running: Promise<void> | undefined;
  #again = false;
  /** Nothing of its tenant's is there up to here, beyond its cursor; and how far events go. */
  #looked = 0;
  #newest = Number.POSITIVE_INFINITY;
  #stopped = false;
  readonly #attempts: Attempt[] = [];

  constructor(endpoint: Endpoint, progress: Progress, ports: RunnerPorts) {
    this.endpoint = endpoint;
    this.#progress = progress;
    this.#ports = ports;
    this.#emails = new Emails(ports.store);
    // After a restart who was in trouble is still thought to be.
    if (progress.retries.length > 0) this.#failures = troubleAfter;
  }

  get progress(): Progress {
    return this.#progress;
  }
  /** The latest first. */
  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /** Goes on, if there is anything to do. `newest`: no event that is there has a higher number. */
  wake(newest = Number.POSITIVE_INFINITY): void {
    this.#again = true;
    this.#newest = newest;
    if (this.#running !== undefined || this.#stopped) return;
    this.#running = this.#run()
      .catch((error: unknown) =>
        this.#ports.log.error({ error, webhook: this.endpoint.id }, "a webhook broke; it goes on"),
      )
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Waits for what is under way, but not for an endpoint that says nothing: what it has not answered is kept, to be tried again. */
  async stop(graceMs = stopGraceMs): Promise<void> {
    this.#stopped = true;
    const late = setTimeout(() => void this.#ports.poster.close(), graceMs);
    await this.#running;
    clearTimeout(late);
    await this.#ports.poster.close();
  }

  /** From an event on everything is sent again; answers once that is kept. */
  async rewind(after: number): Promise<void> {
    await this.#alone(() => ({ ...this.#progress, cursor: Math.min(after, this.#progress.cursor) }));
  }

  /** One event again. */
  async resend(event: number): Promise<void> {
    const now = this.#ports.now();
    const retry: Retry = { events: [event], attempts: 0, firstAt: now, nextAt: now, why: "" };
    await this.#alone(() => ({ ...this.#progress, retries: [...this.#progress.retries, retry].slice(-maxRetries) }));
  }

  /** What failed is tried now. */
  async retryNow(): Promise<void> {
    const nextAt = this.#ports.now();
    await this.#alone(() => ({
      ...this.#progress,
      retries: this.#progress.retries.map((one) => ({ ...one, nextAt })),
    }));
  }

  async post(id: string, events: readonly ToldEvent[]): Promise<Attempt> {
    return (await this.#post(id, events)).attempt;
  }

  async #alone(change: () => Progress): Promise<void> {
    await this.#running;
    this.#progress = change();
    this.#looked = 0;
    await this.#ports.keep(this.#progress);
    this.wake();
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped && this.endpoint.state === "active" && !this.#ports.withheld()) {
      this.#again = false;
      const tried = await this.#tryAgain();
      const read = this.#failures < troubleAfter && (await this.#readOn());
      if (tried || read) this.#again = true;
    }
  }

  /** What failed and is due; one alone while the endpoint is in trouble. */
  async #tryAgain(): Promise<boolean> {
    const now = this.#ports.now();
    const due = this.#progress.retries
      .filter(({ nextAt }) => nextAt <= now)
      .slice(0, this.#failures >= troubleAfter ? 1 : maxUnderWay);
    if (due.length === 0) return false;
    const results = await Promise.all(
      due.map(async (retry) => {
        const events = (
          await Promise.all(retry.events.map((id) => this.#ports.store.sendingEvents({ after: id - 1, limit: 1 })))
        ).flatMap((found, index) => found.filter(({ id }) => id === retry.events[index]));
        return this.#send(events, retry);
      }),
    );
    await this.#settle(this.#progress.cursor, due, results);
    return true;
  }

  /** The next page of events; false where there is none. */
  async #readOn(): Promise<boolean> {
    const { cursor, retries } = this.#progress;
    const { tenant, types, batch, ordered = false } = this.endpoint;
    if (retries.length >= (ordered ? 1 : maxRetries)) return false;
    const width = ordered ? 1 : maxUnderWay;
    const limit = Math.min(pageSize, (maxRetries - retries.length) * batch);
    const newest = this.#newest;
    const after = Math.max(cursor, this.#looked);
    if (after >= newest) return false;
    const page = await this.#ports.store.sendingEvents({
      after,
      limit,
      ...(tenant === "" ? {} : { tenant }),
    });
    const last = page.at(-1);
    if (last === undefined) {
      if (newest !== Number.POSITIVE_INFINITY) this.#looked = newest;
      return false;
    }
    this.#emails.note(page);
    const wanted = page.filter((event) => types.length === 0 || types.includes(typeOf(event)));
    const parts: SendingEvent[][] = [];
    for (let start = 0; start < wanted.length; start += batch) parts.push(wanted.slice(start, start + batch));
    const results: (Retry | "done")[] = [];
    // Where it begins to fail nothing more is begun: what is left is read again.
    let reached = parts.length === 0 ? last.id : cursor;
    for (let start = 0; start < parts.length && this.#failures < troubleAfter && !this.#stopped; start += width) {
      const some = parts.slice(start, start + width);
      results.push(...(await Promise.all(some.map((part) => this.#send(part, undefined)))));
      reached = start + width >= parts.length ? last.id : some.at(-1)!.at(-1)!.id;
      if (this.endpoint.state !== "active" || (ordered && results.at(-1) !== "done")) break;
    }
    await this.#settle(reached, [], results);
    return true;
  }

  async #send(events: readonly SendingEvent[], before: Retry | undefined): Promise<Retry | "done"> {
    const [first] = events;
    if (first === undefined) return "done";
    const last = events.at(-1)!;
    const id = events.length === 1 ? eventId(first) : `${eventId(first)}_${last.id}`;
    const told = await this.#emails.told(events);
    const { posted } = await this.#post(
      id,
      told.map((one, index) => ({ id: eventId(events[index]!), ...one })),
    );
    const now = this.#ports.now();
    if (posted.kind === "ok") {
      this.#failures = 0;
      this.#progress = { ...this.#progress, lastOkAt: now };
      return "done";
    }
    this.#failures++;
    if (posted.kind === "gone") await this.#disable("It answered 410: nobody wants events there any more.");
    const attempts = (before?.attempts ?? 0) + 1;
    const firstAt = before?.firstAt ?? now;
    const why = posted.kind === "gone" ? "It answered 410." : posted.why;
    const nextAt = nextTry(attempts, now, this.#ports.random());
    if (nextAt !== undefined) return { events: events.map((one) => one.id), attempts, firstAt, nextAt, why };
    this.#progress = { ...this.#progress, givenUp: this.#progress.givenUp + events.length };
    if ((this.#progress.lastOkAt ?? 0) < firstAt)
      await this.#disable(`Nothing was taken since ${new Date(firstAt).toISOString()}: ${why}`);
    return "done";
  }

  async #disable(reason: string): Promise<void> {
    if (this.endpoint.state === "disabled") return;
    this.endpoint = { ...this.endpoint, state: "disabled", reason };
    await this.#ports.disable(reason);
  }

  async #post(
    id: string,
    events: readonly ToldEvent[],
  ): Promise<{ readonly posted: Posted; readonly attempt: Attempt }> {
    const at = this.#ports.now();
    const [only] = events;
    const body = JSON.stringify(
      this.endpoint.batch === 1 && events.length === 1
        ? only
        : { type: "events", timestamp: new Date(at).toISOString(), data: { events } },
    );
    const posted = await this.#ports.poster.post(body, signedHeaders(id, body, this.endpoint.secrets, at));
    const attempt: Attempt = {
      at,
      id,
      ms: this.#ports.now() - at,
      ok: posted.kind === "ok",
      status: posted.status,
      why: posted.kind === "failed" ? posted.why : "",
    };
    this.#attempts.unshift(attempt);
    this.#attempts.length = Math.min(this.#attempts.length, maxAttemptsShown);
    return { posted, attempt };
  }

  async #settle(cursor: number, tried: readonly Retry[], results: readonly (Retry | "done")[]): Promise<void> {
    const again = results.filter((one) => one !== "done");
    const kept = this.#progress.retries.filter((one) => !tried.includes(one));
    this.#progress = { ...this.#progress, cursor, retries: [...kept, ...again] };
    await this.#ports.keep(this.#progress);
  }
}
