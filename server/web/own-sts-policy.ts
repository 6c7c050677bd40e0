/** The MTA-STS policies of the domains hosted here: `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` (RFC 8461 §3.2). */
import type { FastifyInstance } from "fastify";
import { policyText } from "../../protocol/policy/mta-sts.ts";
import { hostedPolicy } from "../send/hosted-policy.ts";
import type { Domain } from "../store/store.ts";

export function serveOwnPolicies(
  app: FastifyInstance,
  ask: {
    readonly ourHost: string;
    readonly domain: (name: string) => Domain | undefined | Promise<Domain | undefined>;
  },
): void {
  app.get("/.well-known/mta-sts.txt", async (request, reply) => {
    const host = (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
    const name = host.startsWith("mta-sts.") ? host.slice("mta-sts.".length) : undefined;
    const domain = name === undefined ? undefined : await ask.domain(name);
    if (domain === undefined)
      return reply.code(404).type("text/plain").send("This server has no MTA-STS policy of that name.\n");
    return reply.type("text/plain").send(policyText(hostedPolicy(domain.settings, ask.ourHost)));
  });
}
