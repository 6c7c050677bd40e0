/** Sessions and tokens of our own: what the secret that a browser or a program brings opens. */
import { createHash } from "node:crypto";
import type { WebSession } from "../store/jmap.ts";
import type { Instant, Store } from "../store/store.ts";

export const isSecret = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
export const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** The session of this hash, where it stands: a new password ends what the old one began. */
export async function standingSession(
  store: Pick<Store, "webSession" | "credentials">,
  hash: string,
  now: Instant,
): Promise<WebSession | undefined> {
  const session = await store.webSession(hash);
  if (session === undefined || session.expiresAt <= now) return undefined;
  const credentials = await store.credentials(session.account);
  const password = credentials.find((credential) => credential.kind === "password");
  return password !== undefined && password.createdAt > session.createdAt ? undefined : session;
}
