/** What mail that waits costs, by how much of it waits: time to claim and settle one, and memory. `node test/bench/waiting.ts [COUNT…]` */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore } from "../../server/store/client.ts";

const counts = process.argv.slice(2).map(Number);
const parks = 40;

for (const count of counts.length > 0 ? counts : [10_000, 100_000, 1_000_000]) {
  const dir = mkdtempSync(join(tmpdir(), "angarium-bench-"));
  const store = await openSqliteStore({ dir });
  await store.close();
  const file = new DatabaseSync(join(dir, "angarium.sqlite"));
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  file.exec(`BEGIN;
    INSERT INTO queue_messages (id, envelope_from, smtputf8, body, require_tls, stream, created_at, not_before, expires_at, size, tenant, campaign, author)
    ${numbers} SELECT i, 'news@shop.test', 0, '8bitmime', 0, 'news', 0, 0, 9000000000000, 1000, 'shop', 'may', 'shop.test' FROM n;
    INSERT INTO queue_recipients (queue, id, address, domain, state, attempts, next_at, delay_warned, lease_token, park, urgency)
    ${numbers} SELECT i, 1, 'someone' || i || '@gmail.com', 'gmail.com', 0, 0, i, 0, 0, 'shop|news|may|p' || (i % ${parks}), 2 + i % 4 FROM n;
    COMMIT`);
  file.close();
  const open = await openSqliteStore({ dir });
  const now = Date.now();
  let done = 0;
  const start = performance.now();
  while (done < 5000) {
    const claimed = await open.claim({
      owner: "bench",
      now,
      until: now + 600_000,
      limit: 100,
      park: `shop|news|may|p${(done / 100) % parks}`,
    });
    const settlements = claimed.flatMap(({ id, recipients }) =>
      recipients.map((one) => ({
        queue: id,
        recipient: one.id,
        token: one.lease!.token,
        outcome: {
          kind: "later",
          nextAt: now + 3_600_000,
          delayWarned: false,
          countsAsAttempt: false,
          park: one.park!,
        } as const,
        reply: "",
      })),
    );
    await open.settle({ settlements, notices: [], journey: [] });
    done += settlements.length;
    if (settlements.length === 0) break;
  }
  const each = (performance.now() - start) / done;
  const plain = performance.now();
  for (let at = 0; at < 20; at++) await open.claim({ owner: "bench", now, until: now + 600_000, limit: 100 });
  const claim = (performance.now() - plain) / 20;
  const counted = performance.now();
  await open.parkNames();
  const rss = Math.round(process.memoryUsage().rss / 1024 / 1024);
  process.stdout.write(
    `${count} waiting: ${(each * 1000).toFixed(0)} µs to claim and put back one (${done}), ${claim.toFixed(2)} ms to see that nothing else is due, ${Math.round(performance.now() - counted)} ms to name the parks, ${rss} MB resident\n`,
  );
  await open.close();
  rmSync(dir, { recursive: true, force: true });
}
