/** The directory in memory, in front of the store (see `directory.ts` for what it promises). */
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Account, AccountId, Address, Change, Domain, Store } from "../store/store.ts";
import type { AliasDirectory, Directory, GroupPosting, Resolution, SendAs } from "./directory.ts";
import { type ListAddress, listPartOf } from "./list-addresses.ts";
import { Remembered } from "./remembered.ts";

export type DirectorySettings = {
  /** Nothing told is older. The store tells of changes, those of other processes within a second; this is for what it never heard of. */
  readonly ttlMs: number;
  /** Answers, addresses and accounts kept, each. */
  readonly maxEntries: number;
  readonly maxAliasDepth: number;
  readonly maxAliasTargets: number;
};

export const defaultDirectorySettings: DirectorySettings = {
  ttlMs: 30_000,
  maxEntries: 50_000,
  maxAliasDepth: 8,
  maxAliasTargets: 1_000,
};

type DirectoryStore = Pick<Store, "domains" | "accounts" | "addresses" | "subscribe">;

/** RFC 5321 §4.5.1, RFC 2142 §2: always deliverable. */
const essentialLocals = new Set(["postmaster", "abuse"]);
const defaultSeparator = "+";

/** `now` is monotonic milliseconds. Dispose to stop listening to the store. */
export function makeDirectory(parts: {
  readonly store: DirectoryStore;
  readonly settings?: Partial<DirectorySettings>;
  readonly now?: () => number;
}): Directory & AliasDirectory & Disposable {
  const settings = { ...defaultDirectorySettings, ...parts.settings };
  return new CachedDirectory(parts.store, settings, parts.now ?? (() => performance.now()));
}

/** A row, and the detail that was cut off to find it. */
type Found = { readonly row: Address; readonly detail: string | undefined };

class CachedDirectory implements Directory, AliasDirectory, Disposable {
  readonly #settings: DirectorySettings;
  readonly #domains: Remembered<"all", ReadonlyMap<string, Domain>>;
  readonly #addresses: Remembered<string, Address | undefined>;
  readonly #byId: Remembered<AccountId, Account | undefined>;
  readonly #idByName: Remembered<string, AccountId | undefined>;
  readonly #administrator: Remembered<"first", AccountId | undefined>;
  readonly #resolutions: Remembered<string, Resolution>;
  /** By account, with a minus where it is named as Sender, and address. */
  readonly #senders: Remembered<string, boolean>;
  readonly #unsubscribe: () => void;

