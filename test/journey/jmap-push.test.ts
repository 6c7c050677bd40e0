/** JMAP that sends and tells: submissions now, later and taken back; pushes by EventSource, WebSocket and subscription. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { createTransport } from "nodemailer";
import { WebSocket } from "ws";
import { ApiTalk } from "../api-talk.ts";
import { ask } from "../beside.ts";
import { type DevProcess, startDev } from "../dev-process.ts";
import { type Any, JmapTalk } from "../jmap-talk.ts";

let dev: DevProcess;
let me: JmapTalk;
let you: JmapTalk;
let origin: string;

before(async () => {
  // Nobody listens where mail goes to: what is queued stays so.
  dev = await startDev(["--users", "3", "--cleartext-auth", "--deliver-to", "127.0.0.1:1"]);
  origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  me = await new JmapTalk(origin, "u1@example.test", "pw").open();
  you = await new JmapTalk(origin, "u2@example.test", "pw").open();
});
after(() => dev.stop());

const until = async <T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> => {
  for (let tries = 0; tries < 1000; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(what);
};

const deliver = (to: string, subject: string) =>
  createTransport({ host: "127.0.0.1", port: dev.ready.ports["smtp"], tls: { rejectUnauthorized: false } }).sendMail({
    from: "ann@far.test",
    to,
    subject,
    text: "Hello",
  });

async function draft(to: string, subject: string): Promise<string> {
  const drafts = await me.mailbox("drafts");
  const { created } = await me.call("Email/set", {
    create: {
      d: {
        mailboxIds: { [drafts]: true },
        keywords: { $draft: true },
        from: [{ email: "u1@example.test" }],
        to: [{ email: to }],
        bcc: [{ email: "u3@example.test" }],
        subject,
        bodyValues: { t: { value: "Hi" } },
        textBody: [{ partId: "t" }],
      },
    },
  });
  return created.d.id;
}

const subjects = async (who: JmapTalk): Promise<string[]> => {
  const { list } = await who.call("Email/get", { ids: null, properties: ["subject"] });
  return list.map((email: Any) => email.subject);
};

describe("submissions", () => {
  test("an identity is there, others are made of own addresses only", async () => {
    const { list } = await me.call("Identity/get", { ids: null });
    assert.equal(list[0].email, "u1@example.test");
    assert.equal(list[0].mayDelete, false);
    const { created, notCreated } = await me.call("Identity/set", {
      create: {
        a: { email: "u1+work@example.test", name: "At work", textSignature: "-- \nAnn" },
        b: { email: "u2@example.test" },
        c: { email: "u1@example.test", name: "turned \u202egnp.exe" },
        d: { email: "u1@example.test", replyTo: [{ email: "u1@example.test", name: "two\r\nlines" }] },
        e: { email: "u1@example.test", name: "שרה כהן \u200f(ABC)" },
      },
    });
    assert.ok(created.a.id && created.e.id);
    assert.deepEqual([notCreated.c.properties, notCreated.d.properties], [["name"], ["replyTo"]]);
    assert.equal(notCreated.b.type, "forbiddenFrom");
    const changed = await me.call("Identity/set", { update: { [created.a.id]: { name: "Work" } } });
    assert.deepEqual(changed.updated, { [created.a.id]: null });
    const { destroyed, notDestroyed } = await me.call("Identity/set", {
      destroy: [created.a.id, created.e.id, list[0].id],
    });
    assert.deepEqual(destroyed, [created.a.id, created.e.id]);
    assert.equal(notDestroyed[list[0].id].type, "forbidden");
  });

  test("sent at once: filed with the recipient, without Bcc, and the draft becomes sent mail", async () => {
    const [identity] = (await me.call("Identity/get", { ids: null })).list;
    const id = await draft("u2@example.test", "Now");
    const sent = await me.mailbox("sent");
    const drafts = await me.mailbox("drafts");
    const answers = await me.calls([
      "EmailSubmission/set",
      {
        create: { s: { identityId: identity.id, emailId: id } },
        onSuccessUpdateEmail: {
          "#s": {
            [`mailboxIds/${drafts}`]: null,
            [`mailboxIds/${sent}`]: true,
            "keywords/$draft": null,
            "keywords/$seen": true,
          },
        },
      },
      "0",
    ]);
    assert.deepEqual(
      answers.map(([name, , callId]) => [name, callId]),
      [
        ["EmailSubmission/set", "0"],
        ["Email/set", "0"],
      ],
    );
    const submission = answers[0]?.[1].created.s;
    assert.equal(submission.undoStatus, "final");
    assert.equal(submission.deliveryStatus["u2@example.test"].delivered, "yes");
    assert.deepEqual(answers[1]?.[1].updated, { [id]: null });
    const { list } = await me.call("Email/get", { ids: [id], properties: ["mailboxIds", "keywords"] });
    assert.deepEqual(list[0], { id, mailboxIds: { [sent]: true }, keywords: { $seen: true } });
    const [got] = (await you.call("Email/get", { ids: null, properties: ["subject", "bcc", "header:Received:all"] }))
      .list;
    assert.equal(got.subject, "Now");
    assert.equal(got.bcc, null);
    assert.match(got["header:Received:all"][0], /with JMAP/);
    assert.deepEqual(await subjects(await new JmapTalk(origin, "u3@example.test", "pw").open()), ["Now"]);
    const { ids } = await me.call("EmailSubmission/query", { filter: { emailIds: [id] } });
    assert.deepEqual(ids, [submission.id]);
  });

  test("what is queued can be taken back", async () => {
    const [identity] = (await me.call("Identity/get", { ids: null })).list;
    const emailId = await me.import("From: u1@example.test\r\nTo: far@away.test\r\nSubject: Far\r\n\r\nHi\r\n");
    const { created } = await me.call("EmailSubmission/set", { create: { s: { identityId: identity.id, emailId } } });
    assert.equal(created.s.undoStatus, "pending");
    assert.equal(created.s.deliveryStatus["far@away.test"].delivered, "queued");
    await until("the first attempt is told of", async () => {
      const { list } = await me.call("EmailSubmission/get", { ids: [created.s.id] });
      return /^4/.test(list[0].deliveryStatus["far@away.test"].smtpReply) ? true : undefined;
    });
    const undone = await me.call("EmailSubmission/set", { update: { [created.s.id]: { undoStatus: "canceled" } } });
    assert.ok(created.s.id in undone.updated, JSON.stringify(undone));
    const again = await me.call("EmailSubmission/set", { update: { [created.s.id]: { undoStatus: "pending" } } });
    assert.equal(again.notUpdated[created.s.id].type, "invalidProperties");
    const { list } = await me.call("EmailSubmission/get", { ids: [created.s.id] });
    assert.equal(list[0].undoStatus, "canceled");
  });

  test("what comes back about it: a delivery report and a receipt", async () => {
    const [identity] = (await me.call("Identity/get", { ids: null })).list;
    const emailId = await me.import(
      "From: u1@example.test\r\nTo: u2@example.test, u3@example.test\r\nMessage-ID: <returns@x.test>\r\nSubject: Back\r\n\r\nHi\r\n",
    );
    const { created } = await me.call("EmailSubmission/set", { create: { s: { identityId: identity.id, emailId } } });
    const { state } = await me.call("EmailSubmission/get", { ids: [] });
    const report = (type: string, fields: string, more: string): string =>
      `From: postmaster@away.test\r\nTo: u1@example.test\r\nSubject: ${type}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=${type}; boundary=r\r\n\r\n--r\r\nContent-Type: text/plain\r\n\r\nA report\r\n--r\r\nContent-Type: message/${type}\r\n\r\n${fields}\r\n${more}--r--\r\n`;
    const send = (raw: string) =>
      createTransport({
        host: "127.0.0.1",
        port: dev.ready.ports["smtp"],
        tls: { rejectUnauthorized: false },
      }).sendMail({ envelope: { from: "", to: "u1@example.test" }, raw });
    await send(
      report(
        "delivery-status",
        "Reporting-MTA: dns; away.test\r\n\r\nFinal-Recipient: rfc822; u3@example.test\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 nobody here\r\n",
        "--r\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <returns@x.test>\r\nSubject: Back\r\n\r\n",
      ),
    );
    await send(
      report(
        "disposition-notification",
        "Final-Recipient: rfc822; u2@example.test\r\nOriginal-Message-ID: <returns@x.test>\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n",
        "",
      ),
    );
    const got = await until("both reports", async () => {
      const [one] = (await me.call("EmailSubmission/get", { ids: [created.s.id] })).list;
      return one.dsnBlobIds.length === 1 && one.mdnBlobIds.length === 1 ? one : undefined;
    });
    assert.match(await (await me.download(got.dsnBlobIds[0])).text(), /550 5\.1\.1 nobody here/);
    assert.match(await (await me.download(got.mdnBlobIds[0])).text(), /MDN-sent-manually; displayed/);
    assert.deepEqual(
      [got.deliveryStatus["u3@example.test"], got.deliveryStatus["u2@example.test"].displayed],
      [{ smtpReply: "550 5.1.1 nobody here", delivered: "no", displayed: "unknown" }, "yes"],
    );
    const changes = await me.call("EmailSubmission/changes", { sinceState: state });
    assert.ok(changes.updated.includes(created.s.id));
  });

  test("later: not before its time, taken back before it, and sent though the email is gone", async () => {
    const [identity] = (await me.call("Identity/get", { ids: null })).list;
    const kept = await draft("u2@example.test", "Later");
    const regretted = await draft("u2@example.test", "Regretted");
    const envelope = (seconds: string) => ({
      mailFrom: { email: "u1@example.test", parameters: { HOLDFOR: seconds } },
      rcptTo: [{ email: "u2@example.test" }],
    });
    const { created, notCreated } = await me.call("EmailSubmission/set", {
      create: {
        a: { identityId: identity.id, emailId: kept, envelope: envelope("1") },
        b: { identityId: identity.id, emailId: regretted, envelope: envelope("1") },
        c: { identityId: identity.id, emailId: kept, envelope: envelope("99999999") },
      },
    });
    assert.equal(notCreated.c.type, "invalidProperties");
    assert.equal(created.a.undoStatus, "pending");
    assert.ok(!(await subjects(you)).includes("Later"));
    await me.call("EmailSubmission/set", { update: { [created.b.id]: { undoStatus: "canceled" } } });
    await me.call("Email/set", { destroy: [kept] });
    await until("it is sent", async () => ((await subjects(you)).includes("Later") ? true : undefined));
    assert.ok(!(await subjects(you)).includes("Regretted"));
    // The mail is there a moment before the submission is put down as sent.
    await until("it is final", async () => {
      const { list } = await me.call("EmailSubmission/get", { ids: [created.a.id] });
      return list[0].undoStatus === "final" ? true : undefined;
    });
  });

  test("later: nothing of a disabled account, nor of one that was locked meanwhile", async () => {
    const name = "leaves@example.test";
    await ask(dev.ready.data, "account add", { name, password: "pw" });
    const writer = await new JmapTalk(origin, name, "pw").open();
    const [identity] = (await writer.call("Identity/get", { ids: null })).list;
    const putOff = async (subject: string, seconds: string): Promise<string> => {
      const emailId = await writer.import(`From: ${name}\r\nTo: u2@example.test\r\nSubject: ${subject}\r\n\r\nHi\r\n`);
      const envelope = {
        mailFrom: { email: name, parameters: { HOLDFOR: seconds } },
        rcptTo: [{ email: "u2@example.test" }],
      };
      const { created } = await writer.call("EmailSubmission/set", {
        create: { s: { identityId: identity.id, emailId, envelope } },
      });
      return created.s.id;
    };
    const soon = await putOff("Of a disabled account", "1");
    await putOff("Of a locked account", "3600");
    await ask(dev.ready.data, "account disable", { name });
    const scheduled = async () => (await ask(dev.ready.data, "account scheduled", { name })) as { to: string[] }[];
    assert.deepEqual(
      (await scheduled()).map(({ to }) => to),
      [["u2@example.test"], ["u2@example.test"]],
    );
    await until("its time has come", async () => ((await scheduled()).length === 1 ? true : undefined));
    await ask(dev.ready.data, "account enable", { name });
    const again = await new JmapTalk(origin, name, "pw").open();
    const [sent] = (await again.call("EmailSubmission/get", { ids: [soon] })).list;
    assert.deepEqual([sent.undoStatus, sent.deliveryStatus["u2@example.test"].delivered], ["final", "no"]);
    assert.match(sent.deliveryStatus["u2@example.test"].smtpReply, /^550 5\.7\.1 This account is disabled/);
    assert.deepEqual(await ask(dev.ready.data, "account lock", { name }), { name, locked: true, takenBack: 1 });
    assert.deepEqual(await scheduled(), []);
    assert.ok(!(await subjects(you)).some((subject) => subject.startsWith("Of a ")));
  });

  const refusals: readonly [string, Any, string][] = [
    ["no recipients", { envelope: { mailFrom: { email: "u1@example.test" }, rcptTo: [] } }, "noRecipients"],
    [
      "a recipient that is none",
      { envelope: { mailFrom: { email: "u1@example.test" }, rcptTo: [{ email: "no address" }] } },
      "invalidRecipients",
    ],
    [
      "another's return path",
      { envelope: { mailFrom: { email: "u2@example.test" }, rcptTo: [{ email: "u2@example.test" }] } },
      "forbiddenMailFrom",
    ],
    ["no identity", { identityId: "nope" }, "invalidProperties"],
    ["no email", { emailId: "M99999" }, "invalidProperties"],
    ["a property of the server's", { sendAt: "2030-01-01T00:00:00Z" }, "invalidProperties"],
  ];
  for (const [name, more, type] of refusals)
    test(`not sent: ${name}`, async () => {
      const [identity] = (await me.call("Identity/get", { ids: null })).list;
      const emailId = await me.import("From: u1@example.test\r\nTo: u2@example.test\r\nSubject: No\r\n\r\nHi\r\n");
      const { notCreated } = await me.call("EmailSubmission/set", {
        create: { s: { identityId: identity.id, emailId, ...more } },
      });
      assert.equal(notCreated.s?.type, type);
    });

  test("not sent: another's From", async () => {
    const [identity] = (await me.call("Identity/get", { ids: null })).list;
    const emailId = await me.import("From: boss@example.test\r\nTo: u2@example.test\r\nSubject: No\r\n\r\nHi\r\n");
    const { notCreated } = await me.call("EmailSubmission/set", {
      create: { s: { identityId: identity.id, emailId } },
    });
    assert.equal(notCreated.s.type, "forbiddenFrom");
  });
});

describe("search snippets", () => {
  test("what was searched for is marked, and nothing else is markup", async () => {
    const id = await me.import(
      "From: a@far.test\r\nSubject: The <zebra> report\r\nContent-Type: text/html\r\n\r\n<p>Long ago</p><b>A ZEBRA &amp; a lion</b>\r\n",
    );
    const [query, snippets] = await me.calls(
      ["Email/query", { filter: { text: "zebra" } }],
      [
        "SearchSnippet/get",
        { filter: { text: "zebra" }, "#emailIds": { resultOf: "c0", name: "Email/query", path: "/ids" } },
      ],
    );
    assert.deepEqual(query?.[1].ids, [id]);
    const snippet = snippets?.[1].list[0];
    assert.deepEqual(snippet, {
      emailId: id,
      subject: "The &lt;<mark>zebra</mark>&gt; report",
      preview: "Long ago A <mark>ZEBRA</mark> &amp; a lion",
    });
    const none = await me.call("SearchSnippet/get", { filter: { inMailbox: "F1" }, emailIds: [id, "M99999"] });
    assert.deepEqual([none.list[0].subject, none.list[0].preview, none.notFound], [null, null, ["M99999"]]);
  });
});

/** Events of an EventSource, as they come. */
async function* events(response: Response): AsyncGenerator<{ event: string; data: Any; id: string | undefined }> {
  let text = "";
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      if (field("event") === undefined) continue;
      yield { event: field("event") as string, data: JSON.parse(field("data") as string), id: field("id") };
    }
  }
}

