import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FakeStore } from "../access/fake-store.ts";
import { parsePhc, verifyPassword } from "../access/password.ts";
import type { QueuedMessage, Store } from "../store/store.ts";
import { fromJson, fromWords, usage } from "./arguments.ts";
import { command, done, type World } from "./command.ts";
import { commandHelp, commandOf, commands, helpText, perform, textOf } from "./commands.ts";
import { zoneLine, zoneText } from "./dns-records.ts";
import { wantedRecords } from "./dns-wanted.ts";
import { render } from "./render.ts";

const at = Date.parse("2026-01-02T03:04:05Z");

function world(more: Partial<World> = {}) {
  const fake = new FakeStore();
  const store = fake as unknown as Store;
  const parts: World = {
    store,
    queue: undefined,
    running: undefined,
    hostname: "mail.a.test",
    tlsa: () => [],
    now: () => at,
    ...more,
  };
  /** Runs a command line; the result, or the sentence. */
  const run = async (line: string | readonly string[]): Promise<unknown> => {
    const words = typeof line === "string" ? line.split(" ") : line;
    const found = commandOf(words);
    assert.ok(found, `${words}`);
    const read = fromWords(found.command, found.rest);
    if (read.kind === "refused") return read.why;
    const outcome = await perform(found.command.name, JSON.parse(JSON.stringify(read.given)), parts, () => {});
    return outcome.kind === "done" ? JSON.parse(JSON.stringify(outcome.result)) : outcome.why;
  };
  return { fake, run };
}
type Any = Record<string, unknown>;

test("domains, from the first to the last", async () => {
  const { run } = world();
  const made = (await run("domain add A.Test.")) as Any;
  assert.equal(made["name"], "a.test");
  assert.deepEqual(
    // This machine may know its public addresses, or not.
    (made["dns"] as Any[])
      .map((record) => record["name"])
      .filter((name) => !/^mail\.a\.test$|\.arpa$/.test(String(name))),
    [
      "a.test",
      "a.test",
      "r20260102._domainkey.a.test",
      "e20260102._domainkey.a.test",
      "_dmarc.a.test",
      "_mta-sts.a.test",
      "mta-sts.a.test",
      "_smtp._tls.a.test",
      "autoconfig.a.test",
      "autodiscover.a.test",
      "openpgpkey.a.test",
      "_submissions._tcp.a.test",
      "_imaps._tcp.a.test",
      "_pop3s._tcp.a.test",
      "_jmap._tcp.a.test",
      "bounces.a.test",
      "default._bimi.a.test",
    ],
  );
  assert.match(String(await run("domain add a.test")), /is here already/);
  assert.match(String(await run("domain add nonsense")), /no domain name/);
  assert.match(String(await run("domain add [192.0.2.1]")), /no domain name/);
  assert.equal(((await run("domain add bücher.example")) as Any)["name"], "xn--bcher-kva.example");
  for (const [given, why] of [
    ["--relay-to mx", /names the other server/],
    ["--relay-recipients any", /wants a --relay-to/],
    ["--relay-to smtp:x --relay-recipients listed", /for relay domains/],
    ["--relay-to smtp:x --catch-all u@a.test", /only one of them/],
  ] as const)
    assert.match(String(await run(`domain set a.test ${given}`)), why);
  assert.equal(((await run("domain set a.test --relay-to smtp:x")) as Any)["relayTo"], "smtp:x");
  assert.equal(((await run("domain set a.test --relay-to=")) as Any)["relayTo"], undefined);
  await run("domain add r.test --relay --relay-to lmtp:back.test:24 --relay-recipients listed");
  assert.match(String(await run("domain set r.test --relay-to back.test")), /is no route/);
  assert.match(String(await run("domain set r.test --relay-recipients some")), /one of any, listed, callout/);
  assert.deepEqual(
    await run([
      "domain",
      "set",
      "a.test",
      "--catch-all",
      "u@a.test",
      "--subaddress-separator",
      "--",
      "--max-message-bytes",
      "1.5M",
    ]),
    {
      name: "a.test",
      kind: "local",
      catchAll: "u@a.test",
      subaddressSeparator: "--",
      maxMessageBytes: 1.5 * 2 ** 20,
    },
  );
  assert.deepEqual(await run(["domain", "set", "a.test", "--catch-all="]), {
    name: "a.test",
    kind: "local",
    subaddressSeparator: "--",
    maxMessageBytes: 1.5 * 2 ** 20,
  });
  assert.equal(((await run("domain list")) as Any[]).length, 3);
  assert.equal(((await run("dkim show a.test")) as Any[]).length, 2);
  assert.match(JSON.stringify(await run("dkim show a.test")), /^((?!PRIVATE).)*$/);
  assert.match(String(await run("dkim make a.test")), /already/);
  assert.match(String(await run("dkim make a.test --replace")), /DNS cannot be asked/);
  assert.equal(
    ((await run("dns a.test")) as Any[]).filter(({ id }) => !/^(?:a|aaaa|ptr:.*)$/.test(String(id))).length,
    17,
  );
  assert.deepEqual(
    ((await run("dns r.test")) as Any[]).filter(({ type }) => type === "MX" || type === "TXT").length,
    1,
  );
  await run("account add u@a.test --password secret123");
  assert.match(String(await run("domain remove a.test")), /With a\.test go 1 domain, 1 account, .* add --yes/);
  const gone = (await run("account remove u@a.test --yes")) as Any;
  assert.equal(gone["removed"], "u@a.test");
  assert.equal(gone["undoUntil"], "2026-02-01T03:04:05.000Z");
  assert.equal(((await run("domain remove a.test")) as Any)["removed"], "a.test");
  assert.match(String(await run("domain remove a.test")), /is not here/);
});

