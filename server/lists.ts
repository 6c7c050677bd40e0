/** The assembly of mailing lists. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { walk } from "../protocol/dmarc/walk.ts";
import { base32 } from "../protocol/return-path/base32.ts";
import type { Directory } from "./access/directory.ts";
import type { Deliver } from "./deliver/deliver.ts";
import type { ForwardPorts } from "./deliver/forward.ts";
import { confirmPath, leavePath } from "./distribute/compose.ts";
import { type Distribute, makeDistribute } from "./distribute/distribute.ts";
import { suffixOf } from "./judge/authenticate/suffix.ts";
import type { Log } from "./log.ts";
import type { Resolver } from "./net/resolver.ts";
import { publicBase } from "./public-base.ts";
import { openReturnPaths } from "./sign/return-paths.ts";
import type { Instant, Store } from "./store/store.ts";
import { takeListLinks } from "./web/list-pages.ts";

const secretChars = 16;

export async function startLists(parts: {
  readonly store: Store;
  readonly directory: Directory;
  readonly deliver: () => Pick<Deliver, "give" | "spread">;
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  readonly forward: ForwardPorts;
  readonly resolver: Pick<Resolver, "txt">;
  /** "" is our own host. */
  readonly publicUrl: string;
  readonly ourHost: string;
  readonly now: () => Instant;
  readonly newId: () => string;
  readonly log: Log;
}): Promise<{ readonly distribute: Distribute; readonly mount: (app: FastifyInstance) => void }> {
  const { store, resolver, forward, ourHost, publicUrl, now } = parts;
  const { mac } = await openReturnPaths(store, now);
  const distribute = makeDistribute({
    ...parts,
    mac,
    give: (mail) => parts.deliver().give(mail),
    spread: (what) => parts.deliver().spread(what),
    seal: forward.seal,
    base: publicBase(publicUrl, ourHost),
    secret: () => base32(randomBytes(secretChars), secretChars),
    async isStrict(domain) {
      const walked = await walk(domain, { txt: (name) => resolver.txt(name), suffixOf });
      if (walked === "trouble" || walked.policy === undefined) return false;
      const { policy } = walked;
      return (policy.domain === domain ? policy.p : (policy.sp ?? policy.p)) !== "none";
    },
  });
  const { memberships } = distribute;
  return {
    distribute,
    mount: (app) =>
      takeListLinks(app, {
        leavePath,
        confirmPath,
        async leaving(token) {
          const found = await memberships.leaving(token);
          return found && { list: found.list.address, address: found.member.address };
        },
        async leave(token) {
          const found = await memberships.leaving(token);
          if (found !== undefined) await memberships.leave(found.list, found.member.address, "one click");
        },
        async asked(token) {
          const found = await memberships.requestOf(token);
          return found && { list: found.list.address, address: found.request.address, action: found.request.action };
        },
        confirm: async (token) => (await memberships.confirm(token))?.kind,
      }),
  };
}
