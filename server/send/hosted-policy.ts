/** The MTA-STS policy of a domain that is hosted here, from its settings. */
import type { StsPolicy } from "../../protocol/policy/mta-sts.ts";
import type { DomainSettings } from "../store/store.ts";

/** RFC 8461 §3.2 advises weeks; a policy that is being tried out can be taken back sooner. */
const maxAgeSeconds = { enforce: 2_592_000, testing: 86_400, none: 86_400 } as const;

export function hostedPolicy({ mtaSts = "testing", mtaStsMx = [] }: DomainSettings, ourHost: string): StsPolicy {
  const mx = [...new Set([ourHost, ...mtaStsMx].map((host) => host.toLowerCase()))];
  return { mode: mtaSts, maxAge: maxAgeSeconds[mtaSts], mx };
}
