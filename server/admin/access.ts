/** Tokens of programs and sessions of browsers, for the command line and the API alike. */
import { createHash, randomBytes } from "node:crypto";
import type { WebSession } from "../store/jmap.ts";
import type { Account, AccountId } from "../store/store.ts";
import { no, type Refused, time, type World } from "./command.ts";

const dayMs = 86_400_000;
export const defaultTokenDays = 90;
const maxScopes = 50;
const idChars = 16;

/** What a token may be good for: areas of the API with read or write, "mail" for JMAP, "*" for everything. */
export const scopeForm = /^(?:\*|[a-z][a-z-]{0,30})(?::(?:read|write))?$/;

/** Among its scopes it makes a token for tests: it sends to nobody, the sandbox plays every receiver (docs/sending.md). */
export const testScope = "test";
/** All that such a token may. */
const testScopes: readonly string[] = [
  "emails:write",
  "events:read",
  "suppressions:read",
  "templates:read",
  "webhooks:read",
];
const withinTests = new Set([testScope, ...testScopes, "emails", "emails:read"]);

export type MadeToken = { readonly id: string; readonly secret: string; readonly session: WebSession };

/** A new token; its secret is told once and kept nowhere. Undefined scopes: all that the account may. */
export async function makeToken(
  { store, now }: Pick<World, "store" | "now">,
  account: Pick<Account, "id">,
  about: {
    readonly label: string;
    /** For tests: with `testScopes` where none are named. */
    readonly test: boolean;
    readonly scopes: readonly string[] | undefined;
    readonly days: number;
    readonly remote: string;
  },
): Promise<MadeToken | Refused> {
  const wrong = about.scopes?.find((scope) => !scopeForm.test(scope));
  if (wrong !== undefined)
    return no(`"${wrong}" is no scope: write accounts:read, domains:write, mail, *:read or *.`, "scopes");
  if ((about.scopes?.length ?? 1) === 0 || (about.scopes?.length ?? 0) > maxScopes)
    return no(`A token has 1 to ${maxScopes} scopes.`, "scopes");
  const isTest = about.test || (about.scopes?.includes(testScope) ?? false);
  const scopes = isTest ? [...new Set([...(about.scopes ?? testScopes), testScope])] : about.scopes;
  const beyond = isTest ? scopes?.find((scope) => !withinTests.has(scope)) : undefined;
  if (beyond !== undefined)
    return no(`A token for tests is good for ${testScopes.join(", ")}, and for no more: not for ${beyond}.`, "scopes");
  const secret = randomBytes(32).toString("hex");
  const hash = createHash("sha256").update(secret).digest("hex");
  const createdAt = now();
  const session: WebSession = {
    account: account.id,
    kind: "token",
    label: about.label,
    createdAt,
    expiresAt: createdAt + about.days * dayMs,
    remote: about.remote,
    ...(scopes === undefined ? {} : { scopes }),
  };
  await store.webSessionPut(hash, session);
  return { id: hash.slice(0, idChars), secret, session };
}

/** Tokens or sessions as lists show them: by the first letters of the hash of their secrets. */
export async function sessionsOf({ store }: Pick<World, "store">, account: AccountId, kind: WebSession["kind"]) {
  const all = await store.webSessions(account);
  return all
    .filter((session) => session.kind === kind)
    .map((session) => ({ ...session, id: session.hash.slice(0, idChars) }));
}

export const shownSession = (session: WebSession & { readonly id: string }) => ({
  id: session.id,
  label: session.label,
  scopes: session.scopes === undefined ? null : [...session.scopes],
  test: session.scopes?.includes(testScope) ?? false,
  remote: session.remote ?? "",
  createdAt: time(session.createdAt) as string,
  usedAt: time(session.usedAt) ?? null,
  expiresAt: time(session.expiresAt) as string,
});
