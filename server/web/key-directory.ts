/**
 * The Web Key Directory of the domains hosted here (draft-koch-openpgp-webkey-service §3.1, §4.5): `/.well-known/openpgpkey/DOMAIN/hu/HASH` at
 * `openpgpkey.DOMAIN` (the advanced method), and `/.well-known/openpgpkey/hu/HASH` at the domain itself (the direct one).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { PublishedKeys } from "../keys/published.ts";
import type { Domain } from "../store/store.ts";

const base = "/.well-known/openpgpkey";

export function serveKeyDirectory(
  app: FastifyInstance,
  ask: {
    readonly domain: (name: string) => Domain | undefined | Promise<Domain | undefined>;
    readonly keys: Pick<PublishedKeys, "of">;
  },
): void {
  /** Pages of elsewhere may read what is public (§4.5 advises it). */
  const open = (reply: FastifyReply) =>
    reply.header("access-control-allow-origin", "*").header("x-content-type-options", "nosniff");
  const none = (reply: FastifyReply) => open(reply).code(404).type("text/plain").send("There is no such key here.\n");
  const hostOf = (request: FastifyRequest): string =>
    (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");

  async function key(name: string, hash: string, reply: FastifyReply): Promise<FastifyReply> {
    const domain = name.toLowerCase();
    if (!/^[a-z\d]{32}$/.test(hash) || (await ask.domain(domain)) === undefined) return none(reply);
    const found = await ask.keys.of(domain, hash);
    if (found === undefined) return none(reply);
    return open(reply).type("application/octet-stream").header("cache-control", "public, max-age=300").send(found);
  }
  /** §4.5: that it is there says that there is a directory; nothing in it is asked for. */
  const policy = async (name: string, reply: FastifyReply): Promise<FastifyReply> =>
    (await ask.domain(name.toLowerCase())) === undefined ? none(reply) : open(reply).type("text/plain").send("");

  app.get<{ Params: { domain: string; hash: string } }>(`${base}/:domain/hu/:hash`, ({ params }, reply) =>
    key(params.domain, params.hash, reply),
  );
  app.get<{ Params: { hash: string } }>(`${base}/hu/:hash`, (request, reply) =>
    key(hostOf(request), request.params.hash, reply),
  );
  app.get<{ Params: { domain: string } }>(`${base}/:domain/policy`, ({ params }, reply) =>
    policy(params.domain, reply),
  );
  app.get(`${base}/policy`, (request, reply) => policy(hostOf(request), reply));
}
