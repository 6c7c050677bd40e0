/** Invitations: a secret that makes one account, once. And signing up, where an administrator has allowed it. */
import { createHash, randomBytes } from "node:crypto";
import { isDisplayName, noDisplayName } from "../../protocol/display-name.ts";
import type { Invitation } from "../store/security-store.ts";
import type { Account, Instant, Store } from "../store/store.ts";
import { makeCredential } from "./password.ts";
import { passwordFaults } from "./password-rules.ts";

type Offer = { readonly displayName: string; readonly quotaBytes: number };

const secretBytes = 24;
const maxDisplayNameChars = 200;
const hashOf = (secret: string): string => createHash("sha256").update(`invitation\0${secret}`).digest("hex");

/** The secret is told here and kept nowhere. */
export async function makeInvitation(
  store: Pick<Store, "putInvitation">,
  given: Offer & { readonly name: string; readonly createdAt: Instant; readonly expiresAt: Instant },
): Promise<{ readonly secret: string; readonly invitation: Omit<Invitation, "id"> }> {
  const { name, displayName, quotaBytes, createdAt, expiresAt } = given;
  const secret = randomBytes(secretBytes).toString("base64url");
  const invitation = { name, data: { displayName, quotaBytes } satisfies Offer, createdAt, expiresAt };
  await store.putInvitation(hashOf(secret), invitation);
  return { secret, invitation };
}

/** What the secret invites to; undefined where it is none, or no longer one. */
export async function findInvitation(
  store: Pick<Store, "invitation">,
  secret: string,
  now: Instant,
): Promise<{ readonly name: string; readonly displayName: string } | undefined> {
  const found = await store.invitation(hashOf(secret));
  if (found === undefined || found.expiresAt <= now) return undefined;
  return { name: found.name, displayName: (found.data as Offer).displayName };
}

export type Joined =
  | { readonly kind: "done"; readonly account: Account }
  | { readonly kind: "refused"; readonly faults: readonly string[] };

/** Makes the account. The invitation is used up only when there is one. */
export async function acceptInvitation(
  store: Pick<Store, "invitation" | "takeInvitation" | "putInvitation" | "createAccount">,
  secret: string,
  { password, displayName }: { readonly password: string; readonly displayName?: string | undefined },
  now: Instant,
): Promise<Joined> {
  const gone: Joined = {
    kind: "refused",
    faults: ["This invitation is used, withdrawn or too old: ask for a new one."],
  };
  const found = await findInvitation(store, secret, now);
  if (found === undefined) return gone;
  const shown = (displayName ?? found.displayName).slice(0, maxDisplayNameChars);
  if (!isDisplayName(shown)) return { kind: "refused", faults: [noDisplayName] };
  const faults = await passwordFaults(password, [found.name, shown]);
  if (faults.length > 0) return { kind: "refused", faults };
  const credential = await makeCredential(password, now);
  const taken = await store.takeInvitation(hashOf(secret));
  if (taken === undefined) return gone;
  const { quotaBytes } = taken.data as Offer;
  const account = { name: taken.name, displayName: shown, role: "user", quotaBytes } as const;
  let made: Awaited<ReturnType<typeof store.createAccount>>;
  try {
    made = await store.createAccount(account, [credential], now);
  } catch (error) {
    await store.putInvitation(hashOf(secret), taken);
    throw error;
  }
  if (made.kind === "done") return made;
  const why = made.kind === "exists" ? "There is an account or alias of this address already" : "The domain is gone";
  return { kind: "refused", faults: [`${why}: ask the person who invited you.`] };
}