  constructor(store: DirectoryStore, settings: DirectorySettings, now: () => number) {
    this.#settings = settings;
    const { ttlMs, maxEntries } = settings;
    // What is worked out from remembered things is itself remembered: each for half the time.
    const remember = <K, V>(load: (key: K) => Promise<V>, max = maxEntries, ms = ttlMs / 2): Remembered<K, V> =>
      new Remembered({ ttlMs: ms, maxEntries: max, now }, load);
    this.#domains = remember(async () => new Map((await store.domains()).map((domain) => [domain.name, domain])), 1);
    this.#addresses = remember(async (key) => {
      const at = key.lastIndexOf("@");
      return (await store.addresses({ local: key.slice(0, at), domain: key.slice(at + 1) }))[0];
    });
    this.#byId = remember(async (id) => (await store.accounts({ id }))[0], maxEntries, ttlMs);
    this.#idByName = remember(async (name) => (await store.accounts({ name }))[0]?.id);
    this.#administrator = remember(async () => {
      const admins = (await store.accounts({ role: "admin" })).filter((one) => one.role === "admin" && !one.disabled);
      return admins.sort((one, other) => one.id - other.id)[0]?.id;
    }, 1);
    this.#resolutions = remember((key) => {
      const at = key.lastIndexOf("@");
      return this.#find(key.slice(0, at), key.slice(at + 1));
    });
    this.#senders = remember((key) => this.#isSender(key));
    this.#unsubscribe = store.subscribe((changes) => this.#changed(changes));
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #changed(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "mail") this.#byId.changed(change.account, hasQuota);
      else if (change.kind === "directory") {
        this.#domains.drop();
        this.#addresses.drop();
        this.#byId.drop();
        this.#idByName.drop();
        this.#administrator.drop();
        this.#resolutions.drop();
        this.#senders.drop();
        return;
      }
    }
  }

  resolve(local: string, domain: string): Resolution | Promise<Resolution> {
    const domains = this.#domains.get("all");
    if (domains instanceof Promise) return domains.then(() => this.#resolutions.get(`${local}@${domain}`));
    return domains.has(domain) ? this.#resolutions.get(`${local}@${domain}`) : remote;
  }

  account(id: AccountId): Account | undefined | Promise<Account | undefined> {
    return this.#byId.get(id);
  }

  async accountByName(name: string): Promise<Account | undefined> {
    const found = this.#idByName.get(name);
    const id = found instanceof Promise ? await found : found;
    return id === undefined ? undefined : this.#byId.get(id);
  }

  async accountByAlias(name: string): Promise<Account | undefined> {
    let at = name;
    for (let depth = 0; depth <= this.#settings.maxAliasDepth; depth++) {
      const mailbox = parseMailbox(at);
      const domain = mailbox && (await this.domain(mailbox.domain));
      const found = domain && (await this.#home(mailbox.local, domain)).found;
      // A sub-address is an address, and no name to sign in with.
      const row = found?.detail === undefined ? found?.row : undefined;
      if (row?.kind === "account" && row.account !== undefined) return this.#byId.get(row.account);
      const [target, ...others] = row?.targets ?? [];
      if (row?.kind !== "alias" || row.about !== undefined || target === undefined || others.length > 0)
        return undefined;
      at = target;
    }
    return undefined;
  }

  domain(name: string): Domain | undefined | Promise<Domain | undefined> {
    const domains = this.#domains.get("all");
    return domains instanceof Promise ? domains.then((all) => all.get(name)) : domains.get(name);
  }

  maySendAs(account: AccountId, local: string, domain: string, how: SendAs = "alone"): boolean | Promise<boolean> {
    return this.#senders.get(`${how === "named" ? "-" : ""}${account} ${local}@${domain}`);
  }

  async #isSender(key: string): Promise<boolean> {
    const space = key.indexOf(" ");
    const at = key.lastIndexOf("@");
    const asked = Number(key.slice(0, space));
    const account = Math.abs(asked);
    const local = key.slice(space + 1, at);
    const domain = await this.domain(key.slice(at + 1));
    if (domain === undefined) return false;
    const { found } = await this.#home(local, domain);
    if (found?.row.senders.includes(account)) return true;
    if (asked < 0 && found?.row.onBehalf?.includes(account)) return true;
    if (found?.row.kind === "account") return found.row.account === account;
    // What goes to this account alone is its address, by the catch-all too; a list of many is not each member's.
    const answer = await this.resolve(local, domain.name);
    return answer.kind === "local" && answer.accounts.length === 1 && answer.accounts[0] === account;
  }

  /** Where an address is: its row, and the domain whose rules hold. A domain whose catch-all is "*@example.org" is another name of that one. */
  async #home(local: string, domain: Domain): Promise<{ readonly domain: Domain; readonly found: Found | undefined }> {
    let at = domain;
    for (let depth = 0; ; depth++) {
      const found = await this.#row(local, at);
      const { catchAll } = at.settings;
      if (found !== undefined || !catchAll?.startsWith("*@") || depth === this.#settings.maxAliasDepth)
        return { domain: at, found };
      const other = at.kind === "local" ? await this.domain(parseMailbox(catchAll)?.domain ?? "") : undefined;
      if (other?.kind !== "local") return { domain: at, found };
      at = other;
    }
  }

  async #find(local: string, domainName: string): Promise<Resolution> {
    const named = await this.domain(domainName);
    if (named === undefined) return remote;
    const { domain, found } = await this.#home(local, named);
    const essential = essentialLocals.has(plainLocal(local));
    const ofList = domain.kind === "local" ? await this.#listPart(local, domain) : undefined;
    if (ofList !== undefined) return { ...nobody, lists: [ofList], domain };
    if (domain.kind === "relay" && (found === undefined || found.row.kind === "relay")) {
      if (found !== undefined || essential) return { kind: "relay", domain, known: true };
      const who = domain.settings.relayRecipients ?? "any";
      return { kind: "relay", domain, known: who === "any" ? true : who === "callout" ? "ask" : false };
    }
    // A one-off address that its owner has switched off is nobody's, whatever the catch-all takes.
    if (found?.row.about?.kind === "masked" && found.row.about.off) return { kind: "unknown", domain };
    const spread = new Spread();
    if (found !== undefined) await this.#spread(found, spread, 0);
    else if (!essential && domain.settings.catchAll)
      await this.#spreadTo(catchAllFor(domain.settings.catchAll, local), spread, 0);
    if (spread.isEmpty && essential) await this.#spreadEssential(domain, spread);
    if (spread.isEmpty && domain.settings.relayTo !== undefined) {
      // Split delivery: who is not here has their mail on the other server still.
      if (domain === named)
        return { kind: "relay", domain, known: domain.settings.relayRecipients === "any" ? true : "ask" };
      spread.forwards.add(`${local}@${domain.name}`);
    }
    if (spread.isEmpty) return { kind: "unknown", domain };
    const detail = found?.detail ?? (spread.accounts.size === 1 ? spread.detail : undefined);
    const lists = [...spread.lists].map((list): ListAddress => ({ list, part: "post", token: "" }));
    return {
      kind: "local",
      accounts: [...spread.accounts],
      forwards: [...spread.forwards],
      detail,
      domain,
      essential,
      ...(lists.length === 0 ? {} : { lists }),
      ...postingOf(found?.row),
    };
  }

  /** An address of a list beside its own, where nobody else has it. */
  async #listPart(local: string, domain: Domain): Promise<ListAddress | undefined> {
    const named = listPartOf(plainLocal(local));
    if (named === undefined) return undefined;
    const list = `${named.list}@${domain.name}`;
    if ((await this.#addresses.get(list))?.about?.kind !== "list") return undefined;
    const taken = await this.#addresses.get(`${plainLocal(local)}@${domain.name}`);
    return taken === undefined ? { ...named, list } : undefined;
  }

  /** The exact address, else the one before the separator. */
  async #row(local: string, domain: Domain): Promise<Found | undefined> {
    const plain = plainLocal(local);
    const exact = await this.#addresses.get(`${plain}@${domain.name}`);
    if (exact !== undefined) return { row: exact, detail: undefined };
    const separator = domain.settings.subaddressSeparator ?? defaultSeparator;
    const cut = separator === "" ? -1 : local.indexOf(separator, 1);
    if (cut < 0) return undefined;
    const row = await this.#addresses.get(`${plainLocal(local.slice(0, cut))}@${domain.name}`);
    return row === undefined ? undefined : { row, detail: local.slice(cut + separator.length) };
  }

  /** The domain's own postmaster, else the first administrator. */
  async #spreadEssential(domain: Domain, spread: Spread): Promise<void> {
    const postmaster = await this.#addresses.get(`postmaster@${domain.name}`);
    if (postmaster !== undefined) await this.#spread({ row: postmaster, detail: undefined }, spread, 0);
    if (!spread.isEmpty) return;
    const administrator = await this.#administrator.get("first");
    if (administrator !== undefined) spread.accounts.add(administrator);
  }

  async #spread({ row, detail }: Found, spread: Spread, depth: number): Promise<void> {
    const key = `${row.local}@${row.domain}`;
    if (spread.seen.has(key)) return;
    spread.seen.add(key);
    if (row.kind === "account") {
      if (row.account === undefined) return;
      spread.accounts.add(row.account);
      spread.detail ??= detail;
    } else if (row.kind === "relay") spread.forwards.add(key);
    else if (row.about?.kind === "list") spread.lists.add(key);
    else for (const target of row.targets) await this.#spreadTo(target, spread, depth + 1);
  }

  async #spreadTo(target: string, spread: Spread, depth: number): Promise<void> {
    if (depth > this.#settings.maxAliasDepth || ++spread.targets > this.#settings.maxAliasTargets) return;
    const mailbox = parseMailbox(target);
    if (mailbox === undefined) return;
    const domain = await this.domain(mailbox.domain);
    if (domain === undefined) {
      spread.forwards.add(target);
      return;
    }
    const found = await this.#row(mailbox.local, domain);
    if (found !== undefined) return this.#spread(found, spread, depth);
    const isThere = domain.settings.relayTo !== undefined && !essentialLocals.has(plainLocal(mailbox.local));
    if (domain.kind === "relay" || isThere) {
      spread.forwards.add(target);
      return;
    }
    if (essentialLocals.has(plainLocal(mailbox.local))) return this.#spreadEssential(domain, spread);
    const { catchAll } = domain.settings;
    if (catchAll) await this.#spreadTo(catchAllFor(catchAll, mailbox.local), spread, depth + 1);
  }
}

