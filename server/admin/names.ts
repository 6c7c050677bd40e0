/** Domains and addresses as administrators type them. */
import { type Mailbox, parseDomain, parseMailbox } from "../../protocol/smtp/address.ts";
import type { Account, AccountId, Domain, StoreReader } from "../store/store.ts";
import { no, type Refused } from "./command.ts";

/** A domain's lower-case A-labels; undefined where it is none (or an address literal). */
export function readDomain(text: string): string | undefined {
  const domain = parseDomain(text.trim().replace(/\.$/, ""));
  return domain === undefined || domain.startsWith("[") || !domain.includes(".") ? undefined : domain;
}

/** An address with its local part in lower case, as the directory keeps it. */
export function readAddress(text: string): Mailbox | undefined {
  const mailbox = parseMailbox(text.trim());
  if (mailbox === undefined || mailbox.domain.startsWith("[")) return undefined;
  return { local: mailbox.local.toLowerCase().normalize("NFC"), domain: mailbox.domain };
}

export const badDomain = (text: string): Refused => no(`"${text}" is no domain name. Write it like example.org.`);
export const badAddress = (text: string): Refused => no(`"${text}" is no address. Write it like anna@example.org.`);
export const noDomain = (name: string): Refused =>
  no(`The domain ${name} is not here. Add it first: angarium domain add ${name}`);
export const noAccount = (name: string): Refused =>
  no(`There is no account ${name}. See them all: angarium account list`);

export async function findDomain(store: Pick<StoreReader, "domains">, name: string): Promise<Domain | undefined> {
  return (await store.domains({ name }))[0];
}

/** The account of this name, whatever the case it was typed in. */
export async function findAccount(store: Pick<StoreReader, "accounts">, text: string): Promise<Account | undefined> {
  const address = readAddress(text);
  if (address === undefined) return undefined;
  return (await store.accounts({ name: `${address.local}@${address.domain}` }))[0];
}

/** The names of those accounts that are still there. */
export async function namesOf(
  store: Pick<StoreReader, "accounts">,
  ids: readonly AccountId[],
): Promise<readonly string[]> {
  const found = await Promise.all(ids.map(async (id) => (await store.accounts({ id }))[0]?.name));
  return found.filter((name) => name !== undefined);
}
