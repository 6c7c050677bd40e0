/** RFC 1939 §3: one session per maildrop. And when an account may log in again (RFC 2449 §6.5). */
import type { AccountId, Instant } from "../store/store.ts";

export interface MaildropLocks {
  /** Takes the maildrop; answers how to give it back, or why not. */
  take(
    account: AccountId,
    now: Instant,
    loginDelayMs: number,
  ): Promise<(() => void) | "in-use" | "login-delay"> | (() => void) | "in-use" | "login-delay";
}

/** Logins remembered for LOGIN-DELAY; the oldest are forgotten first. */
const maxRemembered = 100_000;

/** Locks of this process. */
export class LocalMaildropLocks implements MaildropLocks {
  readonly #held = new Set<AccountId>();
  readonly #loginAt = new Map<AccountId, Instant>();

  take(account: AccountId, now: Instant, loginDelayMs: number): (() => void) | "in-use" | "login-delay" {
    if (this.#held.has(account)) return "in-use";
    if (loginDelayMs > 0) {
      const last = this.#loginAt.get(account);
      if (last !== undefined && Math.abs(now - last) < loginDelayMs) return "login-delay";
      this.#loginAt.delete(account);
      this.#loginAt.set(account, now);
      if (this.#loginAt.size > maxRemembered) {
        const [oldest] = this.#loginAt.keys();
        this.#loginAt.delete(oldest!);
      }
    }
    this.#held.add(account);
    return () => this.#held.delete(account);
  }
}
