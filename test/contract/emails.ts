/** JMAP's view of the mail: emails in several mailboxes at once, what has changed, and queries, while IMAP changes the same. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ThreadCounts } from "../../server/jmap/thread-counts.ts";
import type { EmailFilter, EmailQuery, MailState } from "../../server/store/jmap.ts";
import { maxObjects, maxObjectsBytes } from "../../server/store/ops/objects.ts";
import { type EmailId, Flag, type MailboxId, type Store } from "../../server/store/store.ts";
import {
  deliver,
  expectKind,
  inboxOf,
  letter,
  made,
  mailboxAt,
  marks,
  newAccount,
  noon,
  type Open,
  type Opened,
  only,
  placedOf,
  placement,
  randomFrom,
  recount,
  rows,
  unmarked,
} from "./world.ts";

type Truth = Map<
  EmailId,
  { mailboxes: Set<MailboxId>; flags: number; keywords: Set<string>; receivedAt: number; thread: number; size: number }
>;

/** The emails as the rows of IMAP say they must be. */
async function truthOf(store: Store, account: number): Promise<Truth> {
  const truth: Truth = new Map();
  for (const mailbox of await store.mailboxes(account))
    for (const row of await rows(store, account, mailbox.id)) {
      if ((row.flags & Flag.deleted) !== 0) continue;
      let email = truth.get(row.email);
      if (email === undefined)
        truth.set(
          row.email,
          (email = {
            mailboxes: new Set(),
            flags: 0,
            keywords: new Set(),
            receivedAt: row.receivedAt,
            thread: row.thread,
            size: row.sizeBytes,
          }),
        );
      email.mailboxes.add(mailbox.id);
      email.flags |= row.flags;
      for (const keyword of row.keywords) email.keywords.add(keyword.toLowerCase());
    }
  return truth;
}

const plain = (email: { mailboxes: Iterable<number>; flags: number; keywords: Iterable<string> }) => ({
  mailboxes: [...email.mailboxes].sort((a, b) => a - b),
  flags: email.flags,
  keywords: [...email.keywords].sort(),
});

const start: MailState = { modseq: 0, nextEmail: 1, after: undefined };
const wholeQuery = (filter: EmailFilter | undefined, more: Partial<EmailQuery> = {}): EmailQuery => ({
  filter,
  sort: [],
  collapseThreads: false,
  position: 0,
  anchor: undefined,
  limit: 100_000,
  total: true,
  ...more,
});