test("accounts", async () => {
  const { run, fake } = world();
  assert.match(String(await run("account add anna@a.test")), /angarium domain add a\.test/);
  await run("domain add a.test");
  const made = (await run([
    "account",
    "add",
    "Anna@A.test",
    "--display-name",
    "Anna",
    "--admin",
    "--quota",
    "5G",
  ])) as Any;
  assert.equal(made["name"], "anna@a.test");
  assert.equal(made["role"], "admin");
  assert.equal(made["quotaBytes"], 5 * 2 ** 30);
  const [credential] = fake.credentialRows;
  assert.ok(await verifyPassword(String(made["password"]), parsePhc(credential!.argon2id)!));
  assert.match(credential!.scramSha256, /^SCRAM-SHA-256\$/);
  assert.match(String(await run("account add anna@a.test")), /already/);
  assert.match(String(await run("account add anna")), /is no address/);
  assert.match(String(await run(["account", "add", "b@a.test", "--password", ""])), /password is empty/);
  assert.equal("password" in ((await run("account add ben@a.test --password hidden99")) as Any), false);
  assert.match(String(await run("account disable anna@a.test")), /last administrator/);
  assert.match(String(await run("account role anna@a.test user")), /last administrator/);
  assert.match(String(await run("account remove anna@a.test --yes")), /last administrator/);
  await run("account role ben@a.test admin");
  assert.deepEqual(await run("account disable anna@a.test"), { name: "anna@a.test", disabled: true });
  assert.deepEqual(await run("account enable anna@a.test"), { name: "anna@a.test", disabled: false });
  assert.deepEqual(await run("account quota anna@a.test none"), { name: "anna@a.test", quotaBytes: 0 });
  assert.match(String(await run("account quota anna@a.test much")), /a size like 500M/);
  const fresh = (await run("account password anna@a.test")) as Any;
  const kept = fake.credentialRows.filter((one) => one.account === credential!.account);
  assert.equal(kept.length, 1);
  assert.ok(await verifyPassword(String(fresh["password"]), parsePhc(kept[0]!.argon2id)!));
  const app = (await run("app-password add anna@a.test phone --days 30")) as Any;
  assert.equal(app["expiresAt"], "2026-02-01T03:04:05.000Z");
  const shown = (await run("account show ANNA@a.test")) as Any;
  assert.equal((shown["credentials"] as Any[]).length, 2);
  assert.doesNotMatch(JSON.stringify(shown), /argon2id|SCRAM/);
  assert.match(String(await run(`app-password remove anna@a.test ${kept[0]!.id}`)), /no app password/);
  assert.deepEqual(await run(`app-password remove anna@a.test ${app["id"]}`), { removed: app["id"], label: "phone" });
  assert.match(String(await run("account show nobody@a.test")), /angarium account list/);
  assert.equal(((await run("account list --domain a.test")) as Any[]).length, 2);
  assert.match(String(await run("account remove ben@a.test")), /add --yes/);
});

