/** Webhooks and suppression through the REST API, with receivers that take, refuse, dawdle and are nobody's business. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { type Any, ApiTalk } from "../api-talk.ts";
import { ask } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { type Sink, startSink } from "../sink.ts";

let dev: DevProcess;
let sink: Sink;
let options: string[];
let origin: string;
let admin: ApiTalk;
let user: ApiTalk;
const from = "u1@example.test";

async function start(): Promise<void> {
  dev = await startDev(options);
  origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  admin = new ApiTalk(origin, dev.ready.admin);
  user = new ApiTalk(origin, { user: from, password: "pw" });
}
before(async (t) => {
  sink = await startSink((command) => (/^RCPT.*gone@/i.test(command) ? "550 5.1.1 No such user\r\n" : undefined));
  const data = `${await temporaryFolder(t as Parameters<typeof temporaryFolder>[0])}/data`;
  options = ["--users", "2", "--cleartext-auth", "--deliver-to", `127.0.0.1:${sink.port}`, "--data", data];
  await start();
});
after(async () => {
  await dev?.stop();
  await sink?.close();
});

type Call = { readonly headers: IncomingMessage["headers"]; readonly body: string; readonly at: number };
type Receiver = {
  readonly url: string;
  readonly calls: Call[];
  answer: (call: Call) => number | undefined;
  server: Server;
};

async function receiver(
  t: { after(work: () => void): void },
  answer: Receiver["answer"] = () => 204,
): Promise<Receiver> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const call = { headers: request.headers, body, at: Date.now() };
      made.calls.push(call);
      const status = made.answer(call);
      if (status !== undefined) response.writeHead(status, status === 302 ? { location: "/" } : {}).end("thanks");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1`;
  const made: Receiver = { url, calls: [], answer, server };
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return made;
}

async function until<T>(look: () => Promise<T> | T, good: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 40))) {
    const value = await look();
    if (good(value)) return value;
    assert.ok(Date.now() < deadline, JSON.stringify(value)?.slice(0, 2000));
  }
}

const send = (to: string, more: object = {}): Promise<Any> =>
  user.ok("POST", "/emails", { from, to, subject: "x", text: "x", ...more });

/** As Standard Webhooks says it is to be done. */
function isSigned({ headers, body }: Call, secret: string): boolean {
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const wanted = `v1,${createHmac("sha256", key).update(content).digest("base64")}`;
  return String(headers["webhook-signature"]).split(" ").includes(wanted);
}
const told = ({ body }: Call): Any => JSON.parse(body);
const typesFor = (calls: readonly Call[], recipient: string): string[] =>
  calls
    .map(told)
    .filter(({ data }) => data.recipient === recipient)
    .map(({ type }) => type);

test("events come signed, once each, with what the program said of the email", async (t) => {
  const hook = await receiver(t);
  const made = await admin.ok("POST", "/webhooks", { url: hook.url, events: ["email.delivered", "email.bounced"] });
  assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.equal("secret" in (await admin.ok("GET", `/webhooks/${made.id}`)), false);
  const { id } = await send("yes@far.test", { metadata: { order: 17 } });
  await send("gone@far.test");
  const calls = await until(
    () => hook.calls,
    (all) => all.length >= 2,
  );
  const first = [...calls];
  assert.deepEqual(typesFor(calls, "yes@far.test"), ["email.delivered"]);
  // Each of them says whose it is, and what the program said.
  const { data } = JSON.parse(calls.find(({ body }) => body.includes("yes@far.test"))!.body);
  assert.deepEqual([data.email_id, data.metadata], [id, { order: 17 }]);
  assert.deepEqual(typesFor(calls, "gone@far.test"), ["email.bounced"]);
  for (const call of calls) {
    assert.ok(isSigned(call, made.secret));
    assert.equal(isSigned({ ...call, body: `${call.body} ` }, made.secret), false);
    assert.ok(Math.abs(Number(call.headers["webhook-timestamp"]) - Date.now() / 1000) < 60);
    assert.match(String(call.headers["content-type"]), /^application\/json/);
  }
  assert.equal(new Set(calls.map(({ headers }) => headers["webhook-id"])).size, 2);
  const page = await admin.ok("GET", "/events");
  const accepted = page.items.find((one: Any) => one.data.email_id === id);
  assert.deepEqual([accepted.type, accepted.data.metadata], ["email.accepted", { order: 17 }]);
  const later = await admin.ok("GET", `/events?after=${page.items.at(-1).id}`);
  assert.deepEqual(later, { items: [], next: null });

  const turned = await admin.ok("POST", `/webhooks/${made.id}/rotate`);
  assert.notEqual(turned.secret, made.secret);
  const tried = await admin.ok("POST", `/webhooks/${made.id}/test`);
  assert.deepEqual([tried.ok, tried.status], [true, 204]);
  const last = hook.calls.at(-1)!;
  assert.ok(isSigned(last, made.secret) && isSigned(last, turned.secret));

  const before = hook.calls.length;
  await admin.ok("POST", `/webhooks/${made.id}/replay`, { after: "evt_0" });
  await until(
    () => hook.calls,
    (all) => all.length >= before + 2,
  );
  const idsOf = (some: readonly Call[]) => some.map(({ headers }) => String(headers["webhook-id"])).sort();
  assert.deepEqual(idsOf(hook.calls.slice(before)), idsOf(first));
  // The same from the command line.
  const [known] = (await ask(dev.ready.data, "webhook list")) as Any[];
  assert.deepEqual([known.id, known.state, known.failed], [made.id, "active", 0]);
  await assert.rejects(ask(dev.ready.data, "webhook replay", { id: made.id, event: "evt_999999" }), /no event/);
  await ask(dev.ready.data, "webhook replay", { id: made.id, after: "evt_0" });
  await until(
    () => hook.calls,
    (all) => all.length >= before + 4,
  );
  await admin.ok("DELETE", `/webhooks/${made.id}`);
  await admin.no(404, "GET", `/webhooks/${made.id}`);
});

