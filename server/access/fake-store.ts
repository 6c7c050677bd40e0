/** For tests: the part of a store that accounts, addresses, settings and the queue's rows need, in memory. */
import type { AuditEntry, Deletion } from "../store/hosting.ts";
import type { WebSession } from "../store/jmap.ts";
import type { Factor } from "../store/security-store.ts";
import type {
  Account,
  Address,
  Change,
  Credential,
  Domain,
  JourneyEntry,
  QueuedMessage,
  QueueFilter,
  Store,
} from "../store/store.ts";

type Used = Pick<
  Store,
  | "domains"
  | "accounts"
  | "credentials"
  | "credentialUsed"
  | "webSession"
  | "webSessionUsed"
  | "factors"
  | "putFactor"
  | "changeFactor"
  | "removeFactors"
  | "addresses"
  | "setting"
  | "settings"
  | "queueCount"
  | "queueList"
  | "trace"
  | "putDomain"
  | "removeDomain"
  | "createAccount"
  | "updateAccount"
  | "removeAccount"
  | "putCredential"
  | "removeCredential"
  | "putAddress"
  | "removeAddress"
  | "putSetting"
  | "swapSetting"
  | "queueAct"
  | "subscribe"
  | "hostedDomains"
  | "sendingRows"
  | "tenants"
  | "noteAudit"
  | "deletionTakes"
  | "namings"
  | "softDelete"
  | "purge"
>;

export class FakeStore implements Used {
  readonly domainRows = new Map<string, Domain>();
  readonly accountRows = new Map<number, Account>();
  readonly addressRows = new Map<string, Address>();
  readonly settingRows = new Map<string, unknown>();
  credentialRows: Credential[] = [];
  factorRows: Factor[] = [];
  queue: QueuedMessage[] = [];
  journey: (JourneyEntry & { readonly id: number })[] = [];
  /** How often each reading operation was asked. */
  readonly asked: { [operation: string]: number } = {};
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  #nextId = 1;

