/** Tickets of the abuse desk, and strikes (`../tickets-store.ts`). */
import type { Instant } from "../store.ts";
import {
  type Concerned,
  maxTicketNotes,
  maxTicketReports,
  maxTicketRows,
  maxTickets,
  type NewTicket,
  type Strike,
  type Ticket,
  type TicketChange,
  type TicketNote,
  type TicketReport,
  type TicketState,
  type TicketsReader,
  type TicketsWriter,
  ticketDays,
} from "../tickets-store.ts";
import { all, insert, type Op, one, publish, type Row, run } from "./tx.ts";

type TicketRow = {
  readonly id: number;
  readonly about: string;
  readonly state: TicketState;
  readonly tenant: string;
  readonly opened_at: number;
  readonly latest_at: number;
  readonly body: string;
} & Row;
type Body = {
  readonly concerned: Omit<Concerned, "tenant">;
  readonly count: number;
  readonly reports: readonly TicketReport[];
  readonly notes: readonly TicketNote[];
  readonly strike?: number | undefined;
};

const dayMs = 86_400_000;
const maxDropped = 500;
/** PostgreSQL keeps no NUL in a text. */
const text = (value: string): string => value.replaceAll("\0", "?");
const jsonOf = (body: unknown): string => JSON.stringify(body).replaceAll("\\u0000", "?");
const changed = () => publish({ kind: "sending", of: ["ticket"] });

const ticketOf = ({ id, about, state, tenant, opened_at, latest_at, body }: TicketRow): Ticket => {
  const { concerned, ...rest } = JSON.parse(body) as Body;
  return { id, about, state, concerned: { ...concerned, tenant }, openedAt: opened_at, latestAt: latest_at, ...rest };
};

export function* tickets(filter: Parameters<TicketsReader["tickets"]>[0]): Op<readonly Ticket[]> {
  const found = yield* all<TicketRow>(
    `SELECT * FROM tickets WHERE (CAST($1 AS BIGINT) IS NULL OR id = $1) AND (CAST($2 AS TEXT) IS NULL OR state = $2)
     AND (CAST($3 AS TEXT) IS NULL OR tenant = $3) AND id < $4 ORDER BY id DESC LIMIT $5`,
    filter.id ?? null,
    filter.state ?? null,
    filter.tenant ?? null,
    filter.before ?? Number.MAX_SAFE_INTEGER,
    Math.min(filter.limit, maxTicketRows),
  );
  return found.map(ticketOf);
}

function* ticketAbout(about: string): Op<TicketRow | undefined> {
  return yield* one<TicketRow>("SELECT * FROM tickets WHERE about = $1 {for_update}", about);
}

export function* openTicket({
  about: given,
  concerned,
  report,
}: NewTicket): Op<{ readonly id: number; readonly isNew: boolean } | undefined> {
  const about = text(given);
  const known = yield* ticketAbout(about);
  yield* changed();
  if (known !== undefined) return yield* reportAgain(known, concerned, report);
  if (!(yield* hasRoom())) return undefined;
  const { tenant, ...rest } = concerned;
  const body: Body = { concerned: rest, count: 1, reports: [report], notes: [] };
  const id = yield* insert(
    "INSERT INTO tickets (about, state, tenant, opened_at, latest_at, body) VALUES ($1, 'new', $2, $3, $3, $4)",
    about,
    text(tenant),
    report.at,
    jsonOf(body),
  );
  return { id, isNew: true };
}

/** One more of the same. What was closed waits again; what was not known of it is learnt. */
function* reportAgain(
  row: TicketRow,
  concerned: Concerned,
  report: TicketReport,
): Op<{ readonly id: number; readonly isNew: boolean }> {
  const { id, state, concerned: before, count, reports, openedAt, ...rest } = ticketOf(row);
  const isNew = state === "closed";
  const { tenant, ...more } = before.message === "" && concerned.message !== "" ? concerned : before;
  const body: Body = {
    concerned: more,
    count: count + 1,
    reports: reports.length < maxTicketReports ? [...reports, report] : reports,
    notes: rest.notes,
    strike: isNew ? undefined : rest.strike,
  };
  yield* run(
    "UPDATE tickets SET state = $2, tenant = $3, opened_at = $4, latest_at = $5, body = $6 WHERE id = $1",
    id,
    isNew ? "new" : state,
    text(tenant),
    isNew ? report.at : openedAt,
    report.at,
    jsonOf(body),
  );
  return { id, isNew };
}