test("who fails is tried again, who is gone is let go, and nobody waits for them", async (t) => {
  const good = await receiver(t);
  const silent = await receiver(t, () => undefined);
  let givenUp = 0;
  silent.server.on("request", (_, response) => response.on("close", () => givenUp++));
  const gone = await receiver(t, () => 410);
  const moved = await receiver(t, () => 302);
  let failures = 2;
  const shaky = await receiver(t, () => (failures-- > 0 ? 500 : 200));
  const ids: string[] = [];
  for (const { url } of [good, silent, gone, moved, shaky])
    ids.push((await admin.ok("POST", "/webhooks", { url, events: ["email.delivered"] })).id);
  for (const name of ["a", "b"]) await send(`${name}@far.test`);
  await until(
    () => good.calls,
    (all) => all.length === 2,
  );
  assert.equal(givenUp, 0, "the one that says nothing is still waited for");
  // Five seconds later, and both of them.
  await until(
    () => shaky.calls,
    (all) => all.length === 4,
  );
  const [first, second, third] = shaky.calls;
  assert.ok(third!.at - Math.max(first!.at, second!.at) >= 4_000);
  assert.equal(new Set(shaky.calls.map(({ headers }) => headers["webhook-id"])).size, 2);
  await until(
    () => admin.ok("GET", `/webhooks/${ids[2]}`),
    ({ state }) => state === "disabled",
  );
  const redirected = await until(
    () => admin.ok("GET", `/webhooks/${ids[3]}`),
    ({ recent, waiting }) => recent.length > 0 && waiting > 0,
  );
  assert.match(redirected.recent[0].error, /302/);
  assert.equal((await admin.ok("GET", `/webhooks/${ids[1]}`)).state, "active");
  for (const id of ids) await admin.ok("DELETE", `/webhooks/${id}`);
});

test("nothing is lost over kill -9, and many come together where that is wanted", async (t) => {
  const hook = await receiver(t, () => 503);
  const { id } = await admin.ok("POST", "/webhooks", { url: hook.url, batch: 100, events: ["email.delivered"] });
  const emails = Array.from({ length: 30 }, (_, n) => ({ from, to: `k${n}@far.test`, text: "x" }));
  await user.ok("POST", "/emails/batch", { emails });
  await until(
    () => hook.calls,
    (all) => all.length > 0,
  );
  // As many wait then as are to come together.
  await until(
    async () => (await admin.ok("GET", "/events?limit=500")).items,
    (items) =>
      items.filter(({ type, data }: Any) => type === "email.delivered" && /^k\d/.test(data.recipient)).length > 9,
  );
  await dev.kill();
  hook.calls.length = 0;
  hook.answer = () => 200;
  await start();
  const all = await until(
    () => new Set(hook.calls.flatMap((call) => told(call).data.events.map(({ data }: Any) => data.recipient))),
    (seen) => seen.size === 30,
  );
  assert.ok(all.has("k29@far.test"));
  assert.ok(hook.calls.length < 30);
  await admin.ok("DELETE", `/webhooks/${id}`);
});

