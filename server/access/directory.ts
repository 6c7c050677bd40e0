/**
 * Who lives here, answered from memory: domains, addresses and accounts, read from the store when first asked and dropped when it says
 * the directory changed. RCPT TO, sender checks and routing ask here.
 */
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Account, AccountId, Domain } from "../store/store.ts";
import type { ListAddress } from "./list-addresses.ts";

/** What becomes of mail to one address. */
export type Resolution =
  /** Accounts that get it here (`detail` is the sub-address), and addresses elsewhere that get it forwarded. */
  | {
      readonly kind: "local";
      readonly accounts: readonly AccountId[];
      readonly forwards: readonly string[];
      readonly detail: string | undefined;
      readonly domain: Domain;
      readonly essential: boolean /* postmaster, abuse: over quota too */;
      /** Nobody's mailbox: reports of other servers are read there. */
      readonly reports?: true;
      /** Mailing lists that take it: each has members of its own. */
      readonly lists?: readonly ListAddress[];
      /** A group that not everybody may write to. */
      readonly posting?: GroupPosting;
    }
  | { readonly kind: "relay"; readonly domain: Domain; readonly known: boolean | "ask" }
  /** The domain is ours, the address is nobody's. */
  | { readonly kind: "unknown"; readonly domain: Domain; readonly why?: Reply }
  /** The domain is not ours. */
  | { readonly kind: "remote" };

export type GroupPosting = {
  readonly who: "people" | "members";
  /** Addresses, in lower case. */
  readonly members: readonly string[];
  /** Of the group: its people are meant. */
  readonly domain: string;
};

/** "named": with the account itself as Sender (RFC 5322 §3.6.2), for which a lesser grant is enough. */
export type SendAs = "alone" | "named";

/** Who signs in by another address than the account's name. */
export interface AliasDirectory {
  /** The account that an alias leads to alone, like a name it had before; groups, lists and masked addresses are nobody's. */
  accountByAlias(name: string): Promise<Account | undefined>;
}

/** What memory holds is answered at once, without a promise, so that RCPT TO waits for nobody. */
export interface Directory {
  /** `local` as received (case and sub-address kept), `domain` a lower-case A-label. Alias loops end, with depth at most 8 and 1,000 targets. */
  resolve(local: string, domain: string): Resolution | Promise<Resolution>;
  account(id: AccountId): Account | undefined | Promise<Account | undefined>;
  accountByName(name: string): Promise<Account | undefined>;
  domain(name: string): Domain | undefined | Promise<Domain | undefined>;
  /** May this account use this address as sender: its own, with any detail, an alias to it, or one granted. */
  maySendAs(account: AccountId, local: string, domain: string, how?: SendAs): boolean | Promise<boolean>;
}
