/** What JMAP serves beside mail: blobs, quota, receipts, the vacation answer, contacts, people. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { angarium, type DevProcess, startDev } from "../dev-process.ts";
import { type Any, JmapTalk } from "../jmap-talk.ts";

let dev: DevProcess;
let me: JmapTalk;
let you: JmapTalk;
before(async () => {
  dev = await startDev(["--users", "2", "--cleartext-auth"]);
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  me = await new JmapTalk(origin, "u1@example.test", "pw").open();
  you = await new JmapTalk(origin, "u2@example.test", "pw").open();
});
after(() => dev.stop());

describe("blobs (RFC 9404)", () => {
  test("made of pieces, as in the RFC's example", async () => {
    const [upload, get] = await me.calls(
      [
        "Blob/upload",
        {
          create: {
            b4: { data: [{ "data:asText": "The quick brown fox jumped over the lazy dog." }] },
            cat: {
              data: [
                { "data:asText": "How" },
                { blobId: "#b4", length: 7, offset: 3 },
                { "data:asText": "was t" },
                { blobId: "#b4", length: 1, offset: 1 },
                { "data:asBase64": "YXQ/" },
              ],
            },
          },
        },
        "S4",
      ],
      ["Blob/get", { ids: ["#cat", "#b4"], properties: ["data:asText", "size", "digest:sha-256"] }, "G4"],
    );
    assert.equal(upload?.[1].created.cat.size, 19);
    const cat = get?.[1].list[0];
    assert.deepEqual([cat.id, cat["data:asText"]], [upload?.[1].created.cat.id, "How quick was that?"]);
    assert.equal(cat["digest:sha-256"], createHash("sha256").update("How quick was that?").digest("base64"));
    const id = upload?.[1].created.b4.id;
    const parts = await me.call("Blob/get", { ids: [id], offset: 40, length: 100, properties: ["data", "size"] });
    assert.deepEqual(parts.list, [{ id, "data:asText": " dog.", size: 45, isTruncated: true }]);
    const wrong = await me.call("Blob/upload", {
      create: { x: { data: [{ blobId: "Unope" }] }, y: { data: [{ blobId: id, offset: 0, length: 999 }] } },
    });
    assert.equal(wrong.notCreated.x.type, "blobNotFound");
    assert.equal(wrong.notCreated.y.type, "invalidProperties");
    // What is wrong with one is no matter of the others.
    const mixed = await me.call("Blob/upload", { create: { good: { data: [] }, bad: { type: "text/plain" } } });
    assert.deepEqual(
      [mixed.created.good.size, mixed.notCreated.bad.type, mixed.notCreated.bad.properties],
      [0, "invalidProperties", ["data"]],
    );
  });

  test("looked up, and found in the account only", async () => {
    const emailId = await me.import("From: a@b.test\r\nSubject: x\r\n\r\nx\r\n");
    const [email] = (await me.call("Email/get", { ids: [emailId], properties: ["blobId", "threadId"] })).list;
    const { list } = await me.call("Blob/lookup", {
      typeNames: ["Mailbox", "Thread", "Email"],
      ids: [email.blobId, "B999999"],
    });
    assert.deepEqual(list, [
      {
        id: email.blobId,
        matchedIds: { Mailbox: [await me.mailbox("inbox")], Thread: [email.threadId], Email: [emailId] },
      },
    ]);
    assert.equal((await me.error("Blob/lookup", { typeNames: ["Thing"], ids: [] })).type, "unknownDataType");
    const copied = await me.call("Blob/copy", { fromAccountId: me.accountId, blobIds: [email.blobId, "B999999"] });
    assert.deepEqual(copied.copied, { [email.blobId]: email.blobId });
    assert.deepEqual((await you.call("Blob/get", { ids: ["B99"] })).notFound, ["B99"]);
  });
});

describe("quota (RFC 9425)", () => {
  test("none without a limit; used bytes against it", async () => {
    assert.deepEqual((await me.call("Quota/get", { ids: null })).list, []);
    const added = await angarium(
      "account",
      "add",
      "u9@example.test",
      "--password",
      "small enough",
      "--quota",
      "1MB",
      "--data",
      dev.ready.data,
    );
    assert.equal(added.code, 0, added.err);
    const small = await new JmapTalk(me.origin, "u9@example.test", "small enough").open();
    const before = await small.call("Quota/get", { ids: null });
    assert.equal(before.list[0].hardLimit, 1024 * 1024);
    await small.import(`From: a@b.test\r\n\r\n${"x".repeat(1000)}\r\n`);
    const after = await small.call("Quota/get", { ids: null });
    assert.ok(after.list[0].used > before.list[0].used);
    const changes = await small.call("Quota/changes", { sinceState: before.state });
    assert.deepEqual([changes.updated, changes.updatedProperties], [["octets"], ["used"]]);
    assert.deepEqual((await small.call("Quota/query", { filter: { type: "Email" } })).ids, ["octets"]);
    const { blobId } = await small.upload(`From: a@b.test\r\n\r\n${"y".repeat(1_100_000)}\r\n`);
    const { notCreated } = await small.call("Email/import", { emails: { e: { blobId, mailboxIds: { F1: true } } } });
    assert.equal(notCreated.e.type, "overQuota");
  });
});

test("a total that is asked for again and again is right after every change", async () => {
  const box = (await me.call("Mailbox/set", { create: { m: { name: "Counted" } } })).created.m.id;
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) ids.push(await me.import(`Subject: ${n}\r\n\r\nx\r\n`, { mailboxIds: { [box]: true } }));
  const [unread, flagged] = [{ notKeyword: "$seen" }, { hasKeyword: "$flagged" }].map((filter) => ({
    filter: { inMailbox: box, ...filter },
    limit: 1,
    calculateTotal: true,
  }));
  const totals = async (): Promise<unknown> =>
    (await me.calls(["Email/query", unread], ["Email/query", flagged])).map(([, { total, ids: page }]) => [
      total,
      page.length,
    ]);
  for (let times = 0; times < 4; times++)
    assert.deepEqual(await totals(), [
      [3, 1],
      [0, 0],
    ]);
  const { queryState } = await me.call("Email/query", unread);
  await me.call("Email/set", { update: { [ids[0]!]: { "keywords/$flagged": true, "keywords/$seen": true } } });
  for (let times = 0; times < 2; times++)
    assert.deepEqual(await totals(), [
      [2, 1],
      [1, 1],
    ]);
  const changes = await me.call("Email/queryChanges", { ...unread, sinceQueryState: queryState, limit: undefined });
  assert.deepEqual([changes.total, changes.removed], [2, [ids[0]]]);
  await me.call("Email/set", { destroy: ids });
  assert.deepEqual(await totals(), [
    [0, 0],
    [0, 0],
  ]);
});

describe("receipts (RFC 9007)", () => {
  test("sent once, read by who asked", async () => {
    const [identity] = (await me.call("Identity/get", { ids: null })).list;
    const emailId = await me.import(
      "From: u2@example.test\r\nTo: u1@example.test\r\nSubject: Did you see\r\nMessage-ID: <m1@example.test>\r\nDisposition-Notification-To: u2@example.test\r\n\r\nHi\r\n",
    );
    const send = {
      identityId: identity.id,
      send: {
        k: {
          forEmailId: emailId,
          subject: "Read receipt",
          textBody: "I have seen it.",
          disposition: { actionMode: "manual-action", sendingMode: "mdn-sent-manually", type: "displayed" },
          extensionFields: { "X-EXTENSION-EXAMPLE": "example.com" },
        },
      },
    };
    const answers = await me.calls(["MDN/send", send, "0"]);
    assert.deepEqual(
      answers.map(([name]) => name),
      ["MDN/send", "Email/set"],
    );
    assert.equal(answers[0]?.[1].sent.k.originalMessageId, "<m1@example.test>");
    const again = await me.call("MDN/send", send);
    assert.equal(again.notSent.k.type, "mdnAlreadySent");
    const [receipt] = (await you.call("Email/get", { ids: null, properties: ["subject", "blobId"] })).list.filter(
      (email: Any) => email.subject === "Read receipt",
    );
    const { parsed } = await you.call("MDN/parse", { blobIds: [receipt.blobId] });
    const mdn = parsed[receipt.blobId];
    assert.equal(mdn.textBody, "I have seen it.");
    assert.equal(mdn.originalMessageId, "<m1@example.test>");
    assert.deepEqual(mdn.disposition, {
      actionMode: "manual-action",
      sendingMode: "mdn-sent-manually",
      type: "displayed",
    });
    assert.deepEqual(mdn.extensionFields, { "X-EXTENSION-EXAMPLE": "example.com" });
    const none = await me.import("From: u2@example.test\r\nSubject: plain\r\n\r\nHi\r\n");
    const unasked = await me.call("MDN/send", { ...send, send: { k: { ...send.send.k, forEmailId: none } } });
    assert.equal(unasked.notSent.k.type, "noRecipients");
  });
});

describe("the vacation answer (RFC 8621 §8)", () => {
  test("there is one, which is changed and stays", async () => {
    const before = await me.call("VacationResponse/get", { ids: null });
    assert.deepEqual(before.list, [
      {
        id: "singleton",
        isEnabled: false,
        fromDate: null,
        toDate: null,
        subject: null,
        textBody: null,
        htmlBody: null,
      },
    ]);
    const set = await me.call("VacationResponse/set", {
      create: { x: { isEnabled: true } },
      update: { singleton: { isEnabled: true, textBody: "Away", toDate: "2030-01-01T00:00:00Z" } },
      destroy: ["singleton"],
    });
    assert.deepEqual(set.updated, { singleton: null });
    assert.equal(set.notCreated.x.type, "singleton");
    assert.equal(set.notDestroyed.singleton.type, "singleton");
    assert.notEqual(set.newState, set.oldState);
    const { list } = await me.call("VacationResponse/get", { ids: ["singleton"], properties: ["textBody", "toDate"] });
    assert.deepEqual(list, [{ id: "singleton", textBody: "Away", toDate: "2030-01-01T00:00:00Z" }]);
    for (const subject of ["two\r\nlines", "turned \u202etxt.exe"])
      assert.deepEqual(
        (await me.call("VacationResponse/set", { update: { singleton: { subject } } })).notUpdated.singleton.properties,
        ["subject"],
      );
    const bad = await me.call("VacationResponse/set", { update: { singleton: { fromDate: "tomorrow" } } });
    assert.deepEqual(bad.notUpdated.singleton.properties, ["fromDate"]);
  });
});

describe("Sieve scripts (RFC 9661)", () => {
  test("made, checked, activated, changed, and not destroyed while active", async () => {
    const blob = async (text: string): Promise<string> => (await me.upload(text, "application/sieve")).blobId;
    const good = await blob('require "fileinto";\r\nfileinto "Archive";\r\n');
    const bad = await blob('fileinto "x');
    const valid = await me.call("SieveScript/validate", { blobId: good });
    assert.equal(valid.error, null);
    const invalid = await me.call("SieveScript/validate", { blobId: bad });
    assert.equal(invalid.error.type, "invalidSieve");
    assert.match(invalid.error.description, /1/, "it says where");
    const made = await me.call("SieveScript/set", {
      create: {
        a: { name: "sort", blobId: good },
        b: { name: "bad", blobId: bad },
        c: { name: "none", blobId: "Unope" },
      },
    });
    assert.deepEqual([made.notCreated.b.type, made.notCreated.c.type], ["invalidSieve", "blobNotFound"]);
    assert.deepEqual(made.notCreated.c.notFound, ["Unope"]);
    const { id } = made.created.a;
    const set = await me.call("SieveScript/set", { onSuccessActivateScript: id });
    assert.notEqual(set.newState, set.oldState);
    assert.deepEqual(set.updated, { [id]: { isActive: true } });
    // Made, active, and the one before it no longer, all told.
    const next = await me.call("SieveScript/set", {
      create: { n: { name: "next", blobId: good } },
      onSuccessActivateScript: "#n",
    });
    assert.deepEqual([next.created.n.isActive, next.updated], [true, { [id]: { isActive: false } }]);
    const back = await me.call("SieveScript/set", { update: { [id]: { name: "sort" } }, onSuccessActivateScript: id });
    assert.deepEqual(back.updated, { [id]: { isActive: true }, [next.created.n.id]: { isActive: false } });
    await me.call("SieveScript/set", { destroy: [next.created.n.id] });
    const { accountCapabilities } = me.session.accounts[me.accountId];
    const { maxNumberRedirects, maxSizeScriptName } = accountCapabilities["urn:ietf:params:jmap:sieve"];
    assert.deepEqual([maxNumberRedirects, maxSizeScriptName >= 512], [5, true]);
    const { list } = await me.call("SieveScript/get", { ids: [id] });
    assert.deepEqual([list[0].name, list[0].isActive], ["sort", true]);
    assert.equal(await (await me.download(list[0].blobId)).text(), 'require "fileinto";\r\nfileinto "Archive";\r\n');
    const kept = await me.call("SieveScript/set", { destroy: [id] });
    assert.equal(kept.notDestroyed[id].type, "sieveIsActive");
    const again = await me.call("SieveScript/set", { create: { a: { name: "sort", blobId: good } } });
    assert.equal(again.notCreated.a.type, "alreadyExists");
    assert.deepEqual((await me.call("SieveScript/query", { filter: { isActive: true } })).ids, [id]);
    const renamed = await me.call("SieveScript/set", { update: { [id]: { name: "order" } } });
    assert.deepEqual(renamed.updated, { [id]: null });
    await me.call("SieveScript/set", { onSuccessDeactivateScript: true });
    const gone = await me.call("SieveScript/set", { destroy: [id] });
    assert.deepEqual(gone.destroyed, [id]);
  });
});

describe("contacts (RFC 9610)", () => {
  test("address books: a first one, others, the default, and what is in them", async () => {
    const first = await me.call("AddressBook/get", { ids: null });
    assert.deepEqual([first.list.length, first.list[0].isDefault], [1, true]);
    const { created } = await me.call("AddressBook/set", {
      create: { b: { name: "Team", sortOrder: 3 } },
      onSuccessSetIsDefault: "#b",
    });
    const { list } = await me.call("AddressBook/get", { ids: null, properties: ["isDefault"] });
    assert.deepEqual(list.find((one: Any) => one.id === created.b.id).isDefault, true);
    assert.equal(list.filter((one: Any) => one.isDefault).length, 1);
    const card = await me.call("ContactCard/set", {
      create: { c: { addressBookIds: { [created.b.id]: true }, name: { full: "Zed" } } },
    });
    // What one call makes counts too.
    const many = await me.call("AddressBook/set", {
      create: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${i}`, { name: `Book ${i}` }])),
    });
    const made = Object.values(many.created as { [id: string]: { id: string } }).map(({ id }) => id);
    assert.ok(made.length < 100);
    assert.match(
      Object.values(many.notCreated as { [id: string]: { description: string } })[0]?.description ?? "",
      /^An account may have 100/,
    );
    await me.call("AddressBook/set", { destroy: made });
    const twins = await me.call("ContactCard/set", {
      create: {
        a: { addressBookIds: { [created.b.id]: true }, uid: "twin" },
        b: { addressBookIds: { [created.b.id]: true }, uid: "twin" },
      },
    });
    assert.deepEqual([Object.keys(twins.created), twins.notCreated.b.properties], [["a"], ["uid"]]);
    const refused = await me.call("AddressBook/set", { destroy: [created.b.id] });
    assert.equal(refused.notDestroyed[created.b.id].type, "addressBookHasContents");
    const gone = await me.call("AddressBook/set", { destroy: [created.b.id], onDestroyRemoveContents: true });
    assert.deepEqual(gone.destroyed, [created.b.id]);
    assert.deepEqual((await me.call("ContactCard/get", { ids: [card.created.c.id] })).notFound, [card.created.c.id]);
    assert.equal((await me.call("AddressBook/get", { ids: null })).list[0].isDefault, true);
  });

  test("cards: made, found, sorted, patched, followed", async () => {
    const [book] = (await me.call("AddressBook/get", { ids: null })).list;
    const of = (given: string, surname: string, email: string) => ({
      addressBookIds: { [book.id]: true },
      name: {
        components: [
          { kind: "given", value: given },
          { kind: "surname", value: surname },
        ],
        isOrdered: true,
      },
      emails: { e1: { address: email } },
      notes: { n: { note: `${given} likes gardens` } },
    });
    const made = await me.call("ContactCard/set", {
      create: {
        a: of("Ann", "Zebra", "ann@a.test"),
        b: of("Bob", "Young", "bob@b.test"),
        g: {
          addressBookIds: { [book.id]: true },
          kind: "group",
          name: { full: "Friends" },
          members: { "urn:uuid:x": true },
        },
        x: { addressBookIds: {} },
        y: { ...of("No", "One", "x"), emails: { e: { label: "no address" } } },
        z: { ...of("No", "One", "x"), version: "2.0" },
      },
    });
    assert.match(made.created.a.uid, /^urn:uuid:/);
    assert.deepEqual(
      ["x", "y", "z"].map((id) => made.notCreated[id].properties[0]),
      ["addressBookIds", "emails", "version"],
    );
    const ids = (query: Any): Promise<Any> => me.call("ContactCard/query", query).then((answer) => answer.ids);
    const { a, b, g } = made.created;
    assert.deepEqual(await ids({ filter: { text: "gardens ann" } }), [a.id]);
    assert.deepEqual(await ids({ filter: { email: "@b.test" } }), [b.id]);
    assert.deepEqual(await ids({ filter: { hasMember: "urn:uuid:x" } }), [g.id]);
    assert.deepEqual(
      await ids({ filter: { operator: "NOT", conditions: [{ kind: "group" }] }, sort: [{ property: "name/surname" }] }),
      [b.id, a.id],
    );
    // What looks through all again and again is refused: too many words, conditions, keys of a sort.
    for (const [query, type] of [
      [{ filter: { text: "a ".repeat(51) } }, "unsupportedFilter"],
      [{ filter: { operator: "OR", conditions: Array(501).fill({ kind: "group" }) } }, "unsupportedFilter"],
      [{ sort: Array(11).fill({ property: "created" }) }, "unsupportedSort"],
    ] as const)
      assert.equal((await me.error("ContactCard/query", query)).type, type);
    const query = await me.call("ContactCard/query", { filter: { "name/given": "ann" } });
    await me.call("ContactCard/set", { update: { [b.id]: { "name/components": [{ kind: "given", value: "Anna" }] } } });
    const changes = await me.call("ContactCard/queryChanges", {
      filter: { "name/given": "ann" },
      sinceQueryState: query.queryState,
    });
    assert.deepEqual(changes.added, [{ id: b.id, index: 1 }]);
    const { updated } = await me.call("ContactCard/changes", { sinceState: query.queryState });
    assert.deepEqual(updated, [b.id]);
    const { list } = await me.call("ContactCard/get", { ids: [b.id], properties: ["name", "uid"] });
    assert.deepEqual(Object.keys(list[0]).sort(), ["id", "name", "uid"]);
  });

  test("a photo: a blob goes in and comes back, and lives as long as the card", async () => {
    const [book] = (await me.call("AddressBook/get", { ids: null })).list;
    const picture = Buffer.from("89504e470d0a1a0a", "hex");
    const { blobId } = await me.upload(picture, "image/png");
    const card = (media: Any) => ({ addressBookIds: { [book.id]: true }, name: { full: "Pictured" }, media });
    const made = await me.call("ContactCard/set", {
      create: {
        p: card({ m: { kind: "photo", blobId } }),
        q: card({ m: { kind: "photo", blobId: "U0000000000000000000000000000000000000000" } }),
      },
    });
    assert.deepEqual(made.notCreated.q.properties, ["media/m/blobId"]);
    const { id } = made.created.p;
    const media = { m: { kind: "photo", blobId, mediaType: "image/png" } };
    assert.deepEqual((await me.call("ContactCard/get", { ids: [id], properties: ["media"] })).list, [{ id, media }]);
    const renamed = await me.call("ContactCard/set", { update: { [id]: { "name/full": "Renamed" } } });
    assert.ok(id in renamed.updated, JSON.stringify(renamed));
    // The same bytes under the same id, with the upload or without.
    const got = await me.download(blobId, "image/png");
    assert.deepEqual(Buffer.from(await got.arrayBuffer()), picture);
    const again = await me.call("ContactCard/set", {
      create: { r: card({ other: { kind: "photo", blobId }, uri: { kind: "logo", uri: "https://a.test/x.png" } }) },
    });
    const { list } = await me.call("ContactCard/get", { ids: [again.created.r.id], properties: ["media"] });
    assert.equal(list[0].media.uri.uri, "https://a.test/x.png");
  });
});

describe("people (RFC 9670)", () => {
  test("those of the domain are found", async () => {
    const { ids } = await me.call("Principal/query", { filter: { email: "u2@" } });
    const { list } = await me.call("Principal/get", { ids, properties: ["email", "type"] });
    assert.deepEqual(list, [{ id: ids[0], email: "u2@example.test", type: "individual" }]);
  });
});