  #count(operation: string): void {
    this.asked[operation] = (this.asked[operation] ?? 0) + 1;
  }
  publish(...changes: readonly Change[]): void {
    for (const listener of this.#listeners) listener(changes);
  }
  #changed(): void {
    this.publish({ kind: "directory" });
  }

  subscribe(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  async domains(filter: Parameters<Store["domains"]>[0] = {}) {
    this.#count("domains");
    return [...this.domainRows.values()].filter(({ name }) => (filter.name ?? name) === name);
  }
  async accounts(filter: Parameters<Store["accounts"]>[0] = {}) {
    this.#count("accounts");
    return [...this.accountRows.values()].filter(
      (one) => (filter.id ?? one.id) === one.id && (filter.name ?? one.name) === one.name,
    );
  }
  async credentials(account: number) {
    this.#count("credentials");
    const second = this.factorRows.some((one) => one.account === account && one.kind === "totp");
    const own = this.credentialRows.filter((one) => one.account === account);
    return second ? own.map((one) => (one.kind === "password" ? { ...one, secondFactor: true as const } : one)) : own;
  }
  async credentialUsed() {}
  readonly sessions = new Map<string, WebSession>();
  async webSession(hash: string) {
    return this.sessions.get(hash);
  }
  async webSessionUsed() {}
  async factors(account: number) {
    return this.factorRows.filter((one) => one.account === account);
  }
  async putFactor(...[account, factor, createdAt]: Parameters<Store["putFactor"]>) {
    const id = this.#nextId++;
    this.factorRows.push({ ...factor, id, account, createdAt, usedAt: undefined });
    this.#changed();
    return { kind: "done" as const, id };
  }
  async changeFactor(...[account, id, before, change]: Parameters<Store["changeFactor"]>) {
    const at = this.factorRows.findIndex((one) => one.account === account && one.id === id && one.data === before);
    if (at < 0) return "changed" as const;
    this.factorRows[at] = { ...this.factorRows[at]!, ...change };
    this.#changed();
    return "done" as const;
  }
  async removeFactors(...[account, which]: Parameters<Store["removeFactors"]>) {
    const goes = (one: Factor) =>
      one.account === account && (typeof which === "number" ? one.id === which : which.includes(one.kind));
    const removed = this.factorRows.filter(goes).length;
    this.factorRows = this.factorRows.filter((one) => !goes(one));
    this.#changed();
    return removed;
  }
  async addresses(filter: Parameters<Store["addresses"]>[0] = {}) {
    this.#count("addresses");
    return [...this.addressRows.values()].filter(
      (one) =>
        (filter.local ?? one.local) === one.local &&
        (filter.domain ?? one.domain) === one.domain &&
        (filter.account ?? one.account) === one.account,
    );
  }
  readonly auditRows: AuditEntry[] = [];
  async noteAudit(entries: readonly AuditEntry[]) {
    this.auditRows.push(...entries);
  }
  async tenants() {
    return [];
  }
  async hostedDomains(...[, { domain }]: Parameters<Store["hostedDomains"]>) {
    return [...this.domainRows.values()]
      .filter(({ name }) => (domain ?? name) === name)
      .map((row) => ({ ...row, tenant: 0 }));
  }
  async deletionTakes(...[kind, name]: Parameters<Store["deletionTakes"]>) {
    const named = (one: string): boolean => (kind === "account" ? one === name : one.endsWith(`@${name}`));
    const accounts = [...this.accountRows.values()].filter((one) => named(one.name));
    const addresses = [...this.addressRows.keys()].filter(named).length;
    if (kind === "account" ? accounts.length === 0 : !this.domainRows.has(name)) return undefined;
    return { domains: 1, accounts: accounts.length, addresses, messages: 0, bytes: 0 };
  }
  async namings() {
    return [];
  }
  async softDelete(...[kind, name, by, at, purgeAt]: Parameters<Store["softDelete"]>) {
    const takes = await this.deletionTakes(kind, name);
    if (takes === undefined) return { kind: "missing" as const };
    for (const one of [...this.accountRows.values()])
      if (kind === "account" ? one.name === name : one.name.endsWith(`@${name}`)) await this.removeAccount(one.id);
    if (kind === "domain") this.domainRows.delete(name);
    this.#changed();
    const deletion: Deletion = { id: this.#nextId++, kind, name, tenant: 0, domain: name, takes, by, at, purgeAt };
    return { kind: "done" as const, deletion };
  }
  async purge() {
    return "done" as const;
  }
  async sendingRows() {
    return [];
  }
  async setting(key: string) {
    return this.settingRows.get(key);
  }
  async settings(prefix: string) {
    return [...this.settingRows].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => ({ key, value }));
  }
  async putDomain(domain: Domain) {
    this.domainRows.set(domain.name, domain);
    this.#changed();
    return "done" as const;
  }
  async removeDomain(name: string) {
    if ([...this.addressRows.values()].some((one) => one.domain === name)) return "in-use" as const;
    const done = this.domainRows.delete(name);
    this.#changed();
    return done ? ("done" as const) : ("missing" as const);
  }
  async createAccount(...[account, credentials, at]: Parameters<Store["createAccount"]>) {
    const cut = account.name.lastIndexOf("@");
    const [local, domain] = [account.name.slice(0, cut), account.name.slice(cut + 1)];
    if (this.domainRows.get(domain)?.kind !== "local") return { kind: "no-domain" as const };
    if (this.addressRows.has(account.name)) return { kind: "exists" as const };
    const id = this.#nextId++;
    const row: Account = { ...account, id, disabled: false, usedBytes: 0, usedMessages: 0, createdAt: at };
    this.accountRows.set(id, row);
    this.addressRows.set(account.name, { local, domain, kind: "account", account: id, targets: [], senders: [] });
    for (const one of credentials) await this.putCredential(id, one);
    this.#changed();
    return { kind: "done" as const, account: row };
  }
  async updateAccount(...[id, change]: Parameters<Store["updateAccount"]>) {
    const row = this.accountRows.get(id);
    if (row === undefined) return "missing" as const;
    this.accountRows.set(id, { ...row, ...change });
    this.#changed();
    return "done" as const;
  }
  async removeAccount(id: number) {
    for (const [key, one] of this.addressRows) if (one.account === id) this.addressRows.delete(key);
    const done = this.accountRows.delete(id);
    this.#changed();
    return done ? ("done" as const) : ("missing" as const);
  }
  async putCredential(account: number, credential: Omit<Credential, "id" | "account">) {
    const id = this.#nextId++;
    if (credential.kind === "password") {
      this.credentialRows = this.credentialRows.filter((one) => one.account !== account || one.kind !== "password");
    }
    this.credentialRows.push({ ...credential, id, account });
    this.#changed();
    return id;
  }
  async removeCredential(account: number, id: number) {
    const before = this.credentialRows.length;
    this.credentialRows = this.credentialRows.filter((one) => one.account !== account || one.id !== id);
    this.#changed();
    return this.credentialRows.length < before ? ("done" as const) : ("missing" as const);
  }
  async putAddress(address: Address) {
    if (!this.domainRows.has(address.domain)) return "no-domain" as const;
    const key = `${address.local}@${address.domain}`;
    if (this.addressRows.get(key)?.kind === "account") return "taken" as const;
    this.addressRows.set(key, address);
    this.#changed();
    return "done" as const;
  }
  async removeAddress(local: string, domain: string) {
    const key = `${local}@${domain}`;
    if (this.addressRows.get(key)?.kind === "account") return "in-use" as const;
    const done = this.addressRows.delete(key);
    this.#changed();
    return done ? ("done" as const) : ("missing" as const);
  }
  async swapSetting(key: string, before: unknown, after: unknown) {
    if (JSON.stringify(this.settingRows.get(key)) !== JSON.stringify(before)) return false;
    await this.putSetting(key, after);
    return true;
  }
  async putSetting(key: string, value: unknown) {
    if (value === undefined) this.settingRows.delete(key);
    else this.settingRows.set(key, value);
  }
  #queued(filter: QueueFilter): QueuedMessage[] {
    return this.queue.filter(
      (one) =>
        (filter.id ?? one.id) === one.id &&
        (filter.sender ?? one.envelopeFrom) === one.envelopeFrom &&
        one.recipients.some(
          (to) => (filter.domain ?? to.domain) === to.domain && (filter.recipient ?? to.address) === to.address,
        ),
    );
  }
  async queueCount() {
    return this.queue.reduce((sum, one) => sum + one.recipients.length, 0);
  }
  async queueList(filter: QueueFilter) {
    return this.#queued(filter).slice(0, filter.limit);
  }
  async queueAct(...[filter, action]: Parameters<Store["queueAct"]>) {
    const found = this.#queued(filter);
    if (action === "delete") this.queue = this.queue.filter((one) => !found.includes(one));
    return found.reduce((sum, one) => sum + one.recipients.length, 0);
  }
  async trace(key: string, limit: number) {
    return this.journey.filter((one) => one.trace === key || one.keys.includes(key)).slice(0, limit);
  }

  /** An account without a password, and the address rows that come with it. */
  async user(
    name: string,
    more: { readonly role?: "user" | "admin"; readonly credential?: Omit<Credential, "id" | "account"> } = {},
  ) {
    const made = await this.createAccount(
      { name, displayName: "", role: more.role ?? "user", quotaBytes: 0 },
      more.credential === undefined ? [] : [more.credential],
      0,
    );
    if (made.kind !== "done") throw new Error(`${name}: ${made.kind}`);
    return made.account.id;
  }
  async alias(name: string, targets: readonly string[], senders: readonly number[] = []) {
    const [local = "", domain = ""] = name.split("@");
    await this.putAddress({ local, domain, kind: "alias", account: undefined, targets, senders });
  }
}
