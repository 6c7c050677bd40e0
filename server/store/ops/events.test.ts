import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Blobs } from "../blobs.ts";
import { statements as spans } from "../migrations/029.ts";
import { migrate } from "../migrations/migrate.ts";
import type { EventFilter, NewSendingEvent } from "../sending.ts";
import { Database, Effects } from "../sqlite.ts";
import { maxRowEvents } from "./event-rows.ts";
import { addSendingEvents, dropSpans, newestEvent, sendingEvents } from "./events.ts";
import { bucketEntries, journeyKey, note, packJourneys, trace } from "./journey.ts";
import { all, type Op, run as write } from "./tx.ts";

let dir: string;
let database: Database;

before(() => {
  dir = mkdtempSync(join(tmpdir(), "angarium-events-"));
  database = new Database({ dir, readOnly: false, cacheKiB: 2048 });
  run(migrate());
});
after(() => {
  database.close();
  rmSync(dir, { recursive: true });
});

function run<T>(op: Op<T>): T {
  return new Effects(database, new Blobs(dir), Date.now).run(op);
}
const event = (recipient: string, given: Partial<NewSendingEvent> = {}): NewSendingEvent => ({
  at: 7,
  type: "delivered",
  tenant: "shop",
  stream: "news",
  campaign: "",
  message: "q000001",
  recipient,
  detail: { n: 1 },
  ...given,
});
const seen = (filter: EventFilter = {}): string[] => run(sendingEvents(filter)).map(({ recipient }) => recipient);

test("events are read in the order of their numbers, of all, a tenant or a message, wherever their rows lie", () => {
  assert.equal(run(newestEvent()), 0);
  const said = { at: 7, stage: "delivered", trace: "q000001", keys: [], detail: { to: ["a"] } } as const;
  run(
    note([said, { ...said, stage: "deferred" }], "", [
      event("a"),
      event("b", { tenant: "other" }),
      event("c", { message: "" }),
    ]),
  );
  run(addSendingEvents([event("d", { at: 9, message: "q000002" })]));
  // As far on as there are several small and large buckets, some of which are packed.
  for (const [at, name] of [
    [bucketEntries * 3, "e"],
    [bucketEntries * 513, "f"],
    [bucketEntries * 514, "g"],
    [bucketEntries * 1600, "h"],
  ] as const) {
    run(write("INSERT INTO journey (id, at, stage, trace, keys, detail) VALUES ($1, 1, 'queued', '', '', '{}')", at));
    run(addSendingEvents([event(name), event(`${name}2`, { tenant: "other" })]));
  }
  const all = ["a", "b", "c", "d", "e", "e2", "f", "f2", "g", "g2", "h", "h2"];
  for (const packed of [false, true]) {
    assert.deepEqual(seen(), all);
    assert.deepEqual(seen({ tenant: "other" }), ["b", "e2", "f2", "g2", "h2"]);
    assert.deepEqual(seen({ message: "q000002" }), ["d"]);
    assert.deepEqual(seen({ message: "q000001", tenant: "shop" }), ["a", "e", "f", "g", "h"]);
    assert.deepEqual(seen({ tenant: "nobody" }), []);
    const paged: string[] = [];
    for (let after = 0; ; ) {
      const page = run(sendingEvents({ after, limit: 2 }));
      if (page.length === 0) break;
      for (const { id, recipient } of page) {
        assert.ok(id > after);
        after = id;
        paged.push(recipient);
        assert.equal(run(sendingEvents({ after: id - 1, limit: 1 }))[0]?.id, id);
      }
    }
    assert.deepEqual(paged, all);
    const ids = run(sendingEvents({})).map(({ id }) => id);
    assert.ok(run(newestEvent()) >= ids.at(-1)!);
    if (!packed) while (run(packJourneys()));
  }
  const newest = run(newestEvent());
  run(addSendingEvents([event("i", { detail: { reply: '250 "ok" \\u0000 \0 é' }, at: 11 })]));
  const [last] = run(sendingEvents({ after: newest }));
  assert.deepEqual(last, { ...event("i", { at: 11 }), id: last!.id, detail: { reply: '250 "ok" \\u0000 \0 é' } });
});

test("where events lie is known again after an earlier version, and when what wrote it was undone", () => {
  const before = [seen(), seen({ tenant: "other" })];
  run(write("DELETE FROM event_spans"));
  assert.deepEqual(seen(), []);
  for (const statement of spans.filter((one) => one.startsWith("INSERT"))) run(write(statement));
  assert.deepEqual([seen(), seen({ tenant: "other" })], before);
  for (const [tenant, undo] of [
    ["third", () => database.rollback()],
    ["fourth", () => database.rollbackToSavepoint()],
  ] as const) {
    database.beginImmediate();
    database.savepoint();
    run(addSendingEvents([event("undone", { tenant })]));
    undo();
    run(addSendingEvents([event("done", { tenant, message: "q000003" })]));
    if (database.inTransaction) database.commit();
    assert.deepEqual(seen({ tenant }), ["done"]);
  }
  run(dropSpans(Number.MAX_SAFE_INTEGER));
  assert.deepEqual(seen(), []);
  for (const statement of spans.filter((one) => one.startsWith("INSERT"))) run(write(statement));
});

