/** What the filter asks about the people mail is for; kept in memory by whoever assembles it. */
import type { AccountId } from "../../store/store.ts";
import type { Taught } from "./personal.ts";

/** From which probability on mail is put into Junk, kept back, or refused; above 1 it never is. */
export type Thresholds = { readonly junk: number; readonly quarantine: number; readonly refuse: number };

/** What an administrator or the person has set. */
export type Preferences = Partial<Thresholds> & {
  /** "ann@example.org" or "example.org". */
  readonly allow?: readonly string[];
  readonly block?: readonly string[];
};

export type People = {
  /** Recipients of the message that have a mailbox here, each with the domain it was written to at. */
  accountsOf(
    recipients: readonly { readonly local: string; readonly domain: string }[],
  ): Promise<ReadonlyMap<AccountId, string>> | ReadonlyMap<AccountId, string>;
  /** Undefined where the person has taught nothing. */
  taught(account: AccountId): Taught | undefined | Promise<Taught | undefined>;
  /** Whose tenant people are of, as far as it is known, and with a look at the store. */
  readonly tenants: {
    known(account: AccountId): number | undefined;
    of(account: AccountId): Promise<number | undefined>;
  };
  /** Those of the account over those of the domain over those of its tenant; lists of all together. */
  preferences(account: AccountId, domain: string): Preferences;
  /** Whether the person has written to the address (lower case). */
  wroteTo(account: AccountId, address: string): boolean | Promise<boolean>;
  /** Names of the people of a domain, by `personName`, and their addresses. */
  colleagues(domain: string): ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>;
  /** Whom the person writes to, as far as it is in memory: domains of companies, and full names with the address each is used for. */
  contacts(
    account: AccountId,
  ): { readonly domains: ReadonlySet<string>; readonly names: ReadonlyMap<string, string> } | undefined;
  /** Whether proved mail from the address (lower case) was taken for the person before. */
  hasSeen(account: AccountId, address: string): boolean | Promise<boolean>;
  /** Proved mail from the address was taken for the person. */
  saw(account: AccountId, address: string): void;
};

/** Whether an address is on a list. */
export function listed(list: readonly string[] | undefined, address: string): boolean {
  if (list === undefined || list.length === 0) return false;
  const domain = address.slice(address.lastIndexOf("@") + 1);
  return list.some(
    (entry) =>
      entry === address ||
      entry === domain ||
      (domain.endsWith(entry) && domain[domain.length - entry.length - 1] === "."),
  );
}

/** Later ones hold over earlier ones; what is on a list of one of them is on the list of all. */
export function layered(layers: readonly (Preferences | undefined)[]): Preferences {
  const set = layers.filter((layer) => layer !== undefined);
  if (set.length < 2) return set[0] ?? {};
  const allow = set.flatMap((layer) => layer.allow ?? []);
  const block = set.flatMap((layer) => layer.block ?? []);
  const all: Preferences = Object.assign({}, ...set);
  return { ...all, ...(allow.length > 0 ? { allow } : {}), ...(block.length > 0 ? { block } : {}) };
}
