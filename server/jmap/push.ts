/** What has changed in an account, told to those who listen (RFC 8620 §7): by EventSource, WebSocket or subscription alike. */
import { idOf } from "../../protocol/jmap/ids.ts";
import { stateText } from "../../protocol/jmap/state.ts";
import type { Log } from "../base/log.ts";
import type { Changes, Watcher } from "../notify/changes.ts";
import type { AccountId, Store } from "../store/store.ts";

/** Type → state. */
export type States = { readonly [type: string]: string };
export type StateListener = (states: States) => void;

type Own = {
  readonly watcher: Watcher;
  readonly listeners: Set<StateListener>;
  /** Of these, the ones of people with whom something of the account is shared. */
  guests: number;
  readonly pending: Map<string, string>;
  mail: boolean;
  sieve: boolean;
  looking: boolean;
  emails: number;
};

/** Types whose state follows that of the mail. */
export const mailTypes = ["Email", "Mailbox", "Thread"] as const;

export const contactTypes = ["AddressBook", "ContactCard"] as const;

/** Of what is kept as objects are, what clients know by a state. */
const objectTypes: ReadonlySet<string> = new Set([
  ...contactTypes,
  "Identity",
  "EmailSubmission",
  "PublicKey",
  "ShareNotification",
]);

/** Types whose state is that of the Sieve scripts and the vacation answer. */
export const sieveTypes = ["SieveScript", "VacationResponse"] as const;

export class PushHub {
  readonly #notify: Changes;
  readonly #store: Pick<Store, "mailState" | "objectStates" | "sieveScripts">;
  readonly #log: Log;
  readonly #accounts = new Map<AccountId, Own>();

  constructor(parts: {
    readonly notify: Changes;
    readonly store: Pick<Store, "mailState" | "objectStates" | "sieveScripts">;
    readonly log: Log;
  }) {
    this.#notify = parts.notify;
    this.#store = parts.store;
    this.#log = parts.log;
  }

  /** How many listen to this account. */
  listeners(account: AccountId): number {
    const own = this.#accounts.get(account);
    return own === undefined ? 0 : own.listeners.size - own.guests;
  }

  /** Tells of every change from now on, each state once. Answers the unsubscriber. */
  listen(account: AccountId, listener: StateListener, as: "owner" | "guest" = "owner"): () => void {
    let own = this.#accounts.get(account);
    if (own === undefined) {
      own = {
        watcher: { changed: (change) => this.#changed(account, change) },
        listeners: new Set(),
        guests: 0,
        pending: new Map(),
        mail: false,
        sieve: false,
        looking: false,
        emails: -1,
      };
      this.#accounts.set(account, own);
      this.#notify.watch(account, own.watcher);
      // EmailDelivery tells of new mail only: what there is now is the mark.
      const begun = own;
      this.#store.mailState(account).then(
        ({ nextEmail }) => {
          if (begun.emails < 0) begun.emails = nextEmail;
        },
        () => {},
      );
    }
    const mine = own;
    mine.listeners.add(listener);
    if (as === "guest") mine.guests++;
    return () => {
      if (mine.listeners.delete(listener) && as === "guest") mine.guests--;
      if (mine.listeners.size > 0 || this.#accounts.get(account) !== mine) return;
      this.#accounts.delete(account);
      this.#notify.unwatch(account, mine.watcher);
    };
  }

  /** All states of now. */
  async states(account: AccountId): Promise<States> {
    const [mail, objects, sieve] = await Promise.all([
      this.#store.mailState(account),
      this.#store.objectStates(account),
      this.#store.sieveScripts(account),
    ]);
    const states: { [type: string]: string } = {};
    for (const type of mailTypes) states[type] = stateText(mail);
    states["EmailDelivery"] = String(mail.nextEmail);
    for (const type of sieveTypes) states[type] = String(sieve.revision);
    for (const { type, state } of objects) if (objectTypes.has(type)) states[type] = String(state);
    return states;
  }

  #changed(account: AccountId, change: Parameters<Watcher["changed"]>[0]): void {
    const own = this.#accounts.get(account);
    if (own === undefined) return;
    if (change.kind === "sieve") own.sieve = true;
    else if (change.kind === "objects") {
      if (!objectTypes.has(change.type)) return;
      own.pending.set(change.type, String(change.modseq));
    } else own.mail = true;
    if (own.looking) return;
    own.looking = true;
    this.#tell(account, own).catch((error: unknown) => this.#log.error({ error, account }, "a push failed"));
  }

  async #tell(account: AccountId, own: Own): Promise<void> {
    try {
      while (own.mail || own.sieve || own.pending.size > 0) {
        const states: { [type: string]: string } = Object.fromEntries(own.pending);
        own.pending.clear();
        if (own.mail) {
          own.mail = false;
          const mail = await this.#store.mailState(account);
          for (const type of mailTypes) states[type] = stateText(mail);
          if (own.emails >= 0 && mail.nextEmail > own.emails) states["EmailDelivery"] = String(mail.nextEmail);
          own.emails = mail.nextEmail;
        }
        if (own.sieve) {
          own.sieve = false;
          const { revision } = await this.#store.sieveScripts(account);
          for (const type of sieveTypes) states[type] = String(revision);
        }
        for (const listener of [...own.listeners]) listener(states);
      }
    } finally {
      own.looking = false;
    }
  }
}

export type StateChange = {
  readonly "@type": "StateChange";
  readonly changed: { readonly [accountId: string]: States };
};

/** RFC 8620 §7.1, of the types that are asked for; undefined where none of them is among these. */
export function stateChange(
  account: AccountId,
  states: States,
  types: ReadonlySet<string> | undefined,
): StateChange | undefined {
  const chosen = Object.entries(states).filter(([type]) => types === undefined || types.has(type));
  if (chosen.length === 0) return undefined;
  return { "@type": "StateChange", changed: { [idOf("A", account)]: Object.fromEntries(chosen) } };
}
