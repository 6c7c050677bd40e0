/** Sessions of our own pages, and tokens for programs. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { parseJson } from "../../protocol/jmap/request.ts";
import { isObject } from "../../protocol/jmap/types.ts";
import { cookieName, crossSite, refusalOf } from "./auth.ts";
import { type JmapService, sendProblem } from "./routes.ts";

const bodyLimit = 16 * 1024;
const maxLabelChars = 200;

/**
 * POST /auth/login {username, password} sets the cookie; with {token: true, label} it answers {accessToken, expiresAt} instead.
 * POST /auth/logout ends the session or the token it is sent with.
 */
export function loginRoutes(app: FastifyInstance, service: JmapService): void {
  const refuse = (reply: FastifyReply, status: number, detail: string) =>
    sendProblem(reply, { type: "about:blank", status, detail });
  app.post("/auth/login", { bodyLimit }, async (request, reply) => {
    const refusal = request.headers.origin === undefined ? undefined : crossSite(request);
    const parsed = parseJson((request.body as Uint8Array | null) ?? new Uint8Array(0));
    if (refusal !== undefined) return refuse(reply, 403, refusal);
    if (
      !/^application\/json\b/i.test(request.headers["content-type"] ?? "") ||
      "status" in parsed ||
      !isObject(parsed.value)
    )
      return refuse(reply, 400, "Send a JSON object with username and password.");
    const { username, password, token, label } = parsed.value;
    if (typeof username !== "string" || typeof password !== "string")
      return refuse(reply, 400, "Send a JSON object with username and password.");
    const outcome = await service.auth.login(request, username, password);
    if (outcome.kind !== "ok") {
      const { status, detail } = refusalOf(outcome.reason);
      return refuse(reply, status, detail);
    }
    const { account } = outcome;
    const named =
      typeof label === "string"
        ? label.slice(0, maxLabelChars)
        : (request.headers["user-agent"] ?? "").slice(0, maxLabelChars);
    const begun = await service.auth.begin(account.id, token === true ? "token" : "cookie", named, {
      remote: request.ip,
    });
    const expires = new Date(begun.expiresAt).toISOString();
    if (token === true)
      return reply
        .type("application/json")
        .send(JSON.stringify({ accessToken: begun.secret, tokenType: "Bearer", expiresAt: expires }));
    return reply
      .header("set-cookie", cookie(request, begun.secret, Math.floor(service.ports.settings.sessionLifetimeMs / 1000)))
      .type("application/json")
      .send(JSON.stringify({ username: account.name, expiresAt: expires }));
  });
  app.post("/auth/logout", { bodyLimit }, async (request, reply) => {
    const who = await service.auth.who(request);
    if (who.kind === "refused") return refuse(reply, who.status, who.detail);
    if (who.secretHash !== undefined) await service.auth.end(who.secretHash);
    return reply
      .header("set-cookie", cookie(request, "", 0))
      .code(204)
      .send();
  });
}

function cookie(request: FastifyRequest, value: string, maxAgeSeconds: number): string {
  const secure = request.protocol === "https" ? "; Secure" : "";
  return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure}`;
}
