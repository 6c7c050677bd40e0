/** The relay role: another server's domain behind this one, ways that mail takes by rule, and who may relay. docs/relay.md tells it to administrators. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, bring, freePort, has, journey, mailOf, submit } from "../beside.ts";
import { angarium, type DevProcess, startDev } from "../dev-process.ts";
import { type Sink, startSink } from "../sink.ts";
import { give, idOf, SmtpTalk } from "../smtp-talk.ts";

/** The server under test, and the one that it relays to: both are Angarium. */
let near: DevProcess;
let far: DevProcess;
/** Where `far` sends everything on to. */
let world: Sink;

before(async () => {
  world = await startSink();
  far = await startDev(["--domain", "far.test", "--users", "3", "--deliver-to", `127.0.0.1:${world.port}`]);
  near = await startDev(["--domain", "near.test", "--users", "3", "--trust", "127.0.0.2/32"], {
    NODE_EXTRA_CA_CERTS: far.ready.ca,
  });
});
after(async () => {
  await Promise.all([near.stop(), far.stop()]);
  await world.close();
});

/** A command to the server under test, as an administrator types it. */
async function run(...words: readonly string[]): Promise<string> {
  const { code, out, err } = await angarium(...words, "--data", near.ready.data);
  assert.equal(code, 0, err);
  return out;
}

async function rcpt(address: string, from = "127.0.0.1"): Promise<string> {
  const talk = await SmtpTalk.open(near.ready.ports["smtp"]!, { from });
  await talk.say("MAIL FROM:<someone@elsewhere.test>");
  const reply = await talk.say(`RCPT TO:<${address}>`);
  await talk.quit();
  return reply;
}

const smtpOfFar = (): string => `smtp:127.0.0.1:${far.ready.ports["smtp"]}`;

test("nobody but trusted networks relays without a login", async () => {
  assert.match(await rcpt("x@anywhere.test"), /^550 5\.7\.1/);
  assert.match(await rcpt("u1@far.test"), /^550 5\.7\.1/);
  for (const trick of ["u1%far.test@near.test", "@near.test:u1@far.test", '"u1@far.test"@near.test'])
    assert.match(await rcpt(trick), /^5\d\d /, trick);
  assert.match(await rcpt("x@anywhere.test", "127.0.0.2"), /^250/);
});

test("backup MX with listed recipients", async () => {
  await run("domain", "add", "far.test", "--relay", "--relay-to", smtpOfFar(), "--relay-recipients", "listed");
  await run("recipient", "add", "u1@far.test");
  assert.match(await rcpt("nobody@far.test"), /^550 5\.1\.1/);
  assert.match(await rcpt("postmaster@far.test"), /^250/);
  await bring(near.ready, { from: "a@elsewhere.test", to: ["u1@far.test"], subject: "by list" });
  const kept = await mailOf(far.ready, "u1@far.test", /^Subject: by list/m);
  assert.match(kept, /^Return-Path: <a@elsewhere\.test>/);
  assert.match(kept, /^Received: from mail\.near\.test /m);
  const told = await journey(near.ready.data, idOf("by list"), has("accepted", "queued", "delivered"));
  const { host, address, port, tls, reply } = told.find(({ stage }) => stage === "delivered")!.detail;
  assert.deepEqual([host, address, port], ["127.0.0.1", "127.0.0.1", far.ready.ports["smtp"]]);
  assert.match(String(tls), /^TLSv1\.3/);
  assert.match(String(reply), /^250 2\.0\.0 accepted as /);
});

test("backup MX with callout: the primary is asked, and mail is taken while it is down", async () => {
  await run("domain", "set", "far.test", "--relay-recipients", "callout");
  assert.match(await rcpt("u2@far.test"), /^250/);
  assert.match(await rcpt("nobody@far.test"), /^550 5\.1\.1 .*No such address here/);
  const nobody = await freePort("127.0.0.1");
  await run("domain", "set", "far.test", "--relay-to", `smtp:127.0.0.1:${nobody}`);
  await bring(near.ready, { from: "a@elsewhere.test", to: ["u2@far.test"], subject: "while it is down" });
  const deferred = await journey(near.ready.data, idOf("while it is down"), has("deferred"));
  assert.match(JSON.stringify(deferred.at(-1)!.detail), /ECONNREFUSED/);
  await run("domain", "set", "far.test", "--relay-to", smtpOfFar());
  const { recipients } = (await ask(near.ready.data, "queue retry", { domain: "far.test" })) as { recipients: number };
  assert.equal(recipients, 1);
  await mailOf(far.ready, "u2@far.test", /^Subject: while it is down/m);
});

