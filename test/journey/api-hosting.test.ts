/** The REST API as a program uses it: made once, changed knowingly, undone, with tokens that may little, and all of it noted. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ImapFlow } from "imapflow";
import { type Any, ApiTalk } from "../api-talk.ts";
import { angarium, type DevProcess, main, startDev, temporaryFolder } from "../dev-process.ts";
import { JmapTalk } from "../jmap-talk.ts";
import { smtpSend } from "../smtp-send.ts";

describe("hosting by the REST API", () => {
  let dev: DevProcess;
  let admin: ApiTalk;
  let origin: string;
  before(async () => {
    dev = await startDev(["--users", "3", "--cleartext-auth", "--deliver-to", "127.0.0.1:9"]);
    origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
    admin = new ApiTalk(origin, dev.ready.admin);
  });
  after(() => dev.stop());
  const as = (user: string, password = "pw") => new ApiTalk(origin, { user, password });

  test("a request with a key is done once", async () => {
    const key = { "idempotency-key": "make-hosted" };
    const body = { name: "hosted.test" };
    const first = await admin.ask("POST", "/domains", body, key);
    assert.equal(first.status, 201);
    assert.equal(first.headers.get("location"), "/api/v1/domains/hosted.test");
    const again = await admin.ask("POST", "/domains", body, key);
    assert.equal(again.status, 201);
    assert.equal(again.headers.get("idempotent-replayed"), "true");
    // Its DNS has not been looked at yet.
    const found = async (dns: string) =>
      (await admin.ok("GET", `/domains?dns=${dns}&search=hosted`)).items.map(({ name }: Any) => name);
    assert.deepEqual([await found("unknown"), await found("good")], [["hosted.test"], []]);
    assert.deepEqual(again.body, first.body);
    const other = await admin.no(409, "POST", "/domains", { name: "other.test" }, key);
    assert.deepEqual(
      [other.code, other.type],
      ["invalid_idempotent_request", "urn:angarium:problem:invalid-idempotent-request"],
    );
    await admin.no(409, "POST", "/domains", body);
    // Another's key is another's.
    await as("u1@example.test").no(403, "POST", "/domains", body, key);
    // What was told only once is told again to whoever has the key, and the password is the same.
    const secret = { "idempotency-key": "with-secret" };
    const made = await admin.ok("POST", "/accounts", { name: "made@hosted.test" }, secret);
    assert.match(made.password, /^\w{4}-/);
    assert.equal((await admin.ok("POST", "/accounts", { name: "made@hosted.test" }, secret)).password, made.password);
    assert.equal((await as("made@hosted.test", made.password).ok("GET", "/me")).role, "user");
    // What was refused can be mended under the same key.
    const mend = { "idempotency-key": "mend" };
    await admin.no(422, "POST", "/accounts", { name: "x@missing.test" }, mend);
    await admin.no(400, "POST", "/accounts", "{", mend);
  });

  test("what changed meanwhile is not overwritten", async () => {
    const { headers } = await admin.get("/accounts/u2@example.test");
    const etag = headers.get("etag") ?? "";
    const changed = await admin.ask("PATCH", "/accounts/u2@example.test", { displayName: "Two" }, { "if-match": etag });
    assert.equal(changed.status, 200);
    assert.equal(changed.body.displayName, "Two");
    await admin.no(412, "PATCH", "/accounts/u2@example.test", { displayName: "Three" }, { "if-match": etag });
    const fresh = changed.headers.get("etag") ?? "";
    assert.equal((await admin.get("/accounts/u2@example.test")).headers.get("etag"), fresh);
    const both = await Promise.all(
      [1, 2, 3, 4].map((n) =>
        admin.ask("PATCH", "/accounts/u2@example.test", { displayName: `n${n}` }, { "if-match": fresh }),
      ),
    );
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412, 412, 412]);
  });

  test("every wrong field is told", async () => {
    const problem = await admin.no(422, "POST", "/accounts", { name: 5, quotaBytes: -1, shoe: 1 });
    assert.deepEqual(problem.errors.map(({ pointer }: Any) => pointer).sort(), ["#/name", "#/quotaBytes", "#/shoe"]);
    assert.equal((await admin.no(422, "POST", "/accounts", { name: "no address" })).errors[0].pointer, "#/name");
    for (const displayName of ["two\nlines", "turned \u202egnp.exe", "x".repeat(201)]) {
      const { errors } = await admin.no(422, "POST", "/accounts", { name: "n@example.test", displayName });
      assert.deepEqual(
        errors.map(({ pointer }: Any) => pointer),
        ["#/displayName"],
      );
    }
    assert.equal(
      (await admin.no(422, "POST", "/aliases", { address: "a@example.test", targets: ["ok@x.test", "bad"] })).errors[0]
        .pointer,
      "#/targets/1",
    );
    await admin.no(415, "POST", "/accounts", "name=x", { "content-type": "text/plain" });
    await admin.no(413, "POST", "/tenants", { name: "x".repeat(2_000_000) });
    await admin.no(422, "PATCH", "/domains/hosted.test", { catchAll: 7 });
    await admin.no(404, "GET", "/accounts/..%2f..%2fetc%2fpasswd");
    await admin.no(400, "GET", "/accounts/%ff");
  });

  test("a token may what its scopes say, until it is withdrawn", async () => {
    const made = await admin.ok("POST", "/accounts/me/tokens", {
      label: "reader",
      scopes: ["accounts:read", "tokens:write"],
      expiresInDays: 1,
    });
    const reader = new ApiTalk(origin, { token: made.token });
    assert.equal((await reader.ok("GET", "/accounts")).items.length > 3, true);
    await reader.no(403, "PATCH", "/accounts/u1@example.test", { displayName: "x" });
    await reader.no(403, "GET", "/domains");
    await reader.no(422, "POST", "/accounts/me/tokens", { label: "more", scopes: ["*"] });
    assert.equal((await fetch(`${origin}/jmap/session`, { headers: reader.headers })).status, 403);
    const listed = (await admin.ok("GET", "/accounts/me/tokens")).items;
    assert.equal(listed[0].id, made.id);
    assert.equal(JSON.stringify(listed).includes(made.token), false);
    await admin.ok("DELETE", `/accounts/me/tokens/${made.id}`);
    await reader.no(401, "GET", "/accounts");
    const byHand = await angarium(
      "token",
      "add",
      "u1@example.test",
      "script",
      "--scopes",
      "me:read",
      "--json",
      "--data",
      dev.ready.data,
    );
    const script = new ApiTalk(origin, { token: JSON.parse(byHand.out).token });
    assert.deepEqual((await script.ok("GET", "/me")).scopes, ["me:read"]);
  });

  test("a tenant has what its limits allow", async () => {
    await admin.ok("POST", "/tenants", {
      name: "small",
      limits: { maxDomains: 1, maxAccounts: 2, maxStorageBytes: 1000 },
    });
    await admin.ok("POST", "/domains", { name: "small.test", tenant: "small" });
    await admin.no(409, "POST", "/domains", { name: "small-two.test", tenant: "small" });
    const ofTenant = await admin.ok("GET", "/domains?tenant=small");
    assert.deepEqual(
      ofTenant.items.map(({ name }: { name: string }) => name),
      ["small.test"],
    );
    assert.deepEqual((await admin.ok("GET", "/accounts?tenant=small")).items, []);
    await admin.no(404, "GET", "/domains?tenant=nobody");
    await admin.no(422, "POST", "/accounts", { name: "a@small.test", password: "secret word" });
    await admin.ok("POST", "/accounts", { name: "a@small.test", password: "secret word", quotaBytes: 600 });
    await admin.no(422, "POST", "/accounts", { name: "b@small.test", password: "secret word", quotaBytes: 600 });
    await admin.ok("POST", "/accounts", { name: "b@small.test", password: "secret word", quotaBytes: 400 });
    await admin.no(409, "POST", "/accounts", { name: "c@small.test", password: "secret word", quotaBytes: 0 });
    await admin.no(422, "PATCH", "/accounts/a@small.test", { quotaBytes: 700 });
    const tenant = await admin.ok("PATCH", "/tenants/small", {
      limits: { maxAccounts: null },
      branding: { productName: "Small Mail", color: "#aabbcc" },
    });
    assert.deepEqual((await as("a@small.test", "secret word").ok("GET", "/me")).brand, {
      name: "Small Mail",
      logoUrl: null,
      color: "#aabbcc",
      supportUrl: null,
    });
    assert.equal((await admin.ok("GET", "/me")).brand, null);
    assert.equal(tenant.limits.maxAccounts, undefined);
    assert.equal(tenant.limits.maxDomains, 1);
    assert.equal(tenant.usage.accounts, 2);
    await admin.no(422, "PATCH", "/tenants/small", { branding: { logoUrl: "http://insecure.test/x.png" } });
    assert.equal((await admin.ok("PATCH", "/tenants/small/filter", { junk: 95 })).junk, 95);
    assert.equal((await admin.ok("GET", "/tenants/small/filter")).junk, 95);
    assert.equal((await admin.ok("PATCH", "/tenants/small/attachments", { onenote: "refuse" })).onenote, "refuse");
  });

  test("deleting says what it takes, and can be undone", async () => {
    await admin.ok("POST", "/aliases", { address: "info@small.test", targets: ["a@small.test"] });
    const takes = await admin.ok("GET", "/domains/small.test/deletion");
    assert.deepEqual(takes, { domains: 1, accounts: 2, addresses: 3, messages: 0, bytes: 0 });
    const gone = await admin.ok("DELETE", "/domains/small.test");
    assert.deepEqual(gone.takes, takes);
    await as("a@small.test", "secret word").no(401, "GET", "/me");
    await admin.no(404, "GET", "/domains/small.test");
    await admin.ok("POST", `/deletions/${gone.id}/undo`);
    assert.equal((await as("a@small.test", "secret word").ok("GET", "/me")).name, "a@small.test");
    assert.equal((await admin.ok("GET", "/aliases/info@small.test")).targets[0], "a@small.test");
    await admin.no(409, "DELETE", "/accounts/me");
    await admin.no(409, "DELETE", "/domains/example.test");
    const asked = await angarium("domain", "remove", "small.test", "--data", dev.ready.data);
    assert.equal(asked.code, 1);
    assert.match(
      asked.err,
      /With small\.test go 1 domain, 2 accounts, 3 addresses.* add --yes \(it can come back for 30 days\)/,
    );
  });

  test("masked addresses, groups and catch-all take mail as they should", async () => {
    const u1 = as("u1@example.test");
    const masked = await u1.ok("POST", "/masked-addresses", { label: "shop" });
    await admin.ok("POST", "/groups", {
      address: "team@example.test",
      displayName: "Team",
      members: ["u1@example.test"],
    });
    await admin.ok("POST", "/groups/team@example.test/members", { members: ["u2@example.test"] });
    await admin.ok("PATCH", "/domains/example.test", { catchAll: "u3@example.test" });
    const count = async (name: string): Promise<number> =>
      (await admin.ok("GET", `/accounts/${name}@example.test`)).usedMessages;
    await smtpSend(dev.ready, undefined, [masked.address], { subject: "To the mask" });
    await smtpSend(dev.ready, undefined, ["team@example.test"], { subject: "To the team" });
    await smtpSend(dev.ready, undefined, ["nobody@example.test"], { subject: "To nobody" });
    assert.deepEqual([await count("u1"), await count("u2"), await count("u3")], [2, 1, 1]);
    await u1.ok("PATCH", `/masked-addresses/${masked.address}`, { off: true });
    await assert.rejects(smtpSend(dev.ready, undefined, [masked.address]), /550/);
    assert.deepEqual([await count("u1"), await count("u3")], [2, 1]);
    // Who gets what nobody else gets writes from there too (RFC 8621 §6), not as others.
    const jmap = await new JmapTalk(origin, "u3@example.test", "pw").open();
    const drafts = await jmap.mailbox("drafts");
    const identity = { email: "*@example.test", name: "Three" };
    const identityId = (await jmap.call("Identity/set", { create: { i: identity } })).created.i.id;
    const write = async (from: string): Promise<Any> => {
      const email = {
        mailboxIds: { [drafts]: true },
        from: [{ email: from }],
        to: [{ email: "u1@example.test" }],
        subject: `As ${from}`,
      };
      const emailId = (await jmap.call("Email/set", { create: { e: email } })).created.e.id;
      return await jmap.call("EmailSubmission/set", { create: { s: { identityId, emailId } } });
    };
    assert.ok((await write("shop@example.test")).created.s);
    for (const [from, type] of [
      ["u2@example.test", "forbiddenMailFrom"],
      ["*@example.test", "forbiddenMailFrom"],
      ["shop@far.test", "forbiddenMailFrom"],
    ] as const)
      assert.equal((await write(from)).notCreated.s.type, type, from);
    const reader = await new JmapTalk(origin, "u1@example.test", "pw").open();
    const { ids } = await reader.call("Email/query", { filter: { subject: "As shop" } });
    const returnPath = "header:Return-Path";
    const { list } = await reader.call("Email/get", { ids, properties: ["from", returnPath] });
    assert.deepEqual(
      list.map((one: Any) => [one.from[0].email, one[returnPath].trim()]),
      [["shop@example.test", "<shop@example.test>"]],
    );
    const ownTalk = await new JmapTalk(origin, "u2@example.test", "pw").open();
    const refused = await ownTalk.call("Identity/set", { create: { i: identity } });
    assert.equal(refused.notCreated.i.type, "forbiddenFrom");
    await admin.ok("PATCH", "/domains/example.test", { catchAll: null });
    await assert.rejects(smtpSend(dev.ready, undefined, ["nobody@example.test"]), /550/);
    assert.equal((await write("shop@example.test")).notCreated.s.type, "forbiddenMailFrom");
  });

  test("where is my mail?", async () => {
    const u1 = as("u1@example.test");
    const { messageId } = await smtpSend(
      dev.ready,
      { user: "u1@example.test", password: "pw" },
      ["x@far.test", "u2@example.test"],
      { subject: "Find me please" },
    );
    const [found] = (await u1.ok("GET", "/journeys?subject=find%20me")).items;
    assert.deepEqual(
      [found.from, found.to.sort(), found.subject],
      ["u1@example.test", ["u2@example.test", "x@far.test"], "Find me please"],
    );
    const byId = (await admin.ok("GET", `/journeys?id=${encodeURIComponent(messageId)}`)).items;
    assert.equal(byId[0].id, found.id);
    const whole = await u1.ok("GET", `/journeys/${found.id}`);
    assert.match(whole.steps[0].words, /u1@example\.test handed it in/);
    assert.ok(
      whole.steps.some(({ words }: Any) => /was put into/.test(words)),
      JSON.stringify(whole.steps),
    );
    assert.ok(whole.steps.some(({ words }: Any) => /waits to be sent on to x@far\.test/.test(words)));
    await as("u3@example.test").no(404, "GET", `/journeys/${found.id}`);
    assert.deepEqual((await as("u3@example.test").ok("GET", "/journeys?address=u1@example.test")).items, []);
    const [queued] = (await u1.ok("GET", "/queue")).items;
    assert.equal(queued.recipients[0].address, "x@far.test");
    await u1.no(403, "POST", `/queue/${queued.id}/hold`);
    assert.equal((await admin.ok("POST", `/queue/${queued.id}/hold`)).recipients, 1);
    assert.equal((await admin.ok("GET", `/queue/${queued.id}`)).recipients[0].state, "held");
    assert.match(JSON.stringify(await admin.ok("GET", "/dashboard")), /held in the queue/);
    await admin.ok("DELETE", `/queue/${queued.id}`);
    await admin.no(404, "GET", `/queue/${queued.id}`);
  });

  test("many accounts from CSV, again and again", async () => {
    const csv =
      "address;displayName;password;aliases\nann@hosted.test;Ann;her own word;info@hosted.test bob@hosted.test\nbob@hosted.test;Bob;;Info@hosted.test b@elsewhere.test\n;;;\nbad;x;;\nBob@hosted.test;Another;;\n";
    const why = {
      account: { line: 2, why: "bob@hosted.test is not made an alias of ann@hosted.test: it is an account." },
      taken: {
        line: 3,
        why: "info@hosted.test is not made an alias of bob@hosted.test: it leads to ann@hosted.test.",
      },
      elsewhere: { line: 3, why: "b@elsewhere.test is not made an alias: the domain elsewhere.test is not here." },
    };
    const first = await admin.ok("POST", "/accounts/import", { csv });
    assert.deepEqual(
      [first.made, first.present, first.aliases, first.passwords.length, first.mistakes],
      [
        2,
        0,
        1,
        1,
        [
          why.account,
          why.taken,
          why.elsewhere,
          { line: 5, why: '"bad" is no address.' },
          { line: 6, why: "bob@hosted.test is in line 3 already: this line is left out." },
        ],
      ],
    );
    // Broken off between an account and its aliases, or mended: the next run makes what is missing.
    const mended = csv.replace("b@elsewhere.test", "b@hosted.test");
    const second = await admin.ok("POST", "/accounts/import", { csv: mended });
    assert.deepEqual([second.made, second.present, second.aliases], [0, 2, 1]);
    assert.deepEqual(second.mistakes.slice(0, 2), [why.account, why.taken]);
    assert.deepEqual((await admin.ok("GET", "/aliases/info@hosted.test")).targets, ["ann@hosted.test"]);
    const ann = as("ann@hosted.test", "her own word");
    assert.equal((await ann.ok("GET", "/me")).displayName, "Ann");
    await ann.no(403, "PATCH", "/accounts/me", { name: "anna@hosted.test" });
    const renamed = await admin.ok("PATCH", "/accounts/ann@hosted.test", { name: "Anna@hosted.test" });
    assert.deepEqual([renamed.name, renamed.displayName], ["anna@hosted.test", "Ann"]);
    const taken = await admin.no(422, "PATCH", "/accounts/anna@hosted.test", { name: "bob@hosted.test" });
    assert.equal(taken.errors[0].pointer, "#/name");
    assert.equal((await ann.ok("GET", "/me")).name, "anna@hosted.test", "by the name before, too");
    await ann.no(403, "POST", "/accounts/me/lock");
    // Who leaves is named by others: it is told before they go, and somebody else stands there then.
    await admin.ok("POST", "/groups", { address: "team@hosted.test", members: ["anna@hosted.test"] });
    const named = (await admin.ok("GET", "/accounts/anna@hosted.test/deletion")).namedBy;
    assert.deepEqual(
      named.map(({ kind, name }: Any) => `${kind} ${name}`),
      ["alias ann@hosted.test", "alias info@hosted.test", "group team@hosted.test"],
    );
    const asked = await angarium("account", "remove", "anna@hosted.test", "--data", dev.ready.data);
    assert.match(
      asked.err,
      /info@hosted\.test and the group team@hosted\.test still name it; mail by them will be refused/,
    );
    await admin.no(422, "POST", "/accounts/anna@hosted.test/hand-over", { to: "bob" });
    const over = await admin.ok("POST", "/accounts/anna@hosted.test/hand-over", { to: "bob@hosted.test" });
    assert.deepEqual(over.handedOver, named);
    assert.deepEqual((await admin.ok("GET", "/groups/team@hosted.test")).members, ["bob@hosted.test"]);
    await admin.ok("POST", "/accounts/bob@hosted.test/hand-over", {});
    await admin.no(404, "GET", "/groups/team@hosted.test");
    await admin.ok("POST", "/accounts/anna@hosted.test/lock");
    await ann.no(401, "GET", "/me");
  });

  test("people change their own password by saying the old one", async () => {
    const u3 = as("u3@example.test");
    await u3.no(422, "POST", "/accounts/me/password", { password: "a new long phrase" });
    await u3.no(422, "POST", "/accounts/me/password", { password: "a new long phrase", currentPassword: "wrong" });
    assert.equal(
      (await u3.no(422, "POST", "/accounts/me/password", { password: "password", currentPassword: "pw" })).errors[0]
        .pointer,
      "#/password",
    );
    await u3.ok("POST", "/accounts/me/password", { password: "a new long phrase", currentPassword: "pw" });
    await u3.no(401, "GET", "/me");
    await as("u3@example.test", "a new long phrase").ok("GET", "/me");
  });

  test("the rest of what administrators see", async () => {
    const ban = await admin.ok("POST", "/bans", { address: "198.51.100.7", for: "1h", reason: "test" });
    assert.equal(ban.address, "198.51.100.7");
    assert.equal((await admin.ok("GET", "/bans")).items[0].why, "test");
    await admin.ok("DELETE", "/bans/198.51.100.7");
    await admin.no(404, "DELETE", "/bans/198.51.100.7");
    const filter = await admin.ok("PATCH", "/domains/example.test/filter", { junk: 80, allow: ["friend@far.test"] });
    assert.deepEqual([filter.junk, filter.allow], [80, ["friend@far.test"]]);
    const files = await admin.ok("PATCH", "/domains/example.test/attachments", { macro: "strip" });
    assert.deepEqual([files.macro, files.executable], ["strip", null]);
    assert.equal((await admin.ok("PATCH", "/domains/example.test/attachments", { macro: null })).macro, null);
    await admin.no(422, "PATCH", "/domains/example.test/attachments", { macro: "burn" });
    assert.ok((await admin.ok("GET", "/certificates")).items.length > 0);
    assert.equal((await admin.ok("GET", "/server")).hostname, "mail.example.test");
    assert.equal((await admin.ok("PATCH", "/settings", { journeyDays: 45 })).journeyDays, 45);
    assert.equal((await admin.ok("GET", "/domains/example.test/reports/dmarc")).messages, 0);
    assert.deepEqual(await admin.ok("GET", "/domains/example.test/reports/failures"), { items: [] });
    assert.equal((await admin.ok("GET", "/domains/example.test/reports/tls")).connections, 0);
    const backup = await admin.ok("POST", "/backups");
    let state = backup.state;
    for (let i = 0; i < 600 && state === "running"; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      ({ state } = await admin.ok("GET", `/backups/${backup.name}`));
    }
    assert.equal(state, "done");
    assert.ok((await admin.ok("GET", "/backups")).items[0].bytes > 10_000);
    const dashboard = await admin.ok("GET", "/dashboard");
    assert.equal(dashboard.mail.hours.length, 24);
    assert.ok(dashboard.mail.hours.at(-1).in + dashboard.mail.hours.at(-2).in >= 3);
  });

  test("all of it is in the audit log, by whichever way, without a password", async () => {
    const add = ["account", "add", "byhand@example.test", "--password", "topsecretword", "--data", dev.ready.data];
    const behind = { ...process.env, SUDO_USER: "emma\u001b[2J" };
    await promisify(execFile)(process.execPath, [main, ...add], { env: behind });
    await angarium("account", "lock", "byhand@example.test", "--data", dev.ready.data);
    const rows = (await admin.ok("GET", "/audit?limit=200")).items;
    assert.deepEqual(
      [rows[0].actor, rows[0].via, rows[0].action, rows[0].target],
      [userInfo().username, "command line", "account lock", "byhand@example.test"],
    );
    assert.deepEqual([rows[1].actor, rows[1].action], ["emma??2J", "account add"], "who is behind sudo");
    const actions = new Set(rows.map(({ action }: Any) => action));
    for (const action of [
      "POST /domains",
      "POST /accounts",
      "DELETE /domains/{domain}",
      "POST /deletions/{deletion}/undo",
      "POST /bans",
      "POST /accounts/import",
    ])
      assert.ok(actions.has(action), action);
    const text = JSON.stringify(rows);
    for (const secret of ["topsecretword", "secret word", "her own word", "a new long phrase"])
      assert.ok(!text.includes(secret), secret);
    const byHand = await angarium("audit", "list", "--limit", "1", "--json", "--data", dev.ready.data);
    assert.equal(JSON.parse(byHand.out)[0].target, "byhand@example.test");
  });

  test("a mailbox that several work in: its folders and sending as it are given and taken as one", async () => {
    const path = "/accounts/u1@example.test/shares";
    const letter = { from: "u1@example.test", subject: "for all of us" };
    const u2 = { user: "u2@example.test", password: "pw" };
    const sends = (): Promise<unknown> => smtpSend(dev.ready, u2, ["u1@example.test"], letter);
    const folders = async (): Promise<readonly string[]> => {
      const imap = new ImapFlow({
        host: "127.0.0.1",
        port: dev.ready.ports["imap"]!,
        secure: false,
        doSTARTTLS: false,
        auth: { user: u2.user, pass: u2.password },
        logger: false,
      });
      await imap.connect();
      try {
        return (await imap.list()).map(({ path }) => path).filter((one) => one.includes("u1@example.test/"));
      } finally {
        await imap.logout();
      }
    };
    await assert.rejects(sends(), /may not send as/);
    assert.deepEqual(await folders(), []);
    // The owner gives it; a stranger's mailbox cannot be given.
    await as("u2@example.test").no(404, "PUT", `${path}/u2@example.test`, {});
    await as("u1@example.test").no(404, "PUT", `${path}/nobody@example.test`, {});
    const given = await as("u1@example.test").ok("PUT", `${path}/u2@example.test`, { sendAs: true });
    assert.deepEqual([given.person, given.rights, given.sendAs], ["u2@example.test", "write", true]);
    assert.equal((await folders()).length, given.folders);
    await sends();
    const jmap = await new JmapTalk(origin, u2.user, u2.password).open();
    const { session } = jmap;
    // RFC 9670 §3: whom it is given to is told, by whichever way it was given.
    const told = async (): Promise<readonly Any[]> => (await jmap.call("ShareNotification/get", { ids: null })).list;
    const first = await told();
    assert.equal(first.length, given.folders);
    assert.deepEqual([first[0].changedBy.email, first[0].oldRights], ["u1@example.test", null]);
    assert.ok(Object.values(session.accounts).some(({ name }: Any) => name === "u1@example.test"));
    const listed = await angarium("share", "list", "u1@example.test", "--data", dev.ready.data, "--json");
    assert.deepEqual(JSON.parse(listed.out), (await admin.ok("GET", path)).items);
    await admin.ok("POST", path, { person: "u2@example.test", rights: "none", sendAs: true });
    assert.deepEqual(await folders(), []);
    const taken = (await told()).filter(({ newRights }) => newRights === null);
    assert.deepEqual([taken.length, taken[0].changedBy.email], [given.folders, dev.ready.admin.user]);
    await sends();
    // Less than that: with the owner in From, oneself in Sender, where notices go too (RFC 5322 §3.6.2).
    const named = await admin.ok("PUT", `${path}/u2@example.test`, { rights: "none", sendOnBehalf: true });
    assert.deepEqual([named.sendAs, named.sendOnBehalf], [false, true]);
    await sends();
    const made = await jmap.call("Identity/set", { create: { i: { email: "u1@example.test", name: "One" } } });
    const { created } = await jmap.call("Mailbox/set", { create: { m: { name: "On behalf" } } });
    const email = {
      mailboxIds: { [created.m.id]: true },
      from: [{ email: "u1@example.test" }],
      to: [{ email: "u1@example.test" }],
      subject: "for all of us",
      bodyValues: { t: { value: "x" } },
      textBody: [{ partId: "t" }],
    };
    const draft = (await jmap.call("Email/set", { create: { e: email } })).created.e.id;
    const submit = { create: { s: { identityId: made.created.i.id, emailId: draft } } };
    assert.ok((await jmap.call("EmailSubmission/set", submit)).created.s);
    const u1 = await new JmapTalk(origin, "u1@example.test", "pw").open();
    const returnPath = "header:Return-Path";
    const { ids } = await u1.call("Email/query", {
      filter: { subject: "for all of us" },
      sort: [{ property: "receivedAt" }],
    });
    const { list } = await u1.call("Email/get", { ids, properties: ["from", "sender", returnPath] });
    const seen = list
      .map((one: Any) => [one.from[0].email, one.sender?.[0].email, one[returnPath].trim()].join(" "))
      .sort();
    const asOwner = "u1@example.test  <u1@example.test>";
    const onBehalf = "u1@example.test u2@example.test <u2@example.test>";
    assert.deepEqual(seen, [asOwner, asOwner, onBehalf, onBehalf]);
    // Another as Sender, and oneself as the owner alone, are refused.
    await admin.ok("PUT", `${path}/u2@example.test`, { rights: "read" });
    await assert.rejects(sends(), /may not send as/);
    const refused = await jmap.call("EmailSubmission/set", submit);
    assert.equal(refused.notCreated.s.type, "forbiddenMailFrom");
    const byHand = await angarium(
      "share",
      "add",
      "u1@example.test",
      "u2@example.test",
      "--send-on-behalf",
      "--data",
      dev.ready.data,
    );
    assert.equal(byHand.code, 0, byHand.err);
    await sends();
    await admin.ok("DELETE", `${path}/u2@example.test`);
    await admin.no(404, "DELETE", `${path}/u2@example.test`);
    await assert.rejects(sends(), /may not send as/);
    assert.deepEqual((await admin.ok("GET", path)).items, []);
  });

  test("a group that not everybody may write to", async () => {
    const group = "closed@example.test";
    const members = ["u1@example.test", "outside@far.test"];
    await admin.ok("POST", "/groups", { address: group, members, posting: "members" });
    const sends = (user: string | undefined, from: string): Promise<unknown> =>
      smtpSend(dev.ready, user === undefined ? undefined : { user, password: "pw" }, [group], { from });
    await sends("u1@example.test", "u1@example.test");
    await sends(undefined, "outside@far.test");
    await assert.rejects(sends("u2@example.test", "u2@example.test"), /Only members/);
    await assert.rejects(sends(undefined, "u1@example.test"), /Only members/);
    assert.equal((await admin.ok("PATCH", `/groups/${group}`, { posting: "people" })).posting, "people");
    await sends("u2@example.test", "u2@example.test");
    await assert.rejects(sends(undefined, "outside@far.test"), /Only people/);
    const open = await angarium("group", "add", group, "--posting", "anyone", "--data", dev.ready.data, "--json");
    assert.equal(JSON.parse(open.out).posting, "anyone");
    await sends(undefined, "stranger@far.test");
  });

  test("everything of an account, and of a domain with its groups, is fetched as one file and comes in again", async (t) => {
    const folder = await temporaryFolder(t);
    const fetched = async (who: ApiTalk, body: Any): Promise<string> => {
      let made = await who.ok("POST", "/exports", body);
      while (made.state === "running") {
        await new Promise((resolve) => setTimeout(resolve, 20));
        made = await who.ok("GET", `/exports/${made.id}`);
      }
      assert.deepEqual([made.state, made.problem], ["done", ""]);
      const answer = await fetch(`${origin}/api/v1/exports/${made.id}/archive`, { headers: who.headers });
      assert.equal(answer.headers.get("content-type"), "application/x-tar");
      const into = join(folder, made.id);
      await mkdir(into);
      await writeFile(`${into}.tar`, Buffer.from(await answer.arrayBuffer()));
      execFileSync("tar", ["-xf", `${into}.tar`, "-C", into]);
      await admin.no(404, "GET", `/exports/${"0".repeat(24)}`);
      await (who === admin ? as("u1@example.test") : admin).no(404, "GET", `/exports/${made.id}/archive`);
      await who.ok("DELETE", `/exports/${made.id}`);
      await who.no(404, "GET", `/exports/${made.id}`);
      return into;
    };
    const name = `a-${"long".repeat(14)}@example.test`;
    await smtpSend(dev.ready, undefined, ["u1@example.test"], { subject: "to be carried" });
    const own = await fetched(as("u1@example.test"), {});
    const args = ["import", "account", join(own, "u1@example.test"), "--as", name, "--data", dev.ready.data, "--json"];
    const { added } = JSON.parse((await angarium(...args)).out);
    assert.equal(added, (await admin.ok("GET", "/accounts/u1@example.test")).usedMessages);
    await as("u1@example.test").no(403, "POST", "/exports", { domain: "example.test" });
    // Whoever administers the domain does not read the mail of who administers the platform.
    await admin.ok("POST", "/administrators", { account: "u2@example.test", domain: "example.test" });
    await as("u2@example.test").no(403, "POST", "/exports", { account: dev.ready.admin.user });
    const seen = await fetched(as("u2@example.test"), { domain: "example.test" });
    assert.ok(existsSync(join(seen, "u1@example.test")) && !existsSync(join(seen, dev.ready.admin.user)));
    await as("u1@example.test").no(422, "POST", "/exports", { account: "u2@example.test" });

    await admin.ok("POST", "/lists", { address: "talk@example.test" });
    await admin.ok("POST", "/lists/talk@example.test/members", { members: ["x@far.test"] });
    const whole = await fetched(admin, { domain: "example.test" });
    const { addresses } = JSON.parse(await readFile(join(whole, "example.test.json"), "utf8"));
    const of = (address: string): Any => addresses.find((one: Any) => one.address === address);
    assert.equal(of("closed@example.test").about.kind, "group");
    assert.deepEqual(
      of("talk@example.test").members.map((one: Any) => one.address),
      ["x@far.test"],
    );
    assert.ok(existsSync(join(whole, name, "account.json")), "a path of more than 100 bytes");
    // The way back is for who administers the platform.
    await as("u2@example.test").no(403, "POST", "/archives", { sizeBytes: 1 });
    await admin.ok("POST", "/tenants", { name: "exported" });
    const tenant = await fetched(admin, { tenant: "exported" });
    assert.ok(existsSync(join(tenant, "exported.tenant.json")));
    await as("u2@example.test").no(403, "POST", "/exports", { tenant: "exported" });
  });
});
