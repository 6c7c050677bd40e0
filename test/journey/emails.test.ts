/** Sending through the REST API, on a running server: emails, batches, raw messages, status, cancel, unsubscribing, suppression, events. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { relaxedBodyHash } from "../../protocol/dkim/hashes.ts";
import { decodeText } from "../../protocol/mime/decode.ts";
import { parseMessage } from "../../protocol/mime/parse.ts";
import { type Any, ApiTalk } from "../api-talk.ts";
import { ask } from "../beside.ts";
import { type DevProcess, startDev } from "../dev-process.ts";
import { type Sink, startSink, type Taken } from "../sink.ts";

let dev: DevProcess;
let sink: Sink;
let folder: string;
let admin: ApiTalk;
let user: ApiTalk;
let other: ApiTalk;
let origin: string;
const from = "u1@example.test";
const person = (name: string): string => `${name}@far.test`;

before(async () => {
  sink = await startSink();
  folder = await mkdtemp(join(tmpdir(), "angarium-emails-"));
  const dns = join(folder, "dns.json");
  await writeFile(
    dns,
    JSON.stringify({
      "mail.example.test": { A: ["192.0.2.10"] },
      "192.0.2.10": { PTR: "mail.example.test" },
      "example.test": { MX: ["10 mail.example.test"], TXT: "v=spf1 ip4:192.0.2.10 -all" },
      "_dmarc.example.test": { TXT: "v=DMARC1; p=none" },
      // RFC 5782 §5: a list that behaves.
      "2.0.0.127.bl.test": { A: ["127.0.0.2"] },
      "10.2.0.192.bl.test": { A: ["127.0.0.4"], TXT: "for a test" },
    }),
  );
  dev = await startDev([
    "--users",
    "3",
    "--cleartext-auth",
    "--deliver-to",
    `127.0.0.1:${sink.port}`,
    "--dns",
    dns,
    "--set",
    'sending.ownBlocklists=["bl.test"]',
    "--set",
    `sending.publicUrl="https://127.0.0.1:1"`,
    "--set",
    "sending.listsEveryMs=200",
    "--set",
    "dkim.separateMarketing=true",
  ]);
  origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  admin = new ApiTalk(origin, dev.ready.admin);
  user = new ApiTalk(origin, { user: from, password: "pw" });
  other = new ApiTalk(origin, { user: "u2@example.test", password: "pw" });
});
after(async () => {
  await dev?.stop();
  await sink?.close();
  await rm(folder, { recursive: true, force: true });
});

async function until<T>(look: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const value = await look();
    if (good(value)) return value;
    assert.ok(Date.now() < deadline, JSON.stringify(value));
  }
}

/** The next message that comes to this address; others wait. */
const waiting: Taken[] = [];
async function arrived(address: string): Promise<Taken> {
  for (;;) {
    const index = waiting.findIndex(({ to }) => to.includes(address));
    if (index >= 0) return waiting.splice(index, 1)[0]!;
    waiting.push(await sink.next());
  }
}

const pointers = (problem: Any): readonly string[] => problem.errors.map(({ pointer }: Any) => pointer).sort();

test("an email goes out, and its status tells how", async () => {
  const sent = await user.ask("POST", "/emails", {
    from: `Ünal Shop <${from}>`,
    to: [`Anna Ä <${person("anna")}>`, { email: person("ben"), name: "Ben, B." }],
    cc: person("cc"),
    bcc: [person("hidden")],
    reply_to: "help@example.test",
    subject: "Grüße {{not touched}}",
    text: "Hallo\nWelt",
    html: '<p>Hallo <img src="cid:logo"></p>',
    headers: { "X-Order": "17" },
    attachments: [
      {
        filename: "Rechnung ü.pdf",
        content: Buffer.from("%PDF-1.4 x").toString("base64"),
        content_type: "application/pdf",
      },
      { filename: "logo.png", content: "iVBORw0KGgo=", content_type: "image/png", content_id: "logo" },
    ],
    tags: { kind: "order" },
    metadata: { order: 17 },
  });
  assert.equal(sent.status, 202, JSON.stringify(sent.body));
  assert.deepEqual(
    sent.body.recipients.map(({ address, status }: Any) => [address, status]),
    ["anna", "ben", "cc", "hidden"].map((name) => [person(name), "queued"]),
  );
  const got = await arrived(person("anna"));
  assert.deepEqual([...got.to].sort(), ["anna", "ben", "cc", "hidden"].map(person).sort());
  assert.equal(got.from, from);
  assert.match(got.data, /^From: =\?utf-8\?q\?=C3=9Cnal_Shop\?= <u1@example\.test>\r$/m);
  assert.match(got.data, /^To: .*<anna@far\.test>,\s+"Ben, B\." <ben@far\.test>\r$/m);
  assert.match(got.data, /^Cc: <cc@far\.test>\r$/m);
  assert.match(got.data, /^X-Order: 17\r$/m);
  assert.match(got.data, /^Message-ID: /m);
  assert.match(got.data, /^DKIM-Signature: /m);
  assert.doesNotMatch(got.data, /hidden@|List-Unsubscribe|^Bcc/im);
  assert.match(got.data, /multipart\/mixed[\s\S]*multipart\/alternative[\s\S]*text\/plain[\s\S]*multipart\/related/);
  assert.match(got.data, /Content-ID: <logo>/);
  assert.match(got.data, /filename\*=utf-8''Rechnung%20%C3%BC\.pdf/);
  const whole = await until(
    () => user.ok("GET", `/emails/${sent.body.id}`),
    ({ recipients }) => recipients.every(({ status }: Any) => status === "delivered"),
  );
  assert.equal(whole.status, "delivered");
  assert.deepEqual([whole.tags, whole.metadata, whole.from], [{ kind: "order" }, { order: 17 }, from]);
  const types = whole.events.map(({ type }: Any) => type);
  assert.deepEqual([types[0], types.at(-1), whole.recipients.length], ["accepted", "delivered", 4]);
  // Nobody else's.
  await other.no(404, "GET", `/emails/${sent.body.id}`);
  assert.equal((await admin.ok("GET", `/emails/${sent.body.id}`)).id, sent.body.id);
});

