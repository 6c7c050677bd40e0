/** Reports about sent mail: which mail is looked at, and what is noted of it. The whole way is in test/journey/jmap-push.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Submission } from "../scheduled/scheduled.ts";
import type { Change, Store } from "../store/store.ts";
import { bareId, ReturnedReports } from "./returned.ts";

const submission = (since: string, sendAt = "2026-01-02T00:00:00Z"): Submission => ({
  identityId: "I1",
  emailId: "M1",
  threadId: "T1",
  envelope: {},
  sendAt,
  undoStatus: "final",
  deliveryStatus: { "U2@far.test": { smtpReply: "250 ok", delivered: "yes", displayed: "unknown" } },
  messageId: "sent@x.test",
  since,
});

const report = (fields: string, type = "delivery-status", returned = "Message-ID: <sent@x.test>"): Buffer =>
  Buffer.from(
    `Subject: r\r\nContent-Type: multipart/report; report-type=${type}; boundary=r\r\n\r\n--r\r\nContent-Type: message/${type}\r\n\r\n${fields}\r\n--r\r\nContent-Type: text/rfc822-headers\r\n\r\n${returned}\r\n\r\n--r--\r\n`,
  );

/** A store with one account whose new mail is `mail`; what was asked and put is written down. */
function world(mail: readonly Buffer[], kept: Submission = submission("5.7")) {
  const asked: number[] = [];
  let data = kept;
  let heard: (changes: readonly Change[]) => void = () => {};
  const store: Partial<Store> = {
    subscribe: (listener) => {
      heard = listener;
      return () => {};
    },
    emailChanges: async (_account, since) => {
      asked.push(since.modseq);
      const created = since.modseq < 50 ? mail.map((_, at) => 100 + at) : [];
      return {
        kind: "done",
        created,
        updated: [],
        destroyed: [],
        state: { modseq: 50, nextEmail: 200, after: undefined },
        more: false,
      };
    },
    emailRows: async (_account, emails) => ({
      rows: emails.map((email) => ({ email, bytes: mail[email - 100], sizeBytes: mail[email - 100]?.length }) as never),
      rest: [],
      state: { modseq: 50, nextEmail: 200, after: undefined },
    }),
    objects: async () => ({ objects: [{ id: "o1", data: data as never }], state: 1 }) as never,
    objectsPut: async (_account, _type, edits) => {
      data = (edits[0] as { data: unknown }).data as Submission;
      return { kind: "done", state: 2 } as never;
    },
  };
  const reports = new ReturnedReports({
    store: store as Store,
    now: () => Date.parse("2026-01-03T00:00:00Z") as never,
    log: { error: (detail: unknown) => assert.fail(JSON.stringify(detail)) } as never,
  });
  reports.start();
  return {
    reports,
    asked,
    kept: () => data,
    mailCame: () => heard([{ kind: "mail", account: 1, mailbox: 1, modseq: 60 }]),
  };
}

const failed = report("Final-Recipient: rfc822; u2@far.test\r\nAction: failed\r\nStatus: 5.1.1\r\n");
const cases: readonly [name: string, mail: Buffer, dsn: number, delivered: string][] = [
  ["failed", failed, 1, "no"],
  [
    "delayed is no end",
    report("Final-Recipient: rfc822; u2@far.test\r\nAction: delayed\r\nStatus: 4.0.0\r\n"),
    1,
    "yes",
  ],
  [
    "of another message",
    report(
      "Final-Recipient: rfc822; u2@far.test\r\nAction: failed\r\n",
      "delivery-status",
      "Message-ID: <other@x.test>",
    ),
    0,
    "yes",
  ],
  ["of a person unknown", report("Final-Recipient: rfc822; u9@far.test\r\nAction: failed\r\n"), 1, "yes"],
  ["ordinary mail", Buffer.from("Subject: Action: failed\r\n\r\nMessage-ID: <sent@x.test>\r\n"), 0, "yes"],
];
for (const [name, mail, dsn, delivered] of cases)
  test(name, async () => {
    const { reports, kept } = world([mail]);
    reports.expect(1, kept());
    await reports.look();
    assert.deepEqual(
      [kept().dsnBlobIds?.length ?? 0, kept().deliveryStatus["U2@far.test"]?.["delivered"]],
      [dsn, delivered],
    );
  });

test("each report is noted once, and mail is looked through from where it was", async () => {
  const { reports, kept, asked, mailCame } = world([failed]);
  reports.expect(1, kept());
  await reports.look();
  await reports.look();
  mailCame();
  await reports.look();
  reports.expect(1, submission("9.9"));
  mailCame();
  await reports.look();
  assert.deepEqual([kept().dsnBlobIds, asked], [["B100"], [5, 50, 50]]);
});

test("after a start it goes on from the newest submission; those of last month are not waited for", async () => {
  const { reports, asked } = world([]);
  reports.expect(1, submission("5.7"), true);
  reports.expect(1, submission("9.9"), true);
  reports.expect(2, submission("3.3", "2025-12-01T00:00:00Z"), true);
  await reports.look();
  assert.deepEqual(asked, [9]);
});

test("ids in angle brackets", () => {
  assert.deepEqual([bareId(" <a@b> (x)"), bareId("a@b"), bareId(undefined)], ["a@b", undefined, undefined]);
});