/** Where there are as many as may be, the oldest closed one goes. */
function* hasRoom(): Op<boolean> {
  const count = yield* one<{ n: number }>("SELECT count(*) AS n FROM tickets");
  if ((count?.n ?? 0) < maxTickets) return true;
  return (yield* run("DELETE FROM tickets WHERE id = (SELECT min(id) FROM tickets WHERE state = 'closed')")) > 0;
}

export function* changeTicket(id: number, change: TicketChange, at: Instant): Op<boolean> {
  const row = yield* one<TicketRow>("SELECT * FROM tickets WHERE id = $1 {for_update}", id);
  if (row === undefined) return false;
  const { concerned, count, reports, notes, strike, state } = ticketOf(row);
  const said = [
    ...(change.note === undefined || change.note === "" ? [] : [change.note]),
    ...(change.state === undefined || change.state === state ? [] : [`${state} → ${change.state}`]),
  ];
  const body: Body = {
    concerned: { ...concerned, account: change.account ?? concerned.account },
    count,
    reports,
    notes: [...notes, ...said.map((one) => ({ at, by: change.by, text: one }))].slice(-maxTicketNotes),
    strike: change.strike ?? strike,
  };
  yield* run(
    "UPDATE tickets SET state = $2, tenant = $3, body = $4 WHERE id = $1",
    id,
    change.state ?? state,
    text(change.tenant ?? concerned.tenant),
    jsonOf(body),
  );
  yield* changed();
  return true;
}

// ---------------------------------------------------------------- strikes

type StrikeRow = {
  readonly id: number;
  readonly tenant: string;
  readonly at: number;
  readonly expires_at: number;
  readonly body: string;
} & Row;
const strikeOf = ({ id, tenant, at, expires_at, body }: StrikeRow): Strike => ({
  id,
  tenant,
  at,
  expiresAt: expires_at,
  ...(JSON.parse(body) as Pick<Strike, "by" | "reason" | "ticket" | "lifted">),
});

export function* strikes({ tenant, limit }: Parameters<TicketsReader["strikes"]>[0]): Op<readonly Strike[]> {
  const found = yield* all<StrikeRow>(
    "SELECT * FROM strikes WHERE (CAST($1 AS TEXT) IS NULL OR tenant = $1) ORDER BY id DESC LIMIT $2",
    tenant ?? null,
    Math.min(limit, maxTicketRows),
  );
  return found.map(strikeOf);
}

export function* giveStrike(given: Parameters<TicketsWriter["giveStrike"]>[0]): Op<number> {
  const { tenant, at, expiresAt, ...body } = given;
  yield* publish({ kind: "sending", of: ["strike"] });
  return yield* insert(
    "INSERT INTO strikes (tenant, at, expires_at, body) VALUES ($1, $2, $3, $4)",
    text(tenant),
    at,
    expiresAt,
    jsonOf(body),
  );
}

export function* liftStrike(id: number, lifted: NonNullable<Strike["lifted"]>): Op<string | undefined> {
  const row = yield* one<StrikeRow>("SELECT * FROM strikes WHERE id = $1 {for_update}", id);
  const known = row && strikeOf(row);
  if (known === undefined || known.expiresAt <= lifted.at) return undefined;
  const { by, reason, ticket, tenant } = known;
  const body = jsonOf({ by, reason, ticket, lifted });
  yield* run("UPDATE strikes SET expires_at = $2, body = $3 WHERE id = $1", id, lifted.at, body);
  yield* publish({ kind: "sending", of: ["strike"] });
  return tenant;
}

/** Closed tickets, and strikes that are over, whose days are. */
export function* dropTickets(now: Instant): Op<void> {
  const before = now - ticketDays * dayMs;
  yield* run(
    `DELETE FROM tickets WHERE id IN (SELECT id FROM tickets WHERE state = 'closed' AND latest_at < $1 LIMIT ${maxDropped})`,
    before,
  );
  yield* run("DELETE FROM strikes WHERE expires_at < $1", before);
}
