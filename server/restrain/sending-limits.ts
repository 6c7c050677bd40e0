/** Counts what accounts send, and refuses what is beyond their limits (`limits.ts`). In memory; written to the store a moment later. */
import type { Mailbox } from "../../protocol/smtp/address.ts";
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Sender } from "../dispatch/sender.ts";
import type { Account, AccountId } from "../store/store.ts";
import {
  type Asked,
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
} from "./limits.ts";
import type { Group, Restraints } from "./restraints.ts";
import { counted, lastDay, lastHour } from "./window.ts";

/** Accounts, domains and tenants whose counts are kept: far more than send in a day. */
export const maxCountedSenders = 100_000;
const keptMs = 25 * 60 * 60 * 1000;

/** Where the counts are: by account, each with an end. */
export type SentBook = {
  get(key: string): Sent | undefined;
  set(key: string, sent: Sent, expiresAt: number): void;
};

export type LimitPorts = {
  /** Undefined: nothing is limited or counted (load tests). */
  readonly settings: SendingLimitSettings | undefined;
  readonly restraints: Pick<Restraints, "of">;
  /** How many of these addresses (lower case) the account has not written to before. */
  readonly strangers: (account: AccountId, addresses: readonly string[]) => number | Promise<number>;
  readonly book: SentBook;
  /** ms since 1970. */
  readonly now: () => number;
};

/** What was counted; `undo` takes it back. `strangers`: recipients never written to before. */
export type Counted = { readonly strangers: number; undo(): void };

export class SendingLimits {
  readonly #ports: LimitPorts;

  constructor(ports: LimitPorts) {
    this.#ports = ports;
  }

  /**
   * Whether a message of the account is limited here. What a tenant's program sends at volume has the quotas of its tenant and stream instead, unless
   * an administrator has said what its account is.
   */
  governs(account: Account, sender: Sender | undefined): boolean {
    const { settings, restraints } = this.#ports;
    if (settings === undefined || sender?.sandbox !== undefined) return false;
    return sender === undefined || sender.personal === true || restraints.of(account).account?.class !== undefined;
  }

  /** Counts one more message of the account, or says why it cannot go now. */
  async take(account: Account, recipients: readonly Mailbox[]): Promise<Reply | Counted> {
    const { settings, restraints, strangers, now } = this.#ports;
    if (settings === undefined) return uncounted;
    const at = now();
    const { bounds } = standingOf(account, ownOf(restraints, account), settings, at);
    const groups = groupsOf(restraints, account);
    const addresses = recipients.map(({ local, domain }) => `${local}@${domain}`.toLowerCase());
    const found = strangers(account.id, addresses);
    const fresh = found instanceof Promise ? await found : found;
    const asked: Asked = { recipients: recipients.length, fresh };
    // Nobody else has a turn from here on: what fits is counted at once.
    const over = overLimit(this.#sent(`${account.id}`), bounds, asked, at);
    if (over !== undefined) return limitReply(over, asked, at);
    for (const { key, name, limits } of groups) {
      const together = overLimit(this.#sent(key), { ...noBounds, ...limits }, asked, at);
      if (together !== undefined) return limitReply(together, asked, at, name);
    }
    const keys = [`${account.id}`, ...groups.map(({ key }) => key)];
    for (const key of keys) this.#count(key, asked, 1);
    return {
      strangers: fresh,
      undo: () => {
        for (const key of keys) this.#count(key, asked, -1);
      },
    };
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

type Of = Pick<Restraints, "of">;

function ownOf(restraints: Of, from: Account): Parameters<typeof standingOf>[1] {
  const { account, domain, tenant } = restraints.of(from);
  return { account, domain: domain?.limits, tenant: tenant?.limits };
}

/** Those that the account is counted with. */
function groupsOf(restraints: Of, from: Account): readonly Group[] {
  const { domain, tenant } = restraints.of(from);
  return [domain, tenant].filter((group) => group !== undefined && hasBounds(group.limits)) as Group[];
}

const hasBounds = (limits: { readonly [name: string]: unknown }): boolean =>
  Object.values(limits).some((value) => typeof value === "number" && value > 0);