test("aliases and listed recipients", async () => {
  const { run } = world();
  await run("domain add a.test");
  await run("domain add r.test --relay --relay-recipients listed");
  await run("account add anna@a.test --password hidden99");
  assert.match(String(await run("alias add info@a.test")), /needs a target/);
  assert.match(String(await run("alias add info@b.test anna@a.test")), /domain add b\.test/);
  assert.match(String(await run("alias add info@a.test nonsense")), /no address/);
  assert.match(String(await run("alias add anna@a.test x@y.test")), /is an account/);
  assert.match(String(await run("alias add info@a.test Info@A.test")), /cannot be an alias of itself/);
  assert.deepEqual(await run("alias add Info@a.test Anna@a.test x@far.test"), {
    address: "info@a.test",
    targets: ["anna@a.test", "x@far.test"],
    senders: [],
    onBehalf: [],
  });
  assert.deepEqual(await run("alias add info@a.test --senders anna@a.test"), {
    address: "info@a.test",
    targets: ["anna@a.test", "x@far.test"],
    senders: ["anna@a.test"],
    onBehalf: [],
  });
  const named = (await run("alias add info@a.test --on-behalf anna@a.test")) as Any;
  assert.deepEqual([named["senders"], named["onBehalf"]], [["anna@a.test"], ["anna@a.test"]]);
  assert.match(String(await run("alias add info@a.test --senders ben@a.test")), /no account ben/);
  assert.equal(((await run("alias list")) as Any[]).length, 1);
  assert.match(String(await run("alias remove info@a.test y@far.test")), /does not go to/);
  assert.deepEqual(((await run("alias remove info@a.test x@far.test")) as Any)["targets"], ["anna@a.test"]);
  assert.deepEqual(await run("alias remove info@a.test"), { removed: "info@a.test" });
  assert.match(String(await run("alias remove info@a.test")), /There is no alias/);
  assert.match(String(await run("recipient add x@a.test")), /no relay domain/);
  assert.deepEqual(await run("recipient add x@r.test y@r.test"), { added: 2 });
  assert.equal(((await run("recipient list --domain r.test")) as Any[]).length, 2);
  assert.deepEqual(await run("recipient remove x@r.test"), { removed: "x@r.test" });
});

const message = (id: string, from: string, to: string): QueuedMessage => ({
  id,
  content: 1,
  sizeBytes: 10,
  envelopeFrom: from,
  envid: undefined,
  ret: undefined,
  smtputf8: false,
  body: "7bit",
  requireTls: false,
  account: undefined,
  stream: "default",
  createdAt: at,
  notBefore: at,
  expiresAt: at + 1,
  recipients: [
    {
      id: 1,
      address: to,
      domain: to.slice(to.indexOf("@") + 1),
      orcpt: undefined,
      notify: undefined,
      state: "scheduled",
      attempts: 2,
      nextAt: at,
      delayWarned: false,
      lastReply: "451 \u001b[2Jlater",
      lease: undefined,
    },
  ],
});

