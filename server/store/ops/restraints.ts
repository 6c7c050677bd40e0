/** What is done against accounts of our own (`../hosting.ts`). */
import type { HostingReader, HostingWriter, Restraint } from "../hosting.ts";
import { all, type Op, one, publish, type Row, run } from "./tx.ts";

type RestraintRow = {
  readonly account: number;
  readonly name: string;
  readonly limits: string;
  readonly stop: string;
} & Row;

const restraintOf = ({ account, name, limits, stop }: RestraintRow): Restraint => ({
  account,
  name,
  limits: JSON.parse(limits) as Restraint["limits"],
  stop: stop === "" ? undefined : (JSON.parse(stop) as Restraint["stop"]),
});

export function* restraints({
  account,
  after = 0,
  stopped = false,
  limit,
}: Parameters<HostingReader["restraints"]>[0]): Op<readonly Restraint[]> {
  const found = yield* all<RestraintRow>(
    `SELECT r.account, a.name, r.limits, r.stop FROM restraints r JOIN accounts a ON a.id = r.account AND a.deletion = 0
     WHERE (CAST($1 AS BIGINT) IS NULL OR r.account = $1) AND r.account > $2 ${stopped ? "AND r.stop <> ''" : ""}
     ORDER BY r.account LIMIT $3`,
    account ?? null,
    after,
    limit,
  );
  return found.map(restraintOf);
}

export function* restrain(
  account: number,
  { limits, stop }: Parameters<HostingWriter["restrain"]>[1],
): Op<"done" | "missing"> {
  if ((yield* one("SELECT 1 AS n FROM accounts WHERE id = $1 AND deletion = 0", account)) === undefined)
    return "missing";
  yield* run(
    `INSERT INTO restraints (account, limits, stop) VALUES ($1, coalesce($2, '{}'), coalesce($3, ''))
     ON CONFLICT (account) DO UPDATE SET limits = coalesce($2, restraints.limits), stop = coalesce($3, restraints.stop)`,
    account,
    limits === undefined ? null : JSON.stringify(limits),
    stop === undefined ? null : stop === null ? "" : JSON.stringify(stop),
  );
  yield* run("DELETE FROM restraints WHERE account = $1 AND limits = '{}' AND stop = ''", account);
  yield* publish({ kind: "directory" });
  return "done";
}
