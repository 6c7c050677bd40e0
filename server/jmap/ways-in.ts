/** GET /auth/methods: which ways of getting in there are, for pages that offer them. */
import type { FastifyInstance } from "fastify";
import type { Oidc } from "../access/oidc.ts";
import type { SignUp } from "../access/sign-up.ts";

export function waysIn(app: FastifyInstance, oidc: Pick<Oidc, "name"> | undefined, signUp: SignUp): void {
  const ways = JSON.stringify({
    password: true,
    passkey: true,
    oidc: oidc === undefined ? null : { name: oidc.name, start: "/auth/oidc/start" },
    signUp: signUp.enabled ? { domains: signUp.domains } : null,
  });
  app.get("/auth/methods", async (_request, reply) => reply.type("application/json").send(ways));
}
