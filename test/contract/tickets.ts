/** What is written to abuse@, and strikes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Store } from "../../server/store/store.ts";
import {
  type Concerned,
  maxTicketNotes,
  maxTicketReports,
  type TicketReport,
} from "../../server/store/tickets-store.ts";
import { day, noon, type Open, type Opened } from "./world.ts";

const nobody: Concerned = { tenant: "", account: "", message: "", recipient: "", campaign: "", by: "" };
const report = (given: Partial<TicketReport> = {}): TicketReport => ({
  at: noon,
  id: "r1",
  form: "letter",
  kind: "abuse",
  reporter: "bob@far.test",
  subject: "Spam\0",
  text: "Stop!",
  returned: "",
  ...given,
});

export function ticketsContract(open: Open): void {
  describe("the abuse desk", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    test("a ticket is opened once, learns more, is closed, and waits again where it is reported again", async () => {
      const first = await store.openTicket({ about: "message:a", concerned: nobody, report: report() });
      assert.deepEqual(first, { id: first!.id, isNew: true });
      const { id } = first!;
      const known = { ...nobody, tenant: "shop", account: "app@shop.test", message: "q1", by: "reference" };
      const again = await store.openTicket({
        about: "message:a",
        concerned: known,
        report: report({ at: noon + 1, id: "r2" }),
      });
      assert.deepEqual(again, { id, isNew: false });
      const [found] = await store.tickets({ id, limit: 1 });
      assert.deepEqual(found, {
        id,
        about: "message:a",
        state: "new",
        concerned: known,
        openedAt: noon,
        latestAt: noon + 1,
        count: 2,
        reports: [report({ subject: "Spam?" }), report({ subject: "Spam?", at: noon + 1, id: "r2" })],
        notes: [],
      });
      // What is known stays, whatever a later report claims.
      await store.openTicket({ about: "message:a", concerned: { ...known, tenant: "other" }, report: report() });
      assert.equal(
        await store.changeTicket(id, { state: "closed", note: "Sorry", strike: 7, by: "root" }, noon + 2),
        true,
      );
      const [closed] = await store.tickets({ state: "closed", tenant: "shop", limit: 1 });
      assert.deepEqual(
        [closed?.id, closed?.count, closed?.strike, closed?.notes.map(({ text }) => text)],
        [id, 3, 7, ["Sorry", "new → closed"]],
      );
      assert.deepEqual(await store.tickets({ tenant: "other", limit: 1 }), []);
      const reopened = await store.openTicket({
        about: "message:a",
        concerned: nobody,
        report: report({ at: noon + day }),
      });
      assert.deepEqual(reopened, { id, isNew: true });
      const [waiting] = await store.tickets({ state: "new", limit: 1 });
      assert.deepEqual([waiting?.id, waiting?.openedAt, waiting?.strike], [id, noon + day, undefined]);
    });

    test("of one ticket only so much is kept", async () => {
      const about = "message:b";
      for (let n = 0; n < maxTicketReports + 2; n++)
        await store.openTicket({ about, concerned: nobody, report: report({ id: `r${n}` }) });
      const [{ id } = { id: 0 }] = await store.tickets({ limit: 1 });
      for (let n = 0; n < maxTicketNotes + 2; n++) await store.changeTicket(id, { note: `${n}`, by: "root" }, noon);
      const [found] = await store.tickets({ id, limit: 1 });
      assert.deepEqual(
        [found?.count, found?.reports.length, found?.reports[0]?.id, found?.notes.length, found?.notes[0]?.text],
        [maxTicketReports + 2, maxTicketReports, "r0", maxTicketNotes, "2"],
      );
      assert.equal(await store.changeTicket(id + 100, { note: "x", by: "root" }, noon), false);
    });

    test("several at once are one ticket, and older ones are asked by number", async () => {
      const many = await Promise.all(
        Array.from({ length: 5 }, () => store.openTicket({ about: "message:c", concerned: nobody, report: report() })),
      );
      assert.equal(new Set(many.map((one) => one?.id)).size, 1);
      assert.equal(many.filter((one) => one?.isNew).length, 1);
      const all = await store.tickets({ limit: 10 });
      assert.deepEqual(
        all.map(({ about }) => about),
        ["message:c", "message:b", "message:a"],
      );
      const older = await store.tickets({ before: all[0]!.id, limit: 1 });
      assert.deepEqual(older[0]?.about, "message:b");
    });

    test("strikes count until they expire or are lifted", async () => {
      const strike = { tenant: "shop", at: noon, expiresAt: noon + 90 * day, by: "root", reason: "Bought a list." };
      const one = await store.giveStrike({ ...strike, ticket: 3 });
      const two = await store.giveStrike({ ...strike, tenant: "other" });
      assert.deepEqual(await store.strikes({ tenant: "shop", limit: 10 }), [{ id: one, ...strike, ticket: 3 }]);
      const lifted = { at: noon + day, by: "root", reason: "It was not." };
      assert.equal(await store.liftStrike(one, lifted), "shop");
      assert.equal(await store.liftStrike(one, lifted), undefined);
      assert.equal(await store.liftStrike(one + 100, lifted), undefined);
      assert.deepEqual(
        (await store.strikes({ limit: 10 })).map(({ id, expiresAt, lifted }) => [id, expiresAt, lifted]),
        [
          [two, noon + 90 * day, undefined],
          [one, noon + day, lifted],
        ],
      );
    });

    test("what is over for a year goes, and what is open stays", async () => {
      const [closed] = await store.tickets({ limit: 1 });
      await store.changeTicket(closed!.id, { state: "closed", by: "root" }, noon);
      await store.tidy(noon + 402 * day);
      assert.deepEqual(
        (await store.tickets({ limit: 10 })).map(({ about }) => about),
        ["message:b", "message:a"],
      );
      assert.deepEqual(
        (await store.strikes({ limit: 10 })).map(({ tenant }) => tenant),
        ["other"],
      );
    });
  });
}