test("split delivery over LMTP: each recipient has its own answer", async () => {
  await ask(far.ready.data, "account quota", { name: "u3@far.test", quota: 1 });
  await run("domain", "set", "far.test", "--relay-to", `lmtp:127.0.0.1:${far.ready.ports["lmtp"]}`);
  await run("domain", "set", "far.test", "--relay-recipients", "any");
  const to = ["u2@far.test", "gone@far.test", "u3@far.test"];
  await submit(near.ready, { from: "u1@near.test", to, subject: "split" });
  assert.match(
    await mailOf(far.ready, "u2@far.test", /^Subject: split/m),
    /^Received: from mail\.near\.test .*\r\n?.* with LMTPS?/ms,
  );
  const notice = await mailOf(near.ready, "u1@near.test", /^Final-Recipient: rfc822; ?gone@far\.test/m);
  assert.match(notice, /^Status: 5\.1\.1/m);
  const told = await journey(near.ready.data, idOf("split"), has("delivered", "bounced", "deferred"));
  const of = (stage: string) => told.find((entry) => entry.stage === stage)!.detail;
  assert.deepEqual(
    [of("delivered")["to"], of("bounced")["to"], of("deferred")["to"]],
    to.map((one) => [one]),
  );
  assert.match(String(of("deferred")["reply"]), /^452 4\.2\.2/);
  await ask(near.ready.data, "queue delete", { domain: "far.test" });
});

test("a domain moves here person by person: who is not here has mail at the old server still", async () => {
  /** Not the address that the old server comes from. */
  const stranger = "127.0.0.9";
  const old = ["--data", far.ready.data];
  await run("domain", "add", "moving.test", "--relay-to", smtpOfFar());
  await run("account", "add", "moved@moving.test", "--password", "pw");
  await run("alias", "add", "both@near.test", "moved@moving.test", "stays@moving.test");
  await run("domain", "add", "also.test", "--catch-all", "*@moving.test");
  for (const words of [
    ["domain", "add", "moving.test", "--relay-to", `smtp:127.0.0.1:${near.ready.ports["smtp"]}`],
    ["account", "add", "stays@moving.test", "--password", "pw"],
  ])
    assert.equal((await angarium(...words, ...old)).code, 0);
  assert.match(
    await rcpt("nobody@moving.test", stranger),
    /^550 5\.1\.1/,
    "unknown at both, each of which would ask the other",
  );
  for (const address of ["moved@moving.test", "stays@moving.test", "postmaster@moving.test", "stays@also.test"])
    assert.match(await rcpt(address, stranger), /^250/, address);
  await bring(
    near.ready,
    {
      from: "a@elsewhere.test",
      to: ["moved@moving.test", "stays@moving.test"],
      subject: "split",
    },
    stranger,
  );
  await bring(
    near.ready,
    {
      from: "a@elsewhere.test",
      to: ["both@near.test", "stays@also.test"],
      subject: "all names",
    },
    stranger,
  );
  for (const [server, user] of [
    [near, "moved@moving.test"],
    [far, "stays@moving.test"],
  ] as const)
    for (const subject of ["split", "all names"])
      assert.match(await mailOf(server.ready, user, new RegExp(`^Subject: ${subject}`, "m")), /^Received: /m);
  // The last one has moved.
  await run("domain", "set", "moving.test", "--relay-to", "");
  assert.match(await rcpt("stays@moving.test", stranger), /^550 5\.1\.1/);
  const refused = await angarium("domain", "set", "moving.test", "--relay-to", "mx", "--data", near.ready.data);
  assert.match(refused.err, /names the other server/);
});

