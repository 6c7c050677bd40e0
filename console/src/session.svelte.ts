/** Who is at the console, and what this server can do. */
import type { Brand } from "../../ui/brand.ts";
import { signOut } from "../../ui/sign-in.ts";
import { call, onSessionEnd, Refusal } from "./api/call.ts";
import { type Description, loadDescription } from "./api/description.ts";

export type Role = "user" | "domain" | "tenant" | "platform";
const roles: readonly string[] = ["user", "domain", "tenant", "platform"];

export type Me = {
  readonly id: number;
  readonly name: string;
  readonly displayName: string;
  readonly role: Role;
  readonly tenant: string | null;
  readonly domains: readonly string[];
  readonly brand: Brand | null;
};

type State =
  | { readonly kind: "looking" }
  | { readonly kind: "out"; readonly note?: string }
  | { readonly kind: "away"; readonly why: string }
  | { readonly kind: "in"; readonly me: Me; readonly api: Description };

let current = $state.raw<State>({ kind: "looking" });
export const session = (): State => current;

/** Only within pages that are shown to those who are signed in. */
export function signedIn(): { readonly me: Me; readonly api: Description } {
  if (current.kind !== "in") throw new Error("Nobody is signed in.");
  return current;
}

onSessionEnd(() => {
  if (current.kind === "in")
    current = { kind: "out", note: "Your session has ended. Sign in again; you come back to this page." };
});

export async function look(): Promise<void> {
  try {
    const me = await call<Me>("GET", "/me");
    current = { kind: "in", me, api: await loadDescription() };
  } catch (error) {
    current =
      error instanceof Refusal && error.status === 401
        ? { kind: "out" }
        : { kind: "away", why: error instanceof Error ? error.message : String(error) };
  }
}

export async function leave(): Promise<void> {
  await signOut();
  current = { kind: "out" };
}

/** Whether this server has the request and this person may make it. */
export function may(method: string, path: string): boolean {
  if (current.kind !== "in") return false;
  const found = current.api.find(method, path);
  return found !== undefined && roles.indexOf(current.me.role) >= roles.indexOf(found.role);
}
