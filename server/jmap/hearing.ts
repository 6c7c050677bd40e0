/**
 * What one connection or subscription hears (RFC 8620 §7): changes of one's own account and of what others share, of the types that were
 * asked for, each with a mark that says where all of it stands. Who comes back with that mark hears at once whether anything has happened.
 */
import { createHash } from "node:crypto";
import type { Log } from "../base/log.ts";
import { submissionName } from "../scheduled/scheduled.ts";
import type { Account, AccountId } from "../store/store.ts";
import { identityName } from "./identity.ts";
import { contactTypes, mailTypes, type PushHub, type StateChange, type States, stateChange } from "./push.ts";
import { shareNotificationName } from "./share-notifications.ts";
import { booksSharedWith } from "./shared-books.ts";
import { guestIdentityState, type SendingPorts, sendersOf, sendingFrom } from "./shared-sending.ts";
import { vacationName } from "./vacation.ts";

/** Accounts of others that one connection listens to. */
const maxSharedHeard = 100;

/** Of another's account: what is heard, and how to stop. */
type Shared = { types: ReadonlySet<string>; readonly stop: () => void };

export type HearingParts = {
  readonly hub: PushHub;
  readonly ports: SendingPorts & { readonly log: Log };
  readonly account: Account;
  /** Undefined: all. */
  readonly types: ReadonlySet<string> | undefined;
  readonly tell: (change: StateChange, mark: string) => void;
};

export class Hearing {
  readonly #parts: HearingParts;
  readonly #stopOwn: () => void;
  readonly #shared = new Map<AccountId, Shared>();
  /** By account, of the types that are heard. */
  readonly #states = new Map<AccountId, States>();
  #turn: Promise<void>;
  #stopped = false;

  constructor(parts: HearingParts) {
    this.#parts = parts;
    const { hub, account } = parts;
    this.#stopOwn = hub.listen(account.id, (states) => this.#heard(account.id, states));
    this.#turn = this.#guard(async () => {
      await this.#listenToShared();
      this.#note(account.id, await hub.states(account.id));
    });
  }

  /** Where all of it stands now; once it is known what others share. */
  async mark(): Promise<string> {
    await this.#turn;
    return this.#mark();
  }

  /** All states of now as one change; undefined where nothing is heard. */
  async everything(): Promise<StateChange | undefined> {
    await this.#turn;
    return merged([...this.#states].map(([account, states]) => stateChange(account, states, this.#parts.types)));
  }

  stop(): void {
    this.#stopped = true;
    this.#stopOwn();
    for (const { stop } of this.#shared.values()) stop();
    this.#shared.clear();
  }

  /** One after the other. */
  #guard(work: () => Promise<void>): Promise<void> {
    return work().catch((error: unknown) => {
      const { ports, account } = this.#parts;
      ports.log.warn({ error, account: account.name }, "some pushes are not heard");
    });
  }

  #heard(account: AccountId, states: States): void {
    this.#turn = this.#turn.then(() => this.#guard(() => this.#take(account, states)));
  }

  async #take(account: AccountId, states: States): Promise<void> {
    if (this.#stopped) return;
    const { account: own, types, tell } = this.#parts;
    const mine = account === own.id;
    const heard = mine ? states : await this.#asGuest(account, states);
    this.#note(account, heard);
    // Rights have been given or taken: who is told of it hears what comes after.
    if (mine && shareNotificationName in states) await this.#listenToShared();
    const change = stateChange(account, heard, types);
    if (change !== undefined && !this.#stopped) tell(change, this.#mark());
  }

  #note(account: AccountId, states: States): void {
    this.#states.set(account, { ...this.#states.get(account), ...states });
  }

  #mark(): string {
    const { types } = this.#parts;
    const all = [...this.#states]
      .map(([account, states]): [AccountId, [string, string][]] => [
        account,
        Object.entries(states)
          .filter(([type]) => types === undefined || types.has(type))
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ])
      .filter(([, states]) => states.length > 0)
      .sort(([a], [b]) => a - b);
    return createHash("sha1").update(JSON.stringify(all)).digest("base64url").slice(0, 16);
  }

  /** What is told of another's account, as its methods tell it. */
  async #asGuest(owner: AccountId, states: States): Promise<States> {
    const types = this.#shared.get(owner)?.types ?? new Set();
    const heard = Object.fromEntries(Object.entries(states).filter(([type]) => types.has(type)));
    const identities = heard[identityName];
    if (identities === undefined) return heard;
    const { ports, account } = this.#parts;
    const sending = await sendingFrom(ports, account, owner);
    const { [identityName]: _, ...rest } = heard;
    return sending === undefined ? rest : { ...rest, [identityName]: guestIdentityState(sending, Number(identities)) };
  }

  /** What is shared now is heard from now on, what is not any longer is not. */
  async #listenToShared(): Promise<void> {
    const { hub, ports, account } = this.#parts;
    const [mailboxes, books] = await Promise.all([
      ports.store.sharedWith(account.id),
      booksSharedWith(ports.store, account.id),
    ]);
    const ofMail = new Set(mailboxes.map(({ owner }) => owner));
    const owners = [...new Set([...ofMail, ...books.keys()])].slice(0, maxSharedHeard);
    const senders = await sendersOf(ports, account, ofMail);
    if (this.#stopped) return;
    for (const [owner, { stop }] of this.#shared)
      if (!owners.includes(owner)) {
        stop();
        this.#shared.delete(owner);
        this.#states.delete(owner);
      }
    for (const owner of owners) {
      const types = new Set<string>([
        ...(ofMail.has(owner) ? mailTypes : []),
        ...(senders.has(owner) ? [submissionName, identityName] : []),
        ...(senders.get(owner)?.mayEdit ? [vacationName] : []),
        ...(books.has(owner) ? contactTypes : []),
      ]);
      const known = this.#shared.get(owner);
      if (known === undefined)
        this.#shared.set(owner, {
          types,
          stop: hub.listen(owner, (states) => this.#heard(owner, states), "guest"),
        });
      else known.types = types;
      this.#states.set(owner, await this.#asGuest(owner, await hub.states(owner)));
    }
  }
}

function merged(changes: readonly (StateChange | undefined)[]): StateChange | undefined {
  const found = changes.filter((change) => change !== undefined);
  if (found.length === 0) return undefined;
  return { "@type": "StateChange", changed: Object.assign({}, ...found.map(({ changed }) => changed)) };
}