test("the queue and the journeys", async () => {
  const { run, fake } = world();
  fake.queue = [message("q1", "a@a.test", "x@far.test"), message("q2", "", "y@near.test")];
  fake.journey = [
    { id: 1, at, stage: "accepted", trace: "q1", keys: ["id@x"], detail: { from: "192.0.2.1" } },
    {
      id: 2,
      at,
      stage: "deferred",
      trace: "q1",
      keys: ["id@x"],
      detail: { tries: [{ host: "mx.a", reply: "451 no" }] },
    },
  ];
  assert.equal(await run("queue count"), 2);
  assert.equal(((await run("queue list")) as Any[]).length, 2);
  assert.equal(((await run("queue list --domain FAR.test")) as Any[])[0]?.["id"], "q1");
  fake.queue.push(message("q3", "a@a.test", "x@xn--bcher-kva.test"), message("q4", "a@a.test", "x@[192.0.2.1]"));
  assert.equal(((await run("queue list --domain bücher.test")) as Any[])[0]?.["id"], "q3");
  assert.equal(((await run("queue list --domain [192.0.2.1]")) as Any[])[0]?.["id"], "q4");
  assert.equal(((await run("queue list --recipient x@bücher.test")) as Any[])[0]?.["id"], "q3");
  fake.queue.splice(2);
  assert.equal(((await run("queue list --sender <>")) as Any[])[0]?.["id"], "q2");
  assert.match(String(await run("queue list --state lost")), /one of scheduled/);
  const shown = (await run("queue show q1")) as { journey: { detail: Any }[] };
  assert.equal(shown.journey[0]?.detail["from"], "192.0.2.1");
  assert.match(
    textOf("queue show", shown),
    /x@far\.test[\s\S]*\n20\S+ {2}accepted +from=192\.0\.2\.1\n20\S+ {2}deferred +tries=mx\.a 451 no$/,
  );
  assert.match(String(await run("queue show q9")), /angarium trace q9/);
  for (const verb of ["retry", "hold", "release", "delete"])
    assert.match(String(await run(`queue ${verb} q9`)), /There is no q9 in the queue/);
  assert.match(
    textOf("queue list", await run("queue list")),
    /^id .*\nq1 +a@a\.test +x@far\.test .*\nq2 +<> +y@near\.test /,
  );
  assert.match(String(await run("queue delete")), /Say which/);
  assert.match(String(await run("queue bounce q1")), /running server/);
  assert.deepEqual(await run("queue retry --all"), { recipients: 2 });
  assert.deepEqual(await run("queue delete --recipient y@near.test"), { recipients: 1 });
  assert.equal(await run("queue count"), 1);
  assert.equal(((await run("trace <ID@x>")) as Any[]).length, 2);
  await run("domain add a.test");
  await run("account add ann@a.test");
  fake.journey = [
    { id: 1, at, stage: "filed", trace: "m1", keys: ["ann@a.test"], detail: { accounts: [1, 77], into: "inbox" } },
    { id: 2, at, stage: "deferred", trace: "m1", keys: ["ann@a.test"], detail: { nextAt: at } },
  ];
  fake.journey.push({ id: 3, at, stage: "filed", trace: "m2", keys: ["jörg@xn--bcher-kva.test"], detail: {} });
  assert.equal(((await run("trace Jörg@bücher.test")) as Any[]).length, 1);
  const [filed, deferred] = (await run("trace ann@a.test")) as { detail: Any }[];
  assert.deepEqual(filed?.detail["accounts"], ["ann@a.test", "account 77"]);
  assert.equal(deferred?.detail["nextAt"], new Date(at).toISOString());
  const acts: unknown[] = [];
  const running = world({ queue: { act: async (...act) => acts.push(act), waits: () => new Map() } });
  running.fake.queue = [message("q1", "a@a.test", "x@far.test")];
  await running.run("queue bounce q1");
  assert.deepEqual(acts, [[{ id: "q1" }, "bounce"]]);
});