test("the short name of the API, and mail to people here", async () => {
  const response = await fetch(`${origin}/v1/emails`, {
    method: "POST",
    headers: { ...user.headers, "content-type": "application/json" },
    body: JSON.stringify({ from, to: "u2@example.test", subject: "here", text: "x" }),
  });
  assert.equal(response.status, 202);
  const { id } = (await response.json()) as Any;
  const whole = await user.ok("GET", `/emails/${id}`);
  assert.deepEqual(whole.recipients, [{ address: "u2@example.test", status: "delivered", reply: null }]);
  const problem = await user.no(422, "POST", "/emails", { from, to: "nobody@example.test", text: "x" });
  assert.match(problem.detail, /^550 5\.1\.1/);
  const rejected = (await allEvents()).find(({ type }) => type === "email.rejected");
  assert.equal(rejected.data.recipient, "nobody@example.test");
  assert.match(rejected.data.reply, /^550 5\.1\.1/);
  // Who has no room now may have some later.
  await admin.ok("POST", "/accounts", { name: "full@example.test", password: "long and secret 1", quotaBytes: 1 });
  const full = await user.ask("POST", "/emails", { from, to: "full@example.test", subject: "Here", text: "Hello." });
  assert.deepEqual([full.status, full.headers.get("retry-after")], [429, "900"], JSON.stringify(full.body));
  assert.match(full.body.errors[0].detail, /^full@example\.test: 452 4\.2\.2 /);
});

test("what is wrong is told with pointers, and nothing is sent", async () => {
  const good = { from, to: person("x"), text: "x" };
  const wrong: readonly [body: object, pointers: readonly string[]][] = [
    [{ ...good, to: "no address" }, ["#/to"]],
    [{ ...good, to: [person("a"), "b@"] }, ["#/to/1"]],
    [{ ...good, to: [] }, ["#/to"]],
    [{ from, to: person("x") }, ["#/text"]],
    [{ ...good, shoe: 1 }, ["#/shoe"]],
    [{ ...good, subject: "a\r\nBcc: x@y.test" }, ["#/subject"]],
    [{ ...good, headers: { "X-A": "1\nBcc: x@y.test" } }, ["#/headers/X-A"]],
    [{ ...good, headers: { "X-A: 1\r\nBcc": "x@y.test" } }, ["#/headers/X-A:%201%0D%0ABcc"]],
    [{ ...good, headers: { Bcc: "x@y.test" } }, ["#/headers/Bcc"]],
    [{ ...good, from: "a@b.test\r\nBcc: x@y.test" }, ["#/from"]],
    [{ ...good, to: "a@b.test\r\nRCPT TO:<x@y.test>" }, ["#/to"]],
    [{ ...good, attachments: [{ filename: "a", content: "!" }] }, ["#/attachments/0/content"]],
    [{ ...good, send_at: "tomorrow" }, ["#/send_at"]],
    [{ ...good, send_at: new Date(Date.now() + 40 * 86_400_000).toISOString() }, ["#/send_at"]],
    [{ ...good, text: "{{name}} {{town}}", variables: { name: "A" } }, ["#/variables/town"]],
    [{ ...good, stream: "nothing" }, ["#/stream"]],
  ];
  for (const [body, expected] of wrong)
    for (const path of ["/emails", "/emails/validate"])
      assert.deepEqual(pointers(await user.no(422, "POST", path, body)), expected);
  assert.deepEqual(pointers(await user.no(403, "POST", "/emails/validate", { ...good, from: "u2@example.test" })), [
    "#/from",
  ]);
  const forged = await user.no(403, "POST", "/emails", { ...good, from: "u2@example.test" });
  assert.deepEqual(pointers(forged), ["#/from"]);
  await user.no(400, "POST", "/emails", "{");
  await new ApiTalk(origin).no(401, "POST", "/emails", good);
  // Where all is wanted or nothing, and where nothing can be sent.
  const whole = "/emails/batch?all_or_none=true";
  const batch = await user.no(422, "POST", whole, { emails: [good, good, good, { ...good, to: ["b@"] }] });
  assert.deepEqual(pointers(batch), ["#/emails/3/to/0"]);
  assert.deepEqual(pointers(await user.no(422, "POST", whole, [good, { ...good, to: 7 }])), ["#/1/to"]);
  const forgery = { ...good, from: "u2@example.test" };
  assert.deepEqual(pointers(await user.no(403, "POST", whole, { emails: [good, forgery] })), ["#/emails/1/from"]);
  const nothing = await user.no(422, "POST", "/emails/batch", { emails: [{ ...good, to: "" }, 7, forgery] });
  assert.deepEqual(pointers(nothing), ["#/emails/0/to", "#/emails/1", "#/emails/2/from"]);
  assert.deepEqual(pointers(await user.no(403, "POST", "/emails/batch", [forgery])), ["#/0/from"]);
  await user.no(422, "POST", "/emails/batch", { emails: Array.from({ length: 1001 }, () => good) });
});

test("of a batch what is well-formed is sent, and of the others it is told what is wrong", async () => {
  const good = { from, subject: "part", text: "x" };
  const body = {
    emails: [
      { ...good, to: person("part0") },
      { ...good, to: ["b@"], cc: person("never") },
      { ...good, from: "u2@example.test", to: person("never") },
      { ...good, to: person("never"), template: "not-there", text: undefined },
      { ...good, to: person("part4"), subject: "the last" },
    ],
  };
  const key = { "idempotency-key": "in-part" };
  const said = await user.ask("POST", "/emails/batch", body, key);
  assert.equal(said.status, 200);
  const { emails } = said.body;
  assert.deepEqual(
    emails.map(({ status, recipients }: Any) => [status, recipients.length]),
    [
      ["queued", 1],
      ["rejected", 0],
      ["rejected", 0],
      ["rejected", 0],
      ["queued", 1],
    ],
  );
  assert.deepEqual(
    emails.map((one: Any) => one.errors?.map(({ pointer }: Any) => pointer)),
    [undefined, ["#/emails/1/to/0"], ["#/emails/2/from"], ["#/emails/3/template"], undefined],
  );
  assert.match(emails[2].errors[0].detail, /may not send as u2@example\.test/);
  assert.equal(emails[1].id, null);
  assert.equal((await user.ok("GET", `/emails/${emails[4].id}`)).subject, "the last");
  for (const one of ["part0", "part4"]) await arrived(person(one));
  const again = await user.ask("POST", "/emails/batch", body, key);
  assert.deepEqual([again.status, again.body, again.headers.get("idempotent-replayed")], [200, said.body, "true"]);
  await user.ok("POST", "/emails", { ...good, to: person("part-after") });
  await arrived(person("part-after"));
  assert.equal(waiting.filter(({ to }) => to.includes(person("never")) || to.includes(person("part0"))).length, 0);
});