test("rows that tell events alone are no steps of a journey, and their others are what they were", () => {
  assert.deepEqual(
    run(trace(journeyKey("q000001"), 100)).map(({ stage, at }) => [stage, at]),
    [
      ["delivered", 7],
      ["deferred", 7],
    ],
  );
  assert.deepEqual(run(trace("q000002", 100)), []);
});

test("an entry of which a tenant is told is the event itself: nothing of it is written twice, and the journey is what it was", () => {
  const newest = run(newestEvent());
  const whose = { tenant: "third", stream: "news", campaign: "may" };
  const about = { tags: { kind: "order" } };
  const to = ["a@far.test"];
  const accepted = { id: "m1", from: "x@shop.test", to, subject: "s", about };
  const delivered = { to, reply: "250 ok", site: "far", host: "mx.far.test", ms: 3, source: "s1", provider: "gmail" };
  const other = { ...delivered, to: ["b@far.test"] };
  const moment = { at: 8, trace: undefined, keys: [] } as const;
  run(
    note(
      [
        { ...moment, stage: "accepted", keys: ["m1"], detail: accepted, told: { ...whose, n: 1 } },
        { ...moment, stage: "queued", detail: { recipients: to } },
      ],
      "q000088",
    ),
  );
  const settled = { at: 9, trace: "q000088", keys: [], stage: "delivered" } as const;
  const detail = { attempt: 2, author: "shop.test" };
  run(
    note(
      [
        { ...settled, detail: delivered, told: { ...whose, n: 1, detail } },
        { ...settled, detail: other, told: { ...whose, n: 2, detail } },
      ],
      "",
      [event("c", { tenant: "third", message: "q000088" })],
    ),
  );
  const found = run(sendingEvents({ after: newest, tenant: "third", message: "q000088" }));
  const of = { ...whose, message: "q000088" };
  const taken = { n: 1, ...detail, reply: "250 ok", host: "mx.far.test", source: "s1", provider: "gmail" };
  assert.deepEqual(
    found.map(({ id: _, ...rest }) => rest),
    [
      { ...of, at: 8, type: "accepted", recipient: "a@far.test", detail: { id: "m1", n: 1, ...about } },
      { ...of, at: 9, type: "delivered", recipient: "a@far.test", detail: taken },
      { ...of, at: 9, type: "delivered", recipient: "b@far.test", detail: { ...taken, n: 2 } },
      event("c", { tenant: "third", message: "q000088" }),
    ],
  );
  assert.deepEqual(
    run(trace("q000088", 100)).map(({ stage, detail }) => [stage, detail]),
    [
      ["accepted", accepted],
      ["queued", { recipients: to }],
      ["delivered", delivered],
      ["delivered", other],
    ],
  );
  const kept = run(
    all<{ events: string }>("SELECT events FROM journey WHERE trace = 'q000088' AND stage = 'delivered'"),
  );
  for (const { events } of kept) assert.doesNotMatch(events, /250 ok|mx\.far/);
});

test("rows of another tenant that one's message leads to are passed over, however many", () => {
  for (let at = 0; at < 5; at++) run(addSendingEvents([event(`x${at}`, { message: "q000077", tenant: "other" })]));
  run(addSendingEvents([event("mine", { message: "q000077" })]));
  assert.deepEqual(seen({ message: "q000077", tenant: "shop", limit: 1 }), ["mine"]);
});

test("more events than a row has numbers for go on in the next", () => {
  const before = run(newestEvent());
  run(addSendingEvents(Array.from({ length: maxRowEvents + 2 }, (_, at) => event(`many${at}`))));
  let after = before;
  let count = 0;
  for (let page = run(sendingEvents({ after })); page.length > 0; page = run(sendingEvents({ after }))) {
    for (const { recipient } of page) assert.equal(recipient, `many${count++}`);
    after = page.at(-1)!.id;
  }
  assert.equal(count, maxRowEvents + 2);
});

test("events that an earlier version kept apart come first, and go when they are old", () => {
  const older = "INSERT INTO sending_events (id, at, type, tenant, stream, campaign, message, recipient, detail)";
  run(write(`${older} VALUES (1, 3, 'delivered', 'shop', 'news', '', 'q000001', 'older', '{}')`));
  assert.deepEqual(seen({ limit: 2 }), ["older", "a"]);
  assert.deepEqual(seen({ message: "q000001", tenant: "shop", limit: 2 }), ["older", "a"]);
  assert.deepEqual(seen({ after: 1, limit: 1 }), ["a"]);
});
