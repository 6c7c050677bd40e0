/**
 * Who is signed in on a connection that stays open: when an account is closed, deleted, or has another password, what was opened before
 * ends at once (IMAP, POP3, SMTP and ManageSieve connections, JMAP's streams). Programs whose password still holds come back by themselves.
 * What a token or a browser's session has opened ends with that as well, and what an app password has opened with its time.
 */
import type { Connection } from "../net/connection.ts";
import type { AccountId, Store } from "../store/store.ts";
import { type AskClient, type Login, type LoginContext, type LoginOutcome, type Pass, refused } from "./login.ts";

type End = () => void;
type SignedOut = { readonly account: AccountId; readonly session?: string };

/** Timers take no more. */
const maxTimerMs = 2 ** 31 - 1;

/** Dispose to stop listening to the store. */
export class SignedIn implements Login, Disposable {
  readonly #login: Login;
  readonly #now: () => number;
  readonly #ends = new Map<AccountId, Set<{ readonly session: string | undefined; readonly end: End }>>();
  /** Of connections that are being served: how to forget who has signed in there. */
  readonly #served = new Map<LoginContext["connection"], End>();
  /** Who was signed out while a login was being proved, for each such login. */
  readonly #proving = new Set<SignedOut[]>();
  readonly #unsubscribe: () => void;

  /** `now`: wall clock. */
  constructor(store: Pick<Store, "subscribe">, login: Login, now: () => number) {
    this.#login = login;
    this.#now = now;
    this.#unsubscribe = store.subscribe((changes) => {
      for (const change of changes) if (change.kind === "signed-out") this.#end(change);
    });
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #end(out: SignedOut): void {
    for (const proving of this.#proving) proving.push(out);
    for (const { session, end } of [...(this.#ends.get(out.account) ?? [])]) if (isOut(session, out)) end();
  }

  /** Calls `end` when the account is signed out, or what let somebody in holds no longer. Answers how to be called no more. */
  until(account: AccountId, pass: Pass | undefined, end: End): End {
    let ends = this.#ends.get(account);
    if (ends === undefined) this.#ends.set(account, (ends = new Set()));
    const mine = ends;
    const one = { session: pass?.session, end };
    mine.add(one);
    const stopWaiting = pass?.expiresAt === undefined ? () => {} : this.#at(pass.expiresAt, end);
    return () => {
      stopWaiting();
      mine.delete(one);
      if (mine.size === 0 && this.#ends.get(account) === mine) this.#ends.delete(account);
    };
  }

  #at(time: number, end: End): End {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const left = Math.max(0, time - this.#now());
      timer = setTimeout(left > maxTimerMs ? wait : end, Math.min(left, maxTimerMs)).unref();
    };
    wait();
    return () => clearTimeout(timer);
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
    const signedOut: SignedOut[] = [];
    this.#proving.add(signedOut);
    try {
      const outcome = await prove();
      if (outcome.kind === "refused") return outcome;
      const forget = this.#served.get(connection);
      if (forget === undefined) return outcome;
      const { account, pass } = outcome;
      // Whether the password still holds is seen when the program comes back, as all others do: it is not said to be wrong.
      if (signedOut.some((out) => out.account === account.id && isOut(pass?.session, out))) {
        (connection as Connection).destroy();
        return refused("closed");
      }
      forget();
      this.#served.set(
        connection,
        this.until(account.id, pass, () => (connection as Connection).destroy()),
      );
      return outcome;
    } finally {
      this.#proving.delete(signedOut);
    }
  }
}

/** Whether who came in by this session, or by a password, is out now. */
const isOut = (session: string | undefined, out: SignedOut): boolean =>
  out.session === undefined || out.session === session;
