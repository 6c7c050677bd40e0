/** RFC 8621 §5 to §8: snippets, identities, submissions, the vacation response. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Any } from "../../jmap-talk.ts";
import { inbox, me } from "./server.ts";

describe("RFC 8621", () => {
  test("§5.1 SearchSnippet/get: words, an email that is not there, and without text", async () => {
    const hit = await me.import("Subject: The Foo & bar\r\n\r\nWe drink foofle <wine> and foo.\r\n");
    const miss = await me.import("Subject: Else\r\n\r\nNothing\r\n");
    const answer = await me.call("SearchSnippet/get", { filter: { text: "foo" }, emailIds: [hit, miss, "M99999"] });
    assert.deepEqual(answer.notFound, ["M99999"]);
    assert.deepEqual(answer.list[0], {
      emailId: hit,
      subject: "The <mark>Foo</mark> &amp; bar",
      preview: answer.list[0].preview,
    });
    assert.match(answer.list[0].preview, /<mark>foo(fle)?<\/mark>.*&lt;wine&gt;.*<mark>foo<\/mark>/);
    assert.deepEqual(answer.list[1], { emailId: miss, subject: null, preview: null });
    const none = await me.call("SearchSnippet/get", { filter: { inMailbox: inbox }, emailIds: [hit] });
    assert.deepEqual(none.list, [{ emailId: hit, subject: null, preview: null }]);
  });

  test("§5.2 the snippets of the example", async () => {
    const ids = await Promise.all([
      me.import("Subject: Nothing here\r\nKeywords: foo\r\n\r\nNor here\r\n"),
      me.import(
        "Subject: The Foosball competition\r\n\r\nThis year the foosball competition will be held in the Stadium\r\n",
      ),
      me.import(
        "Subject: Methods\r\n\r\nHere the Foo/bar method results often returns <1 widget rather than the complete\r\n",
      ),
    ]);
    const answer = await me.call("SearchSnippet/get", { filter: { text: "foo" }, emailIds: ids });
    const marked = (text: string | null) =>
      text?.replace(/<mark>foosball<\/mark>/gi, (word) => word.replace(/sball<\/mark>/, "</mark>sball"));
    assert.equal(answer.notFound, null);
    assert.deepEqual(
      answer.list.map(({ emailId, subject, preview }: Any) => [
        emailId,
        marked(subject) ?? null,
        marked(preview) ?? null,
      ]),
      [
        [ids[0], null, null],
        [
          ids[1],
          "The <mark>Foo</mark>sball competition",
          "This year the <mark>foo</mark>sball competition will be held in the Stadium",
        ],
        [
          ids[2],
          null,
          "Here the <mark>Foo</mark>/bar method results often returns &lt;1 widget rather than the complete",
        ],
      ],
    );
  });

  test("§6.4 identities: the properties of the example", async () => {
    const { list } = await me.call("Identity/get", { ids: null });
    assert.deepEqual(Object.keys(list[0]).sort(), [
      "bcc",
      "email",
      "htmlSignature",
      "id",
      "mayDelete",
      "name",
      "replyTo",
      "textSignature",
    ]);
    const { created } = await me.call("Identity/set", {
      create: {
        k1: {
          name: "Joe Bloggs",
          email: "u1@example.test",
          replyTo: null,
          bcc: [{ name: null, email: "u1+archive@example.test" }],
          textSignature: "-- \nJoe Bloggs\nMaster of Email",
          htmlSignature: "<div><b>Joe Bloggs</b></div><div>Master of Email</div>",
        },
      },
    });
    const changed = await me.call("Identity/set", { update: { [created.k1.id]: { name: "J" } } });
    assert.deepEqual(changed.updated, { [created.k1.id]: null });
    const readOnly = await me.call("Identity/set", { update: { [created.k1.id]: { email: "u2@example.test" } } });
    assert.equal(readOnly.notUpdated[created.k1.id].type, "invalidProperties");
    assert.equal(
      (await me.call("Identity/set", { create: { x: { email: "someone@else.test" } } })).notCreated.x.type,
      "forbiddenFrom",
    );
  });

  test("§7.5 a submission's properties and its errors, one by one", async () => {
    const [identity] = (await me.call("Identity/get", { ids: null })).list;
    const good = await me.import(
      "From: u1@example.test\r\nTo: u2@example.test\r\nSubject: Submitted\r\nDate: Tue, 1 Dec 2026 10:00:00 +0000\r\nMessage-ID: <s@x.test>\r\n\r\nx\r\n",
    );
    const nobody = await me.import("From: u1@example.test\r\nSubject: To nobody\r\n\r\nx\r\n");
    const several = await me.import(
      "From: u1@example.test, u2@example.test\r\nTo: u2@example.test\r\nSubject: Of two\r\n\r\nx\r\n",
    );
    const to = (...emails: readonly string[]) => ({
      mailFrom: { email: "u1@example.test", parameters: null },
      rcptTo: emails.map((email) => ({ email, parameters: null })),
    });
    const cases: readonly [make: Any, type: string, more?: Any][] = [
      [{ identityId: identity.id, emailId: nobody }, "noRecipients"],
      [{ identityId: identity.id, emailId: several }, "invalidEmail", { properties: ["sender"] }],
      [{ identityId: identity.id, emailId: good, envelope: to() }, "noRecipients"],
      [
        { identityId: identity.id, emailId: good, envelope: to("not an address", "u2@example.test") },
        "invalidRecipients",
        { invalidRecipients: ["not an address"] },
      ],
      [
        {
          identityId: identity.id,
          emailId: good,
          envelope: { ...to("u2@example.test"), mailFrom: { email: "someone@else.test" } },
        },
        "forbiddenMailFrom",
      ],
      [{ identityId: "I99999", emailId: good }, "invalidProperties", { properties: ["identityId"] }],
      [{ identityId: identity.id, emailId: "M99999" }, "invalidProperties", { properties: ["emailId"] }],
      [
        { identityId: identity.id, emailId: good, undoStatus: "final" },
        "invalidProperties",
        { properties: ["undoStatus"] },
      ],
    ];
    for (const [make, type, more] of cases) {
      const { notCreated } = await me.call("EmailSubmission/set", { create: { k: make } });
      assert.equal(notCreated?.k?.type, type, JSON.stringify([make, notCreated]));
      for (const [key, value] of Object.entries(more ?? {})) assert.deepEqual(notCreated.k[key], value, key);
    }
    const { created } = await me.call("EmailSubmission/set", {
      create: { k: { identityId: identity.id, emailId: good, envelope: null } },
    });
    const { list } = await me.call("EmailSubmission/get", { ids: [created.k.id] });
    const [one] = list;
    assert.deepEqual(
      { ...one, sendAt: "", threadId: "", deliveryStatus: Object.keys(one.deliveryStatus) },
      {
        id: created.k.id,
        identityId: identity.id,
        emailId: good,
        threadId: "",
        envelope: {
          mailFrom: { email: "u1@example.test", parameters: null },
          rcptTo: [{ email: "u2@example.test", parameters: null }],
        },
        sendAt: "",
        undoStatus: "final",
        deliveryStatus: ["u2@example.test"],
        dsnBlobIds: [],
        mdnBlobIds: [],
      },
    );
    const late = await me.call("EmailSubmission/set", { update: { [one.id]: { undoStatus: "canceled" } } });
    assert.equal(late.notUpdated[one.id].type, "cannotUnsend");
    const { destroyed } = await me.call("EmailSubmission/set", { destroy: [one.id] });
    assert.deepEqual(destroyed, [one.id]);
  });

  test("§8 the vacation response: one object, called singleton", async () => {
    const { list } = await me.call("VacationResponse/get", { ids: null });
    assert.deepEqual(Object.keys(list[0]).sort(), [
      "fromDate",
      "htmlBody",
      "id",
      "isEnabled",
      "subject",
      "textBody",
      "toDate",
    ]);
    const set = await me.call("VacationResponse/set", {
      create: { k: { isEnabled: true } },
      destroy: ["singleton"],
      update: { singleton: { isEnabled: true, subject: "Away" }, other: { isEnabled: true } },
    });
    assert.deepEqual(
      [set.notCreated.k.type, set.notDestroyed.singleton.type, set.updated, set.notUpdated.other.type],
      ["singleton", "singleton", { singleton: null }, "notFound"],
    );
  });
});
