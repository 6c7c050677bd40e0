/** What scripts are run for at delivery, and what they need of the rest of the server. */
import type { Header } from "../../../protocol/mime/header.ts";
import type { Mailbox } from "../../../protocol/smtp/address.ts";
import type { Directory } from "../../access/directory.ts";
import type { Log } from "../../base/log.ts";
import type { Taken } from "../../judge/judge.ts";
import type { Received, ReceivedRecipient } from "../../receive/received.ts";
import type { Account, AccountId, Store, Target } from "../../store/store.ts";
import type { Forwarded } from "../forward.ts";
import type { ScriptBook } from "./book.ts";
import type { AccountEffects } from "./effects.ts";

/** Why a message is not redirected; it is kept instead. */
export type OnwardRefusal = "is no address" | "goes round" | "is too much in an hour";

export type SievePorts = {
  readonly store: Pick<Store, "mailboxes" | "annotations" | "sieveRemembers">;
  readonly book: ScriptBook;
  readonly directory: Pick<Directory, "account" | "domain" | "maySendAs">;
  /** What goes on to another server, `bytes` of the message, and its return path of ours; or why it must not. */
  readonly onward: (
    mail: Received,
    header: Header,
    account: Account,
    verdict: Taken,
    bytes: Buffer,
    to: Mailbox,
  ) => Promise<Forwarded | OnwardRefusal>;
  /** DKIM-Signature lines for a message of this domain's, "" for none. */
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  readonly newId: () => string;
  readonly version: string;
  readonly log: Log;
};

/** One message for one account. `bytes`: as it would be kept, trace fields included. */
export type SieveDelivery = {
  readonly mail: Received;
  readonly header: Header;
  readonly verdict: Taken;
  readonly account: AccountId;
  /** The envelope recipient through which it came to this account. */
  readonly recipient: string;
  /** What the sender asked about delivery reports to it. */
  readonly asked: Pick<ReceivedRecipient, "notify" | "orcpt">;
  readonly bytes: Buffer;
  /** Where the message goes by itself. */
  readonly place: Target;
  readonly isJunk: boolean;
};

export type DeliverSieve = {
  concerns(accounts: Iterable<AccountId>): boolean | Promise<boolean>;
  /** Undefined: as if there were no scripts. */
  run(delivery: SieveDelivery): Promise<AccountEffects | undefined>;
};
