/** An LDAP directory: it proves passwords (a bind, RFC 4513 §5.1), and says who there is. */
import { readFile } from "node:fs/promises";
import type { Client, Entry } from "ldapts";
import { displayNameOf } from "../../protocol/display-name.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Log } from "../base/log.ts";
import type { Account, Instant, Store } from "../store/store.ts";

export type LdapSettings = {
  /** "ldaps://ldap.example.org" or "ldap://…"; "" for none. */
  readonly url: string;
  /** TLS on an ldap:// connection before anything is said (RFC 4511 §4.14). */
  readonly startTls: boolean;
  /** PEM of the authority that the directory's certificate is of; "" for the usual ones. */
  readonly caFile: string;
  /** Who looks for people; "" looks without a name. */
  readonly bindDn: string;
  readonly bindPassword: string;
  readonly base: string;
  /** Finds one person; {address} is what they typed, {local} what stands before the @. */
  readonly filter: string;
  /** Finds everybody, for `angarium ldap sync`. */
  readonly allFilter: string;
  readonly addressAttribute: string;
  readonly nameAttribute: string;
  /** People of the directory without an account get one when they first sign in. */
  readonly createAccounts: boolean;
  readonly timeoutMs: number;
  /** So long a proved password is believed without asking again. */
  readonly rememberedMs: number;
};

export const defaultLdapSettings: LdapSettings = {
  url: "",
  startTls: false,
  caFile: "",
  bindDn: "",
  bindPassword: "",
  base: "",
  filter: "(&(objectClass=person)(mail={address}))",
  allFilter: "(&(objectClass=person)(mail=*))",
  addressAttribute: "mail",
  nameAttribute: "cn",
  createAccounts: true,
  timeoutMs: 10_000,
  rememberedMs: 60_000,
};

/** People that one sync takes. */
export const maxLdapPeople = 200_000;
const pageSize = 500;

export type LdapPerson = { readonly dn: string; readonly address: string; readonly displayName: string };

/** RFC 4515 §3: what people type must not become part of a filter's grammar. */
export const filterText = (text: string): string =>
  [...Buffer.from(text, "utf8")]
    .map((byte) =>
      (byte >= 48 && byte <= 57) ||
      (byte >= 64 && byte <= 90) ||
      (byte >= 97 && byte <= 122) ||
      byte === 45 ||
      byte === 46
        ? String.fromCharCode(byte)
        : `\\${byte.toString(16).padStart(2, "0")}`,
    )
    .join("");

export class Ldap {
  readonly #settings: LdapSettings;
  readonly #log: Log;

  constructor(settings: LdapSettings, log: Log) {
    this.#settings = settings;
    this.#log = log;
  }

  get rememberedMs(): number {
    return this.#settings.rememberedMs;
  }

  get createAccounts(): boolean {
    return this.#settings.createAccounts;
  }

  /** A connection to ourselves, and its end. Rejects where the directory cannot be asked. */
  async #connected<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const { url, startTls, caFile, timeoutMs } = this.#settings;
    const { Client } = await import("ldapts");
    const ca = caFile === "" ? undefined : await readFile(caFile);
    const tls = ca === undefined ? {} : { ca };
    const secure = url.startsWith("ldaps:");
    const client = new Client({
      url,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
      strictDN: true,
      ...(secure ? { tlsOptions: tls } : {}),
    });
    try {
      if (startTls && !secure) await client.startTLS({ ...tls, host: new URL(url).hostname });
      return await work(client);
    } finally {
      await client.unbind().catch(() => {});
    }
  }

  /** Who has this address and password; undefined where nobody has. */
  async prove(address: string, password: string): Promise<LdapPerson | undefined> {
    // RFC 4513 §5.1.2: a bind without a password succeeds and proves nothing.
    if (password === "") return undefined;
    return this.#connected(async (client) => {
      const { bindDn, bindPassword, filter } = this.#settings;
      if (bindDn !== "") await client.bind(bindDn, bindPassword);
      const text = filter
        .replaceAll("{address}", filterText(address))
        .replaceAll("{local}", filterText(address.slice(0, address.lastIndexOf("@"))));
      const found = await this.#search(client, text, 2);
      const [person] = found;
      // Two people with one address: neither of them is who came.
      if (found.length !== 1 || person === undefined) return undefined;
      const { InvalidCredentialsError } = await import("ldapts");
      try {
        await client.bind(person.dn, password);
        return person;
      } catch (error) {
        if (error instanceof InvalidCredentialsError) return undefined;
        this.#log.warn({ dn: person.dn, error: (error as Error).message }, "LDAP bind refused");
        return undefined;
      }
    });
  }

  /** Everybody with an address, at most `maxLdapPeople`. */
  async people(): Promise<readonly LdapPerson[]> {
    return this.#connected(async (client) => {
      const { bindDn, bindPassword, allFilter } = this.#settings;
      if (bindDn !== "") await client.bind(bindDn, bindPassword);
      return this.#search(client, allFilter, maxLdapPeople);
    });
  }

  async #search(client: Client, filter: string, max: number): Promise<readonly LdapPerson[]> {
    const { base, addressAttribute, nameAttribute } = this.#settings;
    const { searchEntries } = await client.search(base, {
      scope: "sub",
      filter,
      attributes: [addressAttribute, nameAttribute],
      ...(max > pageSize ? { paged: { pageSize } } : { sizeLimit: max }),
    });
    return searchEntries.slice(0, max).flatMap((entry) => personOf(entry, addressAttribute, nameAttribute));
  }
}

function personOf(entry: Entry, addressAttribute: string, nameAttribute: string): readonly LdapPerson[] {
  const first = (name: string): string => {
    const value = entry[name];
    const one = Array.isArray(value) ? value[0] : value;
    return one === undefined ? "" : String(one);
  };
  const mailbox = parseMailbox(first(addressAttribute));
  if (mailbox === undefined) return [];
  const address = `${mailbox.local.toLowerCase().normalize("NFC")}@${mailbox.domain}`;
  return [{ dn: entry.dn, address, displayName: displayNameOf(first(nameAttribute), 200) }];
}

export type LdapSynced = {
  readonly people: number;
  readonly created: readonly string[];
  readonly renamed: number;
  /** Addresses in no domain of ours, or taken by an alias. */
  readonly left: number;
};

/** Makes accounts for those who have none, so that their mail is taken before they first sign in; changes names that have changed. */
export async function syncLdap(
  ldap: Pick<Ldap, "people">,
  store: Pick<Store, "accounts" | "createAccount" | "updateAccount">,
  now: Instant,
): Promise<LdapSynced> {
  const people = await ldap.people();
  const known = new Map<string, Account>((await store.accounts()).map((account) => [account.name, account]));
  const created: string[] = [];
  let renamed = 0;
  let left = 0;
  for (const { address, displayName } of people) {
    const account = known.get(address);
    if (account === undefined) {
      const made = await store.createAccount({ name: address, displayName, role: "user", quotaBytes: 0 }, [], now);
      if (made.kind === "done") created.push(address);
      else left++;
    } else if (displayName !== "" && account.displayName !== displayName) {
      await store.updateAccount(account.id, { displayName });
      renamed++;
    }
  }
  return { people: people.length, created, renamed, left };
}
