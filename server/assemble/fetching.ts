/** Puts together what is fetched in place of a reader: pictures of messages, marks and published keys of domains, and lists that are left by a POST. */
import { makeLeave } from "../fetch/leave.ts";
import { Pictures } from "../fetch/pictures.ts";
import { makeFindKey } from "../fetch/public-keys.ts";
import type { Ask } from "../fetch/resource.ts";
import type { JmapPorts } from "../jmap/ports.ts";
import { markOf } from "../judge/authenticate/mark-of.ts";
import type { Marks } from "../judge/authenticate/marks.ts";
import { makeGuard } from "../net/guard.ts";
import type { HttpsAsk } from "../net/https-talk.ts";
import type { Resolver } from "../net/resolver.ts";

/** `local`: this machine and other ports may be asked, for tests (`angarium dev`); all other private networks stay closed. */
export function makeElsewhere(parts: {
  readonly resolver: Resolver;
  readonly marks: Marks;
  readonly trust: HttpsAsk["trust"];
  readonly local: boolean;
  /** Where other test servers have https. */
  readonly httpsPort: number;
  readonly now: () => number;
}): JmapPorts["elsewhere"] {
  const { resolver, marks, trust, local, httpsPort, now } = parts;
  const guard = makeGuard(resolver, {
    privateAddresses: false,
    ...(local ? { allow: { has: (address: string) => /^(?:127\.|::1$)/.test(address) } } : {}),
  });
  const ask: Ask = { guard, schemes: ["https:", "http:"], anyPort: local, trust };
  return {
    pictures: new Pictures(ask, now),
    // RFC 8058 §3.1: https alone.
    leave: makeLeave({ ...ask, schemes: ["https:"] }),
    findKey: makeFindKey({ ...ask, schemes: ["https:"] }, now, local ? httpsPort : 443),
    mark: (domain) => markOf(domain, resolver, marks),
  };
}
