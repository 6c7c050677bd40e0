/** HTTP: health, readiness and metrics; JMAP, its logins and the pages join here. */
import type { Server } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import ipaddr from "ipaddr.js";
import type { Metrics } from "../assemble/metrics.ts";
import type { KeyRing } from "../net/tls.ts";
import { checkHosts, type HostPorts } from "./host-check.ts";

const hstsSeconds = 365 * 24 * 60 * 60;

export type HttpPorts = {
  readonly metrics: Metrics;
  /** Undefined when all is well, otherwise a sentence about what is not ready. */
  readonly notReady: () => Promise<string | undefined>;
  readonly hosts: HostPorts;
  /** Adds what else is served: JMAP, its logins, the pages. */
  readonly mount: (app: FastifyInstance) => void;
};

/** One application for the plain and the TLS listener. Metrics are told to this machine only; health says nothing but yes or no. */
export function makeHttp(ports: HttpPorts, keyRing?: Pick<KeyRing, "httpsOptions">): FastifyInstance {
  const options = {
    bodyLimit: 1024 * 1024,
    requestTimeout: 60_000,
    forceCloseConnections: true as const,
    // A URL that is none.
    frameworkErrors: (_error: unknown, _request: unknown, reply: FastifyReply) => {
      const problem = {
        type: "urn:angarium:problem:url",
        code: "url",
        title: "Bad request",
        status: 400,
        detail: "This is no address.",
      };
      reply.code(400).type("application/problem+json").send(JSON.stringify(problem));
    },
    // No route has a schema of Fastify's: its compilers, a hundred files, are not loaded.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  };
  const app = (keyRing === undefined
    ? fastify(options)
    : fastify({
        ...options,
        https: keyRing.httpsOptions((fresh) => (app.server as unknown as HttpsServer).setSecureContext(fresh)),
      })) as unknown as FastifyInstance<Server>;
  checkHosts(app as unknown as FastifyInstance, ports.hosts);
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-content-type-options", "nosniff");
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    if (!reply.hasHeader("x-frame-options")) reply.header("x-frame-options", "SAMEORIGIN");
    if (!reply.hasHeader("referrer-policy")) reply.header("referrer-policy", "no-referrer");
    // RFC 6797 §7.2: said over TLS alone.
    if (request.protocol === "https") reply.header("strict-transport-security", `max-age=${hstsSeconds}`);
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type("text/plain").send("There is nothing at this address.\n"),
  );
  app.get("/healthz", async (_request, reply) => reply.type("text/plain").send("ok\n"));
  app.get("/readyz", async (_request, reply) => {
    const problem = await ports.notReady();
    return reply
      .code(problem === undefined ? 200 : 503)
      .type("text/plain")
      .send(`${problem ?? "ready"}\n`);
  });
  app.get("/metrics", async (request, reply) => {
    if (!isLoopback(request.ip))
      return reply.code(403).type("text/plain").send("Metrics are told to this machine only.\n");
    return reply.type(ports.metrics.contentType).send(await ports.metrics.text());
  });
  ports.mount(app as unknown as FastifyInstance);
  return app as unknown as FastifyInstance;
}

function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "loopback";
}

function noSchemas(): never {
  throw new Error("Routes check what they are given by themselves.");
}