test("the same request with the same key is sent once", async () => {
  const body = { from, to: person("once"), subject: "once", text: "x" };
  const key = { "idempotency-key": "order-17" };
  const first = await user.ask("POST", "/emails", body, key);
  const again = await user.ask("POST", "/emails", body, key);
  assert.deepEqual([again.status, again.body], [202, first.body]);
  assert.equal(again.headers.get("idempotent-replayed"), "true");
  await user.no(409, "POST", "/emails", { ...body, subject: "other" }, key);
  assert.match((await user.no(400, "POST", "/emails?stream=x", body)).detail, /There is no parameter stream here/);
  await arrived(person("once"));
  await user.ok("POST", "/emails", { ...body, to: person("after") });
  assert.deepEqual((await arrived(person("after"))).to, [person("after")]);
  assert.equal(waiting.filter(({ to }) => to.includes(person("once"))).length, 0);
});

test("a batch is personal, in the order that was asked", async () => {
  const said = await user.ask("POST", "/emails/batch", {
    from,
    subject: "Dear {{name}}",
    text: "Hello {{name}}, {{n}}.",
    html: "<p>Hello {{name}}</p>",
    recipients: [1, 2, 3].map((n) => ({ to: person(`p${n}`), variables: { name: `<P${n}>\r\nBcc: evil@y.test`, n } })),
  });
  assert.equal(said.status, 202, JSON.stringify(said.body));
  assert.deepEqual(
    said.body.emails.map(({ recipients }: Any) => recipients[0].address),
    [1, 2, 3].map((n) => person(`p${n}`)),
  );
  const got = await arrived(person("p2"));
  assert.match(got.data, /^Subject: Dear <P2> Bcc: evil@y\.test\r$/m);
  assert.doesNotMatch(got.data.slice(0, got.data.indexOf("\r\n\r\n")), /^Bcc/im);
  assert.match(got.data, /<p>Hello &lt;P2&gt;/);
});

test("many copies are kept once and made when they are sent: personal, signed, each with its own link and story", async () => {
  const names = Array.from({ length: 12 }, (_, n) => `copy${n}`);
  const batch = (more: object, domain = "copies.test") =>
    user.ok("POST", "/emails/batch", {
      from: `Ünal <${from}>`,
      subject: "Grüße, {{name}}",
      text: "Hallo {{name}}, schön.\n",
      html: "<p>Hallo {{name}}</p>",
      attachments: [{ filename: "a.txt", content: Buffer.from("attached").toString("base64") }],
      stream: "marketing",
      recipients: names.map((name, n) => ({
        to: n === 11 ? "u3@example.test" : `${name}@${domain}`,
        variables: { name: `Frau ${n}` },
        metadata: { n },
      })),
      ...more,
    });
  const { emails } = await batch({});
  assert.deepEqual(new Set(emails.map(({ status }: Any) => status)), new Set(["queued"]));
  const got = await arrived("copy7@copies.test");
  const head = got.data.slice(0, got.data.indexOf("\r\n\r\n"));
  assert.match(head, /^Received: by .* id /m);
  assert.match(head, /^DKIM-Signature: /m);
  assert.match(head, /^X-Angarium-Ref: /m);
  assert.match(head, /^Subject: =\?utf-8\?/im);
  assert.match(got.data, /<p>Hallo Frau 7<\/p>/);
  assert.match(got.data, /YXR0YWNoZWQ=/);
  assert.match(head, /^To: .*copy7@copies\.test/m);
  const link = /^List-Unsubscribe: <https?:\/\/[^/]+(\S+)>\r$/m.exec(head)?.[1];
  assert.ok(link);
  const { id } = emails[7];
  const shown = await until(
    () => user.ok("GET", `/emails/${id}`),
    ({ status }) => status === "delivered",
  );
  assert.deepEqual([shown.subject, shown.metadata], ["Grüße, Frau 7", { n: 7 }]);
  // Those here have it at once.
  assert.equal((await user.ok("GET", `/emails/${emails[11].id}`)).status, "delivered");
  // Its Message-ID leads to it too.
  const messageId = /^Message-ID: <(.*)>\r$/m.exec(head)?.[1] ?? "";
  assert.ok(((await ask(dev.ready.data, "trace", { key: messageId })) as readonly unknown[]).length > 0);
  const later = await batch({ send_at: new Date(Date.now() + 3_600_000).toISOString() }, "later.test");
  assert.equal(later.emails[3].status, "scheduled");
  assert.deepEqual(await user.ok("POST", `/emails/${later.emails[3].id}/cancel`), { recipients: 1 });
  assert.equal((await user.ok("GET", `/emails/${later.emails[3].id}`)).status, "canceled");
  assert.equal((await user.ok("GET", `/emails/${later.emails[4].id}`)).status, "scheduled");
  // Asked for one by one, the same text to each.
  const alone = await user.ok("POST", "/emails/batch", {
    emails: names.map((name) => ({
      from,
      subject: "For {{n}}",
      text: "x",
      to: `${name}@alone.test`,
      variables: { n: name },
    })),
  });
  const ninth = await arrived("copy9@alone.test");
  assert.match(ninth.data, /^Subject: For copy9\r$/m);
  assert.ok(ninth.data.includes(`id ${alone.emails[9].id}`));
});

