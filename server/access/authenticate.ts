/** The one door (see `login.ts` for what it promises): passwords, SASL exchanges, the cache of proved logins, throttling. */
import { availableParallelism } from "node:os";
import { loginChallenges, loginText, parsePlain } from "../../protocol/sasl/plain.ts";
import { maxNameChars, maxPasswordChars } from "../../protocol/sasl/prep.ts";
import type { Log } from "../base/log.ts";
import type { Account, Credential, Instant, Store } from "../store/store.ts";
import { bearerLogin, bearerMechanisms } from "./bearer.ts";
import type { Directory } from "./directory.ts";
import type { Ldap } from "./ldap.ts";
import { type AskClient, type LoginContext, type LoginOutcome, refused, type SignIn } from "./login.ts";
import { accountNamed, attemptAt, loginName, type NameDirectory } from "./login-name.ts";
import type { Oidc } from "./oidc.ts";
import {
  appPasswordId,
  decoyPhc,
  defaultPasswordSettings,
  type PasswordSettings,
  parsePhc,
  preparePassword,
  verifyPassword,
} from "./password.ts";
import { ProofLine, type ProofLineSettings } from "./proof-line.ts";
import { isExpired, ProvedLogins, type ProvedSettings } from "./proved.ts";
import { ScramLogin } from "./scram-login.ts";
import { isSealed, type SealedPasswords } from "./sealed-passwords.ts";
import { type FactorStore, useCode } from "./second-factor.ts";
import { type Attempt, addressKey, defaultThrottleSettings, makeThrottle, type ThrottleSettings } from "./throttle.ts";

export type LoginSettings = {
  /** Logins without TLS, from loopback only. */
  readonly cleartextAuth: boolean;
  /** Added to a login name without a domain; "" for none. */
  readonly defaultDomain: string;
  readonly password: PasswordSettings;
  readonly throttle: ThrottleSettings;
  readonly proved: ProvedSettings;
  readonly line: ProofLineSettings;
};

export const defaultLoginSettings: LoginSettings = {
  cleartextAuth: false,
  defaultDomain: "",
  password: defaultPasswordSettings,
  throttle: defaultThrottleSettings,
  proved: { maxEntries: 50_000, provedMs: 60 * 60 * 1000, uncheckedMs: 5_000, refusedMs: 30_000 },
  line: { concurrentProofs: Math.max(1, availableParallelism() - 1), maxWaiting: 1_000, maxWaitingPerAddress: 200 },
};

type LoginStore = FactorStore &
  Pick<
    Store,
    | "createAccount"
    | "credentials"
    | "credentialUsed"
    | "setting"
    | "putSetting"
    | "subscribe"
    | "webSession"
    | "webSessionUsed"
  >;

export type LoginParts = {
  /** A wrong password, or a name that nobody has, was tried. */
  readonly guessed?: ((attempt: Attempt) => void) | undefined;
  readonly store: LoginStore;
  /** Passwords that wait to be hashed. */
  readonly sealed?: SealedPasswords | undefined;
  /** Whose tokens open accounts here, beside our own. */
  readonly oidc?: Oidc | undefined;
  /** Proves passwords of accounts that have none here. */
  readonly ldap?: Pick<Ldap, "prove" | "rememberedMs" | "createAccounts"> | undefined;
  readonly directory: Pick<Directory, "account"> & NameDirectory;
  readonly settings: LoginSettings;
  /** `tls-server-end-point` of the certificate shown for a name: `KeyRing.endPointHash`. */
  readonly endPointHash: (servername: string | undefined) => Buffer | undefined;
  /** Wall clock, for the expiry of credentials. */
  readonly now: () => Instant;
  /** Monotonic milliseconds, for everything else. */
  readonly ticks?: () => number;
  readonly log: Log;
};

/** Dispose to stop listening to the store. */
export function makeLogin(parts: LoginParts): SignIn & Disposable {
  return new Door(parts);
}

type Verified = { readonly account: Account; readonly credential: Credential };
type Proved = Verified & { readonly kind: "proved" };
type Refused = Extract<LoginOutcome, { kind: "refused" }>;

/** Wrong codes of one account in an hour: at this pace six digits last for years. */
const codeThrottle = { enabled: true, accountPerHour: 10, addressPerSecond: 1e9, addressBurst: 1e9 };

const withTls = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN", ...bearerMechanisms] as const;
const withoutScram: readonly string[] = ["PLAIN", "LOGIN", ...bearerMechanisms];
const inTheClear: readonly string[] = ["SCRAM-SHA-256", "PLAIN", "LOGIN", ...bearerMechanisms];

