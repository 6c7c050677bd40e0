import { saslPrep } from "../../protocol/sasl/prep.ts";
import { parseDomain } from "../../protocol/smtp/address.ts";
import type { Account } from "../store/store.ts";
import type { AliasDirectory, Directory } from "./directory.ts";
import type { Attempt } from "./throttle.ts";

export type NameDirectory = Pick<Directory, "accountByName"> & AliasDirectory;

/** Whom a login name (as `loginName` gives it) means: the account of this name, or the one that an alias leads to alone. */
export const accountNamed = async (name: string, directory: NameDirectory): Promise<Account | undefined> =>
  (await directory.accountByName(name)) ?? (await directory.accountByAlias(name));

/** A try from this address. It counts against the account, whichever of its names was typed: aliases are no further guesses. */
export const attemptAt = (name: string, account: Account | undefined, address: string): Attempt => ({
  address,
  account: account?.name ?? name,
});

/**
 * The account name somebody means: local part in lower case and NFC, domain as A-labels; `defaultDomain` ("" for none) is added
 * where they gave none. What cannot be a name comes back in lower case, and is nobody's.
 */
export function loginName(text: string, defaultDomain: string): string {
  const prepared = (saslPrep(text) ?? text).trim();
  const at = prepared.lastIndexOf("@");
  const local = (at < 0 ? prepared : prepared.slice(0, at)).toLowerCase().normalize("NFC");
  if (at < 0) return defaultDomain === "" ? local : `${local}@${defaultDomain}`;
  return `${local}@${parseDomain(prepared.slice(at + 1)) ?? prepared.slice(at + 1).toLowerCase()}`;
}
