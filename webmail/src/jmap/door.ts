/** Signing in where the server has no door of ours: Basic at the session resource (RFC 8620 §2.2, §8.2). */
import type { SignedIn } from "../../../ui/sign-in.ts";
import { Client } from "./client.ts";
import { forget, hold } from "./credentials.ts";
import { Trouble } from "./trouble.ts";

/** The session has been had by cookie here: the server is one of ours. */
const ownName = "angarium.ownDoor";

/** Signs in with every request; what is not right is not held. */
export async function signInBasic(username: string, password: string): Promise<SignedIn> {
  // Pages of one's own computer may, as everywhere (Secure Contexts §3.1).
  if (!isSecureContext) return { kind: "needs-tls" };
  if (username.includes(":")) return { kind: "refused", detail: "" };
  hold(username, password);
  try {
    const { session } = await Client.open();
    return { kind: "ok", username: session.username };
  } catch (error) {
    forget();
    // What answers and is no session counts as nobody.
    if (!(error instanceof Trouble)) return { kind: "away" };
    if (error.kind === "ended") return { kind: "refused", detail: "" };
    return error.message === "" ? { kind: "away" } : { kind: "refused", detail: error.message };
  }
}

export const doorIsOurs = (): void => localStorage.setItem(ownName, "");

/** Whether the server would let the browser ask for a password by itself: looked at once, without letting it. */
export async function wantsBasic(): Promise<boolean> {
  if (localStorage.getItem(ownName) !== null) return false;
  try {
    const { status, headers } = await fetch("/.well-known/jmap", {
      credentials: "omit",
      headers: { "x-requested-with": "angarium" },
      signal: AbortSignal.timeout(12_000),
    });
    return status === 401 && /(?:^|,)\s*basic\b/i.test(headers.get("www-authenticate") ?? "");
  } catch {
    return false;
  }
}
