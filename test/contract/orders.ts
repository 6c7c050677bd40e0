/** Orders that are kept in memory: pages read from them are the pages that sorting gives, whatever has happened since. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { MatchMemory } from "../../server/jmap/match-memory.ts";
import { OrderMemory } from "../../server/jmap/order-memory.ts";
import type {
  EmailFilter,
  EmailOrder,
  EmailQuery,
  EmailQueryResult,
  EmailSort,
  OrderWanted,
} from "../../server/store/jmap.ts";
import { leastOrdered } from "../../server/store/ops/email-in-order.ts";
import { type EmailId, Flag, type MailboxId, type Store } from "../../server/store/store.ts";
import {
  expectKind,
  inboxOf,
  letter,
  made,
  marks,
  newAccount,
  noon,
  type Open,
  type Opened,
  randomFrom,
  rows,
} from "./world.ts";

const query = (
  filter: EmailFilter | undefined,
  sort: readonly EmailSort[],
  more: Partial<EmailQuery> = {},
): EmailQuery => ({
  filter,
  sort,
  collapseThreads: false,
  position: 0,
  anchor: undefined,
  limit: 20,
  total: false,
  ...more,
});

export function ordersContract(open: Open, stories: number): void {
  describe("orders", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const some = (random: (below: number) => number, count: number) =>
      Array.from({ length: count }, () => ({
        ...letter({
          subject: `Subject ${random(40)}`,
          body: "x".repeat(random(60)),
          ...(random(2) ? { sentAt: noon - random(100) * 60_000 } : {}),
          ...(random(4)
            ? {}
            : { id: `root${random(9)}-${random(1e9)}@x.test`, references: [`root${random(9)}@x.test`] }),
        }),
        marks: marks((random(2) ? Flag.seen : 0) | (random(9) ? 0 : Flag.flagged), ...(random(5) ? [] : ["blue"])),
        receivedAt: noon + random(100) * 60_000,
      }));

    for (let story = 0; story < Math.min(2, stories); story++)
      test(`pages are the same with an order and without, story ${story + 1}`, async () => {
        const random = randomFrom(story + 77);
        const { id } = await newAccount(store);
        const inbox = await inboxOf(store, id);
        const other = await made(store, id, "Other");
        await store.append(id, inbox, some(random, 700));
        await store.append(id, other, some(random, 50));
        const sorts: readonly (readonly EmailSort[])[] = [
          [{ by: "subject", ascending: true }],
          [
            { by: "size", ascending: true },
            { by: "receivedAt", ascending: false },
          ],
          [
            { by: "sentAt", ascending: true },
            { by: "subject", ascending: true },
          ],
        ];
        const filters: readonly EmailFilter[] = [
          { kind: "size", below: 500 },
          { kind: "not", of: { kind: "mark", of: "email", mark: { flag: Flag.seen } } },
          { kind: "mark", of: "some-in-thread", mark: { flag: Flag.flagged } },
          { kind: "received", from: noon + 50 * 60_000 },
          { kind: "mark", of: "email", mark: { keyword: "blue" } },
        ];
        const placed = (mailbox: MailboxId | undefined, filter: EmailFilter): EmailFilter =>
          mailbox === undefined ? filter : { kind: "and", of: [{ kind: "in-mailbox", mailbox }, filter] };
        let orders: EmailOrder[] = [];
        const remake = async () => {
          orders = [];
          for (const mailbox of [inbox, undefined])
            for (const sort of sorts) orders.push((await store.emailOrder(id, { mailbox, sort, filter: undefined }))!);
          // Of some filters there is one of their own.
          for (const [at, filter] of filters.entries())
            if (at !== 2 && random(2))
              for (const mailbox of [inbox, undefined])
                orders.push(
                  (await store.emailOrder(id, { mailbox, sort: sorts[at % 3]!, filter: placed(mailbox, filter) }))!,
                );
        };
        await remake();
        assert.equal(orders[0]!.emails.length, 700);
        for (let step = 0; step < 60; step++) {
          const [from, to] = random(3) ? [inbox, other] : [other, inbox];
          const last = (await store.mailboxes(id)).find((one) => one.id === from)!.uidNext - 1;
          const uid = 1 + random(last);
          const uids: [number, number][] = [[uid, uid + random(6)]];
          const flag = [Flag.seen, Flag.flagged, Flag.deleted][random(3)]!;
          switch (random(6)) {
            case 0:
              await store.append(id, from, some(random, 1 + random(8)));
              break;
            case 1:
              await store.move(id, from, uids, to);
              break;
            case 2:
              await store.copy(id, from, uids, to);
              break;
            case 3:
              await store.expunge(id, from, uids, random(2) === 0);
              break;
            default:
              await store.setFlags(id, from, { uids, mode: random(3) ? "add" : "remove", marks: marks(flag) });
          }
          if (random(20) === 0) await remake();
          const place: EmailFilter = { kind: "in-mailbox", mailbox: inbox };
          const filter = random(3) === 0 ? undefined : filters[random(filters.length)]!;
          const all =
            random(3) === 0 ? filter : filter === undefined ? place : ({ kind: "and", of: [place, filter] } as const);
          const turn = random(2) === 0;
          let sort = sorts[random(3)]!.map(({ by, ascending }) => ({ by, ascending: ascending !== turn }));
          if (random(3) === 0)
            sort = [
              { by: { of: random(2) ? "email" : "some-in-thread", mark: { flag: Flag.flagged } }, ascending: false },
              ...sort,
            ] as typeof sort;
          const plain = query(all, sort, {
            collapseThreads: random(3) === 0,
            position: random(4) ? random(4) * 60 : -1 - random(90),
            total: random(3) === 0,
          });
          const [without, withOrders] = [
            await store.emailQuery(id, plain),
            await store.emailQuery(id, { ...plain, orders }),
          ];
          assert.deepEqual(withOrders, without, JSON.stringify(plain));
          const [middle] = expectKind(without, "done").emails.slice(10);
          if (middle === undefined) continue;
          const at = { ...plain, position: 0, anchor: { email: middle, offset: -5 } };
          assert.deepEqual(await store.emailQuery(id, { ...at, orders }), await store.emailQuery(id, at));
        }
      });

    for (let story = 0; story < Math.min(2, stories); story++)
      test(`totals that are kept are those that counting gives, story ${story + 1}`, async () => {
        const random = randomFrom(story + 99);
        const { id } = await newAccount(store);
        const inbox = await inboxOf(store, id);
        const other = await made(store, id, "Other");
        await store.append(id, inbox, some(random, 150));
        await store.append(id, other, some(random, 30));
        const place: EmailFilter = { kind: "in-mailbox", mailbox: inbox };
        const filters: readonly (EmailFilter | undefined)[] = [
          undefined,
          place,
          { kind: "not", of: { kind: "mark", of: "email", mark: { flag: Flag.seen } } },
          { kind: "mark", of: "some-in-thread", mark: { flag: Flag.flagged } },
          { kind: "mark", of: "all-in-thread", mark: { flag: Flag.seen } },
          { kind: "mark", of: "email", mark: { keyword: "blue" } },
          { kind: "size", below: 500 },
        ];
        const asked = filters.flatMap((filter) =>
          [true, false].flatMap((collapseThreads) => [
            { filter, collapseThreads },
            { filter: filter === undefined ? place : { kind: "and" as const, of: [place, filter] }, collapseThreads },
          ]),
        );
        const memories = [new MatchMemory(store), new MatchMemory(store)];
        for (const [at, one] of asked.entries())
          for (let times = 0; times < 2; times++) memories[at % 2]!.want(id, one);
        for (const memory of memories) await memory.idle();
        for (let step = 0; step < 40; step++) {
          const [from, to] = random(3) ? [inbox, other] : [other, inbox];
          const last = (await store.mailboxes(id)).find((one) => one.id === from)!.uidNext - 1;
          const uid = 1 + random(last);
          const uids: [number, number][] = [[uid, uid + random(6)]];
          switch (random(6)) {
            case 0:
              await store.append(id, from, some(random, 1 + random(8)));
              break;
            case 1:
              await store.move(id, from, uids, to);
              break;
            case 2:
              await store.copy(id, from, uids, to);
              break;
            case 3:
              await store.expunge(id, from, uids, random(2) === 0);
              break;
            default:
              await store.setFlags(id, from, {
                uids,
                mode: random(3) ? "add" : "remove",
                marks: marks([Flag.seen, Flag.flagged, Flag.deleted][random(3)]!, ...(random(3) ? [] : ["blue"])),
              });
          }
          for (let look = 0; look < 6; look++) {
            const at = random(asked.length);
            const kept = await memories[at % 2]!.of(id, asked[at]!);
            const counted = expectKind(
              await store.emailQuery(id, query(asked[at]!.filter, [], { ...asked[at]!, limit: 1, total: true })),
              "done",
            );
            if (kept === undefined) memories[at % 2]!.want(id, asked[at]!);
            else {
              const what = JSON.stringify(asked[at]);
              assert.deepEqual([kept.total, kept.state], [counted.total, counted.state], what);
              const { collapseThreads, filter } = asked[at]!;
              if (collapseThreads) continue;
              const all = expectKind(
                await store.emailQuery(id, query(filter, [{ by: "number", ascending: true }], { limit: 5000 })),
                "done",
              );
              assert.deepEqual(kept.few, all.emails, what);
            }
          }
        }
        let still = 0;
        for (const [at, one] of asked.entries()) if ((await memories[at % 2]!.of(id, one)) !== undefined) still++;
        assert.ok(still > asked.length / 2, "they are kept over all of this");
      });

    test("it is told where all of a large mailbox was gone through for few", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      await store.append(id, inbox, some(randomFrom(7), 50));
      for (let n = 50; n < leastOrdered; n *= 2) await store.copy(id, inbox, [[1, n]], inbox);
      const place: EmailFilter = { kind: "in-mailbox", mailbox: inbox };
      const none: EmailFilter = { kind: "size", from: 1_000_000_000 };
      const cases: readonly [filter: EmailFilter, sparse: boolean][] = [
        [none, true],
        [{ kind: "mark", of: "email", mark: { keyword: "nobodys" } }, false],
        [{ kind: "and", of: [none, { kind: "received", from: noon + 1e12 }] }, false],
        [{ kind: "and", of: [{ kind: "emails", emails: [1] }, none] }, false],
      ];
      for (const [filter, sparse] of cases) {
        const asked: EmailFilter = { kind: "and", of: [place, filter] };
        const answer: EmailQueryResult = await store.emailQuery(id, query(asked, []));
        assert.equal(expectKind(answer, "done").sparse, sparse, JSON.stringify(filter));
      }
    });

    test("flagged first: as the rows say", async () => {
      const random = randomFrom(5);
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      await store.append(id, inbox, some(random, 120));
      const truth = await rows(store, id, inbox);
      const flagged: EmailSort = { by: { of: "email", mark: { flag: Flag.flagged } }, ascending: false };
      const isFlagged = ({ flags }: { readonly flags: number }) => Number((flags & Flag.flagged) !== 0);
      for (const ascending of [true, false]) {
        const { emails } = expectKind(
          await store.emailQuery(id, query(undefined, [flagged, { by: "size", ascending }], { limit: 500 })),
          "done",
        );
        const sign = ascending ? 1 : -1;
        assert.deepEqual(
          emails,
          truth
            .toSorted((a, b) => isFlagged(b) - isFlagged(a) || sign * (a.sizeBytes - b.sizeBytes) || b.email - a.email)
            .map(({ email }) => email),
        );
        const end = expectKind(
          await store.emailQuery(
            id,
            query(undefined, [flagged, { by: "size", ascending }], { position: -7, limit: 3 }),
          ),
          "done",
        );
        assert.deepEqual([end.emails, end.position], [emails.slice(-7, -4), 113]);
      }
    });

    test("those with a mark first or last, and each thread once: as the rows say", async () => {
      const random = randomFrom(6);
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      await store.append(id, inbox, some(random, 150));
      const truth = await rows(store, id, inbox);
      const threads = new Map<number, number>();
      const emails = truth.map(({ email }) => email);
      for (const row of (await store.emailRows(id, emails, "none")).rows) threads.set(row.email, row.thread);
      for (const flag of [Flag.flagged, Flag.seen])
        for (const whose of ["email", "some-in-thread"] as const)
          for (const [ascending, newest, collapseThreads] of [0, 1, 2, 3, 4, 5, 6, 7].map((n) => [
            (n & 1) !== 0,
            (n & 2) !== 0,
            (n & 4) !== 0,
          ])) {
            const marked = (email: number): number =>
              Number(
                truth.some(
                  (row) =>
                    (row.flags & flag) !== 0 &&
                    (whose === "email" ? row.email === email : threads.get(row.email) === threads.get(email)),
                ),
              );
            const key = new Map(emails.map((email) => [email, marked(email)]));
            const sign = ascending ? 1 : -1;
            const inOrder = truth.toSorted(
              (a, b) =>
                sign * (key.get(a.email)! - key.get(b.email)!) ||
                (newest ? -1 : 1) * (a.receivedAt - b.receivedAt) ||
                sign * (a.email - b.email),
            );
            const seen = new Set<number>();
            const expected = inOrder
              .map(({ email }) => email)
              .filter((email) => {
                const name = collapseThreads ? threads.get(email)! : email;
                return !seen.has(name) && seen.add(name);
              });
            const sort: EmailSort[] = [
              { by: { of: whose, mark: { flag } }, ascending: ascending! },
              { by: "receivedAt", ascending: !newest },
            ];
            const asked = { collapseThreads: collapseThreads!, limit: 500, total: true };
            const found = expectKind(await store.emailQuery(id, query(undefined, sort, asked)), "done");
            const what = JSON.stringify([flag, whose, ascending, newest, collapseThreads]);
            assert.deepEqual([found.emails, found.total], [expected, expected.length], what);
            const page = expectKind(
              await store.emailQuery(id, query(undefined, sort, { ...asked, position: 20, limit: 60 })),
              "done",
            );
            assert.deepEqual(page.emails, expected.slice(20, 80), what);
          }
    });
  });

  test("an order is made when a large mailbox has been sorted, used, and made anew when much has come", async () => {
    const made: unknown[] = [];
    const asked: number[] = [];
    let wanted: OrderWanted = {
      mailbox: 1 as MailboxId,
      sort: [{ by: "subject", ascending: true }],
      filter: undefined,
    };
    const emails = new Uint32Array(new SharedArrayBuffer(4 * leastOrdered));
    const memory = new OrderMemory(
      {
        emailQuery: async (_, { orders = [] }) => {
          asked.push(orders.length);
          const state = { modseq: 1, nextEmail: 1 as EmailId, after: undefined };
          return {
            kind: "done",
            emails: [],
            position: 0,
            total: undefined,
            state,
            wanted: orders.length === 0 ? wanted : undefined,
            sparse: false,
          };
        },
        emailQueryChanges: async () => ({ kind: "cannot" }),
        emailOrder: async (_, order) => {
          made.push(order);
          return { ...order, emails, modseq: 1, nextEmail: 1 };
        },
      },
      2 * emails.byteLength,
    );
    const ask = async (account: number) => {
      await memory.query(account, query(undefined, wanted.sort));
      await memory.idle();
    };
    for (const account of [1, 1, 2, 1, 3, 1, 2]) await ask(account);
    // The third account's order takes the room of the second's, which was asked longest ago.
    assert.deepEqual(asked, [0, 1, 0, 1, 0, 1, 0]);
    assert.equal(made.length, 4);
    // One of some emails only when it is wanted twice.
    wanted = { ...wanted, filter: { kind: "has-attachment" } };
    for (const account of [7, 7, 7]) await ask(account);
    assert.deepEqual([asked.slice(-3), made.length], [[0, 0, 1], 5]);
  });
}
