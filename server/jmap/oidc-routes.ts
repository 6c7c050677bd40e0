/** Signing in at the configured OpenID Connect issuer. */
import { createHash, randomBytes } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Oidc, OidcPending } from "../access/oidc.ts";
import { sessionCookie } from "./login-routes.ts";
import { refuse as refuseProgram } from "./problem.ts";
import { type JmapService, originOf } from "./routes.ts";

const pendingMs = 10 * 60_000;
const maxPending = 10_000;
const cookieName = "angarium_oidc";

type Waiting = OidcPending & {
  readonly until: number;
  readonly browser: string;
  readonly back: string;
  readonly uri: string;
};

/**
 * GET /auth/oidc/start?return=/mail sends the browser to the issuer; GET /auth/oidc/callback takes it back, sets the session and shows the
 * page.
 */
export function oidcRoutes(app: FastifyInstance, service: JmapService, oidc: Oidc, hosts: readonly string[]): void {
  const waiting = new Map<string, Waiting>();
  const { now } = service.ports;

  app.get("/auth/oidc/start", async (request, reply) => {
    const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
    // The issuer knows our own addresses only, but who forges Host shall not even get so far.
    if (!hosts.includes(host)) return refuse(request, reply, 421, "This server is not known by that name.");
    const uri = `${originOf(request)}/auth/oidc/callback`;
    const { return: wanted } = request.query as { readonly return?: unknown };
    let begun: Awaited<ReturnType<Oidc["begin"]>>;
    try {
      begun = await oidc.begin(uri);
    } catch (error) {
      service.ports.log.warn({ error: (error as Error).message }, "issuer not reached");
      return refuse(request, reply, 503, `${oidc.name} cannot be reached: try again later.`);
    }
    const browser = randomBytes(24).toString("base64url");
    if (waiting.size >= maxPending) waiting.delete(waiting.keys().next().value!);
    const back = typeof wanted === "string" && isOwnPath(wanted) ? wanted : "/";
    waiting.set(begun.pending.state, { ...begun.pending, until: now() + pendingMs, browser: hash(browser), back, uri });
    // Lax: it has to come back with the browser from the issuer's site.
    return reply
      .header(
        "set-cookie",
        `${cookieName}=${browser}; Path=/auth/oidc; HttpOnly; SameSite=Lax; Max-Age=600${secure(request)}`,
      )
      .redirect(begun.url, 303);
  });

  app.get("/auth/oidc/callback", async (request, reply) => {
    const returned = new URL(request.url, "http://localhost");
    const state = returned.searchParams.get("state") ?? "";
    const known = waiting.get(state);
    waiting.delete(state);
    const browser = new RegExp(`(?:^|; ?)${cookieName}=([^;]+)`).exec(request.headers.cookie ?? "")?.[1];
    // Somebody else's sign-in must not become this browser's (login CSRF).
    if (known === undefined || known.until <= now() || browser === undefined || hash(browser) !== known.browser)
      return refuse(request, reply, 403, "This sign-in was not begun here, or took too long: begin again.");
    const uri = new URL(known.uri);
    uri.search = returned.search;
    const account = await oidc.finish(uri, known);
    if ("why" in account) return refuse(request, reply, 403, account.why);
    await service.auth.endCookie(request);
    const label = (request.headers["user-agent"] ?? "").slice(0, 200);
    const begun = await service.auth.begin(account.id, "cookie", label, { remote: request.ip });
    const seconds = Math.floor(service.ports.settings.sessionLifetimeMs / 1000);
    // A page of ours, not a redirect: what follows a redirect from another site comes without a strict cookie.
    return page(
      reply.header("set-cookie", [
        sessionCookie(request, begun.secret, seconds),
        `${cookieName}=; Path=/auth/oidc; HttpOnly; SameSite=Lax; Max-Age=0${secure(request)}`,
      ]),
      `<title>Signed in</title><meta http-equiv="refresh" content="0;url=${escaped(known.back)}"><p><a href="${escaped(known.back)}">Signed in. Go on.</a></p>`,
    );
  });
}

/** A browser stands before it: it gets a sentence and a way back, not JSON. */
function refuse(request: FastifyRequest, reply: FastifyReply, status: number, detail: string): FastifyReply {
  if (!/\btext\/html\b/.test(request.headers.accept ?? "")) return refuseProgram(reply, status, detail);
  return page(
    reply.code(status),
    `<title>Not signed in</title><p>${escaped(detail)}</p><p><a href="/">Back to the sign-in</a></p>`,
  );
}

const page = (reply: FastifyReply, inside: string): FastifyReply =>
  reply
    .header("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
    .type("text/html; charset=utf-8")
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">${inside}</html>`,
    );
const hash = (text: string): string => createHash("sha256").update(text).digest("base64url");
const secure = (request: FastifyRequest): string => (request.protocol === "https" ? "; Secure" : "");
/** A path on this server: "//evil.test" and "/\evil.test" are addresses of others. */
const isOwnPath = (text: string): boolean => /^\/(?![/\\])[\x21-\x7e]*$/.test(text);
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
