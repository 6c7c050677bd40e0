/** Stops accounts of our own that send spam, tells everybody concerned why, and lets them go on when an administrator says so. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import type { PeerBook } from "../door/peer-book.ts";
import type { Queue } from "../queue/queue.ts";
import type { Outcome } from "../send/classify.ts";
import type { Account, AccountId, QueuedMessage, Store } from "../store/store.ts";
import { brakeFor, type Failures, failuresOf, noFailures, withResults } from "./brake.ts";
import type { SendingLimitSettings } from "./limits.ts";
import type { Restraints } from "./restraints.ts";
import { frozenBecause, sumOf } from "./score.ts";
import type { SendingLimits } from "./sending-limits.ts";
import {
  type Letter,
  letterToAdministrator,
  letterToOwner,
  reminder,
  type Signal,
  type Stop,
  stopOf,
  stopSentence,
} from "./stop.ts";

export type RestrainerPorts = {
  /** Undefined: nobody is stopped by the server itself (load tests). */
  readonly settings: SendingLimitSettings | undefined;
  readonly restraints: Restraints;
  readonly limits: Pick<SendingLimits, "show">;
  readonly failures: Pick<PeerBook<Failures>, "get" | "set" | "delete">;
  readonly store: Pick<
    Store,
    | "restrain"
    | "restraints"
    | "queueList"
    | "noteAudit"
    | "hostedDomains"
    | "credentials"
    | "removeCredential"
    | "webSessionsEnd"
  >;
  readonly directory: Pick<Directory, "account">;
  readonly queue: Pick<Queue, "act">;
  /** More of what an account sent was refused: its score may have changed. */
  readonly rescore: (account: AccountId) => void;
  /** A person's own letter, not a tenant's mail at volume. */
  readonly isPersonal: (message: QueuedMessage) => boolean;
  /** By mail. */
  readonly tell: (to: string, letter: Letter) => Promise<void>;
  /** Whom administrators of this domain's accounts read. */
  readonly administratorsOf: (domain: string) => Promise<readonly string[]>;
  readonly now: () => number;
  readonly log: Log;
};

const keptMs = 2 * 60 * 60 * 1000;
/** What is held waits so long for a look before administrators are told again. */
const reviewMs = 24 * 60 * 60 * 1000;
const pageSize = 1_000;
/** Messages that a reminder counts. */
const maxCounted = 1_000;
const domainOf = (name: string): string => name.slice(name.lastIndexOf("@") + 1);

export class Restrainer {
  readonly #ports: RestrainerPorts;
  /** Being stopped now. */
  readonly #stopping = new Set<AccountId>();

  constructor(ports: RestrainerPorts) {
    this.#ports = ports;
  }

  /** The refusal of all that a frozen account hands in. */
  refusal({ id }: Pick<Account, "id">): Reply | undefined {
    const stop = this.#ports.restraints.stopOf(id);
    return stop?.kind === "frozen" ? reply(550, "5.7.1", stopSentence(stop).replace(/[^ -~]/g, "?")) : undefined;
  }

  /** Why what the account hands in is taken, and held. */
  holds({ id }: Pick<Account, "id">): string | undefined {
    const stop = this.#ports.restraints.stopOf(id);
    return stop?.kind === "braked" ? stopSentence(stop) : undefined;
  }

  /** For the queue. */
  mayNotSend({ account }: Pick<QueuedMessage, "account">): boolean {
    return account !== undefined && this.#ports.restraints.stopOf(account) !== undefined;
  }

  /** For the queue: what became of some recipients of a message. Our own words (given up, returned by hand) say nothing of its account. */
  heard(message: QueuedMessage, outcomes: readonly Outcome[]): void {
    const { settings, failures, isPersonal, rescore, now } = this.#ports;
    const { account } = message;
    if (settings === undefined || account === undefined || !isPersonal(message)) return;
    let [tried, failed] = [0, 0];
    for (const outcome of outcomes) {
      if (outcome.kind === "later" || (outcome.kind === "failed" && outcome.ours === true)) continue;
      tried++;
      if (outcome.kind === "failed") failed++;
    }
    if (tried === 0) return;
    const at = now();
    const after = withResults(failures.get(`${account}`) ?? noFailures, tried, failed, at);
    failures.set(`${account}`, after, at + keptMs);
    if (failed === 0) return;
    if (brakeFor(after, settings, true, at) !== undefined) this.#brake(account, after, settings);
    rescore(account);
  }

