/** "Where is my mail?": messages found by how they came, for everybody only those that are theirs (`../hosting.ts`). */
import type { JourneyFound, JourneyQuery } from "../hosting.ts";
import { emailWantedBy } from "../program-mail.ts";
import type { JourneyEntry } from "../store.ts";
import { byHash, entriesOf, type JourneyRow, journeyKey } from "./journey.ts";
import { hash53 } from "./threads.ts";
import { all, type Op } from "./tx.ts";

/** Entries that one question without a key looks through; where there are more it says where to go on. */
const maxLookedThrough = 20_000;
/** Entries of one address that one question may lead to. */
const maxByKey = 2_000;

type Head = JourneyEntry & { readonly id: number };

export function* journeys(query: JourneyQuery): Op<JourneyFound> {
  const before = query.before ?? Number.MAX_SAFE_INTEGER;
  const rows = query.key === undefined ? yield* newest(before, query) : yield* byKey(query.key, before);
  const wanted = wantedBy(query);
  const heads: Head[] = [];
  for (const row of rows.found) {
    if (heads.length === query.limit) return { heads, before: heads.at(-1)?.id };
    const [head] = entriesOf(row);
    if (head !== undefined && head.keys.length > 0 && wanted(head)) heads.push(head);
  }
  return { heads, before: rows.more };
}

type Rows = { readonly found: readonly JourneyRow[]; readonly more: number | undefined };

function* byKey(typed: string, before: number): Op<Rows> {
  const key = journeyKey(typed.trim().replace(/^<(.*)>$/, "$1"));
  const rows = yield* byHash(hash53(key), maxByKey, before);
  const found = rows.filter((row) => row.trace === key || row.keys.split("\n").includes(key));
  return { found, more: rows.length === maxByKey ? rows.at(-1)?.id : undefined };
}

function* newest(before: number, { since, until }: JourneyQuery): Op<Rows> {
  const rows = yield* all<JourneyRow>(
    `SELECT id, at, stage, trace, keys, detail FROM journey
     WHERE id IN (SELECT id FROM journey WHERE id < $1 ORDER BY id DESC LIMIT ${maxLookedThrough})
       AND keys <> '' AND at >= $2 AND at <= $3 ORDER BY id DESC`,
    before,
    since ?? 0,
    until ?? Number.MAX_SAFE_INTEGER,
  );
  const last = yield* all<{ readonly id: number; readonly at: number; readonly n: number }>(
    `SELECT min(id) AS id, min(at) AS at, count(*) AS n FROM (SELECT id, at FROM journey WHERE id < $1 ORDER BY id DESC LIMIT ${maxLookedThrough}) AS t`,
    before,
  );
  const { id, at, n } = last[0] ?? { id: 0, at: 0, n: 0 };
  return { found: rows, more: n === maxLookedThrough && at >= (since ?? 0) ? id : undefined };
}

function wantedBy({ subject, since, until, of, program }: JourneyQuery): (head: Head) => boolean {
  const isEmail = program === undefined ? undefined : emailWantedBy(program);
  const part = subject?.toLowerCase();
  const addresses = of !== undefined && "addresses" in of ? new Set(of.addresses) : undefined;
  const domains = of !== undefined && "domains" in of ? new Set(of.domains) : undefined;
  return ({ at, keys, detail }) => {
    if (at < (since ?? 0) || at > (until ?? Number.MAX_SAFE_INTEGER)) return false;
    if (
      part !== undefined &&
      !String(detail["subject"] ?? "")
        .toLowerCase()
        .includes(part)
    )
      return false;
    if (isEmail !== undefined && !isEmail(detail)) return false;
    if (addresses !== undefined) return keys.some((key) => addresses.has(withoutDetail(key)));
    if (domains !== undefined) return keys.some((key) => domains.has(key.slice(key.lastIndexOf("@") + 1)));
    return true;
  };
}

const withoutDetail = (key: string): string => key.replace(/^([^+@]+)\+[^@]*@/, "$1@");

export function* journey(trace: string, limit: number): Op<readonly Head[]> {
  const rows = (yield* byHash(hash53(trace), limit)).filter((row) => row.trace === trace);
  return rows.flatMap(entriesOf).sort((one, other) => one.at - other.at || one.id - other.id);
}
