/** Counts what accounts send, and refuses what is beyond their limits (`limits.ts`). In memory; written to the store a moment later. */
import type { Mailbox } from "../../protocol/smtp/address.ts";
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Sender } from "../dispatch/sender.ts";
import type { AppPassword } from "../store/security-store.ts";
import type { Account, AccountId } from "../store/store.ts";
import {
  type Asked,
  type Bounded,
  type Bounds,
  hasBounds,
  limitReply,
  noBounds,
  nothingSent,
  overLimit,
  type SendingLimitSettings,
  type Sent,
  type Standing,
  standingOf,
  type Used,
  usedOf,
  you,
} from "./limits.ts";
import { appPasswordKey, type Group, type Restraints } from "./restraints.ts";
import { counted, lastDay, lastHour } from "./window.ts";

/** Accounts, domains, tenants and app passwords whose counts are kept: far more than send in a day. */
export const maxCountedSenders = 100_000;
const keptMs = 25 * 60 * 60 * 1000;

/** Where the counts are: by account or group, each with an end. */
export type SentBook = {
  get(key: string): Sent | undefined;
  set(key: string, sent: Sent, expiresAt: number): void;
};

export type LimitPorts = {
  /** Undefined: nothing is limited or counted (load tests). */
  readonly settings: SendingLimitSettings | undefined;
  readonly restraints: Pick<Restraints, "of" | "ofAppPassword">;
  /** How many of these addresses (lower case) the account has not written to before. */
  readonly strangers: (account: AccountId, addresses: readonly string[]) => number | Promise<number>;
  readonly book: SentBook;
  /** ms since 1970. */
  readonly now: () => number;
};

/** What was counted; `undo` takes it back. `strangers`: recipients never written to before. */
export type Counted = { readonly strangers: number; undo(): void };

/** Who hands something in, and by what they have signed in where that was an app password. */
export type HandedIn = { readonly account: Account; readonly appPassword?: AppPassword | undefined };
/** By whose bounds a message is limited. */
export type Governed = "account" | "app password";

export class SendingLimits {
  readonly #ports: LimitPorts;

  constructor(ports: LimitPorts) {
    this.#ports = ports;
  }

  /**
   * Whether a message of the account is limited here, and by what: by all that the account may, or by the bounds of its app password alone. What a
   * tenant's program sends at volume has the quotas of its tenant and stream instead of the account's, unless an administrator has said what its
   * account is.
   */
  governs({ account, appPassword }: HandedIn, sender: Sender | undefined): Governed | undefined {
    const { settings, restraints } = this.#ports;
    if (settings === undefined || sender?.sandbox !== undefined) return undefined;
    if (sender === undefined || sender.personal === true || restraints.of(account).account?.class !== undefined)
      return "account";
    if (appPassword === undefined) return undefined;
    return restraints.ofAppPassword(account.id, appPassword.id) === undefined ? undefined : "app password";
  }

  /** Counts one more message of the account, or says why it cannot go now. */
  async take(by: HandedIn, recipients: readonly Mailbox[], governed: Governed = "account"): Promise<Reply | Counted> {
    const { settings, strangers, now } = this.#ports;
    if (settings === undefined) return uncounted;
    const at = now();
    const counting = this.#countedBy(by, governed, settings, at);
    const addresses = recipients.map(({ local, domain }) => `${local}@${domain}`.toLowerCase());
    const found = strangers(by.account.id, addresses);
    const fresh = found instanceof Promise ? await found : found;
    const asked: Asked = { recipients: recipients.length, fresh };
    // Nobody else has a turn from here on: what fits is counted at once.
    for (const { key, bounds, of } of counting) {
      const over = overLimit(this.#sent(key), bounds, asked, at);
      if (over !== undefined) return limitReply(over, asked, at, of);
    }
    for (const { key } of counting) this.#count(key, asked, 1);
    return {
      strangers: fresh,
      undo: () => {
        for (const { key } of counting) this.#count(key, asked, -1);
      },
    };
  }

  /** The narrowest first: each has to have room. */
  #countedBy(
    { account, appPassword }: HandedIn,
    governed: Governed,
    settings: SendingLimitSettings,
    at: number,
  ): readonly Counting[] {
    const { restraints } = this.#ports;
    const counting: Counting[] = [];
    const add = (group: Group | undefined): void => {
      if (group !== undefined && hasBounds(group.limits))
        counting.push({ key: group.key, bounds: { ...noBounds, ...group.limits }, of: group.of });
    };
    if (appPassword !== undefined) add(restraints.ofAppPassword(account.id, appPassword.id));
    if (governed === "app password") return counting;
    const { bounds } = standingOf(account, ownOf(restraints, account), settings, at);
    counting.push({ key: `${account.id}`, bounds, of: you });
    const { domain, tenant } = restraints.of(account);
    add(domain);
    add(tenant);
    return counting;
  }

  /** For people. */
  show(account: Account): { readonly standing: Standing; readonly used: Used } | undefined {
    const { settings, restraints, now } = this.#ports;
    if (settings === undefined) return undefined;
    return {
      standing: standingOf(account, ownOf(restraints, account), settings, now()),
      used: usedOf(this.#sent(`${account.id}`), now()),
    };
  }

  /** What was sent by an app password since it has had bounds; undefined: nothing is counted here. */
  usedBy(account: AccountId, appPassword: number): Used | undefined {
    const { settings, now } = this.#ports;
    return settings === undefined ? undefined : usedOf(this.#sent(appPasswordKey(account, appPassword)), now());
  }

  recipientsLastDay(account: AccountId): number {
    return usedOf(this.#sent(`${account}`), this.#ports.now()).recipientsLastDay;
  }

  #sent(key: string): Sent {
    return this.#ports.book.get(key) ?? nothingSent;
  }

  #count(key: string, { recipients, fresh }: Asked, sign: 1 | -1): void {
    const { book, now } = this.#ports;
    const at = now();
    const sent = this.#sent(key);
    book.set(
      key,
      {
        messages: counted(sent.messages, lastHour, at, sign),
        recipients: counted(sent.recipients, lastDay, at, sign * recipients),
        fresh: counted(sent.fresh, lastDay, at, sign * fresh),
      },
      at + keptMs,
    );
  }
}

const uncounted: Counted = { strangers: 0, undo: () => undefined };

/** What is counted, with the bounds that hold for it. */
type Counting = { readonly key: string; readonly bounds: Bounds; readonly of: Bounded };

type Of = Pick<Restraints, "of">;

function ownOf(restraints: Of, from: Account): Parameters<typeof standingOf>[1] {
  const { account, domain, tenant } = restraints.of(from);
  return { account, domain: domain?.limits, tenant: tenant?.limits };
}