  #brake(id: AccountId, failures: Failures, settings: SendingLimitSettings): void {
    const { directory, limits, restraints, now, log } = this.#ports;
    if (this.#stopping.has(id) || restraints.stopOf(id) !== undefined) return;
    const brake = async (): Promise<void> => {
      const account = await directory.account(id);
      if (account === undefined) return;
      // Who may send without limit writes to so many that some are always refused.
      const byCount = limits.show(account)?.standing.class !== "unlimited";
      const why = brakeFor(failures, settings, byCount, now());
      if (why !== undefined) await this.stop(account, { kind: "braked", at: now(), why, signals: [] });
    };
    brake().catch((error: unknown) => log.error({ error, account: id }, "an account could not be stopped"));
  }

  /** What speaks for an account's being in wrong hands, as often as it may have changed: enough of it freezes the account. */
  scored(account: Account, signals: readonly Signal[]): void {
    const { settings, limits, restraints, now, log } = this.#ports;
    if (settings === undefined || settings.freezeAt === 0 || sumOf(signals) < settings.freezeAt) return;
    if (restraints.stopOf(account.id)?.kind === "frozen" || limits.show(account)?.standing.class === "unlimited")
      return;
    this.stop(account, { kind: "frozen", at: now(), why: frozenBecause(signals), signals }).catch((error: unknown) =>
      log.error({ error, account: account.name }, "an account could not be stopped"),
    );
  }

  /** Whoever else is signed in is so no more; who knows the password can read. */
  async #signOut(id: AccountId): Promise<void> {
    const { store } = this.#ports;
    for (const one of await store.credentials(id))
      if (one.kind === "app-password") await store.removeCredential(id, one.id);
    await store.webSessionsEnd(id, "");
  }

  /** Stops it and holds what it has in the queue; false where it is stopped as much already. */
  async stop(account: Account, stop: Stop): Promise<boolean> {
    const { restraints, store, queue, log } = this.#ports;
    const known = restraints.stopOf(account.id);
    if (this.#stopping.has(account.id) || known?.kind === "frozen" || known?.kind === stop.kind) return false;
    this.#stopping.add(account.id);
    try {
      if ((await store.restrain(account.id, { stop })) === "missing") return false;
      await restraints.reread();
      if (stop.kind === "frozen") await this.#signOut(account.id);
      const held = await queue.act({ account: account.id }, "hold", `its account is stopped: ${stop.why}`);
      log.warn({ account: account.name, kind: stop.kind, why: stop.why, held }, "an account may not send");
      await this.#tell(account, stop, held);
      return true;
    } finally {
      this.#stopping.delete(account.id);
    }
  }

  async #tell(account: Account, stop: Stop, held: number): Promise<void> {
    const { store } = this.#ports;
    const domain = domainOf(account.name);
    const tenant = (await store.hostedDomains({ kind: "all" }, { limit: 1, domain }))[0]?.tenant ?? 0;
    await store.noteAudit([
      {
        at: stop.at,
        tenant,
        actor: "the server",
        via: "server",
        remote: "",
        action: stop.kind === "braked" ? "mail held" : "sending frozen",
        target: account.name,
        detail: { why: stop.why, signals: stop.signals.map(({ says }) => says), held },
      },
    ]);
    await this.#send(account.name, letterToOwner(stop, held));
    await this.#tellAdministrators(account.name, letterToAdministrator(account.name, stop, held));
  }

  /** Administrators are told once more of whom nobody has looked at for a day. */
  async remind(): Promise<void> {
    const { store, now } = this.#ports;
    for (let after = 0; ; ) {
      const page = await store.restraints({ stopped: true, after, limit: pageSize });
      for (const { account, name, stop } of page) {
        const known = stopOf(stop);
        if (known === undefined || known.reminded === true || known.at > now() - reviewMs) continue;
        const held = await store.queueList({ account, state: "held", limit: maxCounted });
        await this.#tellAdministrators(name, reminder(name, known, held.length));
        await store.restrain(account, { stop: { ...known, reminded: true } });
      }
      if (page.length < pageSize) return;
      after = page.at(-1)!.account;
    }
  }

  async #tellAdministrators(name: string, letter: Letter): Promise<void> {
    const { administratorsOf } = this.#ports;
    for (const to of await administratorsOf(domainOf(name))) await this.#send(to, letter);
  }

  async #send(to: string, letter: Letter): Promise<void> {
    const { tell, log } = this.#ports;
    await tell(to, letter).catch((error: unknown) => log.error({ error, to }, "somebody could not be told"));
  }

  /** Of the last hour. */
  failures(id: AccountId): { readonly tried: number; readonly failed: number } {
    const { failures, now } = this.#ports;
    return failuresOf(failures.get(`${id}`) ?? noFailures, now());
  }

  /** What was counted against it does not count again. */
  forget(id: AccountId): void {
    this.#ports.failures.delete(`${id}`);
  }
}
