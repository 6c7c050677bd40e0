/** Mailing lists (`../lists-store.ts`). */
import {
  type DigestPeriod,
  type ListPost,
  type ListRequest,
  type ListsReader,
  type ListsWriter,
  type Member,
  maxArchivedPosts,
  maxHeldPosts,
  maxListMembers,
  maxListRequests,
  type NewListPost,
} from "../lists-store.ts";
import type { ContentId, Instant } from "../store.ts";
import { all, insert, type Op, one, type Row, rows, run } from "./tx.ts";

type MemberRow = {
  readonly id: number;
  readonly list: string;
  readonly address: string;
  readonly display_name: string;
  readonly role: Member["role"];
  readonly delivery: Member["delivery"];
  readonly paused: number;
  readonly bounces: number;
  readonly bounced_at: number | null;
  readonly since: number;
} & Row;

const memberOf = (row: MemberRow): Member => ({
  id: row.id,
  list: row.list,
  address: row.address,
  displayName: row.display_name,
  role: row.role,
  delivery: row.delivery,
  paused: row.paused !== 0,
  bounces: row.bounces,
  bouncedAt: row.bounced_at ?? undefined,
  since: row.since,
});

/** PostgreSQL keeps no NUL in a text. */
const text = (value: string): string => value.replaceAll("\0", "?");

export function* listMembers(filter: Parameters<ListsReader["listMembers"]>[0]): Op<readonly Member[]> {
  const found = yield* all<MemberRow>(
    `SELECT * FROM list_members WHERE (CAST($1 AS TEXT) IS NULL OR list = $1) AND (CAST($2 AS TEXT) IS NULL OR address = $2)
     AND (CAST($3 AS BIGINT) IS NULL OR id = $3) AND address > $4 ORDER BY address, list LIMIT $5`,
    filter.list ?? null,
    filter.address ?? null,
    filter.id ?? null,
    filter.after ?? "",
    filter.limit ?? maxListMembers,
  );
  return found.map(memberOf);
}

export function* putListMember(
  member: Parameters<ListsWriter["putListMember"]>[0],
): Op<Awaited<ReturnType<ListsWriter["putListMember"]>>> {
  const { list, address, displayName, role, delivery, since } = member;
  const before = yield* one<MemberRow>("SELECT * FROM list_members WHERE list = $1 AND address = $2", list, address);
  if (before === undefined) {
    const count = yield* one<{ n: number }>("SELECT count(*) AS n FROM list_members WHERE list = $1", list);
    if ((count?.n ?? 0) >= maxListMembers) return { kind: "full" };
  }
  const row = yield* one<MemberRow>(
    `INSERT INTO list_members (list, address, display_name, role, delivery, paused, bounces, bounced_at, since)
     VALUES ($1, $2, $3, $4, $5, 0, 0, NULL, $6)
     ON CONFLICT (list, address) DO UPDATE SET display_name = excluded.display_name, role = excluded.role, delivery = excluded.delivery
     RETURNING *`,
    list,
    address,
    text(displayName),
    role,
    delivery,
    since,
  );
  return { kind: "done", member: memberOf(row as MemberRow), isNew: before === undefined };
}

const gone = (count: number): "done" | "missing" => (count === 0 ? "missing" : "done");

export function* removeListMember(list: string, address: string): Op<"done" | "missing"> {
  return gone(yield* run("DELETE FROM list_members WHERE list = $1 AND address = $2", list, address));
}

export function* noteListBounce(
  id: number,
  { at, quietMs, most }: Parameters<ListsWriter["noteListBounce"]>[1],
): Op<{ member: Member; pausedNow: boolean } | undefined> {
  const before = yield* one<MemberRow>("SELECT * FROM list_members WHERE id = $1 {for_update}", id);
  if (before === undefined) return undefined;
  const count = before.bounced_at !== null && at - before.bounced_at <= quietMs ? before.bounces + 1 : 1;
  const pausedNow = before.paused === 0 && count >= most;
  const paused = pausedNow ? 1 : before.paused;
  yield* run("UPDATE list_members SET bounces = $2, bounced_at = $3, paused = $4 WHERE id = $1", id, count, at, paused);
  return { member: memberOf({ ...before, bounces: count, bounced_at: at, paused }), pausedNow };
}

export function* resumeListMember(list: string, address: string): Op<"done" | "missing"> {
  return gone(
    yield* run(
      "UPDATE list_members SET paused = 0, bounces = 0, bounced_at = NULL WHERE list = $1 AND address = $2",
      list,
      address,
    ),
  );
}

// ---------------------------------------------------------------- posts

type PostRow = {
  readonly id: number;
  readonly list: string;
  readonly state: ListPost["state"];
  readonly content: number;
  readonly message_id: string;
  readonly envelope_from: string;
  readonly author: string;
  readonly subject: string;
  readonly why: string;
  readonly at: number;
  readonly size: number;
} & Row;

export function* listPosts(filter: Parameters<ListsReader["listPosts"]>[0]): Op<readonly ListPost[]> {
  const found = yield* all<PostRow>(
    `SELECT * FROM list_posts WHERE (CAST($1 AS TEXT) IS NULL OR list = $1) AND (CAST($2 AS BIGINT) IS NULL OR id = $2)
     AND (CAST($3 AS TEXT) IS NULL OR state = $3) AND (CAST($4 AS TEXT) IS NULL OR message_id = $4)
     AND (CAST($5 AS BIGINT) IS NULL OR id < $5) AND at >= $6 ORDER BY id DESC LIMIT $7`,
    filter.list ?? null,
    filter.id ?? null,
    filter.state ?? null,
    filter.messageId ?? null,
    filter.before ?? null,
    filter.since ?? 0,
    filter.limit,
  );
  return found.map((row) => ({
    id: row.id,
    list: row.list,
    state: row.state,
    content: row.content,
    messageId: row.message_id,
    envelopeFrom: row.envelope_from,
    author: row.author,
    subject: row.subject,
    why: row.why,
    at: row.at,
    sizeBytes: row.size,
  }));
}

