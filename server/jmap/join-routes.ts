/** How an account comes to be without an administrator: by an invitation, or by signing up where that is allowed. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { parseJson } from "../../protocol/jmap/request.ts";
import { isObject } from "../../protocol/jmap/types.ts";
import { acceptInvitation, findInvitation, type Joined } from "../access/invitations.ts";
import { type SignUp, signUp } from "../access/sign-up.ts";
import { crossSite } from "./auth.ts";
import { refuse } from "./problem.ts";
import type { JmapService } from "./routes.ts";

const bodyLimit = 16 * 1024;
/** Tries of one address in an hour. */
const maxTriesPerHour = 20;
const hourMs = 60 * 60 * 1000;
const maxRemembered = 10_000;

/**
 * POST /auth/invitation {token} answers {name, displayName}; with {token, password, displayName?} it makes the account (201).
 * POST /auth/sign-up {name, password, displayName?} makes one where signing up is allowed. Faults are sentences in `errors`.
 */
export function joinRoutes(app: FastifyInstance, { ports, auth }: JmapService, settings: SignUp): void {
  const { store, now, login } = ports;
  const tries = new Map<string, { count: number; until: number }>();

  const allowed = (address: string): boolean => {
    const known = tries.get(address);
    if (known === undefined || known.until <= now()) {
      if (tries.size >= maxRemembered) tries.delete(tries.keys().next().value!);
      tries.set(address, { count: 1, until: now() + hourMs });
      return true;
    }
    return ++known.count <= maxTriesPerHour;
  };

  type Asked = { readonly [name: string]: unknown };
  /** What was sent; undefined where the reply has been sent. */
  const bodyOf = (request: FastifyRequest, reply: FastifyReply): Asked | undefined => {
    const fromPage = request.headers.origin !== undefined || request.headers["sec-fetch-site"] !== undefined;
    const refusal = fromPage ? crossSite(request) : undefined;
    const no = (status: number, detail: string): undefined => void refuse(reply, status, detail);
    if (refusal !== undefined) return no(403, refusal);
    // As at the door: a password that everybody on the way has read is none.
    if (!login.mechanisms(auth.where(request, "sign-in")).includes("PLAIN"))
      return no(403, "Passwords are only taken over an encrypted connection: use https.");
    if (!allowed(request.ip)) return no(429, "That was tried too often: try again in an hour.");
    const isJson = /^application\/json\b/i.test(request.headers["content-type"] ?? "");
    const parsed = parseJson((request.body as Uint8Array | null) ?? new Uint8Array(0));
    return isJson && "value" in parsed && isObject(parsed.value) ? parsed.value : no(400, "Send a JSON object.");
  };
  const joined = async (request: FastifyRequest, reply: FastifyReply, outcome: Joined): Promise<FastifyReply> => {
    if (outcome.kind === "refused") {
      const { faults: errors } = outcome;
      return refuse(reply, 422, errors.join(" "), { errors });
    }
    const { name } = outcome.account;
    const domain = name.slice(name.lastIndexOf("@") + 1);
    const [home] = await store.hostedDomains({ kind: "all" }, { limit: 1, domain });
    const action = `${request.method} ${request.routeOptions.url}`;
    const by = { actor: name, via: "api", remote: request.ip } as const;
    await store.noteAudit([{ at: now(), tenant: home?.tenant ?? 0, ...by, action, target: name, detail: {} }]);
    return reply.code(201).type("application/json").send(JSON.stringify({ name }));
  };
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

  app.post("/auth/invitation", { bodyLimit }, async (request, reply) => {
    const body = bodyOf(request, reply);
    if (body === undefined) return reply;
    const token = text(body["token"]);
    if (token === undefined) return refuse(reply, 400, "Send the token of the invitation.");
    const password = text(body["password"]);
    if (password !== undefined)
      return joined(
        request,
        reply,
        await acceptInvitation(store, token, { password, displayName: text(body["displayName"]) }, now()),
      );
    const found = await findInvitation(store, token, now());
    return found === undefined
      ? refuse(reply, 404, "This invitation is used, withdrawn or too old: ask for a new one.")
      : reply.type("application/json").send(JSON.stringify(found));
  });
  app.post("/auth/sign-up", { bodyLimit }, async (request, reply) => {
    if (!settings.enabled)
      return refuse(reply, 403, "Nobody signs up here by themselves: ask an administrator for an account.");
    const body = bodyOf(request, reply);
    if (body === undefined) return reply;
    const name = text(body["name"]);
    const password = text(body["password"]);
    if (name === undefined || password === undefined) return refuse(reply, 400, "Send name and password.");
    return joined(
      request,
      reply,
      await signUp(store, settings, { name, password, displayName: text(body["displayName"]) }, now()),
    );
  });
}