test("emails whose texts differ are written when they are sent, and what only one of them says is thought of that one alone", async () => {
  const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
  const { emails } = await user.ok("POST", "/emails/batch", {
    emails: Array.from({ length: 12 }, (_, n) => ({
      from,
      subject: `Order ${n}`,
      text: `Thank you, Frau ${n}.\n${n === 5 ? gtube : ""}`,
      html: `<p>Thank you, {{name}} <b>${"Müller ".repeat(n)}</b></p>`,
      headers: { "X-Order": `${n}` },
      to: `letter${n}@letters.test`,
      variables: { name: `<Frau ${n}>` },
    })),
  });
  const got = await arrived("letter7@letters.test");
  assert.match(got.data, /^Subject: Order 7\r$/m);
  assert.match(got.data, /^X-Order: 7\r$/m);
  assert.match(got.data, /^Thank you, Frau 7\.\r$/m);
  assert.match(got.data, /&lt;Frau 7&gt;/);
  assert.match(got.data, /^DKIM-Signature: /m);
  assert.ok(got.data.includes(`id ${emails[7].id}`));
  const shown = await until(
    () => user.ok("GET", `/emails/${emails[7].id}`),
    ({ status }) => status === "delivered",
  );
  assert.equal(shown.subject, "Order 7");
  await until(
    () => user.ok("GET", `/emails/${emails[5].id}`),
    ({ events }) => events.some(({ type }: Any) => type === "held"),
  );
});