test("an endpoint is never a way into our own network", async () => {
  for (const url of [
    "http://169.254.169.254/latest/meta-data/",
    "https://10.0.0.1/",
    "https://[fd00::1]/",
    "http://192.168.1.1/",
    "https://router.local/",
    "ftp://far.test/",
    "https://user:pw@far.test/",
    "nothing",
  ])
    await admin.no(422, "POST", "/webhooks", { url });
  await user.no(403, "POST", "/webhooks", { url: "https://far.test/" });
  // As it is in earnest: this machine is closed too, and so is what has no TLS.
  const strict = await startDev(["--strict", "--users", "1", "--cleartext-auth"]);
  try {
    const talk = new ApiTalk(`http://127.0.0.1:${strict.ready.ports["http"]}`, strict.ready.admin);
    for (const url of ["https://127.0.0.1/", "https://localhost/", "http://far.test/", "https://[::ffff:127.0.0.1]/"])
      await talk.no(422, "POST", "/webhooks", { url });
  } finally {
    await strict.stop();
  }
});

test("suppressed addresses: added, listed, imported, exported, taken off; each tenant has its own", async () => {
  // The domain is a tenant of its own where it is given to none.
  const added = await admin.ok("POST", "/suppressions", { address: "Stop@Far.test", evidence: "a letter" });
  assert.deepEqual(
    [added.items[0].address, added.items[0].scope, added.items[0].reason],
    ["stop@far.test", "all", "manual"],
  );
  const told = await send("stop@far.test");
  assert.deepEqual([told.status, told.recipients[0].reason], ["suppressed", "manual"]);
  await user.no(403, "GET", "/suppressions");
  // Nobody has that address: a hard bounce has noted it.
  await admin.ok("DELETE", "/suppressions/gone@far.test");
  const csv = `address,scope,reason\nx1@far.test,list/news,unsubscribed\nnobody\n"x2@far.test",,complained\nx3@far.test,planet,manual\n`;
  const imported = await admin.ok("POST", "/suppressions/import", { csv });
  assert.equal(imported.imported, 2);
  assert.deepEqual(
    imported.wrong.map(({ line }: Any) => line),
    [3, 5],
  );
  const items: Any[] = [];
  for (let path = "/suppressions?limit=1", next: string | null = ""; next !== null; ) {
    const page = await admin.ok("GET", next === "" ? path : `${path}&cursor=${next}`);
    items.push(...page.items);
    next = page.next;
  }
  assert.deepEqual(items.map(({ address, scope, reason }) => `${address} ${scope} ${reason}`).sort(), [
    "stop@far.test all manual",
    "x1@far.test list/news unsubscribed",
    "x2@far.test all complained",
  ]);
  assert.equal((await admin.ok("GET", "/suppressions?address=x1@far.test")).items.length, 1);
  assert.match(
    await admin.ok("GET", "/suppressions/export"),
    /^address,scope[\s\S]*\r\nx1@far\.test,list\/news,unsubscribed,/,
  );
  assert.equal((await admin.ok("GET", "/suppressions?tenant=other")).items.length, 0);
  await admin.ok("DELETE", "/suppressions/stop@far.test");
  await admin.no(404, "DELETE", "/suppressions/stop@far.test");
  assert.equal((await send("stop@far.test")).status, "queued");
});

test("the server stops in order while those whom it asks say nothing", async (t) => {
  const imap = createTcpServer().listen(0, "127.0.0.1");
  t.after(() => imap.close());
  await once(imap, "listening");
  const asked = once(imap, "connection");
  const { port } = imap.address() as AddressInfo;
  await user.ok("POST", "/accounts/me/imports", { host: "127.0.0.1", port, user: "u", password: "p" });
  const [connection] = (await asked) as [Socket];
  t.after(() => connection.destroy());
  const silent = await receiver(t, () => undefined);
  await admin.ok("POST", "/webhooks", { url: silent.url, events: ["email.delivered"] });
  await send("last@far.test");
  await until(
    () => silent.calls,
    (all) => all.length === 1,
  );
  assert.equal((await dev.stop()).code, 0);
});
