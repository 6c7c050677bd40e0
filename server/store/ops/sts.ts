/** MTA-STS policies of other domains: see `sts-store.ts`. */
import type { StsPolicy } from "../../../protocol/policy/mta-sts.ts";
import type { Instant } from "../store.ts";
import type { KeptStsPolicy } from "../sts-store.ts";
import { all, type Op, one, type Row, run } from "./tx.ts";

type StsRow = {
  readonly domain: string;
  readonly id: string;
  readonly policy: string;
  readonly fetched_at: number;
  readonly expires_at: number;
} & Row;

const policyOf = (row: StsRow): KeptStsPolicy => ({
  domain: row.domain,
  id: row.id,
  policy: JSON.parse(row.policy) as StsPolicy,
  fetchedAt: row.fetched_at,
  expiresAt: row.expires_at,
});

export function* stsPolicy(domain: string): Op<KeptStsPolicy | undefined> {
  const row = yield* one<StsRow>("SELECT * FROM sts_policies WHERE domain = $1", domain);
  return row === undefined ? undefined : policyOf(row);
}

export function* stsPoliciesBefore(fetchedBefore: Instant, limit: number): Op<readonly KeptStsPolicy[]> {
  const rows = yield* all<StsRow>(
    "SELECT * FROM sts_policies WHERE fetched_at < $1 ORDER BY fetched_at LIMIT $2",
    fetchedBefore,
    limit,
  );
  return rows.map(policyOf);
}

export function* putStsPolicy({ domain, id, policy, fetchedAt, expiresAt }: KeptStsPolicy): Op<void> {
  yield* run(
    `INSERT INTO sts_policies (domain, id, policy, fetched_at, expires_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (domain) DO UPDATE SET id = excluded.id, policy = excluded.policy,
       fetched_at = excluded.fetched_at, expires_at = excluded.expires_at`,
    domain,
    id,
    JSON.stringify(policy),
    fetchedAt,
    expiresAt,
  );
}

export function* dropStsPolicies(now: Instant): Op<void> {
  yield* run("DELETE FROM sts_policies WHERE expires_at < $1", now);
}
