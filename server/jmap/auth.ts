/** Who asks over HTTP: Basic, a Bearer token, or the cookie of our own pages. Passwords go through the one door (`access/login.ts`). */
import { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";
import type { LoginContext, LoginOutcome, Pass } from "../access/login.ts";
import { hashOf, isSecret, standingSession } from "../access/web-session.ts";
import { tlsInfo } from "../net/connection.ts";
import type { WebSession } from "../store/jmap.ts";
import type { AppPassword } from "../store/security-store.ts";
import type { Account, AccountId } from "../store/store.ts";
import type { JmapPorts } from "./ports.ts";

export const cookieName = "angarium_session";

export type Who =
  | {
      readonly kind: "ok";
      readonly account: Account;
      readonly by: "basic" | "token" | "cookie";
      /** What ends before the account does. */
      readonly pass: Pass | undefined;
      /** What a token may; undefined: everything that its account may. */
      readonly scopes: readonly string[] | undefined;
      /** By an app password, which is good for this (undefined: everything). */
      readonly appPassword?: (AppPassword & { readonly scopes: readonly string[] | undefined }) | undefined;
    }
  | { readonly kind: "refused"; readonly status: 401 | 403 | 429 | 503; readonly detail: string };

/** What a token or a cookie was found to be is believed for so long without looking again. */
const rememberedMs = 5_000;
const maxRemembered = 10_000;

type Found = {
  readonly account: AccountId;
  readonly until: number;
  readonly expiresAt: number;
  readonly scopes: readonly string[] | undefined;
};

/** The last use of a session is noted once in so long. */
const usedEveryMs = 10 * 60_000;

export class Authentication {
  readonly #ports: JmapPorts;
  readonly #found = new Map<string, Found>();
  readonly #unsubscribe: () => void;

  constructor(ports: JmapPorts) {
    this.#ports = ports;
    // A password, an account or the rights of one have changed, or a session has ended: nothing is believed any more.
    this.#unsubscribe = ports.store.subscribe((changes) => {
      if (changes.some(({ kind }) => kind === "directory" || kind === "signed-out")) this.#found.clear();
    });
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  /** `purpose`: what is asked for; an app password must be good for it. What a token is good for is the caller's to look at. */
  async who(request: FastifyRequest, purpose: "jmap" | "api" = "jmap"): Promise<Who> {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const [scheme = "", value = ""] = authorization.split(/ +/, 2);
      if (/^basic$/i.test(scheme)) return this.#basic(request, value, purpose);
      if (/^bearer$/i.test(scheme)) return this.#secret(value, "token");
      return { kind: "refused", status: 401, detail: "Basic and Bearer are the schemes that are known here." };
    }
    const cookie = cookieOf(request);
    if (cookie === undefined) return { kind: "refused", status: 401, detail: "Log in first." };
    const refusal = crossSite(request);
    if (refusal !== undefined) return { kind: "refused", status: 403, detail: refusal };
    return this.#secret(cookie, "cookie");
  }

  async #basic(request: FastifyRequest, encoded: string, purpose: "jmap" | "api"): Promise<Who> {
    const text = Buffer.from(encoded, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon < 0) return { kind: "refused", status: 401, detail: "Basic takes a name and a password." };
    const outcome = await this.login(request, text.slice(0, colon), text.slice(colon + 1), purpose);
    if (outcome.kind !== "ok") return refusalOf(outcome.reason);
    const { account, appPassword, pass } = outcome;
    return { kind: "ok", account, by: "basic", pass, scopes: undefined, appPassword };
  }

  login(
    request: FastifyRequest,
    user: string,
    password: string,
    purpose: NonNullable<LoginContext["purpose"]>,
  ): Promise<LoginOutcome> {
    return this.#ports.login.password(user, password, this.where(request, purpose));
  }

  where(request: FastifyRequest, purpose: NonNullable<LoginContext["purpose"]>): LoginContext {
    const { socket } = request.raw;
    return {
      protocol: "http",
      purpose,
      connection: {
        tls: socket instanceof TLSSocket ? tlsInfo(socket) : undefined,
        remote: { address: request.ip, port: socket.remotePort ?? 0 },
        channelBinding: () => undefined,
      },
    };
  }

  /** Whether this is the password of somebody who has logged in already. */
  async isPassword(account: Account, password: string, remote: string): Promise<boolean> {
    const outcome = await this.#ports.login.password(account.name, password, {
      protocol: "http",
      purpose: "sign-in",
      // Whoever has come so far has come over TLS, or may do without.
      connection: {
        tls: {
          protocol: "TLSv1.3",
          cipher: "",
          servername: undefined,
          authorized: false,
          authorizationError: undefined,
        },
        remote: { address: remote, port: 0 },
        channelBinding: () => undefined,
      },
    });
    return outcome.kind === "ok" && outcome.account.id === account.id;
  }

  async #secret(secret: string, kind: "token" | "cookie"): Promise<Who> {
    const refused: Who = { kind: "refused", status: 401, detail: "The session has ended: log in again." };
    if (!isSecret(secret)) return refused;
    const hash = hashOf(secret);
    const { store, directory, now } = this.#ports;
    const at = now();
    let found = this.#found.get(hash);
    if (found === undefined || found.until <= at) {
      const session = await standingSession(store, hash, at);
      if (session?.kind !== kind) return refused;
      if (at - (session.usedAt ?? 0) > usedEveryMs) await store.webSessionUsed(hash, at);
      found = {
        account: session.account,
        until: at + rememberedMs,
        expiresAt: session.expiresAt,
        scopes: session.scopes,
      };
      if (this.#found.size >= maxRemembered) this.#found.clear();
      this.#found.set(hash, found);
    }
    const account = await directory.account(found.account);
    if (account === undefined || account.disabled || found.expiresAt <= at) return refused;
    return { kind: "ok", account, by: kind, pass: { session: hash, expiresAt: found.expiresAt }, scopes: found.scopes };
  }

  /** A new session: the secret, which is kept nowhere. */
  async begin(
    account: AccountId,
    kind: "token" | "cookie",
    label: string,
    more: Pick<WebSession, "scopes" | "remote"> & { readonly expiresAt?: number } = {},
  ): Promise<{ readonly secret: string; readonly expiresAt: number }> {
    const { store, settings, random, now } = this.#ports;
    const secret = random(32);
    const createdAt = now();
    const expiresAt =
      more.expiresAt ?? createdAt + (kind === "cookie" ? settings.sessionLifetimeMs : settings.tokenLifetimeMs);
    await store.webSessionPut(hashOf(secret), { account, kind, label, createdAt, ...more, expiresAt });
    return { secret, expiresAt };
  }

  /** Ends the session of the cookie that comes with a request, whoever put it there: a new sign-in has a new one. */
  async endCookie(request: FastifyRequest): Promise<void> {
    const cookie = cookieOf(request);
    if (cookie !== undefined && isSecret(cookie)) await this.end(hashOf(cookie));
  }

  async end(hash: string): Promise<void> {
    this.#found.delete(hash);
    await this.#ports.store.webSessionPut(hash, undefined);
  }
}