test("a smart host with TLS and a login", async () => {
  // The login must be allowed to send as our people: there they are its aliases.
  await ask(far.ready.data, "domain add", { name: "near.test" });
  await ask(far.ready.data, "alias add", { address: "u1@near.test", targets: ["u1@far.test"] });
  const to = `smtp:127.0.0.1:${far.ready.ports["submission"]}`;
  await run("route", "add", to, "--tls", "verified", "--user", "u1@far.test", "--password", "pw");
  assert.doesNotMatch(await run("route", "list"), /\bpw\b/);
  await submit(near.ready, { from: "u1@near.test", to: ["x@abroad.test"], subject: "by smart host" });
  const taken = await world.next();
  assert.deepEqual([taken.from, taken.to], ["u1@near.test", ["x@abroad.test"]]);
  assert.match(taken.data, /^Received: from mail\.near\.test .*\r\n?.* with ESMTPSA/ms);
  const told = await journey(near.ready.data, idOf("by smart host"), has("delivered"));
  assert.equal(told.at(-1)!.detail["tls"], "TLSv1.3, certificate verified");
});

test("a smart host that refuses the login: mail waits, and the journey says why", async () => {
  const to = `smtp:127.0.0.1:${far.ready.ports["submission"]}`;
  await ask(near.ready.data, "route set", { routes: [{ to, tls: "required", user: "u1@far.test", password: "no" }] });
  await submit(near.ready, { from: "u1@near.test", to: ["y@abroad.test"], subject: "wrong password" });
  const told = await journey(near.ready.data, idOf("wrong password"), has("deferred"));
  assert.match(JSON.stringify(told.at(-1)!.detail), /535 5\.7\.8/);
  await ask(near.ready.data, "queue delete", { domain: "abroad.test" });
});

test("routes by recipient domain and by sender; implicit TLS", async () => {
  const [byDomain, bySender, rest] = await Promise.all([startSink(), startSink(), startSink()]);
  const to = (sink: Sink): string => `smtp:127.0.0.1:${sink.port}`;
  await ask(near.ready.data, "route set", {
    routes: [
      { sender: "u2@near.test", to: to(bySender) },
      { domain: ".special.test", to: to(byDomain) },
      {
        domain: "hub.test",
        sender: "@near.test",
        to: `smtps:127.0.0.1:${far.ready.ports["submissions"]}`,
        user: "u1@far.test",
        password: "pw",
      },
      { to: to(rest) },
    ],
  });
  const letters = ["u1@near.test", "u2@near.test"].map((from) =>
    submit(near.ready, {
      from,
      to: ["a@special.test", "b@deep.special.test", "c@other.test"],
      subject: `routes of ${from}`,
    }),
  );
  await Promise.all(letters);
  await submit(near.ready, { from: "u1@near.test", to: ["d@hub.test"], subject: "smtps" });
  const taken = async (sink: Sink, count: number): Promise<string[]> => {
    const got: string[] = [];
    while (got.length < count) {
      const { from, to } = await sink.next();
      got.push(...to.map((one) => `${from} ${one}`));
    }
    return got.sort();
  };
  const special = ["a@special.test", "b@deep.special.test"];
  assert.deepEqual(
    await taken(byDomain, 4),
    ["u1@near.test", "u2@near.test"].flatMap((from) => special.map((one) => `${from} ${one}`)),
    "a route that names the domain comes first",
  );
  assert.deepEqual(await taken(bySender, 1), ["u2@near.test c@other.test"]);
  assert.deepEqual(await taken(rest, 1), ["u1@near.test c@other.test"]);
  assert.deepEqual((await world.next()).to, ["d@hub.test"]);
  await ask(near.ready.data, "route set", { routes: [{ to: to(rest) }] });
  await Promise.all([byDomain.close(), bySender.close()]);

  // What the sender wishes to be told goes on with the message.
  const talk = await SmtpTalk.open(near.ready.ports["smtp"]!, { from: "127.0.0.2" });
  await give(talk, {
    from: "a@elsewhere.test",
    to: ["x@abroad.test"],
    subject: "wishes",
    mail: "RET=HDRS ENVID=QQ+2B314159 BODY=8BITMIME",
    rcpt: "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Old+2BName@first.test",
  });
  await talk.quit();
  const { commands } = await rest.next();
  assert.match(commands[0]!, /^MAIL FROM:<a@elsewhere\.test>.* RET=HDRS ENVID=QQ\+2B314159/);
  assert.match(commands[1]!, /^RCPT TO:<x@abroad\.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Old\+2BName@first\.test$/);
  await rest.close();
});
