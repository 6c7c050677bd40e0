/** Sessions by cookie, for pages that this server serves: the page never sees a secret. */

export type SignedIn =
  | { readonly kind: "ok"; readonly username: string }
  | { readonly kind: "refused"; readonly detail: string }
  /** Passwords are taken over TLS only. */
  | { readonly kind: "needs-tls" }
  | { readonly kind: "away" };

/** POST /auth/login. */
export async function signIn(username: string, password: string): Promise<SignedIn> {
  let response: Response;
  try {
    response = await fetch("/auth/login", {
      method: "POST",
      headers: { "content-type": "application/json", "x-requested-with": "angarium" },
      body: JSON.stringify({ username, password }),
    });
  } catch {
    return { kind: "away" };
  }
  const said = (await response.json().catch(() => ({}))) as { readonly detail?: string; readonly username?: string };
  if (response.ok) return { kind: "ok", username: said.username ?? username };
  if (response.status === 403 && location.protocol === "http:") return { kind: "needs-tls" };
  if (response.status >= 500 && said.detail === undefined) return { kind: "away" };
  return { kind: "refused", detail: said.detail ?? "" };
}

export async function signOut(): Promise<void> {
  await fetch("/auth/logout", { method: "POST", headers: { "x-requested-with": "angarium" } }).catch(() => {});
}
