/** Sessions by cookie, for pages that this server serves: the page never sees a secret. */
import { usePasskey } from "./passkey.ts";

export type SignedIn =
  | { readonly kind: "ok"; readonly username: string }
  | { readonly kind: "refused"; readonly detail: string }
  /** The password was right; a code or a passkey is wanted besides. */
  | { readonly kind: "second-factor"; readonly wrong: boolean; readonly passkey: object | undefined }
  /** Passwords are taken over TLS only. */
  | { readonly kind: "needs-tls" }
  | { readonly kind: "away" }
  /** The server is not one of ours: it has no such door. */
  | { readonly kind: "not-here" };

export type Proof =
  | { readonly username: string; readonly password: string; readonly code?: string; readonly passkey?: unknown }
  | { readonly passkey: unknown };

const headers = { "content-type": "application/json", "x-requested-with": "angarium" };
const secondFactor = "urn:angarium:second-factor";

/** 501: some take no POST at all. */
const notHere = (status: number): boolean => status === 404 || status === 405 || status === 501;

/** POST /auth/login. */
export async function signIn(proof: Proof): Promise<SignedIn> {
  let response: Response;
  try {
    response = await fetch("/auth/login", { method: "POST", headers, body: JSON.stringify(proof) });
  } catch {
    return { kind: "away" };
  }
  if (notHere(response.status)) return { kind: "not-here" };
  const said = (await response.json().catch(() => ({}))) as {
    readonly type?: string;
    readonly detail?: string;
    readonly username?: string;
    readonly passkey?: object;
  };
  if (response.ok) return { kind: "ok", username: said.username ?? "" };
  if (said.type === secondFactor)
    return { kind: "second-factor", wrong: "code" in proof || "passkey" in proof, passkey: said.passkey };
  if (response.status === 403 && location.protocol === "http:") return { kind: "needs-tls" };
  if (response.status >= 500 && said.detail === undefined) return { kind: "away" };
  return { kind: "refused", detail: said.detail ?? "" };
}

/** Ways in besides a name and a password here. */
export type Ways = {
  readonly oidc: { readonly name: string; readonly start: string } | null;
  readonly signUp: { readonly domains: readonly string[] } | null;
};
export const noOtherWays: Ways = { oidc: null, signUp: null };

/** None where the server does not say: it is away, or not one of ours. */
export async function waysIn(): Promise<Ways> {
  try {
    const response = await fetch("/auth/methods", { headers });
    return response.ok ? { ...noOtherWays, ...((await response.json()) as Partial<Ways>) } : noOtherWays;
  } catch {
    return noOtherWays;
  }
}

/** With a passkey alone; undefined where the person changed their mind. */
export async function signInWithPasskey(): Promise<SignedIn | undefined> {
  try {
    const response = await fetch("/auth/passkey", { method: "POST", headers, body: "{}" });
    if (notHere(response.status)) return { kind: "not-here" };
    const passkey = await usePasskey(await response.json());
    return passkey === undefined ? undefined : await signIn({ passkey });
  } catch {
    return { kind: "away" };
  }
}

/** Answers whether the server has heard it. */
export async function signOut(): Promise<boolean> {
  try {
    await fetch("/auth/logout", { method: "POST", headers: { "x-requested-with": "angarium" } });
    return true;
  } catch {
    return false;
  }
}
