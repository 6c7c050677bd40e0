/** Nobody reaches what is another tenant's: every route of the OpenAPI file is tried with every other tenant's ids, by everybody. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Any, ApiTalk } from "../api-talk.ts";
import { dangerous } from "../attachments/dangerous.ts";
import { messageWith } from "../attachments/message.ts";
import { type DevProcess, startDev } from "../dev-process.ts";
import { smtpSend } from "../smtp-send.ts";
import { SmtpTalk } from "../smtp-talk.ts";

/** In every name of the tenant that is not ours. */
const mark = "bravo";

describe("tenants apart", () => {
  let dev: DevProcess;
  let platform: ApiTalk;
  const actors: { name: string; talk: ApiTalk }[] = [];
  /** What the other tenant has, by the names of the parameters that mean it. */
  const theirs: { [parameter: string]: string } = {};
  let description: Any;

  before(async () => {
    dev = await startDev(["--users", "1", "--cleartext-auth", "--deliver-to", "127.0.0.1:9"]);
    const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
    platform = new ApiTalk(origin, dev.ready.admin);
    for (const tenant of ["alfa", mark]) {
      await platform.ok("POST", "/tenants", { name: tenant });
      for (const part of ["one", "two"])
        await platform.ok("POST", "/domains", { name: `${tenant}-${part}.test`, tenant });
      for (const name of ["boss", "keeper", "person"])
        await platform.ok("POST", "/accounts", { name: `${name}@${tenant}-one.test`, password: "correct horse" });
      await platform.ok("POST", "/accounts", { name: `other@${tenant}-two.test`, password: "correct horse" });
      await platform.ok("POST", "/administrators", { account: `boss@${tenant}-one.test`, tenant });
      await platform.ok("POST", "/administrators", {
        account: `keeper@${tenant}-one.test`,
        domain: `${tenant}-one.test`,
      });
    }
    const as = (user: string) => new ApiTalk(origin, { user, password: "correct horse" });
    for (const name of ["boss", "keeper", "person"]) actors.push({ name, talk: as(`${name}@alfa-one.test`) });
    const boss = as(`boss@${mark}-one.test`);
    const person = as(`person@${mark}-one.test`);
    await boss.ok("POST", "/aliases", { address: `info@${mark}-one.test`, targets: [`person@${mark}-one.test`] });
    await boss.ok("POST", "/groups", {
      address: `all@${mark}-one.test`,
      members: [`person@${mark}-one.test`, "x@far.test"],
    });
    await boss.ok("POST", "/lists", { address: `news@${mark}-one.test` });
    await boss.ok("POST", `/lists/news@${mark}-one.test/members`, { members: ["x@far.test"] });
    const masked = await person.ok("POST", "/masked-addresses", { label: `shop of ${mark}` });
    const token = await person.ok("POST", "/accounts/me/tokens", { label: mark });
    await boss.ok("POST", "/accounts", { name: `gone@${mark}-one.test`, password: "correct horse" });
    const deletion = await boss.ok("DELETE", `/accounts/gone@${mark}-one.test`);
    await smtpSend(dev.ready, { user: `person@${mark}-one.test`, password: "correct horse" }, [
      "x@far.test",
      `boss@${mark}-one.test`,
    ]);
    await smtpSend(dev.ready, undefined, [`person@${mark}-one.test`]);
    const queued = (await boss.ok("GET", "/queue")).items;
    assert.ok(queued.length > 0);
    const journeys = (await boss.ok("GET", `/journeys?address=person@${mark}-one.test`)).items;
    assert.ok(journeys.length > 0);
    const email = await person.ok("POST", "/emails", { from: `person@${mark}-one.test`, to: "x@far.test", text: "x" });
    const webhook = await boss.ok("POST", "/webhooks", { url: `https://hook.${mark}.test/` });
    await boss.ok("POST", "/suppressions", { address: `stop@${mark}.test` });
    await boss.ok("POST", "/templates", { name: "welcome", text: `from ${mark}`, publish: true });
    await smtpSend(dev.ready, undefined, [`news@${mark}-one.test`], { from: "stranger@far.test" });
    const held = (await boss.ok("GET", `/lists/news@${mark}-one.test/held`)).items;
    const macro = dangerous.find(({ name }) => name === "letter.docm")!;
    const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
    await talk.say("MAIL FROM:<ann@far.test>");
    await talk.say(`RCPT TO:<person@${mark}-one.test>`);
    const letter = messageWith(macro, { to: `person@${mark}-one.test`, id: "macro@far.test" });
    assert.match(await talk.message(letter.toString("latin1").replaceAll("\r\n", "\n")), /^250/);
    await talk.quit();
    const quarantined = (await boss.ok("GET", "/quarantine")).items;
    const program = await person.ok("POST", "/accounts/me/app-passwords", { label: mark });
    await boss.ok("POST", "/invitations", { address: `new@${mark}-one.test` });
    const invitation = (await boss.ok("GET", "/invitations")).items[0];
    const whence = { host: "127.0.0.1", port: 9, tls: "starttls", user: "u", password: "p" };
    const carried = await person.ok("POST", "/accounts/me/imports", whence);
    const written = await person.ok("POST", "/exports", {});
    const archived = await person.ok("POST", "/archives", { sizeBytes: 1000, account: `person@${mark}-one.test` });
    // The same of ours, in which nothing of theirs is.
    const ours = as("boss@alfa-one.test");
    await ours.ok("POST", "/lists", { address: "news@alfa-one.test" });
    Object.assign(theirs, {
      template: `${mark}~welcome`,
      email: email.id,
      webhook: webhook.id,
      suppressed: `stop@${mark}.test`,
      tenant: mark,
      domain: `${mark}-one.test`,
      account: `person@${mark}-one.test`,
      alias: `info@${mark}-one.test`,
      group: `all@${mark}-one.test`,
      member: "x@far.test",
      person: `boss@${mark}-one.test`,
      list: `news@${mark}-one.test`,
      post: String(held[0].id),
      request: "1",
      masked: masked.address,
      id: token.id,
      deletion: String(deletion.id),
      queued: queued[0].id,
      journey: journeys[0].id,
      quarantined: String(quarantined[0].id),
      number: String(program.id),
      invitation: String(invitation.id),
      import: String(carried.id),
      export: written.id,
      archive: archived.id,
    });
    description = await platform.ok("GET", "/openapi.json");
  });
  after(() => dev.stop());

  test("the other tenant sees its own things", async () => {
    const boss = new ApiTalk(platform.origin, { user: `boss@${mark}-one.test`, password: "correct horse" });
    const names = (await boss.ok("GET", "/domains")).items.map(({ name }: Any) => name);
    assert.deepEqual(names, [`${mark}-one.test`, `${mark}-two.test`]);
    assert.equal((await boss.ok("GET", "/accounts")).items.length, 4);
    assert.ok(JSON.stringify(await boss.ok("GET", "/audit")).includes(mark));
  });

  test("the samples are real: those whose they are see what is there", async () => {
    const owners = ["boss", "keeper", "person"].map(
      (name) => new ApiTalk(platform.origin, { user: `${name}@${mark}-one.test`, password: "correct horse" }),
    );
    const seen = new Set<string>();
    const unseen: string[] = [];
    for (const [path, operations] of Object.entries<Any>(description.paths)) {
      const names = namesOf(path);
      if (names.length === 0 || operations.get === undefined || !names.every((name) => theirs[name] !== undefined))
        continue;
      if (names.every((name) => seen.has(name))) continue;
      const statuses: number[] = [];
      for (const talk of [...owners, platform]) {
        const { status } = await talk.get(at(path, theirs));
        statuses.push(status);
        // An export that is not ready yet is there all the same.
        if (status === 200 || status === 409) break;
      }
      if ([200, 409].includes(statuses.at(-1) ?? 0)) for (const name of names) seen.add(name);
      else unseen.push(`${path} ${statuses}`);
    }
    const notRead = Object.keys(theirs).filter((name) => !seen.has(name) && !isNotRead.has(name));
    assert.deepEqual(notRead, [], unseen.join("\n"));
  });

  test("one's own way to what is another's is none: their ids below what is ours", async () => {
    const mine: { readonly [parameter: string]: string } = {
      account: "person@alfa-one.test",
      list: "news@alfa-one.test",
      domain: "alfa-one.test",
      tenant: "alfa",
    };
    let tried = 0;
    for (const [path, operations] of Object.entries<Any>(description.paths)) {
      const [first = "", ...others] = namesOf(path);
      // An address elsewhere belongs to nobody.
      if (mine[first] === undefined || others.length === 0 || others.includes("member")) continue;
      if (!others.every((name) => theirs[name] !== undefined)) continue;
      for (const [method, operation] of Object.entries<Any>(operations))
        for (const { name, talk } of actors) {
          const real = at(path, { ...theirs, [first]: mine[first] });
          const body = operation.requestBody === undefined ? undefined : {};
          const said = await talk.ask(method.toUpperCase(), real, body);
          assert.ok([403, 404].includes(said.status), `${name}: ${method} ${real} → ${said.status}`);
          tried++;
        }
    }
    assert.ok(tried > 10, `${tried} requests`);
  });

  test("every path with the other tenant's ids is refused to everybody", async () => {
    let tried = 0;
    for (const [path, operations] of Object.entries<Any>(description.paths)) {
      const names = namesOf(path);
      if (names.length === 0 || names.every((name) => isOfThePlatform.has(name))) continue;
      for (const name of names)
        assert.ok(theirs[name] ?? isOfThePlatform.has(name), `give a sample for {${name}} of ${path}`);
      const real = at(path, theirs);
      for (const [method, operation] of Object.entries<Any>(operations))
        for (const { name, talk } of actors) {
          const body = operation.requestBody === undefined ? undefined : {};
          const said = await talk.ask(method.toUpperCase(), real, body);
          assert.ok(
            [403, 404].includes(said.status),
            `${name}: ${method} ${real} → ${said.status} ${JSON.stringify(said.body)}`,
          );
          tried++;
        }
    }
    assert.ok(tried > 60, `${tried} requests`);
  });

  test("a neighbour in the same domain, and who administers another domain of the tenant, have no more", async () => {
    const there = { user: `neighbour@${mark}-one.test`, password: "correct horse" };
    const other = { user: `other@${mark}-two.test`, password: "correct horse" };
    const boss = new ApiTalk(platform.origin, { user: `boss@${mark}-one.test`, password: "correct horse" });
    await boss.ok("POST", "/accounts", { name: there.user, password: there.password });
    await boss.ok("POST", "/administrators", { account: other.user, domain: `${mark}-two.test` });
    const neighbours = [
      { name: "neighbour", talk: new ApiTalk(platform.origin, there) },
      { name: "keeper next door", talk: new ApiTalk(platform.origin, other) },
    ];
    const told = new Set<string>();
    for (const [path, operations] of Object.entries<Any>(description.paths)) {
      const names = namesOf(path);
      if (names.length === 0 || names.every((name) => isOfThePlatform.has(name))) continue;
      for (const [method, operation] of Object.entries<Any>(operations))
        for (const { name, talk } of neighbours) {
          const body = operation.requestBody === undefined ? undefined : {};
          const said = await talk.ask(method.toUpperCase(), at(path, theirs), body);
          if (![403, 404].includes(said.status)) told.add(`${name}: ${method} ${path}`);
        }
    }
    // Templates are for all who send of a tenant.
    const shared = [
      "get /templates/{template}",
      "get /templates/{template}/versions",
      "post /templates/{template}/preview",
    ];
    assert.deepEqual(
      [...told].sort(),
      neighbours.flatMap(({ name }) => shared.map((what) => `${name}: ${what}`)).sort(),
    );
  });

  test("a credential opens what it names: every route by an administrator's tokens and app passwords of small scope", async () => {
    const { user } = dev.ready.admin;
    const token = async (...scopes: string[]): Promise<ApiTalk> => {
      const made = await platform.ok("POST", "/accounts/me/tokens", { label: "small", scopes });
      return new ApiTalk(platform.origin, { token: made.token });
    };
    const { password } = await platform.ok("POST", "/accounts/me/app-passwords", {
      label: "s",
      scopes: ["imap", "jmap"],
    });
    const [mail, reader, one] = [await token("mail", "smtp"), await token("*:read"), await token("tenants:read")];
    const program = new ApiTalk(platform.origin, { user, password });
    const open: string[] = [];
    let tried = 0;
    for (const [path, operations] of Object.entries<Any>(description.paths))
      for (const [method, operation] of Object.entries<Any>(operations)) {
        if (operation.security?.length === 0) continue;
        // Nothing is there under these names: what is not refused first is not found.
        const real = at(path, {});
        const ask = (talk: ApiTalk) =>
          talk.ask(method.toUpperCase(), real, operation.requestBody === undefined ? undefined : {});
        const asked = [
          ["mail", mail],
          ["program", program],
          ["one", one],
          ...(method === "get" ? [] : [["reader", reader] as const]),
        ] as const;
        for (const [name, talk] of asked) {
          const { status } = await ask(talk);
          tried++;
          if (status !== 403) open.push(`${name}: ${method} ${path}`);
        }
      }
    assert.deepEqual(open.sort(), [
      ...["", "/{tenant}", "/{tenant}/deletion", "/{tenant}/sending-limits"].map(
        (below) => `one: get /tenants${below}`,
      ),
      // Nothing is changed by it.
      "reader: post /templates/{template}/preview",
    ]);
    assert.ok(tried > 700, `${tried} requests`);
  });

  test("no list tells of the other tenant", async () => {
    for (const [path, operations] of Object.entries<Any>(description.paths)) {
      if (path.includes("{") || operations.get === undefined) continue;
      for (const { name, talk } of actors) {
        const said = await talk.get(path);
        assert.ok([200, 400, 403, 422, 503].includes(said.status), `${name}: ${path} → ${said.status}`);
        assert.ok(!JSON.stringify(said.body).includes(mark), `${name}: ${path} tells of ${mark}`);
      }
    }
  });

  test("no body reaches over", async () => {
    const [boss, keeper, person] = actors.map(({ talk }) => talk) as [ApiTalk, ApiTalk, ApiTalk];
    const there = `${mark}-one.test`;
    for (const talk of [boss, keeper]) {
      await talk.no(422, "POST", "/accounts", { name: `new@${there}`, password: "correct horse" });
      await talk.no(422, "POST", "/aliases", { address: `new@${there}`, targets: ["a@far.test"] });
      await talk.no(422, "POST", "/groups", { address: `new@${there}`, members: ["a@far.test"] });
      await talk.no(422, "POST", "/aliases", {
        address: "mine@alfa-one.test",
        targets: ["a@far.test"],
        senders: [`person@${there}`],
      });
      const imported = await talk.ok("POST", "/accounts/import", { csv: `address\nevil@${there}\n` });
      assert.equal(imported.made, 0);
      await talk.no(404, "GET", `/accounts?domain=${there}`);
      await talk.no(403, "PATCH", "/accounts/person@alfa-one.test", { role: "admin" });
      await talk.no(422, "PATCH", "/accounts/person@alfa-one.test", { name: `evil@${there}` });
    }
    for (const talk of [boss, keeper]) {
      await talk.no(404, "POST", "/webhooks", { url: "https://far.test/", tenant: mark });
      await talk.no(404, "POST", `/suppressions?tenant=${mark}`, { address: "x@far.test" });
      await talk.no(404, "GET", `/events?tenant=${mark}`);
      for (const what of ["domains", "accounts"]) await talk.no(404, "GET", `/${what}?tenant=${mark}`);
      await talk.no(403, "POST", "/emails", { from: `person@${there}`, to: "x@far.test", text: "x" });
    }
    await boss.no(422, "POST", "/administrators", { account: `person@${there}`, tenant: "alfa" });
    await boss.no(422, "POST", "/administrators", { account: "person@alfa-one.test", tenant: mark });
    await boss.no(403, "POST", "/domains", { name: "new.test", tenant: mark });
    // Nor make the server speak to machines of its own network.
    const relay = { name: "relayed.test", kind: "relay", relayTo: "smtp:10.0.0.1:25" };
    await boss.no(403, "POST", "/domains", relay);
    await boss.no(403, "PATCH", "/domains/alfa-one.test", { tenant: mark });
    await boss.no(403, "PATCH", "/tenants/alfa", { limits: { maxAccounts: 1000 } });
    // Below their tenant: who administers one domain, and who administers none.
    await keeper.no(404, "GET", "/accounts/other@alfa-two.test");
    await keeper.no(404, "GET", "/domains/alfa-two.test");
    await keeper.no(403, "PATCH", "/accounts/boss@alfa-one.test", { displayName: "x" });
    await keeper.no(403, "POST", "/accounts/boss@alfa-one.test/password", { password: "hijacked now" });
    await keeper.no(403, "DELETE", "/accounts/boss@alfa-one.test");
    await keeper.no(403, "POST", "/accounts/boss@alfa-one.test/lock");
    await keeper.no(403, "PATCH", "/accounts/boss@alfa-one.test", { name: "mine@alfa-one.test" });
    await person.no(403, "PATCH", "/accounts/me", { quotaBytes: 1 });
    await person.no(404, "GET", "/accounts/boss@alfa-one.test");
    await person.no(404, "POST", "/masked-addresses", { label: "x", account: "boss@alfa-one.test" });
    await boss.no(403, "POST", "/accounts/person@alfa-one.test/tokens", { label: "theirs" });
  });

  test("a domain that is given away takes its people's rights with it", async () => {
    await platform.ok("PATCH", "/domains/alfa-two.test", { tenant: mark });
    const boss = actors[0]?.talk as ApiTalk;
    await boss.no(404, "GET", "/domains/alfa-two.test");
    await boss.no(404, "GET", "/accounts/other@alfa-two.test");
  });
});

const namesOf = (path: string): readonly string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
const at = (path: string, samples: { readonly [parameter: string]: string }): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(samples[name] ?? "x"));

/** Parameters without a path that shows the one thing; those of a wish to join a list, which is nobody's before it was confirmed by mail. */
const isNotRead: ReadonlySet<string> = new Set([
  ...["suppressed", "member", "person", "post", "id", "number", "invitation"],
  "request",
]);

/** Parameters that mean nothing of a tenant's: their routes are for administrators of the platform. */
const isOfThePlatform: ReadonlySet<string> = new Set([
  "source",
  "pool",
  "stream",
  "campaign",
  "address",
  "backup",
  "setting",
  "feed",
  "seed",
  "probe",
  "run",
  "ticket",
  "strike",
]);
