/** `jmap-jam`, a client of npm, does its whole API against a running server: every method that it knows the types of. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type DevProcess, startDev } from "../dev-process.ts";
import { type Any, JmapTalk } from "../jmap-talk.ts";

// Its types come as TypeScript that Node cannot run as it is, so that the compiler must not look at them.
const { JamClient } = (await import("jmap-jam" as string)) as Any;

let dev: DevProcess;
let origin: string;
/** The one whose API is tried, and one who shares a mailbox with them. */
let jam: Any;
let accountId: string;
let friend: JmapTalk;

const login = async (user: string): Promise<string> => {
  const response = await fetch(`${origin}/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: user, password: "pw", token: true, label: "jam" }),
  });
  assert.equal(response.status, 200);
  return ((await response.json()) as Any).accessToken;
};

before(async () => {
  dev = await startDev(["--users", "2", "--cleartext-auth"]);
  origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  jam = new JamClient({ sessionUrl: `${origin}/.well-known/jmap`, bearerToken: await login("u1@example.test") });
  accountId = await jam.getPrimaryAccount();
  friend = await new JmapTalk(origin, "u2@example.test", "pw").open();
});
after(() => dev.stop());

const letter = (subject: string, more = ""): string =>
  `From: Ann <ann@far.test>\r\nTo: u1@example.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(" ", ".")}@far.test>\r\n${more}\r\nHello about ${subject}.\r\n`;

const roles = async (): Promise<{ [role: string]: string }> => {
  const [{ list }] = await jam.api.Mailbox.get({ accountId, properties: ["id", "role"] });
  return Object.fromEntries(list.filter(({ role }: Any) => role !== null).map(({ id, role }: Any) => [role, id]));
};

/** Imports a message; answers its id. */
async function put(subject: string, mailbox: string, keywords: Any = {}, more = ""): Promise<string> {
  const { blobId } = await jam.uploadBlob(accountId, letter(subject, more));
  const [{ created }] = await jam.api.Email.import({
    accountId,
    emails: { i: { blobId, mailboxIds: { [mailbox]: true }, keywords } },
  });
  return created.i.id;
}

async function until<T>(ask: () => Promise<T | undefined>, what: string): Promise<T> {
  for (let tries = 0; tries < 1200; tries++) {
    const found = await ask();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(what);
}

describe("core", () => {
  test("the session, echo, and what is wrong with a request", async () => {
    const session = await jam.session;
    assert.equal(session.username, "u1@example.test");
    assert.ok(session.capabilities["urn:ietf:params:jmap:core"].maxSizeUpload > 1_000_000);
    const fresh = await JamClient.loadSession(`${origin}/.well-known/jmap`, jam.authHeader);
    assert.equal(fresh.state, session.state);
    const [echo, meta] = await jam.api.Core.echo({ hello: true, deep: { a: [1, null] } });
    assert.deepEqual(echo, { hello: true, deep: { a: [1, null] } });
    assert.equal(meta.sessionState, session.state);
    await assert.rejects(
      jam.request(["Mailbox/get", { accountId: "A999" }]),
      (error: Any) => error.type === "accountNotFound",
    );
    await assert.rejects(jam.request(["Nope/get", { accountId }]), (error: Any) => error.type === "unknownMethod");
    await assert.rejects(
      jam.api.Core.echo({}, { using: ["urn:example:nothing"] }),
      (error: Any) =>
        JamClient.isProblemDetails(error) && error.type === "urn:ietf:params:jmap:error:unknownCapability",
    );
  });

  test("blobs go up, come down, and are copied from another's account", async () => {
    const bytes = new Uint8Array([0, 1, 2, 253, 254, 255]);
    const up = await jam.uploadBlob(accountId, bytes, {
      headers: { Authorization: jam.authHeader, "Content-Type": "image/png" },
    });
    assert.deepEqual([up.accountId, up.type, up.size], [accountId, "image/png", 6]);
    const down = await jam.downloadBlob({ accountId, blobId: up.blobId, mimeType: "image/png", fileName: "a b.png" });
    assert.deepEqual(new Uint8Array(await down.arrayBuffer()), bytes);
    await assert.rejects(jam.downloadBlob({ accountId, blobId: "Unone", mimeType: "a/b", fileName: "x" }), /download/);
    const [same] = await jam.request([
      "Blob/copy",
      { fromAccountId: accountId, accountId, blobIds: [up.blobId, "Unone"] },
    ]);
    assert.deepEqual(same.copied, { [up.blobId]: up.blobId });
    assert.equal(same.notCopied.Unone.type, "notFound");
  });

  test("subscriptions to pushes: made, listed, and gone", async () => {
    const [set] = await jam.api.PushSubscription.set({
      create: { p: { deviceClientId: "jam", url: `${origin}/nowhere`, types: ["Email"] } },
    });
    const { id } = set.created.p;
    const [{ list }] = await jam.api.PushSubscription.get({ ids: null });
    assert.deepEqual(
      list.map((one: Any) => [one.id, one.deviceClientId, one.types]),
      [[id, "jam", ["Email"]]],
    );
    const [updated] = await jam.api.PushSubscription.set({ update: { [id]: { types: null } } });
    assert.ok(Object.hasOwn(updated.updated, id));
    const [gone] = await jam.api.PushSubscription.set({ destroy: [id] });
    assert.deepEqual(gone.destroyed, [id]);
  });
});

describe("mail", () => {
  test("mailboxes: set, get, changes, query, queryChanges", async () => {
    const [before] = await jam.api.Mailbox.query({ accountId, filter: { hasAnyRole: false } });
    const [{ created }] = await jam.api.Mailbox.set({
      accountId,
      create: { m: { name: "Jam", parentId: null, sortOrder: 7 } },
    });
    const { id } = created.m;
    const [{ list, state }] = await jam.api.Mailbox.get({ accountId, ids: [id] });
    assert.deepEqual(
      [list[0].name, list[0].sortOrder, list[0].totalEmails, list[0].myRights.mayReadItems],
      ["Jam", 7, 0, true],
    );
    const [{ updated }] = await jam.api.Mailbox.set({ accountId, update: { [id]: { name: "Marmalade" } } });
    assert.ok(Object.hasOwn(updated, id));
    const [changes] = await jam.api.Mailbox.changes({ accountId, sinceState: state });
    assert.deepEqual([changes.updated, changes.updatedProperties], [[id], null]);
    const [found] = await jam.api.Mailbox.query({
      accountId,
      filter: { name: "marma" },
      sort: [{ property: "name" }],
      sortAsTree: true,
    });
    assert.deepEqual(found.ids, [id]);
    const [queryChanges] = await jam.api.Mailbox.queryChanges({
      accountId,
      filter: { hasAnyRole: false },
      sinceQueryState: before.queryState,
    });
    assert.deepEqual(
      queryChanges.added.map((one: Any) => one.id),
      [id],
    );
    const [{ destroyed }] = await jam.api.Mailbox.set({ accountId, destroy: [id], onDestroyRemoveEmails: true });
    assert.deepEqual(destroyed, [id]);
  });

  test("emails and threads: import, get, query, references, set, changes, queryChanges, parse, snippets", async () => {
    const { inbox, drafts, trash } = await roles();
    const first = await put("plum jam", inbox!);
    const [results] = await jam.requestMany((t: Any) => {
      const query = t.Email.query({
        accountId,
        filter: { inMailbox: inbox, text: "plum" },
        sort: [{ property: "receivedAt", isAscending: false }],
        collapseThreads: true,
        calculateTotal: true,
      });
      const emails = t.Email.get({
        accountId,
        ids: query.$ref("/ids"),
        properties: ["id", "threadId", "subject", "bodyValues", "textBody"],
        fetchTextBodyValues: true,
      });
      const threads = t.Thread.get({ accountId, ids: emails.$ref("/list/*/threadId") });
      const snippets = t.SearchSnippet.get({ accountId, filter: { text: "plum" }, emailIds: query.$ref("/ids") });
      return { query, emails, threads, snippets };
    });
    assert.deepEqual([results.query.ids, results.query.total], [[first], 1]);
    const [email] = results.emails.list;
    assert.equal(email.bodyValues[email.textBody[0].partId].value, "Hello about plum jam.\n");
    assert.deepEqual(results.threads.list[0].emailIds, [first]);
    assert.equal(results.snippets.list[0].subject, "<mark>plum</mark> jam");
    const [{ created, newState }] = await jam.api.Email.set({
      accountId,
      create: {
        d: {
          mailboxIds: { [drafts!]: true },
          keywords: { $draft: true },
          from: [{ name: "U One", email: "u1@example.test" }],
          subject: "Re: plum jam",
          inReplyTo: ["plum.jam@far.test"],
          references: ["plum.jam@far.test"],
          bodyValues: { t: { value: "Thanks!" } },
          textBody: [{ partId: "t", type: "text/plain" }],
        },
      },
    });
    assert.equal(created.d.threadId, email.threadId);
    const [threadChanges] = await jam.api.Thread.changes({ accountId, sinceState: results.threads.state });
    assert.deepEqual(threadChanges.updated, [email.threadId]);
    await jam.api.Email.set({
      accountId,
      update: { [first]: { "keywords/$flagged": true, [`mailboxIds/${trash}`]: true } },
    });
    const [changes] = await jam.api.Email.changes({ accountId, sinceState: newState });
    assert.deepEqual(changes.updated, [first]);
    const [queryChanges] = await jam.api.Email.queryChanges({
      accountId,
      filter: { inMailbox: trash },
      collapseThreads: false,
      sinceQueryState: results.query.queryState,
    });
    assert.deepEqual(queryChanges.added, [{ id: first, index: 0 }]);
    const { blobId } = await jam.uploadBlob(accountId, letter("parsed"));
    const [{ parsed, notFound }] = await jam.api.Email.parse({
      accountId,
      blobIds: [blobId, "Unone"],
      properties: ["subject", "from", "preview"],
    });
    assert.deepEqual(
      [parsed[blobId].subject, parsed[blobId].from[0].email, notFound],
      ["parsed", "ann@far.test", ["Unone"]],
    );
    const [{ destroyed }] = await jam.api.Email.set({ accountId, destroy: [first, created.d.id] });
    assert.deepEqual([...destroyed].sort(), [first, created.d.id].sort());
  });

  test("a copy from an account that is shared, and its blobs", async () => {
    const { inbox } = await roles();
    const { created } = await friend.call("Mailbox/set", { create: { s: { name: "Shared" } } });
    const shared = created.s.id;
    const id = await friend.import(letter("quince"), { mailboxIds: { [shared]: true } });
    const { ids } = await friend.call("Principal/query", { filter: { email: "u1@example.test" } });
    const set = await friend.call("Mailbox/set", {
      update: { [shared]: { shareWith: { [ids[0]]: { mayReadItems: true } } } },
    });
    assert.equal(set.notUpdated, null);
    const [copied] = await jam.api.Email.copy({
      fromAccountId: friend.accountId,
      accountId,
      create: { k: { id, mailboxIds: { [inbox!]: true }, keywords: { $seen: true } } },
    });
    const [{ list }] = await jam.api.Email.get({
      accountId,
      ids: [copied.created.k.id],
      properties: ["subject", "keywords"],
    });
    assert.deepEqual([list[0].subject, list[0].keywords], ["quince", { $seen: true }]);
    const [theirs] = await jam.api.Email.get({ accountId: friend.accountId, ids: [id], properties: ["blobId"] });
    const blob = theirs.list[0].blobId;
    const [blobs] = await jam.request(["Blob/copy", { fromAccountId: friend.accountId, accountId, blobIds: [blob] }]);
    const down = await jam.downloadBlob({
      accountId,
      blobId: blobs.copied[blob],
      mimeType: "message/rfc822",
      fileName: "q.eml",
    });
    assert.equal(await down.text(), letter("quince"));
  });
});

describe("sending", () => {
  test("identities: get, set, changes", async () => {
    const [{ list, state }] = await jam.api.Identity.get({ accountId, ids: null });
    assert.equal(list[0].email, "u1@example.test");
    const [{ created }] = await jam.api.Identity.set({
      accountId,
      create: { i: { name: "Jam", email: "u1@example.test", textSignature: "-- J" } },
    });
    const { id } = created.i;
    const [changes] = await jam.api.Identity.changes({ accountId, sinceState: state });
    assert.deepEqual(changes.created, [id]);
    const [{ notCreated }] = await jam.api.Identity.set({
      accountId,
      create: { x: { name: "", email: "boss@else.test" } },
    });
    assert.equal(notCreated.x.type, "forbiddenFrom");
    const [{ destroyed }] = await jam.api.Identity.set({ accountId, destroy: [id] });
    assert.deepEqual(destroyed, [id]);
  });

  test("a message is sent, filed, arrives, and its submission can be found; one that waits is taken back", async () => {
    const { drafts, sent } = await roles();
    const [{ list }] = await jam.api.Identity.get({ accountId, ids: null });
    const identityId = list[0].id;
    const [before] = await jam.api.EmailSubmission.query({ accountId });
    const draft = {
      mailboxIds: { [drafts!]: true },
      keywords: { $draft: true },
      from: [{ name: null, email: "u1@example.test" }],
      to: [{ name: null, email: "u2@example.test" }],
      subject: "From jam",
      bodyValues: { t: { value: "Sent by jam" } },
      textBody: [{ partId: "t", type: "text/plain" }],
    };
    const [done] = await jam.requestMany((t: Any) => ({
      email: t.Email.set({ accountId, create: { d: draft } }),
      submission: t.EmailSubmission.set({
        accountId,
        create: { s: { identityId, emailId: "#d" } },
        onSuccessUpdateEmail: {
          "#s": { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true, "keywords/$draft": null },
        },
      }),
    }));
    const emailId = done.email.created.d.id;
    const [{ list: filed }] = await jam.api.Email.get({
      accountId,
      ids: [emailId],
      properties: ["mailboxIds", "keywords"],
    });
    assert.deepEqual(filed[0], { id: emailId, mailboxIds: { [sent!]: true }, keywords: {} });
    const [query] = await jam.api.EmailSubmission.query({ accountId, filter: { emailIds: [emailId] } });
    assert.equal(query.ids.length, 1);
    const [got] = await jam.api.EmailSubmission.get({ accountId, ids: query.ids });
    assert.deepEqual([got.list[0].emailId, got.list[0].envelope.rcptTo[0].email], [emailId, "u2@example.test"]);
    const [queryChanges] = await jam.api.EmailSubmission.queryChanges({
      accountId,
      sinceQueryState: before.queryState,
    });
    assert.deepEqual(
      queryChanges.added.map((one: Any) => one.id),
      query.ids,
    );
    const [changes] = await jam.api.EmailSubmission.changes({ accountId, sinceState: before.queryState });
    assert.deepEqual(changes.created, query.ids);
    await until(async () => {
      const { ids } = await friend.call("Email/query", { filter: { subject: "From jam" } });
      return ids.length > 0 ? true : undefined;
    }, "the message arrives");
    const envelope = {
      mailFrom: { email: "u1@example.test", parameters: { HOLDFOR: "3600" } },
      rcptTo: [{ email: "u2@example.test", parameters: null }],
    };
    const [waiting] = await jam.api.EmailSubmission.set({
      accountId,
      create: { w: { identityId, emailId, envelope } },
    });
    const { id } = waiting.created.w;
    const [undone] = await jam.api.EmailSubmission.set({ accountId, update: { [id]: { undoStatus: "canceled" } } });
    assert.ok(Object.hasOwn(undone.updated, id));
    const [{ destroyed }] = await jam.api.EmailSubmission.set({ accountId, destroy: [id] });
    assert.deepEqual(destroyed, [id]);
  });

  test("the vacation answer", async () => {
    const [{ list }] = await jam.api.VacationResponse.get({ accountId, ids: ["singleton"] });
    assert.equal(list[0].isEnabled, false);
    const [{ updated }] = await jam.api.VacationResponse.set({
      accountId,
      update: {
        singleton: { isEnabled: true, subject: "Away", textBody: "I am away.", fromDate: "2030-01-01T00:00:00Z" },
      },
    });
    assert.ok(Object.hasOwn(updated, "singleton"));
    const [again] = await jam.api.VacationResponse.get({ accountId });
    assert.deepEqual([again.list[0].isEnabled, again.list[0].subject], [true, "Away"]);
  });
});

test("an event source tells of new mail, of one's own and of what is shared", async () => {
  // Browsers' EventSource knows no headers: here is one that does, as little as jam needs.
  const events: Any[] = [];
  let response: Response | undefined;
  const real = (globalThis as Any).EventSource;
  (globalThis as Any).EventSource = class {
    readonly url: URL;
    constructor(url: URL) {
      this.url = url;
    }
  };
  const abort = new AbortController();
  try {
    const source = await jam.connectEventSource({ types: ["Email"], ping: 0 });
    response = await fetch(source.url, { headers: { authorization: jam.authHeader }, signal: abort.signal });
    assert.equal(response.headers.get("content-type"), "text/event-stream");
  } finally {
    (globalThis as Any).EventSource = real;
  }
  const reading = (async () => {
    let text = "";
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk as Uint8Array).toString();
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        if (data !== undefined) events.push(JSON.parse(data));
        text = text.slice(end + 2);
      }
    }
  })().catch(() => {});
  const heard = (account: string) =>
    until(async () => events.find(({ changed }) => changed[account]?.Email !== undefined), `a push of ${account}`);
  const { inbox } = await roles();
  await put("pushed", inbox!);
  const event = await heard(accountId);
  assert.equal(event["@type"], "StateChange");
  const { ids } = await friend.call("Mailbox/query", { filter: { name: "Shared" } });
  await friend.import(letter("also pushed"), { mailboxIds: { [ids[0]]: true } });
  await heard(friend.accountId);
  abort.abort();
  await reading;
});
