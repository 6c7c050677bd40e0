/** The assembly of mailing lists. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { walk } from "../../protocol/dmarc/walk.ts";
import { base32 } from "../../protocol/return-path/base32.ts";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import type { Deliver } from "../deliver/deliver.ts";
import type { ForwardPorts } from "../deliver/forward.ts";
import { archivePath, confirmPath, leavePath } from "../distribute/compose.ts";
import { type Distribute, makeDistribute } from "../distribute/distribute.ts";
import { maxOpenedBytes, type OpenPost, openPosts } from "../distribute/open-posts.ts";
import { type List, listAt, partAddress } from "../distribute/settings.ts";
import { suffixOf } from "../judge/authenticate/suffix.ts";
import type { Resolver } from "../net/resolver.ts";
import { openReturnPaths } from "../sign/return-paths.ts";
import type { Instant, Store } from "../store/store.ts";
import { type PublicArchive, serveArchives } from "../web/archive-pages.ts";
import { takeListLinks } from "../web/list-pages.ts";
import { publicBase } from "./public-base.ts";

const secretChars = 16;
const digestsEveryMs = 5 * 60_000;

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
  /** In another thread. */
  readonly readPost: (bytes: Uint8Array) => Promise<OpenPost>;
  readonly now: () => Instant;
  readonly newId: () => string;
  readonly log: Log;
}): Promise<{ readonly distribute: Distribute; readonly mount: (app: FastifyInstance) => void } & Disposable> {
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
  let looking = false;
  const digests = setInterval(() => {
    if (looking) return;
    looking = true;
    distribute
      .sendDue()
      .catch((error: unknown) => parts.log.error({ err: error }, "digests not looked at"))
      .finally(() => {
        looking = false;
      });
  }, digestsEveryMs).unref();
  return {
    distribute,
    [Symbol.dispose]: () => clearInterval(digests),
    mount: (app) => {
      serveArchives(app, publicArchive(store, parts.readPost));
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
      });
    },
  };
}

/** Of lists whose archive is for everybody. */
function publicArchive(
  store: Pick<Store, "addresses" | "listPosts" | "content">,
  readPost: (bytes: Uint8Array) => Promise<OpenPost>,
): PublicArchive {
  const opened = openPosts(readPost);
  const open = async (address: string): Promise<List | undefined> => {
    const list = await listAt(store, address);
    return list?.settings.archive === true && list.settings.publicArchive ? list : undefined;
  };
  return {
    path: archivePath,
    async list(address) {
      const list = await open(address);
      return (
        list && {
          address: list.address,
          name: list.settings.displayName || list.address,
          description: list.settings.description,
          join: partAddress(list, "subscribe"),
        }
      );
    },
    posts: (list, limit, before) =>
      store.listPosts({ list, state: "archived", limit, ...(before === undefined ? {} : { before }) }),
    async read(list, id) {
      const [row] = await store.listPosts({ list, state: "archived", id, limit: 1 });
      if (row === undefined) return undefined;
      if (row.sizeBytes > maxOpenedBytes)
        return { ...row, text: "This post is too large to be shown here. Members read it in the archive.", files: [] };
      const post = await opened(id, () => store.content(row.content));
      return post === undefined || post === "busy" ? post : { ...row, ...post };
    },
  };
}