export function emailsContract(open: Open, stories: number): void {
  describe("emails", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    test("an email is added to several mailboxes as one, and marked and moved as one", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const work = await made(store, id, "Work");
      const added = expectKind(
        await store.emailAdd(id, letter(), [inbox, work], marks(Flag.seen, "blue"), noon),
        "done",
      );
      const { email } = added;
      assert.deepEqual((await rows(store, id, inbox))[0]?.email, email);
      assert.deepEqual((await rows(store, id, work))[0]?.keywords, ["blue"]);
      const set = expectKind(
        await store.emailsSet(
          id,
          [
            {
              email,
              marks: { add: marks(Flag.flagged), remove: marks(0, "blue") },
              mailboxes: { add: [], remove: [inbox] },
            },
          ],
          [],
          undefined,
        ),
        "done",
      );
      assert.deepEqual(set.edited, ["done"]);
      const found = await store.emailRows(id, [email, 999], "all");
      assert.deepEqual(found.rows.map(plainRow), [
        { email, mailboxes: [work], flags: Flag.seen | Flag.flagged, keywords: [] },
      ]);
      assert.equal(found.rows[0]?.bytes?.length, added.sizeBytes);
      assert.deepEqual(await rows(store, id, inbox), []);
      await recount(store, id);
    });

    test("an email came by delivery or it did not, wherever it is copied", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const { id: work } = expectKind(await store.createMailbox(id, "Work", undefined), "done").mailbox;
      const placements = [placement(id, { id: inbox })];
      for (const body of ["small", "large ".repeat(200_000)]) {
        const message = { ...letter({ body }), delivered: true };
        const { placed } = await store.accept({ message, placements, journey: [] });
        const { uid } = placedOf(placed[0]);
        await store.setFlags(id, inbox, { uids: only(uid), mode: "replace", marks: marks(Flag.seen) });
        expectKind(await store.copy(id, inbox, only(uid), work), "done");
        const appended = await store.append(id, inbox, [{ ...letter({ body }), marks: unmarked, receivedAt: noon }]);
        expectKind(appended, "done");
      }
      const emails = [...(await rows(store, id, inbox)), ...(await rows(store, id, work))].map(({ email }) => email);
      const found = await store.emailRows(id, emails, "header");
      const delivered = found.rows.map((row) => row.delivered);
      assert.deepEqual(delivered, [true, false, true, false, true, true]);
    });

    test("what cannot be is refused, and nothing is changed", async () => {
      const { id } = await newAccount(store, 2000);
      const inbox = await inboxOf(store, id);
      const { email } = await deliver(store, id, inbox, { body: "x".repeat(1000) });
      const trash = (await mailboxAt(store, id, "Trash")).id;
      const before = await store.mailState(id);
      const edits = [
        { email: 99, marks: { set: unmarked } },
        { email, mailboxes: { set: [] } },
        { email, mailboxes: { set: [9999] } },
      ];
      const refused = expectKind(await store.emailsSet(id, edits, [98], undefined), "done");
      assert.deepEqual(refused.edited, ["not-found", "homeless", "no-mailbox"]);
      assert.deepEqual(refused.destroyed, ["not-found"]);
      const twice = expectKind(
        await store.emailsSet(id, [{ email, mailboxes: { add: [trash], remove: [] } }], [], undefined),
        "done",
      );
      assert.deepEqual(twice.edited, ["over-quota"], "a second copy has no room");
      const moved = expectKind(
        await store.emailsSet(id, [{ email, mailboxes: { set: [trash] } }], [], before.modseq),
        "done",
      );
      assert.deepEqual(moved.edited, ["done"], "a move needs none");
      assert.equal((await store.emailsSet(id, [], [email], before.modseq)).kind, "state-mismatch");
      assert.equal((await store.emailAdd(id, letter(), [12345], unmarked, noon)).kind, "no-mailbox");
      assert.equal(
        (await store.emailAdd(id, letter({ body: "y".repeat(3000) }), [inbox], unmarked, noon)).kind,
        "over-quota",
      );
      await recount(store, id);
    });

    test("changes forget what tidying took, and say so", async () => {
      const { id } = await newAccount(store);
      const old = await store.mailState(id);
      const mailbox = await made(store, id, "Gone");
      const { email } = await deliver(store, id, mailbox);
      const middle = await store.mailState(id);
      expectKind(await store.mailboxRemove(id, mailbox, false), "has-emails");
      expectKind(await store.mailboxRemove(id, mailbox, true), "done");
      const changes = expectKind(await store.emailChanges(id, middle, 10), "done");
      assert.deepEqual(changes.destroyed, [email]);
      assert.deepEqual(expectKind(await store.emailChanges(id, old, 10), "done").destroyed, []);
      assert.deepEqual(expectKind(await store.mailboxChanges(id, middle, 10), "done").destroyed, [mailbox]);
      assert.equal((await store.emailChanges(id, { ...middle, modseq: middle.modseq + 1000 }, 10)).kind, "cannot");
      await recount(store, id);
    });

    test("counts by thread, from what was touched: the same as counted anew, after whatever happens", async () => {
      const random = randomFrom(11);
      const id = (await newAccount(store)).id;
      const inbox = await inboxOf(store, id);
      const other = await made(store, id, "Other");
      const kept = new Map<MailboxId, ThreadCounts>();
      let told = 0;
      const bits = [Flag.seen, Flag.draft, Flag.deleted, Flag.flagged];
      for (let step = 0; step < 45; step++) {
        const [from, to] = random(2) ? [inbox, other] : [other, inbox];
        const uid = (await store.mailboxes(id)).find((one) => one.id === from)!.uidNext - 1 - random(8);
        const uids: [number, number][] = [[Math.max(1, uid), Math.max(1, uid) + random(3)]];
        const kind = random(6);
        if (kind < 2) {
          const root = random(12);
          const isReply = random(3) > 0;
          const written = letter({
            subject: "talk",
            id: isReply ? `s${step}@x.test` : `root${root}@x.test`,
            ...(isReply ? { references: [`root${root}@x.test`] } : {}),
          });
          const messages = [{ ...written, marks: marks(random(2) ? Flag.seen : 0), receivedAt: noon }];
          await store.append(id, from, messages);
        } else if (kind < 4)
          await store.setFlags(id, from, { uids, mode: random(3) ? "add" : "remove", marks: marks(bits[random(4)]!) });
        else if (kind === 4) await store.move(id, from, uids, to);
        else await store.expunge(id, from, uids, random(2) === 0);
        if (random(3) === 0) continue;
        for (const box of [inbox, other]) {
          const known = kept.get(box);
          const found = await store.mailboxThreads(id, box, known?.modseq);
          assert.ok(found !== undefined, "no email is in two places");
          if (known === undefined) kept.set(box, new ThreadCounts(found));
          else known.take(found);
          if (found.threads.length > 0) told++;
          assert.deepEqual(kept.get(box)!.counts(box), (await store.mailboxCounts(id, [box]))[0]);
        }
      }
      assert.ok(told > 20 && kept.get(inbox)!.size > 2, `${told}`);
      // An email in two mailboxes: what is unread of it is told by both.
      const { uidNext } = (await store.mailboxes(id)).find((one) => one.id === inbox)!;
      await store.append(id, inbox, [{ ...letter({ subject: "both" }), marks: marks(0), receivedAt: noon }]);
      expectKind(await store.copy(id, inbox, only(uidNext), other), "done");
      assert.equal(await store.mailboxThreads(id, inbox, kept.get(inbox)!.modseq), undefined);
      assert.equal(await store.mailboxThreads(id, 987654, undefined), undefined);
    });

    test("what is \\Deleted no more has come back; copies tell each other's mailboxes; what a mailbox has lost", async () => {
      const { id } = await newAccount(store);
      const [one, other] = [await made(store, id, "One"), await made(store, id, "Other")];
      const { email, thread, uid } = await deliver(store, id, one);
      const mark = (mode: "add" | "remove", flags: number, from = one) =>
        store.setFlags(id, from, { uids: [[1, 0xffffffff]], mode, marks: { flags, keywords: [] } });
      await mark("add", Flag.deleted);
      const hidden = await store.mailState(id);
      assert.deepEqual(await store.lostFrom(id, [one], { ...hidden, modseq: 1 }, "email", [email, 999]), [email]);
      await mark("remove", Flag.deleted);
      const back = expectKind(await store.emailChanges(id, hidden, 10), "done");
      assert.deepEqual([back.created, back.updated, back.destroyed], [[email], [], []]);
      const threads = expectKind(await store.threadChanges(id, hidden, 10), "done");
      assert.deepEqual(threads.updated, [thread]);
      // Resynchronizing knows nothing of it but the flags.
      const synced = expectKind(await store.changesSince(id, one, hidden.modseq), "done");
      assert.deepEqual([synced.vanished, synced.changed.map((row) => row.uid)], [[], [uid]]);

      expectKind(await store.copy(id, one, [[uid, uid]], other), "done");
      const touched = async (since: MailState) =>
        [...expectKind(await store.mailboxChanges(id, since, 10), "done").updated].sort((a, b) => a - b);
      let since = await store.mailState(id);
      await mark("add", Flag.seen);
      assert.deepEqual(await touched(since), [one, other]);
      since = await store.mailState(id);
      await mark("add", Flag.flagged);
      assert.deepEqual(await touched(since), [one], "what is flagged here is not counted there");
      since = await store.mailState(id);
      assert.equal((await store.mailboxCounts(id, [other]))[0]?.unreadEmails, 0);
      await store.expunge(id, one, [[uid, uid]], true);
      assert.deepEqual(await touched(since), [one, other]);
      assert.deepEqual(await store.lostFrom(id, [one], since, "thread", [thread]), [thread]);
      assert.deepEqual(await store.lostFrom(id, [other], since, "thread", [thread]), []);
      assert.deepEqual(await store.enteredInto(id, [other], hidden, [email, 999]), [email]);
      assert.deepEqual(await store.enteredInto(id, [other, one], since, [email]), []);
      await recount(store, id);
    });

    test("mailboxes are made, moved and refused by id", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const fields = { name: "A", parent: undefined, role: undefined, subscribed: true, sortOrder: 5 };
      const a = expectKind(await store.mailboxMake(id, fields), "done").mailbox;
      const b = expectKind(await store.mailboxMake(id, { ...fields, name: "B", parent: a }), "done").mailbox;
      const cases: readonly [string, string, Promise<{ readonly kind: string }>][] = [
        ["a name twice", "exists", store.mailboxMake(id, fields)],
        ["a slash", "bad-name", store.mailboxMake(id, { ...fields, name: "x/y" })],
        ["no parent", "no-parent", store.mailboxMake(id, { ...fields, name: "C", parent: 999 })],
        ["a role twice", "role-taken", store.mailboxMake(id, { ...fields, name: "C", role: "sent" })],
        ["into itself", "loop", store.mailboxChange(id, a, { parent: b })],
        ["the inbox elsewhere", "is-inbox", store.mailboxChange(id, inbox, { parent: a })],
        ["with children", "has-children", store.mailboxRemove(id, a, true)],
        ["the inbox", "is-inbox", store.mailboxRemove(id, inbox, true)],
        ["nothing", "no-mailbox", store.mailboxChange(id, 999, {})],
      ];
      for (const [name, kind, asked] of cases) assert.equal((await asked).kind, kind, name);
      expectKind(await store.mailboxChange(id, b, { parent: undefined, name: "Bee", sortOrder: 1 }), "done");
      const { mailboxes } = await store.jmapMailboxes(id);
      const bee = mailboxes.find((mailbox) => mailbox.id === b);
      assert.deepEqual([bee?.path, bee?.sortOrder, bee?.parent], ["Bee", 1, undefined]);
    });

    test("objects of a type have a bound together, which what is there already does not count against", async () => {
      const { id } = await newAccount(store);
      const data = "x".repeat(maxObjectsBytes / 4 - 2);
      const put = async (...ids: readonly string[]) => {
        const done = await store.objectsPut(
          id,
          "Thing",
          ids.map((one) => ({ id: one, data })),
          undefined,
        );
        return typeof done === "string" ? done : "done";
      };
      assert.equal(await put("a", "b", "c", "d"), "done");
      assert.equal(await put("e"), "too-much");
      assert.equal(await put("a", "b"), "done", "in their own places");
      const small = Array.from({ length: maxObjects }, (_, i) => ({ id: `s${i}`, data: 1 }));
      assert.notEqual(await store.objectsPut(id, "Small", small, undefined), "too-many");
      assert.equal(await store.objectsPut(id, "Small", [{ id: "more", data: 1 }], undefined), "too-many");
      assert.notEqual(await store.objectsPut(id, "Small", [{ id: "s1", data: 2 }], undefined), "too-many");
    });

    test("objects: all or none, with their changes", async () => {
      const { id } = await newAccount(store);
      const put = await store.objectsPut(
        id,
        "Thing",
        [
          { id: "a", data: { n: 1 } },
          { id: "b", data: { n: 2 } },
        ],
        undefined,
      );
      assert.ok(typeof put === "object");
      assert.equal(await store.objectsPut(id, "Thing", [{ id: "c", data: {} }], put.before), "state-mismatch");
      await store.objectsPut(
        id,
        "Thing",
        [
          { id: "a", data: undefined },
          { id: "c", data: 3 },
        ],
        put.state,
      );
      assert.deepEqual((await store.objects(id, "Thing")).objects, [
        { id: "b", data: { n: 2 } },
        { id: "c", data: 3 },
      ]);
      const changes = expectKind(await store.objectChanges(id, "Thing", put.state, 10), "done");
      assert.deepEqual([changes.created, changes.updated, changes.destroyed], [["c"], [], ["a"]]);
      assert.deepEqual((await store.objects(id, "Other")).objects, []);
      assert.deepEqual((await store.objects(id, "Thing", ["b", "zz"])).objects, [{ id: "b", data: { n: 2 } }]);
    });

    test("uploads are found until they expire, and their bytes go then", async () => {
      const { id } = await newAccount(store);
      const bounds = { bytes: 10_000, count: 2 };
      const message = letter({ body: "upload" });
      const up = await store.uploadPut(id, "U1", message, "text/plain", noon, bounds);
      assert.ok(typeof up === "object");
      assert.deepEqual(Buffer.from((await store.content(up.content)) ?? []), Buffer.from(message.bytes));
      const again = await store.uploadPut(id, "U1", message, "image/png", noon, bounds);
      assert.ok(typeof again === "object" && again.content === up.content);
      await store.uploadPut(id, "U2", letter(), "text/plain", noon + 1, bounds);
      assert.equal(await store.uploadPut(id, "U3", letter(), "text/plain", noon, bounds), "over-quota");
      const { id: crowded } = await newAccount(store);
      const push = (key: string, expiresAt: number, mayGoUntil: number, bytes = 10_000) =>
        store.uploadPut(crowded, key, letter({ body: key }), "text/plain", expiresAt, { bytes, count: 2, mayGoUntil });
      await push("needed", noon + 9, noon + 1);
      await push("old", noon, noon);
      assert.equal(
        await push("large", noon + 1, noon + 1, 10),
        "over-quota",
        "nothing goes for what has no room alone",
      );
      assert.ok(typeof (await push("new", noon + 1, noon + 1)) === "object");
      const left = (await store.uploads(crowded, ["needed", "old", "new"])).map((one) => one.id);
      assert.deepEqual(left.sort(), ["needed", "new"], "the oldest goes, what is needed for longer does not");
      await push("needed too", noon + 8, noon + 1);
      assert.equal(await push("newer", noon + 1, noon + 1), "over-quota");
      assert.deepEqual(
        (await store.uploads(id, ["U1", "U9"])).map((one) => one.type),
        ["image/png"],
      );
      while ((await store.tidy(noon)).more);
      assert.deepEqual(
        (await store.uploads(id, ["U1", "U2"])).map((one) => one.id),
        ["U2"],
      );
      assert.deepEqual(await store.uploadsDrop(id, ["U1", "U2"]), ["U2"], "what is not wanted goes before");
      assert.deepEqual(await store.uploads(id, ["U2"]), []);
      assert.deepEqual(await store.verify(), []);
    });

    test("sessions of the web begin and end", async () => {
      const { id } = await newAccount(store);
      const session = { account: id, kind: "token", label: "x", createdAt: noon, expiresAt: noon + 5 } as const;
      await store.webSessionPut("h1", session);
      await store.webSessionPut("h2", session);
      assert.deepEqual(await store.webSession("h1"), session);
      await store.webSessionsEnd(id, "h2");
      assert.equal(await store.webSession("h1"), undefined);
      await store.webSessionPut("h2", undefined);
      assert.equal(await store.webSession("h2"), undefined);
    });

    for (let seed = 1; seed <= stories; seed++)
      test(`IMAP and JMAP at random, followed by clients, seed ${seed}`, async () => {
        await story(store, seed, 120);
      });
  });
}

