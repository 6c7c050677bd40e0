/** Mail that was to wait until a time, and is to wait until another. */
import { contentOfQueueId, queueIdOf } from "../queue-id.ts";
import type { Instant, QueueId } from "../store.ts";
import { note } from "./journey.ts";
import { type Touched, tellTenants, touchedColumns } from "./queue-admin.ts";
import { held, scheduled } from "./queue-rows.ts";
import { all, type Op, publish, run } from "./tx.ts";

export function* reschedule(id: QueueId, notBefore: Instant, now: Instant): Op<number> {
  const queue = contentOfQueueId(id);
  if (queue === undefined) return 0;
  const moved = yield* all<Touched>(
    `UPDATE queue_recipients SET next_at = $2 WHERE queue = $1 AND state IN (${scheduled}, ${held}) AND attempts = 0
       AND EXISTS (SELECT 1 FROM queue_messages WHERE id = $1 AND not_before > $3) RETURNING ${touchedColumns}`,
    queue,
    notBefore,
    now,
  );
  if (moved.length === 0) return 0;
  yield* run(
    "UPDATE queue_messages SET expires_at = expires_at + $2 - not_before, not_before = $2 WHERE id = $1",
    queue,
    notBefore,
  );
  const to = moved.map(({ address }) => address).sort();
  yield* note([{ at: now, stage: "rescheduled", trace: queueIdOf(queue), keys: [], detail: { to, notBefore } }]);
  yield* tellTenants("queued", moved, now, { sendAt: notBefore });
  // The queue looks again at what waits, parks among it.
  yield* publish({ kind: "queue" });
  yield* publish({ kind: "sending", of: ["park"] });
  return moved.length;
}
