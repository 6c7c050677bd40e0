/**
 * Answers only to names that are ours: a forged Host would put a stranger's name into the links we make, and a name that a stranger's
 * DNS leads here (rebinding) would make their page look like one of ours to a browser.
 */
import { isIP } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Domain } from "../store/store.ts";

export type HostPorts = {
  readonly ourHost: string;
  /** Further names, by the configuration. */
  readonly hosts: readonly string[];
  readonly domain: (name: string) => Domain | undefined | Promise<Domain | undefined>;
};

/** Asked under whatever name leads here: proofs for certificates, policies, and what says nothing but yes or no. */
const open = /^\/(?:\.well-known\/|healthz$|readyz$|metrics$)/;

export function checkHosts(app: FastifyInstance, ports: HostPorts): void {
  app.addHook("onRequest", async (request, reply) => {
    if (open.test(request.url) || (await isOurs(request.headers.host, ports))) return;
    return reply
      .code(421)
      .type("application/problem+json")
      .send(
        JSON.stringify({
          type: "urn:angarium:problem:host",
          code: "host",
          title: "Wrong host",
          status: 421,
          detail: "This server does not go by that name. Where it should: [api] hosts in the configuration.",
        }),
      );
  });
}

/** Ours, a hosted domain, a name below one, this machine, or an address: no stranger's DNS leads to these. */
export async function isOurs(host: string | undefined, { ourHost, hosts, domain }: HostPorts): Promise<boolean> {
  const name = hostName(host);
  if (name === undefined) return false;
  if (isIP(name) !== 0 || name === "localhost" || name === ourHost.toLowerCase() || hosts.includes(name)) return true;
  for (let rest = name; rest.includes("."); rest = rest.slice(rest.indexOf(".") + 1))
    if ((await domain(rest)) !== undefined) return true;
  return false;
}

function hostName(host: string | undefined): string | undefined {
  const found = /^(?:\[([\da-f:.]+)\]|([a-z\d._-]{1,253}))(?::\d{1,5})?$/i.exec(host ?? "");
  return (found?.[1] ?? found?.[2])?.toLowerCase().replace(/\.$/, "");
}