const plainRow = (row: {
  email: number;
  mailboxes: readonly number[];
  marks: { flags: number; keywords: readonly string[] };
}) => ({
  email: row.email,
  ...plain({ mailboxes: row.mailboxes, ...row.marks }),
});

const pinnedFirst: EmailQuery["sort"] = [
  { by: { of: "some-in-thread", mark: { keyword: "blue" } }, ascending: false },
  { by: "receivedAt", ascending: false },
];

async function story(store: Store, seed: number, turns: number): Promise<void> {
  const random = randomFrom(seed);
  const { id } = await newAccount(store);
  let boxes = [await inboxOf(store, id), await made(store, id, "X"), await made(store, id, "Y")];
  const box = () => boxes[random(boxes.length)] as MailboxId;
  const keywords = ["blue", "Red", "$forwarded"];

  // A client that knows emails by following changes, and one that knows the results of queries by queryChanges.
  const known = new Map<EmailId, ReturnType<typeof plain>>();
  let state = start;
  let mailboxState = await store.mailState(id);
  const mailboxesKnown = new Set((await store.mailboxes(id)).map((mailbox) => mailbox.id));
  const queries: { readonly query: EmailQuery; ids: EmailId[]; state: MailState }[] = [];
  for (const query of [
    wholeQuery({ kind: "in-mailbox", mailbox: boxes[0] as MailboxId }),
    wholeQuery(undefined, { collapseThreads: true, sort: [{ by: "size", ascending: true }] }),
    wholeQuery({ kind: "not", of: { kind: "mark", of: "email", mark: { flag: Flag.seen } } }),
    wholeQuery({ kind: "mark", of: "some-in-thread", mark: { keyword: "red" } }),
    // As a webmail asks for an inbox: without muted conversations, pinned ones on top.
    wholeQuery(
      {
        kind: "and",
        of: [
          { kind: "in-mailbox", mailbox: boxes[0] as MailboxId },
          { kind: "not", of: { kind: "mark", of: "some-in-thread", mark: { keyword: "$forwarded" } } },
        ],
      },
      { collapseThreads: true, sort: pinnedFirst },
    ),
    wholeQuery({ kind: "mark", of: "email", mark: { keyword: "nobody" } }, { sort: pinnedFirst }),
    wholeQuery({ kind: "not", of: { kind: "mark", of: "email", mark: { keyword: "blue" } } }, { sort: pinnedFirst }),
    wholeQuery({
      kind: "and",
      of: [
        { kind: "in-mailbox-other-than", mailboxes: [boxes[1] as MailboxId] },
        { kind: "mark", of: "all-in-thread", mark: { flag: Flag.flagged } },
      ],
    }),
  ])
    queries.push({ query, ids: [], state: await store.mailState(id) });

  for (let turn = 0; turn < turns; turn++) {
    const mailbox = box();
    const uids = (await rows(store, id, mailbox)).map(({ uid }) => uid);
    const uid = uids[random(Math.max(1, uids.length))] ?? 1;
    const emails = [...(await truthOf(store, id)).keys()];
    const email = emails[random(Math.max(1, emails.length))] ?? 1;
    const mark = marks(
      [Flag.seen, Flag.flagged, Flag.deleted, Flag.answered][random(4)] as number,
      keywords[random(3)] as string,
    );
    const jmapMark = marks(mark.flags & ~Flag.deleted, ...mark.keywords.map((keyword) => keyword.toLowerCase()));
    switch (random(12)) {
      case 0:
      case 1:
      case 2:
        await deliver(store, id, mailbox, {
          receivedAt: noon + random(50) * 1000,
          subject: `S${random(4)}`,
          references: [`ref-${seed}-${random(6)}@contract.test`],
        });
        break;
      case 3:
        await store.setFlags(id, mailbox, { uids: only(uid), mode: random(2) ? "add" : "remove", marks: mark });
        break;
      case 4:
        await store.copy(id, mailbox, only(uid), box());
        break;
      case 5:
        await store.move(id, mailbox, only(uid), box());
        break;
      case 6:
        await store.expunge(id, mailbox, undefined);
        break;
      case 7:
        await store.emailsSet(id, [{ email, marks: { set: jmapMark } }], [], undefined);
        break;
      case 8:
        await store.emailsSet(
          id,
          emails.slice(0, 3).map((one) => ({
            email: one,
            marks: { add: jmapMark, remove: marks(Flag.seen) },
            mailboxes: { add: [box()], remove: [box()] },
          })),
          random(3) === 0 ? [email] : [],
          undefined,
        );
        break;
      case 9:
        await store.emailAdd(
          id,
          letter({ subject: `S${random(4)}` }),
          [...new Set([box(), box()])],
          jmapMark,
          noon + random(50) * 1000,
        );
        break;
      case 10:
        await store.accept({
          message: letter(),
          placements: [placement(id, { id: mailbox }), placement(id, { id: box() })],
          journey: [],
        });
        break;
      default:
        if (random(4) === 0 && boxes.length > 2) {
          const gone = boxes.pop() as MailboxId;
          await store.deleteMailbox(id, gone);
          boxes = [...boxes, await made(store, id, `N${turn}`)];
        }
    }
    const truth = await truthOf(store, id);
    for (let more = true; more; ) {
      const changes = expectKind(await store.emailChanges(id, state, 1 + random(5)), "done");
      for (const gone of changes.destroyed) known.delete(gone);
      const touched = [...changes.created, ...changes.updated];
      for (const row of (await store.emailRows(id, touched, "none")).rows)
        known.set(row.email, plain({ mailboxes: row.mailboxes, ...row.marks }));
      assert.ok(changes.created.length + changes.updated.length + changes.destroyed.length <= 5);
      ({ state, more } = changes);
    }
    const expected = [...truth].map(([one, value]) => [one, plain(value)] as const).sort((a, b) => a[0] - b[0]);
    assert.deepEqual(
      [...known].sort((a, b) => a[0] - b[0]),
      expected,
      `turn ${turn}: emails`,
    );

    const boxChanges = expectKind(await store.mailboxChanges(id, mailboxState, 100), "done");
    for (const gone of boxChanges.destroyed) mailboxesKnown.delete(gone);
    for (const fresh of boxChanges.created) mailboxesKnown.add(fresh);
    mailboxState = boxChanges.state;
    assert.deepEqual(
      [...mailboxesKnown].sort((a, b) => a - b),
      (await store.mailboxes(id)).map((one) => one.id).sort((a, b) => a - b),
    );

    for (const following of queries) {
      const fresh = expectKind(await store.emailQuery(id, following.query), "done");
      const changes = expectKind(
        await store.emailQueryChanges(id, following.query, following.state, undefined, undefined),
        "done",
      );
      const ids = following.ids.filter((one) => !changes.removed.includes(one));
      for (const { email: one, index } of changes.added) ids.splice(index, 0, one);
      assert.deepEqual(ids, [...fresh.emails], `turn ${turn}: ${JSON.stringify(following.query.filter)}`);
      assert.equal(fresh.total, fresh.emails.length, "total");
      if (following.query.sort === pinnedFirst) {
        const isPinned = (one: EmailId): boolean =>
          [...truth.values()].some((other) => other.thread === truth.get(one)?.thread && other.keywords.has("blue"));
        const places = fresh.emails.map((one) => (isPinned(one) ? 0 : 1));
        assert.deepEqual(places, places.toSorted(), `turn ${turn}: pinned first`);
      }
      assert.deepEqual(
        new Set(fresh.emails),
        naive(truth, following.query),
        `turn ${turn}: naive ${JSON.stringify(following.query.filter)}`,
      );
      following.ids = ids;
      following.state = changes.state;
      if (fresh.emails.length > 2) {
        const page = expectKind(
          await store.emailQuery(id, { ...following.query, position: 1, limit: 2, total: false }),
          "done",
        );
        assert.deepEqual(page.emails, fresh.emails.slice(1, 3));
        const anchor = { email: fresh.emails[2] as number, offset: -1 };
        const anchored = expectKind(await store.emailQuery(id, { ...following.query, anchor, limit: 2 }), "done");
        assert.deepEqual([anchored.position, anchored.emails], [1, fresh.emails.slice(1, 3)]);
        const last = expectKind(await store.emailQuery(id, { ...following.query, position: -1 }), "done");
        assert.deepEqual(last.emails, fresh.emails.slice(-1));
      }
    }
    const counts = await store.mailboxCounts(id, boxes);
    for (const count of counts) {
      const inside = [...truth.values()].filter((one) => one.mailboxes.has(count.mailbox));
      const unread = inside.filter((one) => (one.flags & (Flag.seen | Flag.draft)) === 0);
      assert.deepEqual(count, {
        mailbox: count.mailbox,
        totalEmails: inside.length,
        unreadEmails: unread.length,
        totalThreads: new Set(inside.map((one) => one.thread)).size,
        unreadThreads: new Set(unread.map((one) => one.thread)).size,
      });
    }
  }
  await recount(store, id);
  assert.deepEqual(await store.verify(), []);
}

