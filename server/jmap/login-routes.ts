/** Signing in: sessions of our own pages, and tokens for programs. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { parseJson } from "../../protocol/jmap/request.ts";
import { isObject } from "../../protocol/jmap/types.ts";
import type { Passkeys } from "../access/passkeys.ts";
import type { Account } from "../store/store.ts";
import { cookieName, crossSite, refusalOf } from "./auth.ts";
import { refuse } from "./problem.ts";
import type { JmapService } from "./routes.ts";

const bodyLimit = 16 * 1024;
const maxLabelChars = 200;
const maxScopes = 30;
type Body = { readonly [name: string]: unknown };
/** The problem that says that the password was right, and what the next request must bring. */
export const secondFactorProblem = "urn:angarium:second-factor";

/**
 * POST /auth/login {username, password} sets the cookie; with {token: true, label, scopes} it answers {accessToken, expiresAt} instead.
 * Where the account has a second factor it answers 401 with the type `secondFactorProblem`; then the same again with {code} or {passkey}.
 * POST /auth/passkey answers what a browser needs to sign in with a passkey alone; its answer goes to /auth/login as {passkey}.
 * POST /auth/logout ends the session or the token it is sent with.
 */
export function loginRoutes(app: FastifyInstance, service: JmapService, passkeys: Passkeys): void {
  const { auth } = service;
  /** A JSON object from a page of ours or from a program; undefined where the reply has been sent. */
  const bodyOf = async (request: FastifyRequest, reply: FastifyReply): Promise<Body | undefined> => {
    // A browser says where a page is from; a page of another site signs nobody in (login CSRF).
    const fromPage = request.headers.origin !== undefined || request.headers["sec-fetch-site"] !== undefined;
    const refusal = fromPage ? crossSite(request) : undefined;
    if (refusal !== undefined) {
      await refuse(reply, 403, refusal);
      return undefined;
    }
    const parsed = parseJson((request.body as Uint8Array | null) ?? new Uint8Array(0));
    const isJson = /^application\/json\b/i.test(request.headers["content-type"] ?? "");
    if (isJson && "value" in parsed && isObject(parsed.value)) return parsed.value;
    await refuse(reply, 400, "Send a JSON object with username and password.");
    return undefined;
  };

  /** Who has proved who they are with all that was asked; undefined where the reply has been sent. */
  const proved = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { username, password, code, passkey }: Body,
  ): Promise<Account | undefined> => {
    if (username === undefined && password === undefined && passkey !== undefined) {
      const account = await passkeys.verify(passkey);
      if (account === undefined)
        await refuse(reply, 401, "This passkey is not known here, or took too long: try again.");
      return account;
    }
    if (typeof username !== "string" || typeof password !== "string") {
      await refuse(reply, 400, "Send a JSON object with username and password.");
      return undefined;
    }
    const outcome = await auth.login(request, username, password, "sign-in");
    if (outcome.kind !== "ok") {
      const { status, detail } =
        outcome.reason === "scope"
          ? { status: 403, detail: "An app password is for programs: sign in with the password of the account." }
          : refusalOf(outcome.reason);
      await refuse(reply, status, detail);
      return undefined;
    }
    const { account } = outcome;
    if (outcome.secondFactor !== true) return account;
    if (typeof code === "string") {
      const step = await service.ports.login.secondStep(account, code, auth.where(request, "sign-in"));
      if (step === "ok") return account;
      if (step === "throttled") {
        await refuse(reply, 429, "There were too many wrong codes: try again later.");
        return undefined;
      }
    } else if (passkey !== undefined && (await passkeys.verify(passkey, account.id)) !== undefined) return account;
    const detail =
      code === undefined && passkey === undefined
        ? "Send the code of your authenticator app, a recovery code, or a passkey as well."
        : "The code or the passkey is wrong: send a new one.";
    const options = await passkeys.request(request.headers.host ?? "", account.id);
    const has = (options.allowCredentials ?? []).length > 0;
    await refuse(reply, 401, detail, {
      type: secondFactorProblem,
      code: "second_factor",
      methods: ["totp", "recovery", ...(has ? ["passkey"] : [])],
      ...(has ? { passkey: options } : {}),
    });
    return undefined;
  };

  app.post("/auth/login", { bodyLimit }, async (request, reply) => {
    const body = await bodyOf(request, reply);
    if (body === undefined) return reply;
    const { token, label, scopes: wanted } = body;
    const limits = wanted === undefined ? undefined : readScopes(wanted);
    if (limits === "wrong") return refuse(reply, 400, "Scopes are words such as mail, imap, smtp or accounts:read.");
    const account = await proved(request, reply, body);
    if (account === undefined) return reply;
    const named = (typeof label === "string" ? label : (request.headers["user-agent"] ?? "")).slice(0, maxLabelChars);
    const isToken = token === true;
    // What a browser held before ends here: nobody can have put it there to share it (session fixation).
    if (!isToken) await auth.endCookie(request);
    const begun = await auth.begin(account.id, isToken ? "token" : "cookie", named, {
      remote: request.ip,
      ...(limits === undefined ? {} : { scopes: limits }),
    });
    const expires = new Date(begun.expiresAt).toISOString();
    if (isToken)
      return reply
        .type("application/json")
        .send(JSON.stringify({ accessToken: begun.secret, tokenType: "Bearer", expiresAt: expires }));
    return reply
      .header(
        "set-cookie",
        sessionCookie(request, begun.secret, Math.floor(service.ports.settings.sessionLifetimeMs / 1000)),
      )
      .type("application/json")
      .send(JSON.stringify({ username: account.name, expiresAt: expires }));
  });
  app.post("/auth/passkey", { bodyLimit }, async (request, reply) => {
    const options = await passkeys.request(request.headers.host ?? "");
    return reply.type("application/json").send(JSON.stringify(options));
  });
  app.post("/auth/logout", { bodyLimit }, async (request, reply) => {
    const who = await auth.who(request);
    if (who.kind === "refused") return refuse(reply, who.status, who.detail);
    if (who.pass?.session !== undefined) await auth.end(who.pass.session);
    return reply
      .header("set-cookie", sessionCookie(request, "", 0))
      .code(204)
      .send();
  });
}

function readScopes(value: unknown): readonly string[] | "wrong" {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxScopes) return "wrong";
  return value.every((one) => typeof one === "string" && /^(?:[a-z0-9-]{1,30}|\*)(?::(?:read|write))?$/.test(one))
    ? (value as readonly string[])
    : "wrong";
}

/** The cookie of our own pages. */
export function sessionCookie(request: FastifyRequest, value: string, maxAgeSeconds: number): string {
  const secure = request.protocol === "https" ? "; Secure" : "";
  return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure}`;
}
