/**
 * Who is signed in on a connection that stays open: when an account is closed, deleted, or has another password, what was opened before
 * ends at once (IMAP, POP3, SMTP and ManageSieve connections, JMAP's streams). Programs whose password still holds come back by themselves.
 */
import type { Connection } from "../net/connection.ts";
import type { AccountId, Store } from "../store/store.ts";
import { type AskClient, type Login, type LoginContext, type LoginOutcome, refused } from "./login.ts";

type End = () => void;

/** Dispose to stop listening to the store. */
export class SignedIn implements Login, Disposable {
  readonly #login: Login;
  readonly #ends = new Map<AccountId, Set<End>>();
  /** Of connections that are being served: how to forget who has signed in there. */
  readonly #served = new Map<LoginContext["connection"], End>();
  /** Accounts that were signed out while a login was being proved, for each such login. */
  readonly #proving = new Set<Set<AccountId>>();
  readonly #unsubscribe: () => void;

  constructor(store: Pick<Store, "subscribe">, login: Login) {
    this.#login = login;
    this.#unsubscribe = store.subscribe((changes) => {
      for (const change of changes) if (change.kind === "signed-out") this.#end(change.account);
    });
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #end(account: AccountId): void {
    for (const proving of this.#proving) proving.add(account);
    for (const end of [...(this.#ends.get(account) ?? [])]) end();
  }

  /** Calls `end` when the account is signed out. Answers how to be called no more. */
  until(account: AccountId, end: End): End {
    let ends = this.#ends.get(account);
    if (ends === undefined) this.#ends.set(account, (ends = new Set()));
    const mine = ends;
    // Each its own, also where the same function comes twice.
    const one: End = () => end();
    mine.add(one);
    return () => {
      mine.delete(one);
      if (mine.size === 0 && this.#ends.get(account) === mine) this.#ends.delete(account);
    };
  }

  /** Serves a connection, which is cut off when whoever signs in on it is signed out. */
  async serving(connection: Connection, serve: () => Promise<void>): Promise<void> {
    this.#served.set(connection, () => {});
    try {
      await serve();
    } finally {
      this.#served.get(connection)?.();
      this.#served.delete(connection);
    }
  }

  mechanisms(where: LoginContext): readonly string[] {
    return this.#login.mechanisms(where);
  }

  sasl(mechanism: string, initial: Buffer | undefined, ask: AskClient, where: LoginContext): Promise<LoginOutcome> {
    return this.#noting(where, () => this.#login.sasl(mechanism, initial, ask, where));
  }

  password(user: string, password: string, where: LoginContext): Promise<LoginOutcome> {
    return this.#noting(where, () => this.#login.password(user, password, where));
  }

  async #noting({ connection }: LoginContext, prove: () => Promise<LoginOutcome>): Promise<LoginOutcome> {
    const signedOut = new Set<AccountId>();
    this.#proving.add(signedOut);
    try {
      const outcome = await prove();
      if (outcome.kind === "refused") return outcome;
      const forget = this.#served.get(connection);
      if (forget === undefined) return outcome;
      // Whether the password still holds is seen when the program comes back, as all others do: it is not said to be wrong.
      if (signedOut.has(outcome.account.id)) {
        (connection as Connection).destroy();
        return refused("closed");
      }
      forget();
      const { id } = outcome.account;
      this.#served.set(
        connection,
        this.until(id, () => (connection as Connection).destroy()),
      );
      return outcome;
    } finally {
      this.#proving.delete(signedOut);
    }
  }
}
