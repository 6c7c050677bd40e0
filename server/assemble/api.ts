/** Puts the REST API together. */

import type { World } from "../admin/command.ts";
import { Standings } from "../api/actor.ts";
import type { Api } from "../api/mount.ts";
import { makeApi } from "../api/mount.ts";
import { Rate } from "../api/rate.ts";
import type { ApiWorld } from "../api/route.ts";
import type { ApiSettings } from "../api/settings.ts";
import type { Log } from "../base/log.ts";
import type { Jmap } from "./jmap.ts";

export function startApi(parts: {
  readonly world: () => World;
  readonly dataDir: string;
  readonly certificates: ApiWorld["certificates"];
  readonly signIn: ApiWorld["signIn"];
  readonly traffic: ApiWorld["traffic"];
  readonly requests: ApiWorld["requests"];
  readonly auth: Jmap["auth"];
  readonly settings: ApiSettings;
  /** Off: nobody is slowed down. */
  readonly limits: boolean;
  readonly store: World["store"];
  readonly now: () => number;
  readonly version: string;
  readonly log: Log;
}): Api & Disposable {
  const { auth, settings, limits, store, now, version, log } = parts;
  const standings = new Standings(store, now);
  let world: ApiWorld | undefined;
  const api = makeApi({
    world: () =>
      (world ??= {
        ...parts.world(),
        standings,
        dataDir: parts.dataDir,
        certificates: parts.certificates,
        signIn: parts.signIn,
        traffic: parts.traffic,
        requests: parts.requests,
        undoDays: settings.undoDays,
        maxTokenDays: settings.maxTokenDays,
        endSession: (hash) => auth.end(hash),
        isPassword: (account, password, remote) => auth.isPassword(account, password, remote),
      }),
    who: (request) => auth.who(request, "api"),
    rate: limits ? new Rate(settings, () => performance.now()) : undefined,
    version,
    log,
  });
  return {
    ...api,
    [Symbol.dispose]: () => {
      standings[Symbol.dispose]();
      api[Symbol.dispose]();
    },
  };
}

/** What the pages of a domain are called: its tenant's brand, or our own name. */
export async function productNameOf(
  store: Pick<World["store"], "hostedDomains" | "tenants">,
  domain: string,
): Promise<string> {
  const [home] = await store.hostedDomains({ kind: "all" }, { limit: 1, domain });
  const tenant = home === undefined ? undefined : (await store.tenants()).find(({ id }) => id === home.tenant);
  return tenant?.settings.branding.productName ?? tenant?.displayName ?? `Mail of ${domain}`;
}