test("mail that is to wait waits, and can be taken back", async () => {
  const sent = await user.ok("POST", "/emails", {
    from,
    to: person("later"),
    text: "x",
    send_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  assert.equal(sent.status, "scheduled");
  const whole = await user.ok("GET", `/emails/${sent.id}`);
  assert.deepEqual([whole.status, whole.events.at(-1).type], ["scheduled", "scheduled"]);
  assert.ok(Date.parse(whole.scheduled_at) > Date.now());
  await other.no(404, "POST", `/emails/${sent.id}/cancel`);
  assert.deepEqual(await user.ok("POST", `/emails/${sent.id}/cancel`), { recipients: 1 });
  assert.equal((await user.ok("GET", `/emails/${sent.id}`)).status, "canceled");
  await user.no(409, "DELETE", `/emails/${sent.id}`);
});

test("emails are listed by what is known of them, each to those who may see it", async () => {
  const send = (to: string, more: object = {}): Promise<Any> =>
    user.ok("POST", "/emails", { from, to, subject: `for ${to}`, text: "x", ...more });
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const first = await send(person("lena"), { tags: { kind: "Order", n: 1 }, send_at: later });
  const second = await send(person("lena"), { tags: ["welcome"], campaign: "spring", send_at: later });
  const third = await send(person("mona"), { tags: [{ name: "kind", value: "receipt" }], send_at: later });
  const ids = async (query: string, who = user): Promise<readonly string[]> =>
    (await who.ok("GET", `/emails?${query}`)).items.map(({ id }: Any) => id);
  assert.deepEqual((await ids("limit=3")).slice(0, 3), [third.id, second.id, first.id]);
  assert.deepEqual(await ids(`recipient=${person("LENA")}`), [second.id, first.id]);
  assert.deepEqual(await ids("tag=kind:order&status=scheduled"), [first.id]);
  assert.deepEqual((await ids("tag=kind")).slice(0, 2), [third.id, first.id]);
  assert.deepEqual(await ids("tag=welcome"), [second.id]);
  assert.deepEqual(await ids("campaign=spring"), [second.id]);
  assert.deepEqual(await ids("status=delivered&campaign=spring"), []);
  assert.deepEqual(await ids(`until=${new Date(Date.now() - 3_600_000).toISOString()}`), []);
  // Nobody else's, but an administrator's.
  assert.deepEqual(await ids(`recipient=${person("lena")}`, other), []);
  assert.deepEqual(await ids(`recipient=${person("lena")}&limit=1`, admin), [second.id]);
  // In pages, each once.
  const all: string[] = [];
  for (let cursor = ""; ; ) {
    const page = await user.ok("GET", `/emails?limit=2&status=scheduled${cursor}`);
    all.push(...page.items.map(({ id }: Any) => id));
    if (page.next === null) break;
    cursor = `&cursor=${page.next}`;
  }
  assert.deepEqual(
    all.filter((id) => [first.id, second.id, third.id].includes(id)),
    [third.id, second.id, first.id],
  );
  assert.equal(new Set(all).size, all.length);
  await user.no(400, "GET", "/emails?status=lost");
  for (const { id } of [first, second, third]) await user.ok("DELETE", `/emails/${id}`);
  assert.deepEqual(await ids("status=canceled&campaign=spring"), [second.id]);
});

test("mail that waits for its time is sent at another one", async () => {
  const later = (ms: number): string => new Date(Date.now() + ms).toISOString();
  for (const stream of ["transactional", "marketing"]) {
    const to = person(`moved-${stream}`);
    const { id } = await user.ok("POST", "/emails", { from, to, text: "x", stream, send_at: later(3_600_000) });
    const tomorrow = later(86_400_000);
    const moved = await user.ok("PATCH", `/emails/${id}`, { send_at: tomorrow });
    assert.deepEqual([moved.scheduled_at, moved.status], [tomorrow, "scheduled"]);
    assert.equal(moved.events.at(-1).type, "rescheduled");
    await other.no(404, "PATCH", `/emails/${id}`, { send_at: tomorrow });
    await user.no(422, "PATCH", `/emails/${id}`, {});
    assert.deepEqual(pointers(await user.no(422, "PATCH", `/emails/${id}`, { scheduled_at: later(40 * 86_400_000) })), [
      "#/scheduled_at",
    ]);
    await user.ok("PATCH", `/emails/${id}`, { scheduled_at: later(100) });
    await arrived(to);
    await until(
      () => user.ok("GET", `/emails/${id}`),
      ({ status }) => status === "delivered",
    );
    await user.no(409, "PATCH", `/emails/${id}`, { send_at: tomorrow });
  }
});

test("a template has a draft and versions; emails name it and bring the values", async () => {
  const made = await admin.ok("POST", "/templates", {
    name: "welcome",
    subject: "Hello {{name}}",
    text: "Dear {{name}}, {{town}}",
    html: "<p>{{name}} {{{town}}}</p>",
  });
  assert.deepEqual([made.version, made.variables, made.unpublished], [null, ["name", "town"], true]);
  await admin.no(409, "POST", "/templates", { name: "welcome", text: "x" });
  assert.deepEqual(pointers(await admin.no(422, "POST", "/templates", { name: "bare" })), ["#/text"]);
  const email = { from, to: person("t1"), template: "welcome", variables: { name: "A<b>", town: "<i>" } };
  // Mail is made of what is published alone.
  assert.deepEqual(pointers(await user.no(422, "POST", "/emails", email)), ["#/template"]);
  // Whoever sends may read it; its administrators change it.
  assert.equal((await user.ok("GET", "/templates")).items[0].name, "welcome");
  await user.no(403, "POST", "/templates/welcome/publish", {});
  assert.equal((await admin.ok("POST", "/templates/welcome/publish", {})).version, 1);
  await admin.ok("PATCH", "/templates/welcome", { text: "Second for {{name}}" });
  const seen = await user.ok("POST", "/templates/welcome/preview", { variables: { name: "A&B" } });
  assert.deepEqual(
    [seen.subject, seen.text, seen.html, seen.missing],
    ["Hello A&B", "Second for A&B", "<p>A&amp;B </p>", ["town"]],
  );
  assert.deepEqual(pointers(await user.no(422, "POST", "/emails", { ...email, variables: { name: "A" } })), [
    "#/variables/town",
  ]);
  assert.deepEqual(pointers(await user.no(422, "POST", "/emails", { ...email, text: "x" })), ["#/text"]);
  const { id } = await user.ok("POST", "/emails", email);
  const got = await arrived(person("t1"));
  assert.match(got.data, /^Subject: Hello A<b>\r$/m);
  assert.match(got.data, /Dear A<b>, <i>/);
  assert.match(got.data, /<p>A&lt;b&gt; <i><\/p>/);
  assert.equal((await user.ok("GET", `/emails/${id}`)).subject, "Hello A<b>");
  assert.equal((await admin.ok("POST", "/templates/welcome/publish", {})).version, 2);
  const { emails } = await user.ok("POST", "/emails/batch", {
    from,
    template: { id: "welcome", variables: { town: "Rome" } },
    recipients: Array.from({ length: 12 }, (_, n) => ({ to: person(`tb${n}`), variables: { name: `N${n}` } })),
  });
  assert.equal(emails.length, 12);
  assert.match((await arrived(person("tb7"))).data, /Second for N7/);
  for (let n = 0; n < 12; n++) if (n !== 7) await arrived(person(`tb${n}`));
  assert.deepEqual(
    pointers(
      await user.no(422, "POST", "/emails/batch", {
        from,
        template: { id: "welcome", version: 1 },
        recipients: [
          { to: person("x"), variables: { name: "A", town: "B" } },
          { to: person("y"), variables: { name: "A" } },
        ],
      }),
    ),
    ["#/recipients/1/variables/town"],
  );
  // What is wrong in it is told with its place.
  const broken = await admin.no(422, "PATCH", "/templates/welcome", {
    subject: "Hello {{first name}}",
    html: "<p>\n  {{#if x}}y",
    from: "nobody",
    headers: { "X-Kind": "{{kind", Bcc: "x@y.test" },
  });
  assert.deepEqual(pointers(broken), ["#/from", "#/headers/Bcc", "#/headers/X-Kind", "#/html", "#/subject"]);
  assert.match(
    broken.errors.find(({ pointer }: Any) => pointer === "#/html").detail,
    /^Line 2, column 3: "{{#if x}}" /,
  );
  // It may say whom its emails are from, and have fields of its own; an email's word goes before.
  assert.deepEqual(pointers(await user.no(422, "POST", "/emails", { ...email, from: undefined })), ["#/from"]);
  await admin.ok("PATCH", "/templates/welcome", {
    from: `Welcome Ä <${from}>`,
    reply_to: "help@example.test",
    headers: { "X-Kind": "welcome {{name}}", "X-Other": "template" },
  });
  await admin.ok("POST", "/templates/welcome/publish", {});
  await user.ok("POST", "/emails", { ...email, from: undefined, to: person("t2"), headers: { "x-other": "email" } });
  const own = await arrived(person("t2"));
  assert.match(own.data, /^From: =\?utf-8\?q\?Welcome_=C3=84\?= <u1@example\.test>\r$/m);
  assert.match(own.data, /^Reply-To: <?help@example\.test>?\r$/m);
  assert.match(own.data, /^X-Kind: welcome A<b>\r$/m);
  assert.match(own.data, /^x-other: email\r$/m);
  assert.doesNotMatch(own.data, /X-Other/);
  await other.no(403, "POST", "/emails", { ...email, from: undefined });
  // A body that another thread reads.
  const attachments = [{ filename: "zeros.bin", content: Buffer.alloc(150_000).toString("base64") }];
  await user.ok("POST", "/emails", { ...email, from: undefined, to: person("t3"), attachments });
  assert.match((await arrived(person("t3"))).data, /^From: =\?utf-8\?q\?Welcome_=C3=84\?= <u1@example\.test>\r$/m);
  // Back to the first.
  assert.equal((await admin.ok("POST", "/templates/example.test~welcome/publish", { version: 1 })).version, 1);
  assert.deepEqual(
    (await user.ok("GET", "/templates/welcome/versions")).items.map(({ version }: Any) => version),
    [3, 2, 1],
  );
  assert.match((await user.ok("POST", "/emails/validate", email)).text, /^Dear A<b>/);
  await admin.ok("DELETE", "/templates/welcome");
  await user.no(404, "GET", "/templates/welcome");
});

test("addresses of the sandbox play receivers: nothing is sent, and nobody is suppressed for it", async () => {
  const at = (role: string): string => `${role}@sandbox.invalid`;
  const roles = ["delivered+a", "bounced", "blocked", "full", "complained", "suppressed", "deferred", "nobody"];
  const batch = await user.ask("POST", "/emails/batch", {
    from,
    subject: "{{n}}",
    text: "x",
    recipients: [...roles, ...roles].map((role, n) => ({ to: at(role), variables: { n } })),
  });
  assert.equal(batch.status, 200, "not all are sent");
  const { emails } = batch.body;
  const expected: { readonly [role: string]: string } = {
    "delivered+a": "delivered",
    complained: "complained",
    suppressed: "suppressed",
    deferred: "deferred",
  };
  for (const [index, { id }] of emails.entries()) {
    const role = roles[index % roles.length]!;
    const wanted = expected[role] ?? "bounced";
    const whole = await until(
      () => user.ok("GET", `/emails/${id}`),
      ({ status }) => status === wanted,
    );
    if (role === "full") assert.match(whole.recipients[0].reply, /^552 5\.2\.2/);
    if (role === "bounced") assert.equal(whole.events.at(-1).detail.class, "invalid-recipient");
  }
  const again = await user.ok("POST", "/emails", { from, to: at("bounced"), text: "x" });
  assert.equal(again.status, "queued");
  const listed = await admin.ok("GET", "/suppressions");
  assert.equal(
    listed.items.some(({ address }: Any) => address.endsWith("@sandbox.invalid")),
    false,
  );
});

async function allEvents(): Promise<readonly Any[]> {
  const all: Any[] = [];
  for (;;) {
    const { items } = await admin.ok("GET", `/events?limit=500&after=${all.at(-1)?.id ?? "evt_0"}`);
    if (items.length === 0) return all;
    all.push(...items);
  }
}

test("a token for tests sends to nobody, has the events of reality, and is good for nothing else", async () => {
  const made = await user.ok("POST", "/accounts/me/tokens", { label: "ci", test: true });
  assert.equal(made.test, true);
  await user.no(422, "POST", "/accounts/me/tokens", { label: "x", test: true, scopes: ["accounts:read"] });
  await user.no(422, "POST", "/accounts/me/tokens", { label: "x", scopes: ["*", "test"] });
  const tests = new ApiTalk(origin, { token: made.token });
  const live = await user.ok("POST", "/emails", {
    from,
    to: person("live"),
    text: "x",
    send_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const to = ["u2@example.test", "nobody@example.test", person("tested"), "bounced@sandbox.invalid"];
  const body = { from, to, subject: "Test", text: "x", metadata: { run: 7 } };
  const sent = await tests.ok("POST", "/emails", body, { "idempotency-key": "one" });
  assert.deepEqual(
    sent.recipients.map(({ status }: Any) => status),
    to.map(() => "queued"),
  );
  const batch = await tests.ok("POST", "/emails/batch", {
    from,
    subject: "Test {{n}}",
    text: "x",
    recipients: Array.from({ length: 12 }, (_, n) => ({
      to: n === 0 ? "u2@example.test" : `t${n}@tests.test`,
      variables: { n },
    })),
  });
  const raw = await tests.ok("POST", "/messages/raw", {
    to: person("tested"),
    message: `From: ${from}\nSubject: raw\n\nx\n`,
  });
  const whole = await until(
    () => tests.ok("GET", `/emails/${sent.id}`),
    ({ recipients }) => recipients.every(({ status }: Any) => status === "delivered" || status === "bounced"),
  );
  assert.deepEqual(
    whole.recipients.map(({ address, status }: Any) => [address, status]),
    to.map((address) => [address, address.startsWith("bounced@") ? "bounced" : "delivered"]),
  );
  assert.deepEqual([whole.sandbox, whole.metadata], [true, { run: 7 }]);
  for (const { id } of [raw, batch.emails[0], batch.emails[7]])
    await until(
      () => tests.ok("GET", `/emails/${id}`),
      ({ status }) => status === "delivered",
    );
  // Nobody got anything, here or elsewhere.
  const steps = (await ask(dev.ready.data, "trace", { key: batch.emails[0].id })) as readonly Any[];
  assert.deepEqual(new Set(steps.map(({ stage }) => stage)), new Set(["accepted", "queued", "delivered"]));
  assert.ok([...sink.taken].every((one) => !one.to.some((address) => /^tested@|@tests\.test$/.test(address))));
  const told = (await allEvents()).filter(({ data }: Any) => data.recipient === person("tested"));
  assert.deepEqual(new Set(told.map(({ type }: Any) => type)), new Set(["email.accepted", "email.delivered"]));
  assert.ok(told.every(({ data }: Any) => data.sandbox === true));
  // It sees tests alone, and takes back nobody's mail; its keys are its own.
  await tests.no(404, "GET", `/emails/${live.id}`);
  await tests.no(404, "POST", `/emails/${live.id}/cancel`);
  assert.ok((await tests.ok("GET", "/emails")).items.every(({ sandbox }: Any) => sandbox));
  const reality = await user.ask("POST", "/emails", { ...body, to: [person("real")] }, { "idempotency-key": "one" });
  assert.equal(reality.status, 202);
  await arrived(person("real"));
  await tests.no(403, "GET", "/accounts/me");
  await tests.no(403, "POST", "/accounts/me/tokens", { label: "x" });
  await tests.no(403, "POST", "/emails", { from: "u2@example.test", to: person("tested"), text: "x" });
});

test("what receivers ask is looked at; a test letter is unsubscribed from, and nobody gets it", async () => {
  const before = await admin.ok("GET", "/sending/requirements/example.test");
  const standing = (answer: Any): Any =>
    Object.fromEntries(answer.requirements.map(({ id, standing: one }: Any) => [id, one]));
  assert.deepEqual(
    ["spf", "dkim", "dmarc", "aligned", "ptr", "unsubscribe", "complaints"].map((id) => standing(before)[id]),
    ["pass", "fail", "pass", "pass", "pass", "not-measured", "not-measured"],
  );
  const dkim = before.requirements.find(({ id }: Any) => id === "dkim");
  assert.match(`${dkim.record.name} ${dkim.record.value}`, /^r\d+\._domainkey\.example\.test v=DKIM1; k=rsa/);
  // The public name leads nowhere: it is followed over this machine, and says so.
  const tested = await admin.ok("POST", "/sending/requirements/example.test/test");
  assert.equal(tested.unsubscribe.standing, "warn", JSON.stringify(tested));
  assert.match(tested.unsubscribe.says, /POST with 200, and the address was off the list\. But only on this machine/);
  assert.equal(standing(await admin.ok("GET", "/sending/requirements/example.test")).unsubscribe, "warn");
  const left = await admin.ok("GET", "/suppressions");
  assert.equal(
    left.items.some(({ scope }: Any) => scope === "list/angarium-self-test"),
    false,
  );
  await user.no(403, "GET", "/sending/requirements/example.test");
  const listed = await until(
    () => admin.ok("GET", "/sending/listings"),
    ({ items }) => items.length > 0,
  );
  assert.deepEqual(listed.items[0].lists, [{ zone: "bl.test", code: "127.0.0.4", text: "for a test" }]);
  const events = await admin.ok("GET", "/events?type=blocklist.listed");
  assert.deepEqual(
    events.items.map(({ data }: Any) => data.address),
    ["192.0.2.10"],
  );
});

test("a message that is written already goes as it is", async () => {
  const message = `From: Me <${from}>\nTo: ${person("raw")}\nSubject: raw\nX-Angarium-Stream: marketing\n\nline\n`;
  const sent = await user.ok("POST", "/messages/raw", { to: [person("raw")], message });
  assert.equal(sent.recipients[0].status, "queued");
  const got = await arrived(person("raw"));
  assert.match(got.data, /\r\nSubject: raw\r\n/);
  assert.doesNotMatch(got.data, /X-Angarium-Stream|List-Unsubscribe/);
  await user.ok("POST", "/messages/raw", { to: person("raw64"), raw: Buffer.from(message).toString("base64") });
  await arrived(person("raw64"));
  const notMine = { to: person("raw"), message: message.replace(from, "u2@example.test") };
  assert.deepEqual(pointers(await user.no(403, "POST", "/messages/raw", notMine)), ["#/message"]);
  await user.no(422, "POST", "/messages/raw", { to: person("raw"), message: "no header\n" });
  // Several authors, of whom one is somebody else.
  const two = message.replace(`Me <${from}>`, `${from}, u2@example.test`);
  await user.no(422, "POST", "/messages/raw", { to: person("raw"), message: two });
});

test("an email on behalf of another names who sent it, and what comes back comes to them", async () => {
  const boss = "u2@example.test";
  const share = `/accounts/${boss}/shares/${from}`;
  const text = { from: boss, subject: "x", text: "x" };
  const refused = await user.no(403, "POST", "/emails", { ...text, to: person("boss") });
  assert.deepEqual(pointers(refused), ["#/from"]);
  await admin.ok("PUT", share, { rights: "none", sendOnBehalf: true });
  await user.ok("POST", "/emails", { ...text, to: person("one") });
  const message = `From: ${boss}\nTo: ${person("raw")}\nSubject: raw\n\nline\n`;
  await user.ok("POST", "/messages/raw", { to: person("raw-boss"), message });
  const recipients = Array.from({ length: 11 }, (_, n) => ({ to: person(`copy${n}`), variables: { n: `${n}` } }));
  const { emails } = await user.ok("POST", "/emails/batch", { ...text, text: "{{n}}", recipients });
  assert.deepEqual(new Set(emails.map(({ status }: Any) => status)), new Set(["queued"]));
  for (const name of ["one", "raw-boss", "copy0", "copy10"]) {
    const got = await arrived(person(name));
    assert.equal(got.from, from);
    assert.match(got.data, /^From: <?u2@example\.test>?\r$/m);
    assert.match(got.data, /^Sender: <?u1@example\.test>?\r$/m);
  }
  await admin.ok("DELETE", share);
  await user.no(403, "POST", "/emails", { ...text, to: person("boss") });
});

test("large emails are read and written in other threads; what is wrong with them is told as of small ones", async () => {
  const file = randomBytes(400_000);
  const attachments = [{ filename: "a.bin", content: file.toString("base64") }];
  const large = { from, subject: "large", text: "{{n}}", attachments };
  const attached = ({ data }: Taken): Buffer =>
    Buffer.from(/\r\n\r\n([A-Za-z0-9+/=\r\n]{1000,})\r\n--/.exec(data)?.[1] ?? "", "base64");
  const key = { "idempotency-key": "large" };
  const sent = await user.ok("POST", "/emails", { ...large, to: person("large") }, key);
  assert.ok(attached(await arrived(person("large"))).equals(file));
  const again = await user.ask("POST", "/emails", { ...large, to: person("large") }, key);
  assert.deepEqual([again.body.id, again.headers.get("idempotent-replayed")], [sent.id, "true"]);
  // Kept once, and made into a message when it is sent.
  const recipients = Array.from({ length: 10 }, (_, n) => ({ to: person(`large${n}`), variables: { n } }));
  await user.ok("POST", "/emails/batch", { ...large, recipients });
  const copy = await arrived(person("large9"));
  assert.ok(attached(copy).equals(file));
  assert.match(copy.data, /\r\n\r\n9\r\n/);
  const raw = Buffer.from(`From: ${from}\nSubject: x\n\n${"line\n".repeat(50_000)}`);
  await user.ok("POST", "/messages/raw", { to: person("large-raw"), raw: raw.toString("base64") });
  assert.match((await arrived(person("large-raw"))).data, /(?:\r\nline){50000}\r\n/);
  const twice = [...attachments, { filename: "b.bin", content: "?" }];
  const wrong = await user.no(422, "POST", "/emails", { ...large, to: "nobody", attachments: twice });
  assert.deepEqual(pointers(wrong), ["#/attachments/1/content", "#/to"]);
  await user.no(400, "POST", "/emails", `{"a":"${"x".repeat(200_000)}"`);
  // A few megabytes of names would be minutes of work.
  const names = Array.from({ length: 300_000 }, (_, n) => `"${n}":0`).join(",");
  assert.match((await user.no(400, "POST", "/emails", `{"headers":{${names}}}`)).detail, /250000 values/);
  assert.match((await user.no(400, "POST", "/emails", "[".repeat(1000))).detail, /64 deep/);
});

test("one click unsubscribes from marketing, and from nothing else", async () => {
  const body = {
    from,
    to: [person("fan"), "u3@example.test"],
    subject: "News",
    html: "<p>News</p>",
    stream: "marketing",
    list: "news",
  };
  const sent = await user.ok("POST", "/emails", body);
  assert.notEqual(sent.recipients[0].id, sent.recipients[1].id);
  const got = await arrived(person("fan"));
  assert.deepEqual(got.to, [person("fan")]);
  assert.match(got.data, /^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m);
  const signature = /^DKIM-Signature:(?:.*\r\n\s)*.*/m.exec(got.data)?.[0].replace(/\s/g, "") ?? "";
  assert.match(signature, /:List-Unsubscribe-Post:List-Unsubscribe:/);
  // Of keys of its own, and not for good.
  const selectorsOf = (data: string) => [...data.matchAll(/ s=([a-z]+)\d{8};/g)].map(([, kind]) => kind);
  assert.deepEqual(selectorsOf(got.data), ["rm", "em"]);
  const [, t, x] = /;t=(\d+);x=(\d+);/.exec(signature) ?? [];
  assert.equal(Number(x) - Number(t), 7 * 86_400);
  await user.ok("POST", "/emails", { from, to: person("buyer"), subject: "Your order", text: "Thanks." });
  assert.deepEqual(selectorsOf((await arrived(person("buyer"))).data), ["r", "e"]);
  const link = /^List-Unsubscribe:\s+<(https:\/\/[^>]+)>\r$/m.exec(got.data)?.[1] ?? "";
  const url = origin + new URL(link).pathname;
  const shown = await fetch(url);
  assert.equal(shown.status, 200);
  assert.match(await shown.text(), /fan@far\.test/);
  // Looking is not leaving.
  assert.equal((await user.ok("POST", "/emails", body)).recipients[0].status, "queued");
  await arrived(person("fan"));
  const another = url.slice(0, -1) + (url.endsWith("x") ? "y" : "x");
  assert.equal((await fetch(another, { method: "POST" })).status, 404);
  for (let twice = 0; twice < 2; twice++) {
    const click = await fetch(url, { method: "POST", body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }) });
    assert.equal(click.status, 200);
  }
  const after = await user.ok("POST", "/emails", body);
  assert.deepEqual(
    after.recipients.map(({ status, reason }: Any) => [status, reason]),
    [
      ["suppressed", "unsubscribed"],
      ["queued", null],
    ],
  );
  assert.equal((await user.ok("GET", `/emails/${after.recipients[0].id}`)).status, "suppressed");
  const dry = await user.ok("POST", "/emails/validate", {
    ...body,
    to: [person("fan"), person("untold")],
    subject: "Hello {{name}}",
    html: "<b>{{name}}</b>",
    variables: { name: "A & B" },
  });
  assert.deepEqual(
    dry.recipients.map(({ status, reason }: Any) => [status, reason]),
    [
      ["suppressed", "unsubscribed"],
      ["ok", null],
    ],
  );
  assert.deepEqual([dry.subject, dry.text, dry.html], ["Hello A & B", null, "<b>A &amp; B</b>"]);
  assert.ok(dry.size > 100);
  assert.deepEqual(
    (await admin.ok("GET", `/journeys?address=${person("untold")}`)).items,
    [],
    "nothing is sent or kept",
  );
  assert.equal((await user.ok("GET", `/emails/${sent.recipients[0].id}`)).status, "unsubscribed");
  const notice = await user.ok("POST", "/emails", { from, to: person("fan"), text: "your order" });
  assert.equal(notice.recipients[0].status, "queued");
});

test("opens and clicks are counted where that is asked for: the letter is signed as it goes, and programs are told from people", async () => {
  const target = "https://shop.example/?a=1&b=ü";
  const { emails } = await user.ok("POST", "/emails/batch", {
    from,
    subject: "News {{n}}",
    html: '<p>Hallo {{n}} <a href="https://shop.example/?a=1&amp;b=ü">go</a> <a href="https://shop.example/unsubscribe">leave</a></p>',
    stream: "marketing",
    tracking: { opens: true, clicks: true },
    recipients: Array.from({ length: 11 }, (_, n) => ({ to: `seen${n}@seen.test`, variables: { n }, metadata: { n } })),
  });
  const { id } = emails[3];
  const got = await arrived("seen3@seen.test");
  const bytes = Buffer.from(got.data, "latin1");
  const root = parseMessage(bytes);
  const page = decodeText(bytes, root, 100_000);
  const click = /<a href="https:\/\/127\.0\.0\.1:1(\/c\/[\w-]+)">go</.exec(page)?.[1] ?? "";
  const open = /<img src="https:\/\/127\.0\.0\.1:1(\/o\/[\w-]+\.gif)"/.exec(page)?.[1] ?? "";
  assert.match(page, /<a href="https:\/\/shop\.example\/unsubscribe">leave/);
  const signature = root.header.text.slice(0, root.bodyStart).replace(/\s/g, "");
  assert.ok(signature.includes(`bh=${relaxedBodyHash(bytes.subarray(root.bodyStart))};`), signature);
  const visit = (path: string, agent: string, method = "GET") =>
    fetch(origin + path, { method, redirect: "manual", headers: { "user-agent": agent } });
  const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
  const led = await visit(click, browser);
  assert.deepEqual([led.status, led.headers.get("location")], [302, new URL(target).href]);
  assert.equal((await visit(click, browser, "HEAD")).status, 302);
  const picture = await visit(open, "Mozilla/5.0");
  assert.deepEqual([picture.status, picture.headers.get("content-type")], [200, "image/gif"]);
  assert.match(picture.headers.get("cache-control") ?? "", /no-store/);
  for (const wrong of [`${click}x`, "/c/", "/c/https://evil.example/", click.replace("/c/", "/o/").slice(0, -2)])
    assert.equal((await visit(wrong, browser)).status, 404, wrong);
  const whole = await until(
    () => user.ok("GET", `/emails/${id}`),
    ({ events }) => events.filter(({ type }: Any) => type === "opened" || type === "clicked").length === 3,
  );
  assert.equal(whole.status, "delivered");
  const seen = whole.events.filter(({ type }: Any) => type === "opened" || type === "clicked");
  const url = new URL(target).href;
  // The first of them came with the delivery, on a quick machine.
  assert.deepEqual(
    seen.map(({ type, recipient, detail }: Any) => [type, recipient, detail.url, detail.because ?? "too-soon"]),
    [
      ["clicked", "seen3@seen.test", url, "too-soon"],
      ["clicked", "seen3@seen.test", url, "head"],
      ["opened", "seen3@seen.test", undefined, "apple-mail-privacy"],
    ],
  );
  // Nobody asked for it: nothing is counted.
  await user.ok("POST", "/emails", { from, to: person("unseen"), subject: "x", html: `<a href="${target}">go</a>` });
  const plain = await arrived(person("unseen"));
  assert.doesNotMatch(plain.data, /\/c\/|\/o\/|<img/);
});