export function* listDigests(): Op<Awaited<ReturnType<ListsReader["listDigests"]>>> {
  return yield* all<{ list: string; period: DigestPeriod; since: number }>(
    "SELECT list, state AS period, min(at) AS since FROM list_posts WHERE state IN ('daily', 'weekly') GROUP BY list, state",
  );
}

/** The contents' references have been counted already. Of too many the oldest go. */
export function* keepListPosts(content: ContentId, size: number, posts: readonly NewListPost[]): Op<void> {
  for (const { list, state, messageId, envelopeFrom, author, subject, why, at } of posts) {
    const id = yield* insert(
      `INSERT INTO list_posts (list, state, content, message_id, envelope_from, author, subject, why, at, size)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      list,
      state,
      content,
      text(messageId),
      text(envelopeFrom),
      text(author),
      text(subject),
      why,
      at,
      size,
    );
    // An archive is long to count: each hundredth post does it.
    if (state === "archived" && id % 100 !== 0) continue;
    const over = yield* rows(
      "SELECT id FROM list_posts WHERE list = $1 AND state = $2 ORDER BY id DESC LIMIT 1000 OFFSET $3",
      list,
      state,
      state === "archived" ? maxArchivedPosts : maxHeldPosts,
    );
    for (const [old] of over) yield* removeListPost(old as number);
  }
}

export function* removeListPost(id: number): Op<"done" | "missing"> {
  const row = yield* one<{ content: number }>("DELETE FROM list_posts WHERE id = $1 RETURNING content", id);
  if (row === undefined) return "missing";
  yield* run("UPDATE contents SET refs = refs - 1 WHERE id = $1", row.content);
  return "done";
}

// ---------------------------------------------------------------- requests

export function* listRequests(filter: Parameters<ListsReader["listRequests"]>[0]): Op<readonly ListRequest[]> {
  const found = yield* all<{
    id: number;
    list: string;
    address: string;
    display_name: string;
    action: ListRequest["action"];
    state: ListRequest["state"];
    secret: string;
    at: number;
    expires_at: number;
  }>(
    `SELECT * FROM list_requests WHERE (CAST($1 AS TEXT) IS NULL OR list = $1) AND (CAST($2 AS BIGINT) IS NULL OR id = $2)
     AND (CAST($3 AS TEXT) IS NULL OR state = $3) AND expires_at > $4 ORDER BY id LIMIT $5`,
    filter.list ?? null,
    filter.id ?? null,
    filter.state ?? null,
    filter.now,
    maxListRequests,
  );
  return found.map(({ display_name, expires_at, ...row }) => ({
    ...row,
    displayName: display_name,
    expiresAt: expires_at,
  }));
}

export function* putListRequest(
  request: Omit<ListRequest, "id">,
  againMs: number,
): Op<Awaited<ReturnType<ListsWriter["putListRequest"]>>> {
  const { list, address, displayName, action, state, secret, at, expiresAt } = request;
  yield* run("DELETE FROM list_requests WHERE list = $1 AND expires_at <= $2", list, at);
  const before = yield* one<{ at: number }>(
    "SELECT at FROM list_requests WHERE list = $1 AND address = $2 AND action = $3",
    list,
    address,
    action,
  );
  if (before !== undefined && at - before.at < againMs) return { kind: "known" };
  if (before !== undefined)
    yield* run("DELETE FROM list_requests WHERE list = $1 AND address = $2 AND action = $3", list, address, action);
  const count = yield* one<{ n: number }>("SELECT count(*) AS n FROM list_requests WHERE list = $1", list);
  if ((count?.n ?? 0) >= maxListRequests) return { kind: "full" };
  const id = yield* insert(
    `INSERT INTO list_requests (list, address, display_name, action, state, secret, at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    list,
    address,
    text(displayName),
    action,
    state,
    secret,
    at,
    expiresAt,
  );
  return { kind: "done", id };
}

export function* changeListRequest(
  id: number,
  state: ListRequest["state"],
  expiresAt: Instant,
): Op<"done" | "missing"> {
  return gone(yield* run("UPDATE list_requests SET state = $2, expires_at = $3 WHERE id = $1", id, state, expiresAt));
}

export function* removeListRequest(id: number): Op<"done" | "missing"> {
  return gone(yield* run("DELETE FROM list_requests WHERE id = $1", id));
}

// ---------------------------------------------------------------- a list goes

export function* forgetList(list: string): Op<void> {
  yield* run(
    `UPDATE contents SET refs = refs - d.n FROM (SELECT content, count(*) AS n FROM list_posts WHERE list = $1 GROUP BY content) AS d
     WHERE contents.id = d.content`,
    list,
  );
  for (const table of ["list_posts", "list_members", "list_requests"])
    yield* run(`DELETE FROM ${table} WHERE list = $1`, list);
}

/** All lists of a domain that is removed for ever. */
export function* forgetListsOf(domain: string): Op<void> {
  const found = yield* rows(
    `SELECT DISTINCT list FROM (SELECT list FROM list_members UNION SELECT list FROM list_posts UNION SELECT list FROM list_requests) AS named
     WHERE substr(list, length(list) - length($1) + 1) = $1`,
    `@${domain}`,
  );
  for (const [list] of found) yield* forgetList(list as string);
}