function postingOf(row: Address | undefined): { readonly posting?: GroupPosting } {
  const about = row?.about;
  if (row === undefined || about?.kind !== "group" || about.posting === undefined || about.posting === "anyone")
    return {};
  return {
    posting: { who: about.posting, members: row.targets.map((one) => one.toLowerCase()), domain: row.domain },
  };
}

/** Where the mail of one address goes, while its aliases are followed. */
class Spread {
  readonly accounts = new Set<AccountId>();
  readonly forwards = new Set<string>();
  readonly lists = new Set<string>();
  readonly seen = new Set<string>();
  targets = 0;
  detail: string | undefined;

  get isEmpty(): boolean {
    return this.accounts.size === 0 && this.forwards.size === 0 && this.lists.size === 0;
  }
}

/** The star of a catch-all stands for what was written before the @. */
const catchAllFor = (catchAll: string, local: string): string => catchAll.replace(/^\*(?=@)/, () => local);

const remote: Resolution = { kind: "remote" };
const nobody = { kind: "local", accounts: [], forwards: [], detail: undefined, essential: false } as const;

/** Without one nobody asks how much of it is used: its mail changes nothing that is remembered. */
const hasQuota = (account: Account | undefined): boolean => account !== undefined && account.quotaBytes > 0;

/** Local parts compare without case here (RFC 5321 §2.4 leaves it to us) and in one Unicode form. */
const plainLocal = (local: string): string => local.toLowerCase().normalize("NFC");
