/** JMAP against `angarium dev`: the answers are what the RFCs say. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type DevProcess, startDev } from "../dev-process.ts";
import { type Any, JmapTalk } from "../jmap-talk.ts";

let dev: DevProcess;
let origin: string;
let me: JmapTalk;

before(async () => {
  dev = await startDev(["--users", "2", "--cleartext-auth"]);
  origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  me = await new JmapTalk(origin, "u1@example.test", "pw").open();
});
after(() => dev.stop());

const letter = (given: { readonly [name: string]: string } = {}, body = "Hello from a friend.\r\n"): string =>
  `${Object.entries({
    From: "Ann <ann@far.test>",
    To: "u1@example.test",
    Subject: "Hello",
    Date: "Tue, 10 Jul 2018 01:03:11 +1000",
    ...given,
  })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n${body}`;

describe("logging in", () => {
  test("without credentials, with wrong ones, and over TLS only", async () => {
    const plain = await fetch(`${origin}/.well-known/jmap`);
    assert.equal(plain.status, 401);
    assert.match(plain.headers.get("www-authenticate") ?? "", /Basic.*Bearer/);
    const wrong = new JmapTalk(origin, "u1@example.test", "no");
    assert.equal((await wrong.fetch("/.well-known/jmap")).status, 401);
  });

  test("a cookie of our own pages: strict, hidden from scripts, and refused to other sites", async () => {
    const login = await fetch(`${origin}/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "u2@example.test", password: "pw" }),
    });
    const cookie = login.headers.get("set-cookie") ?? "";
    assert.match(cookie, /HttpOnly; SameSite=Strict/);
    const headers = { cookie: cookie.split(";")[0] as string };
    const get = (more: { [name: string]: string }) =>
      fetch(`${origin}/jmap/session`, { headers: { ...headers, ...more } });
    assert.equal((await get({})).status, 200);
    assert.equal((await get({ origin: "https://evil.test" })).status, 403);
    assert.equal((await get({ "sec-fetch-site": "cross-site" })).status, 403);
    const post = (more: { [name: string]: string }) =>
      fetch(`${origin}/jmap/api`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json", ...more },
        body: JSON.stringify({ using: ["urn:ietf:params:jmap:core"], methodCalls: [] }),
      });
    assert.equal((await post({})).status, 403);
    assert.equal((await post({ "x-requested-with": "angarium" })).status, 200);
    assert.equal((await post({ origin })).status, 200);
    const out = await fetch(`${origin}/auth/logout`, { method: "POST", headers: { ...headers, origin } });
    assert.equal(out.status, 204);
    assert.equal((await get({})).status, 401);
  });

  test("another origin may ask with a token of its own", async () => {
    const preflight = await fetch(`${origin}/jmap/api`, {
      method: "OPTIONS",
      headers: { origin: "https://app.test", "access-control-request-method": "POST" },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /Authorization/);
  });
});

describe("downloads", () => {
  test("names, types, ranges, and nothing a browser would run", async () => {
    const { blobId } = await me.upload("<script>alert(1)</script>", "text/html");
    const whole = await me.download(blobId, "text/html", 'Bericht "Größe".html');
    assert.equal(whole.headers.get("content-type"), "text/html");
    assert.equal(whole.headers.get("x-content-type-options"), "nosniff");
    assert.match(whole.headers.get("content-security-policy") ?? "", /sandbox/);
    assert.match(
      whole.headers.get("content-disposition") ?? "",
      /^attachment; filename="Bericht _Gr__e_.html"; filename\*=UTF-8''Bericht%20%22Gr%C3%B6%C3%9Fe%22.html$/,
    );
    const part = await me.download(blobId, "text/html", "x", { range: "bytes=1-6" });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get("content-range"), "bytes 1-6/25");
    assert.equal(await part.text(), "script");
    const behind = await me.download(blobId, "text/html", "x", { range: "bytes=99-" });
    assert.deepEqual([behind.status, ((await behind.json()) as Any).status], [416, 416]);
    assert.equal((await me.download("U0000000000000000000000000000000000000000")).status, 404);
    const other = await new JmapTalk(origin, "u2@example.test", "pw").open();
    assert.equal((await other.download(blobId)).status, 404, "not for somebody else");
  });
});

describe("emails", () => {
  test("made of an object: parts, addresses, dates and files come back as they went in", async () => {
    const picture = await me.upload(Buffer.from("89504e470d0a1a0a", "hex"), "image/png");
    const drafts = await me.mailbox("drafts");
    const { created, notCreated } = await me.call("Email/set", {
      create: {
        d: {
          mailboxIds: { [drafts]: true },
          keywords: { $draft: true, $SEEN: true },
          from: [{ name: "Joe “Bloggs”", email: "u1@example.test" }],
          to: [{ name: null, email: "u2@example.test" }],
          subject: "Grüße aus Köln, and a subject that is so long that it must be folded over lines",
          sentAt: "2018-07-10T01:03:11+10:00",
          "header:X-Things:asText": "thïngs",
          "header:List-Unsubscribe:asURLs": ["https://a.test/u", "mailto:u@a.test"],
          "header:Reply-To:asGroupedAddresses": [
            {
              name: "Team",
              addresses: [
                { name: "A", email: "a@a.test" },
                { name: null, email: "b@a.test" },
              ],
            },
          ],
          bodyValues: { t: { value: "Dear ü,\n.\nbye" }, h: { value: "<p>Dear <img src='cid:pic'></p>" } },
          textBody: [{ partId: "t", type: "text/plain" }],
          htmlBody: [{ partId: "h", type: "text/html" }],
          attachments: [
            { blobId: picture.blobId, type: "image/png", name: "Bild ä.png", cid: "pic", disposition: "inline" },
            { blobId: picture.blobId, type: "image/png", name: "b.png", disposition: "attachment" },
          ],
        },
      },
    });
    assert.equal(notCreated, null);
    const { list } = await me.call("Email/get", {
      ids: [created.d.id],
      properties: [
        "from",
        "to",
        "subject",
        "sentAt",
        "keywords",
        "messageId",
        "hasAttachment",
        "header:X-Things:asText",
        "header:list-unsubscribe:asURLs",
        "header:Reply-To:asGroupedAddresses",
        "textBody",
        "htmlBody",
        "attachments",
        "bodyValues",
        "bodyStructure",
      ],
      bodyProperties: ["type", "name", "cid", "disposition", "size", "partId"],
      fetchTextBodyValues: true,
      fetchHTMLBodyValues: true,
    });
    const [email] = list;
    assert.deepEqual(email.from, [{ name: "Joe “Bloggs”", email: "u1@example.test" }]);
    assert.deepEqual(email.to, [{ name: null, email: "u2@example.test" }]);
    assert.equal(email.subject, "Grüße aus Köln, and a subject that is so long that it must be folded over lines");
    assert.equal(email.sentAt, "2018-07-10T01:03:11+10:00");
    assert.deepEqual(email.keywords, { $draft: true, $seen: true });
    assert.match(email.messageId[0], /@/);
    assert.equal(email.hasAttachment, true);
    assert.equal(email["header:X-Things:asText"], "thïngs");
    assert.deepEqual(email["header:list-unsubscribe:asURLs"], ["https://a.test/u", "mailto:u@a.test"]);
    assert.deepEqual(email["header:Reply-To:asGroupedAddresses"], [
      {
        name: "Team",
        addresses: [
          { name: "A", email: "a@a.test" },
          { name: null, email: "b@a.test" },
        ],
      },
    ]);
    assert.equal(email.bodyValues[email.textBody[0].partId].value, "Dear ü,\n.\nbye");
    assert.equal(email.bodyValues[email.htmlBody[0].partId].value, "<p>Dear <img src='cid:pic'></p>");
    assert.deepEqual(
      email.attachments.map((part: Any) => [part.type, part.name, part.cid, part.disposition, part.size]),
      [
        ["image/png", "Bild ä.png", "pic", "inline", 8],
        ["image/png", "b.png", null, "attachment", 8],
      ],
    );
    assert.equal(email.bodyStructure.type, "multipart/mixed");
  });

  const refusals: readonly [name: string, object: Any, type: string, properties: readonly string[]][] = [
    ["no mailbox", { mailboxIds: {} }, "invalidProperties", ["mailboxIds"]],
    ["an unknown mailbox", { mailboxIds: { F999: true } }, "invalidProperties", ["mailboxIds"]],
    ["an id", { id: "M1" }, "invalidProperties", ["id"]],
    ["headers", { headers: [] }, "invalidProperties", ["headers"]],
    [
      "a field twice",
      { subject: "a", "header:Subject:asText": "b" },
      "invalidProperties",
      ["subject", "header:Subject:asText"],
    ],
    ["a Content field", { "header:Content-Type": "text/plain" }, "invalidProperties", ["header:Content-Type"]],
    [
      "a form that is not the field's",
      { "header:Subject:asDate": "2018-07-10T01:03:11Z" },
      "invalidProperties",
      ["header:Subject:asDate"],
    ],
    ["a line end in a raw field", { "header:X-A": "a\r\nBcc: x@y.test" }, "invalidProperties", ["header:X-A"]],
    [
      "two structures",
      { bodyStructure: { type: "text/plain", partId: "a" }, textBody: [], bodyValues: { a: { value: "" } } },
      "invalidProperties",
      ["textBody"],
    ],
    [
      "two texts",
      { textBody: [{ partId: "a" }, { partId: "a" }], bodyValues: { a: { value: "" } } },
      "invalidProperties",
      ["textBody"],
    ],
    [
      "HTML as text",
      { textBody: [{ partId: "a", type: "text/html" }], bodyValues: { a: { value: "" } } },
      "invalidProperties",
      ["textBody/0/type"],
    ],
    ["a part without a value", { textBody: [{ partId: "z" }] }, "invalidProperties", ["textBody/0/partId"]],
    [
      "a charset with a partId",
      { textBody: [{ partId: "a", charset: "utf-8" }], bodyValues: { a: { value: "" } } },
      "invalidProperties",
      ["textBody/0/charset"],
    ],
    ["a blob that is not there", { attachments: [{ blobId: "Unope" }] }, "blobNotFound", []],
    ["a bad keyword", { keywords: { "a b": true } }, "invalidProperties", ["keywords"]],
    [
      "a truncated value",
      { textBody: [{ partId: "a" }], bodyValues: { a: { value: "", isTruncated: true } } },
      "invalidProperties",
      ["bodyValues/a/isTruncated"],
    ],
    ["a wrong address", { to: [{ email: "a@b.test\r\nX: y" }] }, "invalidProperties", ["to"]],
  ];
  for (const [name, object, type, properties] of refusals)
    test(`not made: ${name}`, async () => {
      const inbox = await me.mailbox("inbox");
      const { notCreated } = await me.call("Email/set", {
        create: { x: { mailboxIds: { [inbox]: true }, ...object } },
      });
      assert.equal(notCreated.x?.type, type, JSON.stringify(notCreated));
      if (properties.length > 0) assert.deepEqual(notCreated.x.properties, properties);
      else assert.deepEqual(notCreated.x.notFound, ["Unope"]);
    });

  test("what cannot be changed is refused one by one", async () => {
    const id = await me.import(letter());
    const inbox = await me.mailbox("inbox");
    const { updated, notUpdated, destroyed, notDestroyed } = await me.call("Email/set", {
      update: {
        [id]: { subject: "new" },
        M999999: { keywords: {} },
      },
      destroy: ["M999998"],
    });
    assert.equal(updated, null);
    assert.equal(notUpdated[id].type, "invalidProperties");
    assert.equal(notUpdated.M999999.type, "notFound");
    assert.equal(destroyed, null);
    assert.equal(notDestroyed.M999998.type, "notFound");
    const again = await me.call("Email/set", {
      update: { [id]: { keywords: { a: true }, "keywords/b": true } },
    });
    assert.equal(again.notUpdated[id].type, "invalidPatch");
    const out = await me.call("Email/set", { update: { [id]: { [`mailboxIds/${inbox}`]: null } } });
    assert.deepEqual(out.notUpdated[id].properties, ["mailboxIds"]);
    const stale = await me.error("Email/set", { ifInState: "1.1", destroy: [id] });
    assert.equal(stale.type, "stateMismatch");
  });

  test("parts are blobs, those of attached messages too", async () => {
    const inner = letter({ Subject: "Inner", "Content-Type": "text/plain" }, "inner text\r\n");
    const outer = letter(
      { Subject: "Outer", "MIME-Version": "1.0", "Content-Type": "multipart/mixed; boundary=x" },
      `--x\r\nContent-Type: text/plain\r\n\r\ntext\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n--x--\r\n`,
    );
    const id = await me.import(outer);
    const { list } = await me.call("Email/get", { ids: [id], properties: ["attachments", "preview", "blobId"] });
    const [attached] = list[0].attachments;
    assert.equal(attached.type, "message/rfc822");
    assert.equal(await (await me.download(attached.blobId)).text(), inner);
    const { parsed } = await me.call("Email/parse", {
      blobIds: [attached.blobId],
      properties: ["subject", "textBody", "threadId"],
    });
    assert.equal(parsed[attached.blobId].subject, "Inner");
    assert.equal(parsed[attached.blobId].threadId, null);
    assert.equal(await (await me.download(parsed[attached.blobId].textBody[0].blobId)).text(), "inner text\r\n");
    assert.equal(await (await me.download(list[0].blobId)).text(), outer);
  });
});
