/** OAUTHBEARER and XOAUTH2 at the door: tokens that we made, and those of the configured issuer. */
import { bearerFailure, parseOauthBearer, parseXoauth2 } from "../../protocol/sasl/bearer.ts";
import type { Account, Instant, Store } from "../store/store.ts";
import type { Directory } from "./directory.ts";
import { type AskClient, type LoginContext, type LoginOutcome, type Pass, refused } from "./login.ts";
import { accountNamed, attemptAt, loginName, type NameDirectory } from "./login-name.ts";
import type { Oidc } from "./oidc.ts";
import { permits } from "./scopes.ts";
import { type Attempt, addressKey, type Throttle } from "./throttle.ts";
import { hashOf, isSecret, standingSession } from "./web-session.ts";

export type BearerParts = {
  readonly store: Pick<Store, "webSession" | "credentials" | "webSessionUsed">;
  readonly directory: Pick<Directory, "account"> & NameDirectory;
  readonly oidc: Oidc | undefined;
  readonly defaultDomain: string;
  readonly throttle: Throttle;
  readonly guessed: ((attempt: Attempt) => void) | undefined;
  readonly now: () => Instant;
};

export const bearerMechanisms = ["OAUTHBEARER", "XOAUTH2"] as const;
/** The last use of a token is noted once in so long. */
const notedMs = 10 * 60_000;

/** One exchange. Rejects where the store or the issuer cannot be asked. */
export async function bearerLogin(
  mechanism: string,
  initial: Buffer | undefined,
  ask: AskClient,
  where: LoginContext,
  parts: BearerParts,
): Promise<LoginOutcome> {
  const message = initial ?? (await ask(Buffer.alloc(0)));
  if (typeof message === "string") return refused(message);
  const read = mechanism === "XOAUTH2" ? parseXoauth2(message) : parseOauthBearer(message);
  if (read === undefined) return refused("malformed");
  const address = addressKey(where.connection.remote.address);
  const name = read.user === "" ? "" : loginName(read.user, parts.defaultDomain);
  const named = name === "" ? undefined : await accountNamed(name, parts.directory);
  // The token alone says who it is: what is wrong with it counts against nobody but the address.
  const attempt = attemptAt(name === "" ? address : name, named, address);
  if (!parts.throttle.allows(attempt)) return refused("throttled");
  const opened = await accountOf(read.token, where, parts);
  // Nobody acts for another here.
  const isTheirs = opened === undefined || opened === "scope" || name === "" || opened.account.id === named?.id;
  const found = isTheirs ? opened : undefined;
  if (found !== undefined && found !== "scope") {
    parts.throttle.succeeded(attempt);
    return { kind: "ok", ...found };
  }
  if (found === undefined) {
    parts.throttle.charge(attempt);
    parts.guessed?.(attempt);
  }
  // RFC 7628 §3.2.3: the client hears why as a challenge, answers it with anything, and is refused then.
  const last = await ask(bearerFailure(parts.oidc?.openidConfiguration));
  if (last === "closed" || last === "cancelled") return refused(last);
  return refused(found ?? "credentials");
}

async function accountOf(
  token: string,
  { protocol }: LoginContext,
  { store, directory, oidc, now }: BearerParts,
): Promise<{ readonly account: Account; readonly pass: Pass } | "scope" | undefined> {
  let account: Account | undefined;
  let pass: Pass;
  if (isSecret(token)) {
    const hash = hashOf(token);
    const at = now();
    const session = await standingSession(store, hash, at);
    if (session?.kind !== "token") return undefined;
    if (!permits(session.scopes, protocol === "http" ? "jmap" : protocol)) return "scope";
    account = await directory.account(session.account);
    pass = { session: hash, expiresAt: session.expiresAt };
    if (at - (session.usedAt ?? 0) > notedMs) await store.webSessionUsed(hash, at);
  } else {
    const found = await oidc?.account(token);
    account = found?.account;
    pass = { expiresAt: found?.expiresAt };
  }
  return account === undefined || account.disabled ? undefined : { account, pass };
}
