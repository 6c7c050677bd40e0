/** Mailboxes that people share (RFC 9670): what the other one sees, may do and may not do, by JMAP and by IMAP. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ask } from "../beside.ts";
import { angarium, type DevProcess, startDev } from "../dev-process.ts";
import { type Any, JmapTalk } from "../jmap-talk.ts";

let dev: DevProcess;
let ann: JmapTalk;
let bob: JmapTalk;
let eve: JmapTalk;
let annId: string;
let bobId: string;
let team: string;

const letter = (subject: string): string =>
  `From: far@far.test\r\nTo: u1@example.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@far.test>\r\n\r\nThe word is ${subject}.\r\n`;

before(async () => {
  dev = await startDev(["--users", "3", "--cleartext-auth"]);
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  [ann, bob, eve] = (await Promise.all(
    [1, 2, 3].map((n) => new JmapTalk(origin, `u${n}@example.test`, "pw").open()),
  )) as [JmapTalk, JmapTalk, JmapTalk];
  annId = ann.accountId;
  bobId = bob.accountId;
  const { created } = await ann.call("Mailbox/set", {
    create: { t: { name: "Team" }, s: { name: "Secret", parentId: "#t" } },
  });
  team = created.t.id;
});
after(() => dev.stop());

const principalOf = async (who: JmapTalk, email: string): Promise<string> =>
  (await who.call("Principal/query", { filter: { email } })).ids[0];

const share = async (rights: Any, mailbox = team): Promise<Any> => {
  const principal = await principalOf(ann, "u2@example.test");
  return ann.call("Mailbox/set", { update: { [mailbox]: { [`shareWith/${principal}`]: rights } } });
};

const errorOf = async (who: JmapTalk, name: string, args: Any): Promise<string> => (await who.error(name, args)).type;

test("nothing of another's account is there until it is shared", async () => {
  assert.deepEqual(Object.keys(bob.session.accounts), [bobId]);
  for (const method of ["Mailbox/get", "Email/query", "Email/set"])
    assert.equal(await errorOf(bob, method, { accountId: annId }), "accountNotFound");
  const upload = await bob.fetch(bob.session.uploadUrl.replace("{accountId}", annId), { method: "POST", body: "x" });
  assert.equal(upload.status, 404);
});

test("reading: one mailbox, its emails, and nothing else", async () => {
  const inTeam = await ann.import(letter("inteam"), { mailboxIds: { [team]: true } });
  const hidden = await ann.import(letter("hidden"));
  const inbox = await ann.mailbox("inbox");
  const both = await ann.import(letter("both"), { mailboxIds: { [team]: true, [inbox]: true } });
  const shared = await share({ mayReadItems: true });
  const [noted] = (await ask(dev.ready.data, "audit list", { actor: "u1@example.test" })) as Any[];
  assert.deepEqual(
    [noted.action, noted.via, noted.target, noted.detail],
    ["share", "jmap", "u1@example.test u2@example.test", '{"mailbox":"Team","before":"","after":"lr"}'],
  );
  assert.equal(shared.notUpdated, null);
  await bob.open();
  const account = bob.session.accounts[annId];
  assert.deepEqual([account.name, account.isPersonal, account.isReadOnly], ["u1@example.test", false, true]);
  assert.ok(account.accountCapabilities["urn:ietf:params:jmap:mail"]);
  const boxes = await bob.call("Mailbox/get", { accountId: annId });
  assert.deepEqual(
    boxes.list.map(({ id, myRights }: Any) => [id, myRights.mayReadItems, myRights.mayAddItems]),
    [[team, true, false]],
  );
  assert.deepEqual([boxes.list[0].shareWith, boxes.list[0].isSubscribed], [null, false]);
  assert.equal(boxes.list[0].totalEmails, 2);
  const query = await bob.call("Email/query", { accountId: annId, calculateTotal: true });
  assert.deepEqual([...query.ids].sort(), [inTeam, both].sort());
  assert.equal(query.total, 2);
  const inHidden = await bob.call("Email/query", { accountId: annId, filter: { inMailbox: inbox } });
  assert.deepEqual(inHidden.ids, []);
  const words = await bob.call("Email/query", { accountId: annId, filter: { text: "word" } });
  assert.equal(words.ids.length, 2);
  const got = await bob.call("Email/get", {
    accountId: annId,
    ids: [inTeam, hidden, both],
    properties: ["subject", "mailboxIds", "blobId", "threadId"],
  });
  assert.deepEqual(got.notFound, [hidden]);
  assert.deepEqual(
    got.list.map(({ mailboxIds }: Any) => mailboxIds),
    [{ [team]: true }, { [team]: true }],
  );
  const snippets = await bob.call("SearchSnippet/get", {
    accountId: annId,
    filter: { text: "word" },
    emailIds: [inTeam, hidden],
  });
  assert.deepEqual(snippets.notFound, [hidden]);
  const [hiddenRow] = (await ann.call("Email/get", { ids: [hidden], properties: ["blobId", "threadId"] })).list;
  const download = (blobId: string) =>
    bob.fetch(
      bob.session.downloadUrl
        .replace("{accountId}", annId)
        .replace("{blobId}", blobId)
        .replace("{name}", "m")
        .replace("{type}", "message/rfc822"),
    );
  assert.equal(await (await download(got.list[0].blobId)).text(), letter("inteam"));
  assert.equal((await download(hiddenRow.blobId)).status, 404);
  const threads = await bob.call("Thread/get", { accountId: annId, ids: [got.list[0].threadId, hiddenRow.threadId] });
  assert.deepEqual(threads.notFound, [hiddenRow.threadId]);
  assert.equal(await errorOf(eve, "Mailbox/get", { accountId: annId }), "accountNotFound");
  for (const method of ["Identity/get", "VacationResponse/get", "SieveScript/get"])
    assert.equal(await errorOf(bob, method, { accountId: annId }), "accountNotSupportedByMethod");
});

test("nothing is told of what is hidden in a thread, nor of where else an email is", async () => {
  const seen = await ann.import(letter("thread"), { mailboxIds: { [team]: true }, keywords: { $seen: true } });
  const reply = letter("thread2").replace("Subject: thread2", "Subject: Re: thread\r\nIn-Reply-To: <thread@far.test>");
  const hidden = await ann.import(reply, { keywords: { $flagged: true, secret: true } });
  const accountId = annId;
  const among = async (who: JmapTalk, filter: Any): Promise<boolean> =>
    (await who.call("Email/query", { accountId, filter })).ids.includes(seen);
  const cases: readonly [filter: Any, ann: boolean, bob: boolean][] = [
    [{ someInThreadHaveKeyword: "$flagged" }, true, false],
    [{ someInThreadHaveKeyword: "secret" }, true, false],
    [{ noneInThreadHaveKeyword: "secret" }, false, true],
    [{ allInThreadHaveKeyword: "$seen" }, false, true],
    [{ someInThreadHaveKeyword: "$seen" }, true, true],
    [{ operator: "NOT", conditions: [{ someInThreadHaveKeyword: "$flagged" }] }, false, true],
  ];
  for (const [filter, hers, his] of cases)
    assert.deepEqual([await among(ann, filter), await among(bob, filter)], [hers, his], JSON.stringify(filter));
  const first = async (who: JmapTalk, property: string, keyword: string) =>
    (
      await who.call("Email/query", {
        accountId,
        filter: { inMailbox: team },
        sort: [{ property, keyword, isAscending: false }, { property: "size" }],
      })
    ).ids[0] === seen;
  for (const keyword of ["secret", "$flagged"]) {
    assert.equal(await first(ann, "someInThreadHaveKeyword", keyword), true);
    assert.equal(await first(bob, "someInThreadHaveKeyword", keyword), false);
  }
  const elsewhere = { accountId, filter: { inMailboxOtherThan: [team] } };
  assert.ok((await ann.call("Email/query", elsewhere)).ids.length > 1);
  assert.deepEqual((await bob.call("Email/query", elsewhere)).ids, []);
  await ann.call("Email/set", { destroy: [seen, hidden] });
});

test("what is not allowed is refused one by one", async () => {
  const { ids } = await bob.call("Email/query", { accountId: annId });
  const refused = await bob.call("Email/set", {
    accountId: annId,
    create: { c: { mailboxIds: { [team]: true }, subject: "x" } },
    update: { [ids[0]]: { "keywords/$seen": true } },
    destroy: [ids[1]],
  });
  assert.equal(refused.notCreated.c.type, "forbidden");
  assert.equal(refused.notUpdated[ids[0]].type, "forbidden");
  assert.equal(refused.notDestroyed[ids[1]].type, "forbidden");
  const boxes = await bob.call("Mailbox/set", {
    accountId: annId,
    create: { top: { name: "Mine" }, child: { name: "Child", parentId: team } },
    update: { [team]: { name: "Other" } },
    destroy: [await ann.mailbox("inbox")],
  });
  assert.deepEqual(
    [boxes.notCreated.top.type, boxes.notCreated.child.type, boxes.notUpdated[team].type],
    ["forbidden", "forbidden", "forbidden"],
  );
  assert.equal(
    Object.values(boxes.notDestroyed as Any)[0] && (Object.values(boxes.notDestroyed as Any)[0] as Any).type,
    "notFound",
  );
  const widen = await bob.call("Mailbox/set", {
    accountId: annId,
    update: { [team]: { shareWith: { [`P${bob.accountId.slice(1)}`]: { mayReadItems: true, mayShare: true } } } },
  });
  assert.equal(widen.notUpdated[team].type, "forbidden");
  // Null is what they are shown: sent back as it is, it changes nothing.
  const same = await bob.call("Mailbox/set", { accountId: annId, update: { [team]: { shareWith: null } } });
  assert.deepEqual([same.updated, same.notUpdated], [{ [team]: null }, null]);
});

test("with more rights: marks, new emails, children, copies both ways, and the owner sees it all", async () => {
  await share({ mayReadItems: true, mayAddItems: true, maySetSeen: true, mayCreateChild: true, mayRemoveItems: true });
  const { ids } = await bob.call("Email/query", { accountId: annId, filter: { subject: "inteam" } });
  const [id] = ids;
  const set = await bob.call("Email/set", { accountId: annId, update: { [id]: { "keywords/$seen": true } } });
  assert.deepEqual(set.updated, { [id]: null });
  const flag = await bob.call("Email/set", { accountId: annId, update: { [id]: { "keywords/$flagged": true } } });
  assert.equal(flag.notUpdated[id].type, "forbidden");
  const [seen] = (await ann.call("Email/get", { ids: [id], properties: ["keywords"] })).list;
  assert.deepEqual(seen.keywords, { $seen: true });
  const child = await bob.call("Mailbox/set", { accountId: annId, create: { c: { name: "Child", parentId: team } } });
  assert.equal(child.created.c.myRights.mayReadItems, true);
  // A name that is taken by what is hidden is refused as what is not allowed.
  const make = async (name: string): Promise<string> =>
    (await bob.call("Mailbox/set", { accountId: annId, create: { c: { name, parentId: team } } })).notCreated.c.type;
  assert.deepEqual([await make("Child"), await make("Secret")], ["invalidProperties", "forbidden"]);
  const mine = await bob.import(letter("mine"));
  const copied = await bob.call("Email/copy", {
    fromAccountId: bobId,
    accountId: annId,
    create: { k: { id: mine, mailboxIds: { [child.created.c.id]: true }, keywords: { $seen: true } } },
  });
  assert.equal(copied.notCreated, null);
  const [subject] = (await ann.call("Email/get", { ids: [copied.created.k.id], properties: ["subject", "keywords"] }))
    .list;
  assert.deepEqual([subject.subject, subject.keywords], ["mine", { $seen: true }]);
  const inbox = await bob.mailbox("inbox");
  const answers = await bob.calls([
    "Email/copy",
    {
      fromAccountId: annId,
      accountId: bobId,
      create: { k: { id, mailboxIds: { [inbox]: true } } },
      onSuccessDestroyOriginal: true,
    },
  ]);
  assert.deepEqual(
    answers.map(([name]) => name),
    ["Email/copy", "Email/set"],
  );
  assert.deepEqual(answers[1]?.[1].destroyed, [id]);
  assert.deepEqual((await ann.call("Email/get", { ids: [id] })).notFound, [id]);
  assert.equal(answers[0]?.[1].created.k.id.startsWith("M"), true);
  const blobs = await bob.call("Blob/copy", {
    fromAccountId: annId,
    accountId: bobId,
    blobIds: [copied.created.k.blobId, "Unope"],
  });
  assert.equal(blobs.notCopied.Unope.type, "notFound");
  const text = await bob.call("Blob/get", {
    ids: [blobs.copied[copied.created.k.blobId]],
    properties: ["data:asText"],
  });
  assert.equal(text.list[0]["data:asText"], letter("mine"));
});

test("the other one is told of it, follows the changes, and loses it again", async () => {
  const told = await bob.call("ShareNotification/get", {});
  const last = told.list.find(({ newRights }: Any) => newRights?.mayAddItems);
  assert.deepEqual(
    [last.objectType, last.objectAccountId, last.objectId, last.name, last.changedBy.email],
    ["Mailbox", annId, team, "Team", "u1@example.test"],
  );
  assert.equal(last.oldRights.mayAddItems, false);
  const { ids } = await bob.call("ShareNotification/query", {
    filter: { objectType: "Mailbox" },
    sort: [{ property: "created" }],
  });
  assert.equal(ids.length, 2);
  const dismissed = await bob.call("ShareNotification/set", { destroy: [ids[0]], create: { x: {} } });
  assert.deepEqual([dismissed.destroyed, dismissed.notCreated.x.type], [[ids[0]], "forbidden"]);
  const { state } = await bob.call("Mailbox/get", { accountId: annId });
  const emails = await bob.call("Email/get", { accountId: annId, ids: [] });
  const fresh = await ann.import(letter("fresh"), { mailboxIds: { [team]: true } });
  await ann.import(letter("private"));
  const changes = await bob.call("Email/changes", { accountId: annId, sinceState: emails.state });
  assert.deepEqual(changes.created, [fresh]);
  // Of what he cannot see he hears nothing, neither that it changed nor that it went; of what was taken from him he does.
  const before = await bob.call("Email/get", { accountId: annId, ids: [] });
  const query = { accountId: annId, filter: { subject: "fresh" } };
  const { queryState } = await bob.call("Email/query", query);
  const { threadId } = (await bob.call("Email/get", { accountId: annId, ids: [fresh], properties: ["threadId"] }))
    .list[0];
  const [secret, hidden] = [await ann.import(letter("secret")), await ann.import(letter("hidden"))];
  const middle = await bob.call("Email/get", { accountId: annId, ids: [] });
  await ann.call("Email/set", {
    update: { [secret]: { "keywords/$seen": true }, [fresh]: { mailboxIds: { [await ann.mailbox("inbox")]: true } } },
    destroy: [hidden],
  });
  for (const { state: sinceState } of [before, middle]) {
    const quiet = await bob.call("Email/changes", { accountId: annId, sinceState });
    assert.deepEqual([quiet.created, quiet.updated, quiet.destroyed], [[], [], [fresh]]);
    const threads = await bob.call("Thread/changes", { accountId: annId, sinceState });
    assert.deepEqual([threads.created, threads.updated, threads.destroyed], [[], [], [threadId]]);
  }
  const requeried = await bob.call("Email/queryChanges", { ...query, sinceQueryState: queryState });
  assert.deepEqual([requeried.removed, requeried.added], [[fresh], []]);
  // What comes into his sight is new to him, though it is old.
  const sinceState = (await bob.call("Email/get", { accountId: annId, ids: [] })).state;
  await ann.call("Email/set", { update: { [secret]: { mailboxIds: { [team]: true } } } });
  const arrived = await bob.call("Email/changes", { accountId: annId, sinceState });
  assert.deepEqual([arrived.created, arrived.updated, arrived.destroyed], [[secret], [], []]);
  const threads = await bob.call("Thread/changes", { accountId: annId, sinceState });
  assert.deepEqual([threads.created.length, threads.updated, threads.destroyed], [1, [], []]);
  await ann.call("Email/set", { update: { [secret]: { "keywords/$flagged": true } } });
  const flagged = await bob.call("Email/changes", { accountId: annId, sinceState: arrived.newState });
  assert.deepEqual([flagged.created, flagged.updated, flagged.destroyed], [[], [secret], []]);
  await share(null);
  const after = await bob.call("Mailbox/changes", { accountId: annId, sinceState: state });
  assert.ok(after.destroyed.includes(team));
  const [mine] = (await ann.call("Mailbox/get", { ids: [team], properties: ["shareWith"] })).list;
  assert.equal(mine.shareWith, null);
  const wrong = await ann.call("Mailbox/set", {
    update: { [team]: { shareWith: { P99999: { mayReadItems: true } } } },
  });
  assert.deepEqual(wrong.notUpdated[team].properties, ["shareWith"]);
  const bad = await ann.call("Mailbox/set", { update: { [team]: { shareWith: { P2: { mayFly: true } } } } });
  assert.equal(bad.notUpdated[team].type, "invalidProperties");
});

describe("sending from another's account", () => {
  const submission = "urn:ietf:params:jmap:submission";
  const ofAnn = (args: Any): Any => ({ accountId: annId, ...args });
  const [owner, account] = ["u1@example.test", "u2@example.test"];
  const grant = (rights: string, how: object = {}) =>
    ask(dev.ready.data, "share add", { owner, account, rights, ...how });
  const draft = (subject: string, from = "u1@example.test"): Promise<Any> =>
    bob.call(
      "Email/set",
      ofAnn({
        create: {
          d: {
            mailboxIds: { [team]: true },
            keywords: { $draft: true },
            from: [{ email: from }],
            to: [{ email: "u3@example.test" }],
            subject,
            textBody: [{ partId: "1" }],
            bodyValues: { 1: { value: subject } },
          },
        },
      }),
    );
  const received = async (subject: string): Promise<Any> => {
    for (;;) {
      const { ids } = await eve.call("Email/query", { filter: { subject } });
      const properties = ["from", "sender", "header:Return-Path"];
      if (ids.length > 0) return (await eve.call("Email/get", { ids, properties })).list[0];
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  let identity: string;

  test("who is shared mailboxes alone finds no identity there, and the session says so", async () => {
    await grant("write");
    await bob.open();
    assert.equal(bob.session.accounts[annId].accountCapabilities[submission], undefined);
    for (const method of ["Identity/get", "EmailSubmission/get", "EmailSubmission/set"])
      assert.equal(await errorOf(bob, method, ofAnn({})), "accountNotSupportedByMethod");
  });

  test("as the owner: her identity, an envelope of hers, and her draft becomes sent mail by the same call", async () => {
    const sessionState = bob.session.state;
    await grant("write", { sendAs: true });
    await bob.open();
    assert.notEqual(bob.session.state, sessionState);
    const account = bob.session.accounts[annId];
    assert.deepEqual(
      [account.isReadOnly, account.accountCapabilities[submission]],
      [false, bob.session.accounts[bobId].accountCapabilities[submission]],
    );
    const identities = await bob.call("Identity/get", ofAnn({ ids: null }));
    assert.deepEqual(
      identities.list.map(({ email, mayDelete }: Any) => [email, mayDelete]),
      [["u1@example.test", false]],
    );
    identity = identities.list[0].id;
    const changes = await bob.call("Identity/changes", ofAnn({ sinceState: identities.state }));
    assert.deepEqual([changes.newState, changes.updated], [identities.state, []]);
    const edited = await bob.call(
      "Identity/set",
      ofAnn({ update: { [identity]: { replyTo: [{ email: "u2@example.test" }] } } }),
    );
    assert.equal(edited.notUpdated[identity].type, "forbidden", "the owner's answers do not become somebody else's");
    const { id } = (await draft("as ann")).created.d;
    const { state } = await bob.call("EmailSubmission/get", ofAnn({ ids: [] }));
    const answers = await bob.calls([
      "EmailSubmission/set",
      ofAnn({
        create: { s: { identityId: identity, emailId: id } },
        onSuccessUpdateEmail: { "#s": { "keywords/$draft": null, "keywords/$seen": true } },
      }),
    ]);
    assert.deepEqual(
      answers.map(([name, answer]) => [name, answer.accountId, Object.keys(answer.updated ?? {})]),
      [
        ["EmailSubmission/set", annId, []],
        ["Email/set", annId, [id]],
      ],
    );
    const { from, sender, "header:Return-Path": path } = await received("as ann");
    assert.deepEqual([from[0].email, sender, path], ["u1@example.test", null, " <u1@example.test>"]);
    const [sent] = (await ann.call("Email/get", { ids: [id], properties: ["keywords"] })).list;
    assert.deepEqual(sent.keywords, { $seen: true });
    const submissionId = answers[0]![1].created.s.id;
    const news = await bob.call("EmailSubmission/changes", ofAnn({ sinceState: state }));
    assert.deepEqual([news.created, news.updated, news.destroyed], [[submissionId], [], []]);
    const { list } = await ann.call("EmailSubmission/get", { ids: [submissionId] });
    assert.deepEqual([list[0].emailId, list[0].undoStatus, "by" in list[0]], [id, "final", false]);
  });

  test("sent later: it waits in her account, its sender takes it back or it goes; what she sends is not told to others", async () => {
    const { id } = (await draft("later")).created.d;
    const hold = (holdFor: string): Any => ({
      mailFrom: { email: "u1@example.test", parameters: { HOLDFOR: holdFor } },
      rcptTo: [{ email: "u3@example.test" }],
    });
    const own = await ann.call("EmailSubmission/set", {
      create: { a: { identityId: identity, emailId: id, envelope: hold("500") } },
    });
    const { created } = await bob.call(
      "EmailSubmission/set",
      ofAnn({
        create: {
          long: { identityId: identity, emailId: id, envelope: hold("500") },
          short: { identityId: identity, emailId: id, envelope: hold("1") },
        },
      }),
    );
    const pending = async (who: JmapTalk): Promise<string[]> =>
      (await who.call("EmailSubmission/query", ofAnn({ filter: { undoStatus: "pending" } }))).ids;
    const [seen, all] = [await pending(bob), await pending(ann)];
    assert.deepEqual([seen.includes(own.created.a.id), all.includes(own.created.a.id)], [false, true]);
    assert.ok([seen, all].every((ids) => ids.includes(created.long.id)));
    const cancel = (key: string) =>
      bob.call("EmailSubmission/set", ofAnn({ update: { [key]: { undoStatus: "canceled" } } }));
    assert.deepEqual(Object.keys((await cancel(created.long.id)).updated), [created.long.id]);
    assert.equal((await cancel(own.created.a.id)).notUpdated[own.created.a.id].type, "notFound");
    await received("later");
    // It is noted a moment after it has gone.
    while ((await pending(bob)).length > 0) await new Promise((done) => setTimeout(done, 50));
    await ann.call("EmailSubmission/set", { update: { [own.created.a.id]: { undoStatus: "canceled" } } });
  });

  test("on behalf: named as who wrote it; of emails that are hidden nothing is sent; and the end of it", async () => {
    const before = await bob.call("Identity/get", ofAnn({ ids: null }));
    await grant("read", { sendOnBehalf: true });
    const { id } = (
      await ann.call("Email/set", {
        create: {
          d: {
            mailboxIds: { [team]: true },
            from: [{ email: "u1@example.test" }],
            to: [{ email: "u3@example.test" }],
            subject: "on behalf",
          },
        },
      })
    ).created.d;
    const made = await bob.call("EmailSubmission/set", ofAnn({ create: { s: { identityId: identity, emailId: id } } }));
    assert.equal(made.notCreated, null);
    const { from, sender, "header:Return-Path": path } = await received("on behalf");
    assert.deepEqual(
      [from[0].email, sender[0].email, path],
      ["u1@example.test", "u2@example.test", " <u2@example.test>"],
    );
    assert.equal(await errorOf(bob, "VacationResponse/get", ofAnn({})), "accountNotSupportedByMethod");
    await grant("all", { sendAs: true });
    const events = await bob.fetch(
      bob.session.eventSourceUrl.replace("{types}", "Identity").replace("{closeafter}", "state").replace("{ping}", "0"),
    );
    const reader = events.body!.getReader();
    await reader.read();
    const set = await bob.call(
      "Identity/set",
      ofAnn({
        create: { o: { email: "u2@example.test" } },
        update: { [identity]: { textSignature: "The office" } },
        destroy: [identity],
      }),
    );
    assert.deepEqual(
      [set.notCreated.o.type, set.updated, set.notDestroyed[identity].type],
      ["forbiddenFrom", { [identity]: null }, "forbidden"],
      "whoever has all rights sets the account's own identities",
    );
    const heard = Buffer.from((await reader.read()).value!).toString();
    assert.ok(heard.includes(`"${annId}":{"Identity":"${set.newState}"}`), heard);
    assert.equal((await bob.call("Identity/get", ofAnn({ ids: [] }))).state, set.newState);
    await bob.open();
    const { accountCapabilities } = bob.session.accounts[annId];
    assert.deepEqual(
      ["mdn", "vacationresponse", "sieve"].map((name) => `urn:ietf:params:jmap:${name}` in accountCapabilities),
      [true, true, false],
    );
    // Her vacation answer, and a receipt in her name, once.
    const away = ofAnn({ update: { singleton: { isEnabled: false, textBody: "The office is closed" } } });
    assert.deepEqual((await bob.call("VacationResponse/set", away)).updated, { singleton: null });
    assert.equal((await ann.call("VacationResponse/get", {})).list[0].textBody, "The office is closed");
    const asks = `Disposition-Notification-To: u3@example.test\r\n${letter("tell me")}`;
    const forEmailId = await ann.import(asks, { mailboxIds: { [team]: true } });
    const receipt = () =>
      bob.call(
        "MDN/send",
        ofAnn({
          identityId: identity,
          send: {
            k: {
              forEmailId,
              subject: "It was read",
              disposition: { actionMode: "manual-action", sendingMode: "mdn-sent-manually", type: "displayed" },
            },
          },
        }),
      );
    assert.equal((await receipt()).sent.k.finalRecipient, "rfc822; u1@example.test");
    assert.equal((await receipt()).notSent.k.type, "mdnAlreadySent");
    assert.deepEqual((await received("It was read")).from[0].email, "u1@example.test");
    await grant("none", { sendAs: true });
    await share({ mayReadItems: true });
    const hidden = await ann.import(letter("unseen"));
    const none = await bob.call(
      "EmailSubmission/set",
      ofAnn({ create: { s: { identityId: identity, emailId: hidden } } }),
    );
    assert.deepEqual(none.notCreated.s.properties, ["emailId"]);
    await ask(dev.ready.data, "share remove", { owner, account });
    assert.equal(await errorOf(bob, "Identity/changes", ofAnn({ sinceState: before.state })), "accountNotFound");
    await share({ mayReadItems: true });
    assert.equal(await errorOf(bob, "Identity/get", ofAnn({})), "accountNotSupportedByMethod");
  });
});

test("principals: people of the domain, who has come and gone, and no changes from here", async () => {
  const all = await bob.call("Principal/get", {});
  const people = all.list.map(({ email }: Any) => email).sort();
  assert.deepEqual(people, ["admin@example.test", "u1@example.test", "u2@example.test", "u3@example.test"]);
  const changes = await bob.call("Principal/changes", { sinceState: all.state });
  assert.deepEqual([changes.newState, changes.updated], [all.state, []]);
  assert.equal(await errorOf(bob, "Principal/changes", { sinceState: "nope" }), "cannotCalculateChanges");
  const { data } = dev.ready;
  await angarium("account", "add", "carl@example.test", "--password", "a fine password", "--data", data);
  const came = await bob.call("Principal/changes", { sinceState: all.state });
  const { list: fresh } = await bob.call("Principal/get", { ids: came.created });
  assert.deepEqual(
    [fresh.map(({ email }: Any) => email), came.updated, came.destroyed],
    [["carl@example.test"], [], []],
  );
  const requeried = await bob.call("Principal/queryChanges", { sinceQueryState: all.state });
  assert.deepEqual(
    requeried.added.map(({ id }: Any) => id),
    came.created,
  );
  const set = await bob.call("Principal/set", { update: { [all.list[0].id]: { name: "x" } } });
  assert.equal(set.notUpdated[all.list[0].id].type, "forbidden");
});

describe("address books", () => {
  const ofAnn = (args: Any): Any => ({ accountId: annId, ...args });
  let principal: string;
  let book: string;
  let hidden: string;
  const give = (rights: Any, more: Any = {}): Promise<Any> =>
    ann.call("AddressBook/set", { update: { [book]: { [`shareWith/${principal}`]: rights } }, ...more });
  const namesSeen = async (): Promise<string[]> => {
    const { ids } = await bob.call("ContactCard/query", ofAnn({ sort: [{ property: "created" }] }));
    const { list } = await bob.call("ContactCard/get", ofAnn({ ids, properties: ["name"] }));
    return list.map((card: Any) => card.name.full).sort();
  };
  const card = (name: string, ...books: string[]): Any => ({
    addressBookIds: Object.fromEntries(books.map((id) => [id, true])),
    name: { full: name },
  });

  before(async () => {
    principal = await principalOf(ann, "u2@example.test");
    const { created } = await ann.call("AddressBook/set", {
      create: { b: { name: "Customers" }, h: { name: "Private" } },
    });
    [book, hidden] = [created.b.id, created.h.id];
    await ann.call("ContactCard/set", {
      create: { a: card("Alma", book), b: card("Both", book, hidden), c: card("Secret", hidden) },
    });
  });

  test("nothing is there until one is shared; then that one, to read", async () => {
    assert.equal(await errorOf(bob, "AddressBook/get", ofAnn({})), "accountNotSupportedByMethod");
    assert.equal(await errorOf(eve, "AddressBook/get", ofAnn({})), "accountNotFound");
    const events = await bob.fetch(
      bob.session.eventSourceUrl
        .replace("{types}", "ShareNotification,ContactCard")
        .replace("{closeafter}", "no")
        .replace("{ping}", "0"),
    );
    const reader = events.body!.getReader();
    const heard = async (): Promise<string> => Buffer.from((await reader.read()).value!).toString();
    await heard();
    const { updated, notUpdated } = await give({ mayRead: true });
    assert.deepEqual([Object.keys(updated), notUpdated], [[book], null]);
    // Who listened before it was shared hears of it, and then of what is in it.
    assert.match(await heard(), new RegExp(`"${bobId}":\\{"ShareNotification"`));
    const made = await ann.call("ContactCard/set", { create: { x: card("Passing", book) } });
    assert.match(await heard(), new RegExp(`"${annId}":\\{"ContactCard"`));
    await reader.cancel();
    await ann.call("ContactCard/set", { destroy: [made.created.x.id] });
    const [own] = (await ann.call("AddressBook/get", { ids: [book] })).list;
    const rights = { mayRead: true, mayWrite: false, mayShare: false, mayDelete: false };
    assert.deepEqual(own.shareWith, { [principal]: rights });
    const { accounts } = (await bob.open()).session;
    assert.ok("urn:ietf:params:jmap:contacts" in accounts[annId].accountCapabilities);
    const { list } = await bob.call("AddressBook/get", ofAnn({}));
    assert.deepEqual(
      list.map(({ description, sortOrder, ...one }: Any) => one),
      [{ id: book, name: "Customers", myRights: rights, shareWith: null, isDefault: false, isSubscribed: false }],
    );
    assert.deepEqual(await namesSeen(), ["Alma", "Both"]);
    const all = (await bob.call("ContactCard/get", ofAnn({ ids: null }))).list;
    assert.deepEqual(
      all.map((one: Any) => one.addressBookIds),
      [{ [book]: true }, { [book]: true }],
    );
    const told = await bob.call("ShareNotification/get", { ids: null });
    const news = told.list.filter((one: Any) => one.objectType === "AddressBook");
    assert.deepEqual(
      news.map(({ objectId, objectAccountId, name, oldRights, newRights }: Any) => [
        objectId,
        objectAccountId,
        name,
        oldRights,
        newRights,
      ]),
      [[book, annId, "Customers", null, rights]],
    );
  });

  test("who may read does not write; who may write does, and no further", async () => {
    const refused = await bob.call("ContactCard/set", ofAnn({ create: { x: card("Mine", book) } }));
    assert.equal(refused.notCreated.x.type, "forbidden");
    await give({ mayRead: true, mayWrite: true });
    const { state } = await bob.call("ContactCard/get", ofAnn({ ids: [] }));
    const { ids } = await bob.call("ContactCard/query", ofAnn({ filter: { name: "both" } }));
    const secret = (await ann.call("ContactCard/query", { filter: { name: "secret" } })).ids[0];
    const done = await bob.call("ContactCard/set", {
      ...ofAnn({}),
      create: { n: card("New", book), s: card("Smuggled", hidden) },
      update: { [ids[0]]: { "name/full": "Both of us" }, [secret]: { "name/full": "Seen" } },
      destroy: [ids[0]],
    });
    assert.deepEqual(
      [Object.keys(done.created), done.notCreated.s.type, done.notUpdated[secret].type, Object.keys(done.updated)],
      [["n"], "forbidden", "notFound", ids],
    );
    assert.equal(done.notDestroyed[ids[0]].type, "forbidden", "it is in a book that the other one does not know of");
    assert.deepEqual(await namesSeen(), ["Alma", "Both of us", "New"]);
    const [both] = (await ann.call("ContactCard/get", { ids })).list;
    assert.deepEqual(both.addressBookIds, { [book]: true, [hidden]: true }, "the owner's other book keeps it");
    const changes = await bob.call("ContactCard/changes", ofAnn({ sinceState: state }));
    assert.deepEqual([changes.created, changes.updated, changes.destroyed], [[done.created.n.id], ids, []]);
  });

  test("the owner's changes are heard, what leaves the book is gone, the subscription is one's own", async () => {
    const { state } = await bob.call("ContactCard/get", ofAnn({ ids: [] }));
    const { queryState, canCalculateChanges } = await bob.call("ContactCard/query", ofAnn({}));
    assert.equal(canCalculateChanges, true);
    const alma = (await ann.call("ContactCard/query", { filter: { name: "alma" } })).ids[0];
    const events = await bob.fetch(
      bob.session.eventSourceUrl.replace("{types}", "*").replace("{closeafter}", "state").replace("{ping}", "0"),
    );
    const reader = events.body!.getReader();
    await reader.read();
    await ann.call("ContactCard/set", { update: { [alma]: { addressBookIds: { [hidden]: true } } } });
    const heard = Buffer.from((await reader.read()).value!).toString();
    assert.match(heard, new RegExp(`"${annId}":\\{[^}]*"ContactCard"`));
    const changes = await bob.call("ContactCard/changes", ofAnn({ sinceState: state }));
    assert.deepEqual([changes.created, changes.updated, changes.destroyed], [[], [], [alma]]);
    const requeried = await bob.call(
      "ContactCard/queryChanges",
      ofAnn({ sinceQueryState: queryState, calculateTotal: true }),
    );
    assert.deepEqual([requeried.removed, requeried.added, requeried.total], [[alma], [], 2]);
    const set = await bob.call("AddressBook/set", ofAnn({ update: { [book]: { isSubscribed: true } } }));
    assert.deepEqual(set.updated, { [book]: null });
    const named = await bob.call("AddressBook/set", ofAnn({ update: { [book]: { name: "Ours" } }, destroy: [book] }));
    assert.deepEqual([named.notUpdated[book].type, named.notDestroyed[book].type], ["forbidden", "forbidden"]);
    const seen = async (who: JmapTalk) =>
      (await who.call("AddressBook/get", ofAnn({ ids: [book] }))).list[0].isSubscribed;
    assert.deepEqual([await seen(bob), await seen(ann)], [true, true]);
  });

  test("cards are copied both ways", async () => {
    const [mine] = (await bob.call("AddressBook/get", { ids: null })).list;
    const { ids } = await bob.call("ContactCard/query", ofAnn({ filter: { name: "new" } }));
    const here = { fromAccountId: annId, accountId: bobId };
    const copied = await bob.call("ContactCard/copy", {
      ...here,
      create: {
        k: { id: ids[0], addressBookIds: { [mine.id]: true } },
        gone: { id: "nobody" },
        homeless: { id: ids[0] },
      },
    });
    assert.deepEqual(
      [Object.keys(copied.created), copied.notCreated.gone.type, copied.notCreated.homeless.properties],
      [["k"], "notFound", ["addressBookIds"]],
    );
    const [card] = (await bob.call("ContactCard/get", { ids: [copied.created.k.id] })).list;
    assert.deepEqual([card.name.full, card.addressBookIds], ["New", { [mine.id]: true }]);
    assert.equal(
      (await bob.error("ContactCard/copy", { ...here, ifFromInState: "x", create: {} })).type,
      "stateMismatch",
    );
    assert.equal(
      (await bob.error("ContactCard/copy", { fromAccountId: "A99", create: {} })).type,
      "fromAccountNotFound",
    );
    const made = await bob.call("ContactCard/set", {
      create: { m: { addressBookIds: { [mine.id]: true }, name: { full: "Back" } } },
    });
    const answers = await bob.calls([
      "ContactCard/copy",
      {
        fromAccountId: bobId,
        accountId: annId,
        create: { k: { id: made.created.m.id, addressBookIds: { [book]: true } } },
        onSuccessDestroyOriginal: true,
      },
    ]);
    assert.deepEqual(
      answers.map(([name, answer]) => [name, answer.created && Object.keys(answer.created), answer.destroyed]),
      [
        ["ContactCard/copy", ["k"], undefined],
        ["ContactCard/set", null, [made.created.m.id]],
      ],
    );
    assert.deepEqual(await namesSeen(), ["Back", "Both of us", "New"]);
    await ann.call("ContactCard/set", { destroy: [answers[0]![1].created.k.id] });
  });

  test("pictures: those of cards that are seen, put there by whoever may write", async () => {
    const picture = Buffer.from("PNG one");
    const { blobId } = await ann.upload(picture, "image/png");
    const secret = (await ann.upload(Buffer.from("PNG two"), "image/png")).blobId;
    const withPicture = (name: string, id: string, blob: string): Any => ({
      ...card(name, id),
      media: { p: { kind: "photo", blobId: blob, mediaType: "image/png" } },
    });
    const { created } = await ann.call("ContactCard/set", {
      create: { s: withPicture("Seen", book, blobId), h: withPicture("Hidden", hidden, secret) },
    });
    const pictureOf = async (id: string): Promise<string> =>
      (await bob.call("ContactCard/get", ofAnn({ ids: [id] }))).list[0].media.p.blobId;
    const fetched = (talk: JmapTalk, blob: string): Promise<Response> =>
      talk.fetch(
        bob.session.downloadUrl
          .replace("{accountId}", annId)
          .replace("{blobId}", blob)
          .replace("{name}", "p.png")
          .replace("{type}", "image/png"),
      );
    const seen = await pictureOf(created.s.id);
    assert.deepEqual(Buffer.from(await (await fetched(bob, seen)).arrayBuffer()), picture);
    assert.deepEqual([(await fetched(bob, secret)).status, (await fetched(eve, seen)).status], [404, 404]);
    const own = await bob.upload(Buffer.from("PNG three"), "image/png");
    const set = await bob.call(
      "ContactCard/set",
      ofAnn({ update: { [created.s.id]: { "media/p/blobId": own.blobId } } }),
    );
    assert.equal(set.notUpdated, null);
    const now = await pictureOf(created.s.id);
    for (const talk of [ann, bob]) assert.equal(await (await fetched(talk, now)).text(), "PNG three");
    await ann.call("ContactCard/set", { destroy: [created.s.id, created.h.id] });
  });

  test("what cannot be given, and the end of it", async () => {
    const eves = await principalOf(ann, "u3@example.test");
    const wrong: readonly [shareWith: Any][] = [
      [{ [principal]: { mayRead: true, mayShare: true } }],
      [{ [principal]: { mayRead: "yes" } }],
      [{ [principal]: { mayDance: true } }],
      [{ P999: { mayRead: true } }],
      [{ [await principalOf(ann, "u1@example.test")]: { mayRead: true } }],
      ["everybody"],
    ];
    for (const [shareWith] of wrong) {
      const { notUpdated } = await ann.call("AddressBook/set", { update: { [book]: { shareWith } } });
      assert.deepEqual(
        [notUpdated?.[book]?.type, notUpdated?.[book]?.properties],
        ["invalidProperties", ["shareWith"]],
      );
    }
    const { state } = await bob.call("AddressBook/get", ofAnn({ ids: [] }));
    await ann.call("AddressBook/set", {
      update: { [hidden]: { shareWith: { [principal]: { mayRead: true }, [eves]: { mayRead: true } } } },
    });
    assert.equal(await errorOf(bob, "ContactCard/changes", ofAnn({ sinceState: state })), "cannotCalculateChanges");
    assert.deepEqual(await namesSeen(), ["Alma", "Both of us", "New", "Secret"]);
    await ann.call("AddressBook/set", {
      update: { [book]: { shareWith: null } },
      destroy: [hidden],
      onDestroyRemoveContents: true,
    });
    assert.equal(await errorOf(bob, "ContactCard/get", ofAnn({})), "accountNotSupportedByMethod");
    assert.equal(await errorOf(eve, "ContactCard/get", ofAnn({})), "accountNotFound");
  });
});
