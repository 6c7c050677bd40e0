/** Who has scripts, and which: known from memory, compiled once by content, read again when the store says that they changed. */
import { createHash } from "node:crypto";
import type { Library } from "../../../protocol/sieve/compiler.ts";
import { type CompileResult, compileScript } from "../../../protocol/sieve/sieve.ts";
import type { Log } from "../../log.ts";
import type { SharedScript, SieveScript, VacationResponse } from "../../store/sieve-store.ts";
import type { AccountId, Store } from "../../store/store.ts";
import { vacationScript } from "./vacation-script.ts";

export type BookScript = {
  /** As its owner knows it; undefined for the vacation answer, which is no script to them. */
  readonly name: string;
  readonly origin: "server" | "domain" | "account" | "vacation";
  readonly compiled: CompileResult;
};

/** Accounts whose scripts are kept compiled, and compiled scripts in all. */
const maxAccounts = 5000;
const maxCompiled = 5000;

type Known = { readonly scripts: readonly SieveScript[]; readonly vacation: VacationResponse | undefined };
type Shared = { readonly accounts: ReadonlySet<AccountId>; readonly scripts: readonly SharedScript[] };

export class ScriptBook {
  readonly #store: Pick<Store, "sieveAccounts" | "sharedScripts" | "sieveScripts" | "vacationResponse">;
  readonly #log: Log;
  readonly #unsubscribe: () => void;
  readonly #known = new Map<AccountId, Promise<Known>>();
  readonly #compiled = new Map<string, CompileResult>();
  #shared: Shared | undefined;
  #loading: Promise<Shared> | undefined;
  /** Counts changes: what was read before one is not believed after it. */
  #edition = 0;

  constructor(
    store: Pick<Store, "sieveAccounts" | "sharedScripts" | "sieveScripts" | "vacationResponse" | "subscribe">,
    log: Log,
  ) {
    this.#store = store;
    this.#log = log;
    this.#unsubscribe = store.subscribe((changes) => {
      for (const change of changes)
        if (change.kind === "sieve") this.#forget(change.account);
        // Another process may have changed anything.
        else if (change.kind === "directory") this.#forget(undefined);
    });
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #forget(account: AccountId | undefined): void {
    this.#edition++;
    this.#shared = undefined;
    this.#loading = undefined;
    if (account === undefined) this.#known.clear();
    else this.#known.delete(account);
  }

  /** Whether a script runs for any of these accounts: at once, unless that has just changed. */
  concerns(accounts: Iterable<AccountId>): boolean | Promise<boolean> {
    const shared = this.#shared;
    if (shared !== undefined) return concerned(shared, accounts);
    const list = [...accounts];
    return this.#load().then((loaded) => concerned(loaded, list));
  }

  #load(): Promise<Shared> {
    if (this.#loading !== undefined) return this.#loading;
    const edition = this.#edition;
    const loading = (async () => {
      const [accounts, scripts] = await Promise.all([this.#store.sieveAccounts(), this.#store.sharedScripts()]);
      const shared = { accounts: new Set(accounts), scripts };
      if (edition === this.#edition) this.#shared = shared;
      return shared;
    })();
    this.#loading = loading;
    loading.catch(() => {
      if (this.#loading === loading) this.#loading = undefined;
    });
    return loading;
  }

  /** Scripts for a message to this account, in the order in which they run. */
  async scriptsFor(account: AccountId, domain: string): Promise<readonly BookScript[]> {
    const shared = this.#shared ?? (await this.#load());
    const own = shared.accounts.has(account) ? await this.#accountScripts(account) : undefined;
    const library: Library = (location, name) =>
      location === "personal"
        ? own?.scripts.find((script) => script.name === name)?.content
        : shared.scripts.find((script) => script.name === name && (script.owner === "" || script.owner === domain))
            ?.content;
    const key = own === undefined ? `${domain}` : `${account}`;
    const compile = (content: string): CompileResult => this.#compile(content, library, key);
    const of = (owner: string, runs: SharedScript["runs"]): BookScript[] =>
      shared.scripts
        .filter((script) => script.owner === owner && script.runs === runs)
        .map(({ name, content }) => ({
          name,
          origin: owner === "" ? "server" : "domain",
          compiled: compile(content),
        }));
    const mine: BookScript[] = [];
    const active = own?.scripts.find((script) => script.active);
    if (active !== undefined) mine.push({ name: active.name, origin: "account", compiled: compile(active.content) });
    const vacation = own?.vacation === undefined ? undefined : vacationScript(own.vacation);
    if (vacation !== undefined) mine.push({ name: "vacation", origin: "vacation", compiled: compile(vacation) });
    return [...of("", "before"), ...of(domain, "before"), ...mine, ...of(domain, "after"), ...of("", "after")];
  }

  /** A script of the account by its name, or the active one where none is named. */
  async script(account: AccountId, domain: string, name: string): Promise<BookScript | undefined> {
    const shared = this.#shared ?? (await this.#load());
    const own = await this.#accountScripts(account);
    const found = own.scripts.find((script) => script.name === name);
    if (found === undefined) return undefined;
    const library: Library = (location, wanted) =>
      location === "personal"
        ? own.scripts.find((script) => script.name === wanted)?.content
        : shared.scripts.find((script) => script.name === wanted && (script.owner === "" || script.owner === domain))
            ?.content;
    return { name, origin: "account", compiled: this.#compile(found.content, library, `${account}`) };
  }

  #accountScripts(account: AccountId): Promise<Known> {
    let known = this.#known.get(account);
    if (known === undefined) {
      known = Promise.all([this.#store.sieveScripts(account), this.#store.vacationResponse(account)]).then(
        ([{ scripts }, vacation]) => ({ scripts, vacation }),
      );
      const read = known;
      read.catch((error: unknown) => {
        this.#log.error({ account, error }, "scripts cannot be read");
        if (this.#known.get(account) === read) this.#known.delete(account);
      });
      this.#known.set(account, known);
      if (this.#known.size > maxAccounts) this.#known.delete(this.#known.keys().next().value!);
    }
    return known;
  }

  /** By content; scripts that include others also by whose they are and which edition. */
  #compile(content: string, library: Library, whose: string): CompileResult {
    const includes = /\binclude\b/i.test(content);
    const digest = createHash("sha256").update(content).digest("base64");
    const key = includes ? `${digest} ${whose} ${this.#edition}` : digest;
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      compiled = compileScript(content, library);
      this.#compiled.set(key, compiled);
      if (this.#compiled.size > maxCompiled) this.#compiled.delete(this.#compiled.keys().next().value!);
    }
    return compiled;
  }
}

function concerned({ accounts, scripts }: Shared, asked: Iterable<AccountId>): boolean {
  // Whose domain a script is of is looked at when the message is at hand.
  if (scripts.some(({ runs }) => runs !== "never")) return true;
  if (accounts.size === 0) return false;
  for (const account of asked) if (accounts.has(account)) return true;
  return false;
}