class Door implements SignIn, Disposable {
  readonly #parts: LoginParts;
  readonly #settings: LoginSettings;
  readonly #proved: ProvedLogins;
  readonly #throttle: ReturnType<typeof makeThrottle>;
  readonly #codes: ReturnType<typeof makeThrottle>;
  readonly #line: ProofLine;
  readonly #scram: ScramLogin;
  readonly #running = new Map<string, Promise<Proved | Refused>>();
  readonly #unsubscribe: () => void;

  constructor(parts: LoginParts) {
    const { settings } = parts;
    const ticks = parts.ticks ?? (() => performance.now());
    this.#parts = parts;
    this.#settings = settings;
    this.#proved = new ProvedLogins(settings.proved, ticks);
    this.#throttle = makeThrottle(settings.throttle, ticks);
    this.#codes = makeThrottle({ ...settings.throttle, ...codeThrottle }, ticks);
    this.#line = new ProofLine(settings.line);
    this.#scram = new ScramLogin({ ...parts, throttle: this.#throttle });
    this.#unsubscribe = parts.store.subscribe((changes) => {
      if (changes.some((change) => change.kind === "directory")) this.#proved.changed();
    });
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  mechanisms(where: LoginContext): readonly string[] {
    // Clients take the best that is offered: a password that only the directory knows cannot be proved by SCRAM.
    const scram = this.#settings.password.scramIterations > 0 && this.#parts.ldap === undefined;
    if (where.connection.tls !== undefined) return scram ? withTls : withoutScram;
    if (!this.#settings.cleartextAuth || !isLoopback(where.connection.remote.address)) return [];
    return scram ? inTheClear : withoutScram;
  }

  async sasl(
    mechanism: string,
    initial: Buffer | undefined,
    ask: AskClient,
    where: LoginContext,
  ): Promise<LoginOutcome> {
    const name = mechanism.toUpperCase();
    const offered = this.mechanisms(where);
    if (!offered.includes(name)) {
      return refused(offered.length === 0 && (withTls as readonly string[]).includes(name) ? "needs-tls" : "mechanism");
    }
    switch (name) {
      case "PLAIN":
        return this.#plain(initial, ask, where);
      case "LOGIN":
        return this.#login(initial, ask, where);
      case "OAUTHBEARER":
      case "XOAUTH2":
        try {
          const { store, directory, oidc, guessed, now } = this.#parts;
          const { defaultDomain } = this.#settings;
          const parts = { store, directory, oidc, guessed, now, defaultDomain, throttle: this.#throttle };
          return await bearerLogin(name, initial, ask, where, parts);
        } catch (error) {
          return this.#broken(error);
        }
      default:
        try {
          return await this.#scram.run(
            name === "SCRAM-SHA-256-PLUS",
            offered.includes(withTls[0]),
            initial,
            ask,
            where,
          );
        } catch (error) {
          return this.#broken(error);
        }
    }
  }

  async #plain(initial: Buffer | undefined, ask: AskClient, where: LoginContext): Promise<LoginOutcome> {
    const message = initial ?? (await ask(Buffer.alloc(0)));
    if (typeof message === "string") return refused(message);
    const plain = parsePlain(message);
    if (plain === undefined) return refused("malformed");
    const { authzid, user, password } = plain;
    const { defaultDomain } = this.#settings;
    // Nobody acts for another here.
    if (authzid !== "" && loginName(authzid, defaultDomain) !== loginName(user, defaultDomain)) {
      return refused("credentials");
    }
    return this.password(user, password, where);
  }

  async #login(initial: Buffer | undefined, ask: AskClient, where: LoginContext): Promise<LoginOutcome> {
    const first = initial ?? (await ask(loginChallenges.user));
    if (typeof first === "string") return refused(first);
    const second = await ask(loginChallenges.password);
    if (typeof second === "string") return refused(second);
    const user = loginText(first, maxNameChars);
    const password = loginText(second, maxPasswordChars);
    if (!user || !password) return refused("malformed");
    return this.password(user, password, where);
  }

  async password(user: string, password: string, where: LoginContext): Promise<LoginOutcome> {
    if (this.mechanisms(where).length === 0) return refused("needs-tls");
    if (user.length > maxNameChars || password.length > maxPasswordChars) return refused("credentials");
    const name = loginName(user, this.#settings.defaultDomain);
    const prepared = preparePassword(password);
    const key = this.#proved.key(name, prepared);
    try {
      const named = await accountNamed(name, this.#parts.directory);
      const attempt = attemptAt(name, named, addressKey(where.connection.remote.address));
      // Before the cache: else it could be asked without end whether a guess is in it.
      if (!this.#throttle.allows(attempt)) return refused("throttled");
      const remembered = await this.#remembered(key);
      if (remembered !== undefined) {
        this.#throttle.succeeded(attempt);
        return permitted(remembered, where);
      }
      if (this.#proved.isRefused(key)) {
        this.#throttle.charge(attempt);
        this.#throttle.refund(attempt, true);
        return refused("credentials");
      }
      let running = this.#running.get(key);
      if (running === undefined) {
        running = this.#prove(key, name, prepared, attempt).finally(() => this.#running.delete(key));
        this.#running.set(key, running);
      }
      const outcome = await running;
      if (outcome.kind === "refused") return outcome;
      this.#throttle.succeeded(attempt);
      return permitted(outcome, where);
    } catch (error) {
      return this.#broken(error);
    }
  }

  /** The account of a login that was proved lately and still stands. */
  async #remembered(key: string): Promise<Verified | undefined> {
    const found = this.#proved.find(key);
    if (found === undefined) return undefined;
    const { proof } = found;
    let { credential } = proof;
    if (credential.id === directoryCredential) {
      // The directory's: it is asked again soon, and knows nothing of what changes here.
      if (this.#proved.age(proof) >= (this.#parts.ldap?.rememberedMs ?? 0)) return undefined;
    } else if (!found.isFresh) {
      const { generation } = this.#proved;
      const credentials = await this.#parts.store.credentials(proof.account);
      const same = credentials.find((one) => one.id === credential.id && one.argon2id === credential.argon2id);
      if (same === undefined) {
        this.#proved.forget(key);
        return undefined;
      }
      credential = same;
      this.#proved.checkedAgain(key, { ...proof, credential }, generation);
    }
    if (isExpired(credential, this.#parts.now())) return undefined;
    const account = await this.#parts.directory.account(proof.account);
    return account === undefined || account.disabled ? undefined : { account, credential };
  }

  async #prove(key: string, name: string, prepared: string, attempt: Attempt): Promise<Proved | Refused> {
    const { address } = attempt;
    const outcome = await this.#line.run(address, this.#throttle.isKnown(attempt), async () => {
      // Those before us in the line may have used up what the address may guess.
      if (!this.#throttle.allows(attempt)) return refused("throttled");
      this.#throttle.charge(attempt);
      const { generation } = this.#proved;
      let result: Verified | undefined;
      try {
        result = await this.#verify(name, prepared);
      } catch (error) {
        this.#throttle.refund(attempt);
        throw error;
      }
      if (result === undefined) {
        this.#proved.refused(key, generation);
        this.#parts.guessed?.(attempt);
        return refused("credentials");
      }
      this.#throttle.refund(attempt);
      this.#proved.proved(key, result.credential, generation);
      if (result.credential.kind === "app-password") this.#used(result.credential);
      return { kind: "proved", ...result } satisfies Proved;
    });
    return outcome === "full" ? refused("unavailable") : outcome;
  }

  /** One argon2 run, whoever it is: an unknown name, a disabled account and a wrong password cost alike. */
  async #verify(name: string, prepared: string, mayRepeat = true): Promise<Verified | undefined> {
    const account = await accountNamed(name, this.#parts.directory);
    const credentials = await this.#parts.store.credentials(account?.id ?? 0);
    const now = this.#parts.now();
    const id = appPasswordId(prepared);
    let chosen: { readonly credential: Credential; readonly phc: NonNullable<ReturnType<typeof parsePhc>> } | undefined;
    for (const credential of credentials) {
      const phc = isExpired(credential, now) ? undefined : parsePhc(credential.argon2id);
      if (phc === undefined) continue;
      if (phc.keyId === id || (phc.keyId === undefined && chosen === undefined)) chosen = { credential, phc };
      if (phc.keyId === id) break;
    }
    const { ldap, sealed } = this.#parts;
    const waiting = chosen === undefined && credentials.find((one) => isSealed(one) && !isExpired(one, now));
    if (waiting && sealed !== undefined) {
      const isRight = sealed.matches(waiting, prepared);
      const credential = isRight ? await sealed.raise(waiting) : undefined;
      if (!isRight) await verifyPassword(prepared, decoyPhc(this.#settings.password));
      // Somebody was faster: it is hashed by now, or another.
      if (isRight && credential === undefined && mayRepeat) return this.#verify(name, prepared, false);
      return credential === undefined || account === undefined || account.disabled
        ? undefined
        : { account, credential };
    }
    if (ldap !== undefined && chosen === undefined) {
      // The directory is asked about some names and not about others: how long a refusal takes must not say which.
      const decoy = verifyPassword(prepared, decoyPhc(this.#settings.password));
      const found = await this.#verifyElsewhere(ldap, name, prepared, account);
      if (found === undefined) await decoy;
      return found;
    }
    const isRight = await verifyPassword(prepared, chosen?.phc ?? decoyPhc(this.#settings.password));
    if (!isRight || chosen === undefined || account === undefined || account.disabled) return undefined;
    return { account, credential: chosen.credential };
  }

  /** By the directory; whoever it knows and we do not may get an account. */
  async #verifyElsewhere(
    ldap: NonNullable<LoginParts["ldap"]>,
    name: string,
    prepared: string,
    known: Account | undefined,
  ): Promise<Verified | undefined> {
    if (known?.disabled === true || (known === undefined && !ldap.createAccounts)) return undefined;
    const person = await ldap.prove(name, prepared);
    if (person === undefined) return undefined;
    const { store, now } = this.#parts;
    let account = known;
    if (account === undefined) {
      const wanted = { name: person.address, displayName: person.displayName, role: "user", quotaBytes: 0 } as const;
      const made = await store.createAccount(wanted, [], now());
      if (made.kind === "done") account = made.account;
      else account = await this.#parts.directory.accountByName(person.address);
    }
    if (account === undefined || account.disabled || account.name !== person.address) return undefined;
    const second = (await store.factors(account.id)).some(({ kind }) => kind === "totp");
    const credential: Credential = {
      id: directoryCredential,
      account: account.id,
      kind: "password",
      label: "",
      argon2id: "",
      scramSha256: "",
      createdAt: now(),
      expiresAt: undefined,
      ...(second ? { secondFactor: true } : {}),
    };
    return { account, credential };
  }

  /** Noted once in the hour that a proof is remembered; the login does not wait for it. */
  #used({ account, id }: Credential): void {
    const { store, now, log } = this.#parts;
    store
      .credentialUsed(account, id, now())
      .catch((error: unknown) => log.warn({ error }, "use of a password not noted"));
  }

  async secondStep(account: Account, code: string, where: LoginContext): Promise<"ok" | "wrong" | "throttled"> {
    const attempt: Attempt = { address: addressKey(where.connection.remote.address), account: account.name };
    // A code has six digits: whoever knows the password may guess few of them, from wherever they come.
    if (!this.#throttle.allows(attempt) || !this.#codes.allows(codesOf(account))) return "throttled";
    this.#codes.charge(codesOf(account));
    if (await useCode(this.#parts.store, account.id, code.slice(0, maxPasswordChars), this.#parts.now())) {
      this.#codes.refund(codesOf(account));
      return "ok";
    }
    this.#throttle.charge(attempt);
    this.#parts.guessed?.(attempt);
    return "wrong";
  }

  /** The store cannot be asked: not the client's fault, and every protocol has words for it. */
  #broken(error: unknown): Refused {
    this.#parts.log.error({ error: error instanceof Error ? error.message : String(error) }, "login not possible");
    return refused("unavailable");
  }
}

/** What somebody with a right password may do with it. */
function permitted({ account, credential }: Verified, { protocol, purpose }: LoginContext): LoginOutcome {
  if (purpose === "sign-in") {
    // An app password lies in programs: it opens no page where passwords are changed.
    if (credential.kind === "app-password") return refused("scope");
    return credential.secondFactor ? { kind: "ok", account, secondFactor: true } : { kind: "ok", account };
  }
  if (credential.secondFactor) return refused("app-password");
  const scope = protocol === "http" ? (purpose ?? "jmap") : protocol;
  if (credential.scopes !== undefined && !credential.scopes.includes(scope)) return refused("scope");
  const { id, label, scopes, expiresAt } = credential;
  const outcome = { kind: "ok", account, pass: { expiresAt } } as const;
  return credential.kind === "app-password" ? { ...outcome, appPassword: { id, label, scopes } } : outcome;
}

/** Stands for a password that is kept elsewhere: no credential has this number. */
const directoryCredential = 0;

const codesOf = (account: Account): Attempt => ({ address: "", account: account.name });

const isLoopback = (address: string): boolean => address === "::1" || address.startsWith("127.");