export function refusalOf(
  reason: Extract<LoginOutcome, { kind: "refused" }>["reason"],
): Extract<Who, { kind: "refused" }> {
  switch (reason) {
    case "app-password":
      return {
        kind: "refused",
        status: 401,
        detail: "This account has a second factor: programs need an app password or a token.",
      };
    case "scope":
      return { kind: "refused", status: 403, detail: "This app password is not made for this." };
    case "throttled":
      return { kind: "refused", status: 429, detail: "There were too many wrong passwords: try again later." };
    case "unavailable":
      return { kind: "refused", status: 503, detail: "Nobody can be let in just now: try again later." };
    case "needs-tls":
      return { kind: "refused", status: 403, detail: "Passwords are taken over TLS only: use https." };
    default:
      return { kind: "refused", status: 401, detail: "The name or the password is wrong." };
  }
}

function cookieOf(request: FastifyRequest): string | undefined {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [name, value] = part.trim().split("=", 2);
    if (name === cookieName) return value;
  }
  return undefined;
}

/** SameSite=Strict keeps the cookie from other sites; old browsers and other origins of our own site are turned away here. */
export function crossSite(request: FastifyRequest): string | undefined {
  const { origin, host } = request.headers;
  const site = request.headers["sec-fetch-site"];
  const refusal = "A session of our own pages is not for other sites.";
  if (site !== undefined && site !== "same-origin" && site !== "none") return refusal;
  if (origin !== undefined && origin !== `${request.protocol}://${host}`) return refusal;
  // Nobody else's page can send this header without asking first, and we would say no.
  const isSafe = request.method === "GET" || request.method === "HEAD";
  if (!isSafe && site === undefined && origin === undefined && request.headers["x-requested-with"] === undefined)
    return `${refusal} Send the header X-Requested-With.`;
  return undefined;
}