test("routes and status", async () => {
  const { run, fake } = world();
  assert.match(String(await run("route add nonsense")), /"to" must be/);
  assert.match(String(await run("route add smtp:relay.test:587 --user u")), /come together/);
  await run("route add smtp:relay.test:587 --tls verified --user u --password geheim");
  await run("route add lmtp:inner.test --domain inner.test --first");
  const list = (await run("route list")) as Any[];
  assert.deepEqual(
    list.map((route) => [route["number"], route["domain"]]),
    [
      [1, "inner.test"],
      [2, undefined],
    ],
  );
  assert.doesNotMatch(JSON.stringify(list), /geheim/);
  assert.match(String(await run("route remove 3")), /no route 3/);
  await run("route remove 1");
  assert.deepEqual(((fake.settingRows.get("routes") as Any[])[0] as Any)["password"], "geheim");
  assert.deepEqual(await run(["route", "set", '[{"to":"mx","domain":"a.test"}]']), { routes: 1 });
  assert.match(String(await run(["route", "set", "{"])), /JSON/);
  assert.match(String(await run(["route", "set", '[{"too":"mx"}]'])), /Route 1/);
  const status = (await run("status")) as Any;
  assert.deepEqual([status["running"], status["queuedRecipients"]], [false, 0]);
});

test("DNS records and journeys for people", async () => {
  const { run, fake } = world();
  const added = textOf("domain add", await run("domain add a.test"));
  assert.match(
    added,
    /^name {2}a\.test\nkind {2}local\n\nDNS records to publish:\n; where the server is.*\n(?:.*\n)*; where mail .*\na\.test\. IN MX 10 mail\.a\.test\.\n/,
  );
  assert.match(textOf("dns", await run("dns a.test")), /_imaps\._tcp\.a\.test\. IN SRV 0 1 993 mail\.a\.test\./);
  fake.journey = [
    { id: 1, at, stage: "attempt", trace: "q1", keys: ["id@x"], detail: { host: "mx", reply: "250\u001b" } },
  ];
  assert.equal(
    textOf("trace", await run("trace id@x")),
    "2026-01-02T03:04:05.000Z  q1  attempt    host=mx  reply=250\u00b7",
  );
  assert.equal(textOf("trace", []), "(nothing is known of it)");
  assert.equal(textOf("queue count", 3), "3");
});

test("arguments", () => {
  const sample = command(
    "do it",
    "Does it.",
    {
      name: { type: "text", placed: true, required: true, help: "name" },
      some: { type: "list", placed: true, help: "some" },
      howMany: { type: "number", help: "how many" },
      really: { type: "flag", help: "really" },
      tags: { type: "list", help: "tags" },
    },
    async () => done(undefined),
  );
  assert.equal(usage(sample), "angarium do it NAME [SOME…] [--how-many HOW-MANY] [--really] [--tags TAGS]");
  const cases: readonly [words: string[], expected: unknown][] = [
    [["a"], { name: "a" }],
    [["a", "b", "c"], { name: "a", some: ["b", "c"] }],
    [["--how-many", "5", "a", "--really"], { name: "a", howMany: 5, really: true }],
    [["--how-many=5", "a", "--tags=x,y", "--tags", "z"], { name: "a", howMany: 5, tags: ["x", "y", "z"] }],
    [["--", "--really"], { name: "--really" }],
    [[], /NAME is missing \(name\)/],
    [["a", "--how-many"], /wants a value/],
    [["a", "--how-many", "x"], /--how-many cannot be "x": a whole number/],
    [["a", "--nosuch"], /no option --nosuch/],
  ];
  for (const [words, expected] of cases) {
    const read = fromWords(sample, words);
    if (expected instanceof RegExp) assert.match(read.kind === "refused" ? read.why : "", expected);
    else assert.deepEqual(read.kind === "given" ? read.given : read.why, expected);
  }
  for (const raw of [
    null,
    [],
    "x",
    { name: 1 },
    { name: "a", __proto__x: 1 },
    { name: "a", some: [1] },
    { name: "a", really: "yes" },
  ]) {
    assert.equal(fromJson(sample, raw).kind, "refused", JSON.stringify(raw));
  }
});

