/** Who has scripts, and which: known from memory, compiled once by content, read again when the store says that they changed. */
import { createHash } from "node:crypto";
import { defaultSieveBounds } from "../../../protocol/sieve/bounds.ts";
import type { Library } from "../../../protocol/sieve/compiler.ts";
import { type CompileResult, compileScript } from "../../../protocol/sieve/sieve.ts";
import type { Log } from "../../base/log.ts";
import { Recent } from "../../store/recent.ts";
import type { SharedScript, SieveScript, VacationResponse } from "../../store/sieve-store.ts";
import type { AccountId, Store } from "../../store/store.ts";
import { vacationScript } from "./vacation-script.ts";

export type BookScript = {
  /** As its owner knows it; undefined for the vacation answer, which is no script to them. */
  readonly name: string;
  readonly origin: "server" | "domain" | "account" | "vacation";
  readonly compiled: CompileResult;
};

/** Bytes of scripts that are kept as they were read, and compiled. */
const maxReadBytes = 32 * 1024 * 1024;
const maxCompiledBytes = 128 * 1024 * 1024;
/** What a character of a script comes to when it is compiled (measured with the shortest commands), and what the smallest script does. */
const bytesOfChar = 20;
const bytesOfScript = 2000;

type Known = { readonly scripts: readonly SieveScript[]; readonly vacation: VacationResponse | undefined };
type Shared = { readonly accounts: ReadonlySet<AccountId>; readonly scripts: readonly SharedScript[] };

export class ScriptBook {
  readonly #store: Pick<Store, "sieveAccounts" | "sharedScripts" | "sieveScripts" | "vacationResponse">;
  readonly #log: Log;
  readonly #unsubscribe: () => void;
  readonly #known = new Recent<Known, AccountId>(maxReadBytes);
  readonly #reading = new Map<AccountId, Promise<Known>>();
  readonly #compiled = new Recent<CompileResult>(maxCompiledBytes);
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
    if (account === undefined) {
      this.#known.clear();
      this.#reading.clear();
    } else {
      this.#known.forget(account);
      this.#reading.delete(account);
    }
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
    const chars = charsOf(own?.scripts ?? []) + charsOf(shared.scripts);
    const compile = (content: string): CompileResult => this.#compile(content, library, chars, key);
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
    const chars = charsOf(own.scripts) + charsOf(shared.scripts);
    return { name, origin: "account", compiled: this.#compile(found.content, library, chars, `${account}`) };
  }

  #accountScripts(account: AccountId): Known | Promise<Known> {
    const known = this.#known.get(account) ?? this.#reading.get(account);
    if (known !== undefined) return known;
    const reading = this.#read(account);
    this.#reading.set(account, reading);
    return reading;
  }

  async #read(account: AccountId): Promise<Known> {
    const edition = this.#edition;
    try {
      const [{ scripts }, vacation] = await Promise.all([
        this.#store.sieveScripts(account),
        this.#store.vacationResponse(account),
      ]);
      const known = { scripts, vacation };
      if (edition === this.#edition) this.#known.put(account, known, charsOf(scripts) + bytesOfScript);
      return known;
    } catch (error) {
      this.#log.error({ account, error }, "scripts cannot be read");
      throw error;
    } finally {
      this.#reading.delete(account);
    }
  }

  /** By content; scripts that include others also by whose they are and which edition. */
  #compile(content: string, library: Library, libraryChars: number, whose: string): CompileResult {
    const includes = /\binclude\b/i.test(content);
    const digest = createHash("sha256").update(content).digest("base64");
    const key = includes ? `${digest} ${whose} ${this.#edition}` : digest;
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      compiled = compileScript(content, library);
      // What it includes is compiled when it is first needed.
      const chars = content.length + (includes ? Math.min(libraryChars, defaultSieveBounds.includedBytes) : 0);
      this.#compiled.put(key, compiled, chars * bytesOfChar + (includes ? libraryChars : 0) + bytesOfScript);
    }
    return compiled;
  }
}

function charsOf(scripts: readonly { readonly content: string }[]): number {
  return scripts.reduce((sum, { content }) => sum + content.length, 0);
}

function concerned({ accounts, scripts }: Shared, asked: Iterable<AccountId>): boolean {
  // Whose domain a script is of is looked at when the message is at hand.
  if (scripts.some(({ runs }) => runs !== "never")) return true;
  if (accounts.size === 0) return false;
  for (const account of asked) if (accounts.has(account)) return true;
  return false;
}