/** The results as a set: of collapsed threads the newest, or the first by size. */
function naive(truth: Truth, query: EmailQuery): Set<EmailId> {
  const holds = (filter: EmailFilter, email: EmailId): boolean => {
    const one = truth.get(email) as Truth extends Map<number, infer V> ? V : never;
    const thread = [...truth.values()].filter((other) => other.thread === one.thread);
    switch (filter.kind) {
      case "and":
        return filter.of.every((each) => holds(each, email));
      case "or":
        return filter.of.some((each) => holds(each, email));
      case "not":
        return !holds(filter.of, email);
      case "in-mailbox":
        return one.mailboxes.has(filter.mailbox);
      case "in-mailbox-other-than":
        return [...one.mailboxes].some((mailbox) => !filter.mailboxes.includes(mailbox));
      case "mark": {
        const { mark } = filter;
        const has = (other: typeof one) =>
          "flag" in mark ? (other.flags & mark.flag) !== 0 : other.keywords.has(mark.keyword);
        return filter.of === "email" ? has(one) : filter.of === "some-in-thread" ? thread.some(has) : thread.every(has);
      }
      default:
        return assert.fail();
    }
  };
  const found = [...truth.keys()].filter((email) => query.filter === undefined || holds(query.filter, email));
  if (!query.collapseThreads) return new Set(found);
  const newest = query.sort === pinnedFirst;
  const key = (email: EmailId) => (newest ? -(truth.get(email)?.receivedAt ?? 0) : (truth.get(email)?.size ?? 0));
  found.sort((a, b) => key(a) - key(b) || (newest ? b - a : a - b));
  const seen = new Set<number | undefined>();
  return new Set(found.filter((email) => !seen.has(truth.get(email)?.thread) && seen.add(truth.get(email)?.thread)));
}