test("a file is read where the words are: as an option and by its place", () => {
  const sample = command(
    "do it",
    "Does it.",
    { file: { type: "file", placed: true, help: "a file" }, textFile: { type: "file", help: "another" } },
    async () => done(undefined),
  );
  const folder = mkdtempSync(join(tmpdir(), "angarium-words-"));
  const path = join(folder, "words.txt");
  writeFileSync(path, "what it holds\n");
  for (const [words, expected] of [
    [[path], { file: "what it holds\n" }],
    [["--text-file", path], { textFile: "what it holds\n" }],
    [[`--text-file=${path}`], { textFile: "what it holds\n" }],
  ] as const) {
    const read = fromWords(sample, words);
    assert.deepEqual(read.kind === "given" ? read.given : read.why, expected);
  }
  for (const words of [[join(folder, "none")], ["--text-file", join(folder, "none")]]) {
    const read = fromWords(sample, words);
    assert.match(read.kind === "refused" ? read.why : "", /cannot be read: ENOENT/);
  }
  rmSync(folder, { recursive: true });
});

test("every command explains itself", () => {
  assert.equal(new Set(commands.map((one) => one.name)).size, commands.length);
  for (const one of commands) {
    assert.match(one.help, /^[A-Z].*\.$/, one.name);
    assert.match(commandHelp(one), /angarium/);
    assert.equal(commandOf(one.name.split(" "))?.command, one);
    assert.ok(helpText().includes(one.name));
    assert.ok(helpText(one.name.split(" ").slice(0, 1)).includes(one.name));
  }
});

test("what people see", () => {
  assert.equal(render(5), "5");
  assert.equal(render([]), "(none)");
  assert.equal(
    render([
      { name: "a", quotaBytes: 1 },
      { name: "bcd", disabled: true },
    ]),
    "name  quota bytes  disabled\na     1\nbcd                yes",
  );
  assert.equal(render({ name: "a", none: "", list: ["x", "y"] }), "name  a\nlist  x, y");
  assert.equal(render({ reply: "451 \u001b[2Jlater\u202e" }), "reply  451 \u00b7[2Jlater\u00b7");
  assert.match(render([{ id: "q1", recipients: [{ address: "a" }] }]), /id\s+q1\nrecipients\n {2}address\n {2}a/);
  const long = wantedRecords({
    domain: { name: "a.test", kind: "local", settings: { bimiLogo: "https://a.test/logo.svg" } },
    hostname: "mx.a.test",
    keys: [{ selector: "s", record: "x".repeat(400), state: "used" }],
    tlsa: ["3 1 1 00", "3 1 1 01"],
    addresses: ["11.22.33.44"],
  });
  assert.deepEqual(
    long.filter(({ type }) => type === "TLSA").map(({ name, value }) => `${name} ${value}`),
    ["_25._tcp.mx.a.test 3 1 1 00", "_25._tcp.mx.a.test 3 1 1 01"],
  );
  const line = zoneLine(long.find((record) => record.name.startsWith("s."))!);
  const zone = zoneText(long, "a.test").split("\n");
  for (const there of [
    "mx.a.test. IN A 11.22.33.44",
    "; 44.33.22.11.in-addr.arpa. IN PTR mx.a.test.",
    'default._bimi.a.test. IN TXT "v=BIMI1; l=https://a.test/logo.svg; a="',
  ])
    assert.ok(zone.includes(there), there);
  assert.equal(line, `s._domainkey.a.test. IN TXT "${"x".repeat(250)}" "${"x".repeat(150)}"`);
});
