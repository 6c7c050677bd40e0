/** The queue as an administrator sees it and acts on it. */

import { contentOfQueueId, queueIdOf } from "../queue-id.ts";
import { hereDomain } from "../queued.ts";
import type { NewSendingEvent } from "../sending.ts";
import type { QueueAction, QueuedMessage, QueueFilter } from "../store.ts";
import { addSendingEvents } from "./events.ts";
import { note } from "./journey.ts";
import { dropEmpty, held, type RecipientRow, recipientColumns, scheduled, states, withMessages } from "./queue-rows.ts";
import { all, type Op, one, publish, type Row, run } from "./tx.ts";

/** Messages that one `queueList` answers when nothing is said. */
export const defaultListLimit = 1000;

export function* queueCount(): Op<number> {
  const row = yield* one<{ n: number }>("SELECT count(*) AS n FROM queue_recipients");
  return row?.n ?? 0;
}

/** Of the domain $2, and those who are here and wait for their time (`isOf`). */
const ofDomain = `(CAST($2 AS TEXT) IS NULL OR r.domain = $2 OR (r.domain = '${hereDomain}'
  AND substr(lower(r.address), length(r.address) - length(CAST($2 AS TEXT))) = '@' || CAST($2 AS TEXT)))`;

/** Conditions on a recipient `r` and its message `q`; the parameters are `$1`…`$10`, the same for every filter. */
const matches = `(CAST($1 AS BIGINT) IS NULL OR r.queue = $1) AND ${ofDomain}
  AND (CAST($3 AS TEXT) IS NULL OR lower(q.envelope_from) = $3) AND (CAST($4 AS TEXT) IS NULL OR lower(r.address) = $4)
  AND (CAST($5 AS BIGINT) IS NULL OR r.state = $5) AND r.queue BETWEEN $6 AND $7
  AND (CAST($8 AS TEXT) IS NULL OR q.tenant = $8) AND (CAST($9 AS TEXT) IS NULL OR q.campaign = $9)
  AND (CAST($10 AS BIGINT) IS NULL OR q.account = $10)`;

function filterParams(filter: QueueFilter) {
  const id = filter.id === undefined ? null : (contentOfQueueId(filter.id) ?? -1);
  const after = filter.after === undefined ? 0 : (contentOfQueueId(filter.after) ?? 0);
  return [
    id,
    filter.domain ?? null,
    filter.sender?.toLowerCase() ?? null,
    filter.recipient?.toLowerCase() ?? null,
    filter.state === undefined ? null : states.indexOf(filter.state),
    Math.max(after + 1, id ?? 0),
    id ?? Number.MAX_SAFE_INTEGER,
    filter.tenant ?? null,
    filter.campaign ?? null,
    filter.account ?? null,
  ] as const;
}

/** Messages in the order of their ids, with those of their recipients that match. */
export function* queueList(filter: QueueFilter): Op<readonly QueuedMessage[]> {
  const found = yield* all<RecipientRow>(
    `SELECT ${recipientColumns} FROM queue_recipients r LEFT JOIN queue_owners o ON o.owner = r.lease_owner
     WHERE r.queue IN (SELECT DISTINCT r.queue FROM queue_recipients r JOIN queue_messages q ON q.id = r.queue
       WHERE ${matches} ORDER BY r.queue LIMIT $11)
       AND ${ofDomain} AND (CAST($4 AS TEXT) IS NULL OR lower(r.address) = $4)
       AND (CAST($5 AS BIGINT) IS NULL OR r.state = $5)
     ORDER BY r.queue, r.id`,
    ...filterParams(filter),
    filter.limit ?? defaultListLimit,
  );
  return yield* withMessages(found);
}

/** What is being sent right now is left alone by all but "delete", whose settlement then comes too late. */
export function* queueAct(filter: QueueFilter, action: QueueAction, now: number, why?: string): Op<number> {
  const chosenAnd = (more: string) =>
    `(queue, id) IN (SELECT r.queue, r.id FROM queue_recipients r JOIN queue_messages q ON q.id = r.queue WHERE ${matches}${more})`;
  const chosen = chosenAnd("");
  const params = filterParams(filter);
  let touched: number;
  switch (action) {
    case "retry":
      // RFC 4865 §4.1: what its sender wants sent later is not sent before.
      touched = yield* run(
        `UPDATE queue_recipients SET next_at = $11 WHERE ${chosenAnd(" AND q.not_before <= $11")} AND state = ${scheduled}`,
        ...params,
        now,
      );
      break;
    case "hold": {
      const kept = yield* all<Touched>(
        `UPDATE queue_recipients SET state = ${held} WHERE ${chosen} AND state = ${scheduled} RETURNING ${touchedColumns}`,
        ...params,
      );
      touched = yield* noteAct("held", kept, now, why);
      yield* tellTenants("held", kept, now, {});
      break;
    }
    case "release": {
      const free = yield* all<Touched>(
        `UPDATE queue_recipients SET state = ${scheduled}, next_at = $11 WHERE ${chosen} AND state = ${held} RETURNING ${touchedColumns}`,
        ...params,
        now,
      );
      touched = yield* noteAct("released", free, now, why);
      yield* tellTenants("queued", free, now, { released: true });
      break;
    }
    case "delete": {
      const gone = yield* all<Touched>(
        `DELETE FROM queue_recipients WHERE ${chosen} RETURNING ${touchedColumns}`,
        ...params,
      );
      for (const queue of new Set(gone.map((row) => row.queue))) yield* dropEmpty(queue);
      touched = yield* noteAct("deleted", gone, now, why);
      break;
    }
    default:
      return action satisfies never;
  }
  if (touched > 0) yield* publish({ kind: "queue" });
  return touched;
}

/** Tenants hear of what happens to their mail in the queue. */
export function* tellTenants(
  type: "held" | "queued",
  rows: readonly Touched[],
  at: number,
  detail: NewSendingEvent["detail"],
): Op<void> {
  for (const [queue, some] of Map.groupBy(rows, (row) => row.queue)) {
    const whose = yield* one<{ tenant: string; stream: string; campaign: string }>(
      "SELECT tenant, stream, campaign FROM queue_messages WHERE id = $1 AND tenant <> ''",
      queue,
    );
    if (whose === undefined) continue;
    const message = queueIdOf(queue);
    const told = some.map(({ address, told_as }) => told_as ?? address).filter((recipient) => recipient !== "");
    yield* addSendingEvents(told.map((recipient) => ({ ...whose, at, type, message, recipient, detail })));
  }
}

export const touchedColumns = "queue, address, told_as";
export type Touched = { readonly queue: number; readonly address: string; readonly told_as: string | null } & Row;

/** The journey of each message tells what a person did to it; answers how many recipients that were. */
function* noteAct(
  stage: "held" | "released" | "deleted",
  rows: readonly Touched[],
  at: number,
  why = "by the administrator",
): Op<number> {
  for (const [queue, some] of Map.groupBy(rows, (row) => row.queue)) {
    const to = some.map(({ address }) => address).sort();
    yield* note([{ at, stage, trace: queueIdOf(queue), keys: [], detail: { to, why } }]);
  }
  return rows.length;
}