describe("pushes", () => {
  const source = (types: string, closeafter: string, ping: string, headers: { [name: string]: string } = {}) =>
    you.fetch(
      you.session.eventSourceUrl.replace("{types}", types).replace("{closeafter}", closeafter).replace("{ping}", ping),
      { headers },
    );

  test("EventSource: the state that /get has, at once, and the end where one was enough", async () => {
    const response = await source("*", "state", "0");
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const heard = events(response).next();
    await deliver("u2@example.test", "Pushed");
    const { value } = await heard;
    const { state } = await you.call("Email/get", { ids: [] });
    assert.equal(value?.event, "state");
    assert.equal(value?.data.changed[you.accountId].Email, state);
    assert.ok(value?.data.changed[you.accountId].EmailDelivery);
    // Who comes back hears what happened meanwhile, at once.
    await deliver("u2@example.test", "Missed");
    const back = await source("Email", "state", "0", { "last-event-id": value?.id as string });
    const missed = await events(back).next();
    assert.deepEqual(Object.keys(missed.value?.data.changed[you.accountId]), ["Email"]);
    assert.equal((await source("*", "never", "0")).status, 400);
  });

  test("EventSource: pings", async () => {
    const response = await source("Mailbox", "no", "1");
    const stream = events(response);
    const { value } = await stream.next();
    assert.deepEqual([value?.event, value?.data], ["ping", { interval: 1 }]);
    await stream.return(undefined);
  });

  test("WebSocket: requests, errors and pushes over one connection", async () => {
    const socket = new WebSocket(you.session.capabilities["urn:ietf:params:jmap:websocket"].url, "jmap", {
      headers: { authorization: you.authorization },
    });
    await once(socket, "open");
    assert.equal(socket.protocol, "jmap");
    const waiting: ((message: Any) => void)[] = [];
    const early: Any[] = [];
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      const next = waiting.shift();
      if (next === undefined) early.push(message);
      else next(message);
    });
    const next = (): Promise<Any> =>
      early.length > 0 ? Promise.resolve(early.shift()) : new Promise((resolve) => waiting.push(resolve));
    socket.send(
      JSON.stringify({
        "@type": "Request",
        id: "R1",
        using: ["urn:ietf:params:jmap:core"],
        methodCalls: [["Core/echo", { hello: true }, "b3ff"]],
      }),
    );
    const response = await next();
    assert.deepEqual(
      [response["@type"], response.requestId, response.methodResponses],
      ["Response", "R1", [["Core/echo", { hello: true }, "b3ff"]]],
    );
    const ask = () =>
      socket.send(
        JSON.stringify({ "@type": "Request", id: "R3", using: ["urn:ietf:params:jmap:core"], methodCalls: [] }),
      );
    socket.send("The quick brown fox");
    assert.equal((await next()).type, "urn:ietf:params:jmap:error:notJSON");
    socket.send(JSON.stringify({ "@type": "Request", id: "R2", using: [] }));
    const bad = await next();
    assert.deepEqual(
      [bad["@type"], bad.requestId, bad.type],
      ["RequestError", "R2", "urn:ietf:params:jmap:error:notRequest"],
    );
    socket.send(JSON.stringify({ "@type": "WebSocketPushEnable", dataTypes: "Email" }));
    assert.equal((await next()).pointer, "/dataTypes");
    socket.send(JSON.stringify({ "@type": "WebSocketPushEnable", dataTypes: ["Email", "Mailbox"] }));
    ask();
    assert.equal((await next())["@type"], "Response", "what was said before it holds");
    await deliver("u2@example.test", "Over the socket");
    const push = await next();
    assert.equal(push["@type"], "StateChange");
    assert.deepEqual(Object.keys(push.changed[you.accountId]).sort(), ["Email", "Mailbox"]);
    assert.ok(push.pushState);
    socket.send(JSON.stringify({ "@type": "WebSocketPushEnable", dataTypes: null, pushState: "1.1" }));
    const all = await next();
    assert.equal(all["@type"], "StateChange", "an old pushState is answered at once");
    const enable = (pushState: string, dataTypes: readonly string[] | null = null) =>
      socket.send(JSON.stringify({ "@type": "WebSocketPushEnable", dataTypes, pushState }));
    enable(all.pushState);
    ask();
    assert.equal((await next())["@type"], "Response", "of a state that is still true there is nothing to tell");
    socket.send(JSON.stringify({ "@type": "WebSocketPushDisable" }));
    // Whatever has changed meanwhile is told, not mail alone; to who asks for it.
    await you.call("VacationResponse/set", { update: { singleton: { subject: "Away" } } });
    ask();
    assert.equal((await next())["@type"], "Response", "disabled");
    enable(all.pushState);
    const missed = await next();
    const { state } = await you.call("VacationResponse/get", { ids: null });
    assert.equal(missed.changed[you.accountId].VacationResponse, state);
    enable("", ["Mailbox"]);
    const { pushState } = await next();
    await you.call("VacationResponse/set", { update: { singleton: { subject: null } } });
    enable(pushState, ["Mailbox"]);
    ask();
    assert.equal((await next())["@type"], "Response", "of another type nothing is told");
    socket.close();
    await once(socket, "close");
  });

  test("WebSocket: not without a login, and not in another protocol", async () => {
    const { url } = you.session.capabilities["urn:ietf:params:jmap:websocket"];
    for (const [protocol, headers, status] of [
      ["jmap", {}, 401],
      ["chat", { authorization: you.authorization }, 400],
    ] as const) {
      const socket = new WebSocket(url, protocol, { headers });
      const [, response] = (await once(socket, "unexpected-response")) as [unknown, Any];
      assert.equal(response.statusCode, status);
      socket.on("error", () => {});
      socket.terminate();
    }
  });

  test("a WebSocket and a push subscription end with the session or token that made them", async () => {
    const post = (path: string, headers: { readonly [name: string]: string }, body: Any) =>
      fetch(new URL(path, you.session.apiUrl), {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    const login = await post(
      "/auth/login",
      {},
      { username: "u2@example.test", password: "pw", token: true, label: "t" },
    );
    const authorization = `Bearer ${((await login.json()) as Any).accessToken}`;
    const socket = new WebSocket(you.session.capabilities["urn:ietf:params:jmap:websocket"].url, "jmap", {
      headers: { authorization },
    });
    await once(socket, "open");
    const echo = JSON.stringify({
      "@type": "Request",
      using: ["urn:ietf:params:jmap:core"],
      methodCalls: [["Core/echo", {}, "0"]],
    });
    socket.send(echo);
    const [answer] = await once(socket, "message");
    assert.equal(JSON.parse(String(answer))["@type"], "Response");
    const url = "http://127.0.0.1:9/push";
    const subscribe = { create: { p: { deviceClientId: "of the token", url } } };
    const call = { using: ["urn:ietf:params:jmap:core"], methodCalls: [["PushSubscription/set", subscribe, "0"]] };
    const made = (await (await post("/jmap/api", { authorization }, call)).json()) as Any;
    const { id } = made.methodResponses[0][1].created.p;
    await pushSet({ create: { q: { deviceClientId: "of the password", url } } });
    const closed = once(socket, "close");
    socket.on("message", () => assert.fail("The session has ended."));
    assert.equal((await post("/auth/logout", { authorization }, {})).status, 204);
    await closed;
    const left = await until("it is gone", async () => {
      const { list } = await pushGet();
      return list.some((one: Any) => one.id === id) ? undefined : (list as Any[]);
    });
    assert.deepEqual(
      left.map(({ deviceClientId }) => deviceClientId),
      ["of the password"],
    );
    await pushSet({ destroy: left.map((one: Any) => one.id) });
  });

  test("a subscription is verified, then told; and it is gone when its end is", async () => {
    const got: { readonly headers: Any; readonly body: Any }[] = [];
    let status = 201;
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      got.push({
        headers: request.headers,
        body: request.headers["content-encoding"] ? body : JSON.parse(body.toString()),
      });
      response.writeHead(status).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`;
    const { created, notCreated } = await pushSet({
      create: {
        p: { deviceClientId: "d1", url, types: ["EmailDelivery"] },
        q: { deviceClientId: "d2", url: "ftp://example.test/" },
        r: {
          deviceClientId: "d3",
          url,
          keys: {
            p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            auth: "BTBZMqHH6r4Tts7J_aSIgg",
          },
        },
      },
    });
    assert.deepEqual(notCreated.q.properties, ["url"]);
    await until("verifications come", () => (got.length === 2 ? true : undefined));
    const verification = got.find(({ body }) => body["@type"] === "PushVerification")?.body;
    assert.equal(verification.pushSubscriptionId, created.p.id);
    const encrypted = got.find(({ headers }) => headers["content-encoding"] === "aes128gcm");
    assert.match(encrypted?.headers.authorization, /^vapid t=.+, k=.+/, "signed with our key");
    const wrong = await pushSet({ update: { [created.p.id]: { verificationCode: "guess" } } });
    assert.equal(wrong.notUpdated[created.p.id].type, "invalidProperties");
    await pushSet({ update: { [created.p.id]: { verificationCode: verification.verificationCode } } });
    await deliver("u2@example.test", "For the phone");
    const change = await until("the push comes", () => got.find(({ body }) => body["@type"] === "StateChange"));
    assert.deepEqual(Object.keys(change.body.changed[you.accountId]), ["EmailDelivery"]);
    assert.equal((await you.calls(["PushSubscription/get", { ids: null, properties: ["url"] }]))[0]?.[0], "error");
    status = 410;
    await deliver("u2@example.test", "Nobody there");
    await until("it is forgotten", async () => {
      const { list } = await pushGet();
      return list.some((one: Any) => one.id === created.p.id) ? undefined : true;
    });
    server.close();
  });

  test("subscriptions end with the password that they were made with", async () => {
    assert.equal((await pushGet()).list.length, 1);
    const password = "quite-another-password";
    const admin = new ApiTalk(origin, dev.ready.admin);
    await admin.ok("POST", "/accounts/u2@example.test/password", { password });
    you = await new JmapTalk(origin, "u2@example.test", password).open();
    await until("they are gone", async () => ((await pushGet()).list.length === 0 ? true : undefined));
  });

  const raw = async (name: string, args: Any): Promise<Any> => {
    const response = await you.post({ using: ["urn:ietf:params:jmap:core"], methodCalls: [[name, args, "0"]] });
    const { methodResponses } = (await response.json()) as Any;
    assert.equal(methodResponses[0][0], name, JSON.stringify(methodResponses));
    return methodResponses[0][1];
  };
  const pushSet = (args: Any) => raw("PushSubscription/set", args);
  const pushGet = () => raw("PushSubscription/get", { ids: null });
});
