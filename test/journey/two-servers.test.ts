/** Two of our servers with one DNS: what one forwards the other believes, and what one sees in the other's name it reports to it. */
import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { authenticate } from "mailauth";
import { ApiTalk } from "../api-talk.ts";
import { ask, mailOf } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { give, SmtpTalk } from "../smtp-talk.ts";

let a: DevProcess;
let b: DevProcess;
const zone: { [name: string]: { [type: string]: string } } = {
  "_dmarc.a.test": { TXT: "v=DMARC1; p=none; rua=mailto:dmarc-reports@a.test" },
  "a.test": { TXT: "v=spf1 ip4:127.0.0.1 -all" },
  "b.test": { TXT: "v=spf1 -all" },
  "_dmarc.b.test": { TXT: "v=DMARC1; p=none; rua=mailto:dmarc-reports@b.test" },
  "far.test": { TXT: "v=spf1 ip4:127.0.0.1 -all" },
  "bank.test": { TXT: "v=spf1 ip4:127.0.0.1 -all" },
  "_dmarc.bank.test": { TXT: "v=DMARC1; p=reject" },
};

before(async (t) => {
  const file = join(await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]), "dns.json");
  const publish = async (): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify(zone));
    await rename(`${file}.new`, file);
  };
  await publish();
  b = await startDev(["--domain", "b.test", "--users", "2", "--dns", file]);
  const toB = `127.0.0.1:${b.ready.ports["smtp"]}`;
  a = await startDev(["--cleartext-auth", "--domain", "a.test", "--users", "1", "--dns", file, "--deliver-to", toB]);
  for (const { name, record } of (await ask(a.ready.data, "dkim show", { name: "a.test" })) as {
    name: string;
    record: string;
  }[])
    zone[name] = { TXT: record };
  await publish();
  await ask(a.ready.data, "alias add", { address: "fwd@a.test", targets: ["u1@b.test"] });
});
after(() => Promise.all([a?.stop(), b?.stop()]));

async function bring(server: DevProcess, letter: Parameters<typeof give>[1]): Promise<void> {
  const talk = await SmtpTalk.open(server.ready.ports["smtp"]!);
  await give(talk, letter);
  await talk.quit();
}

test("what is forwarded comes with a return path that SPF allows and a seal that holds", async () => {
  await bring(a, { from: "anna@far.test", to: ["fwd@a.test"], subject: "forwarded" });
  const kept = await mailOf(b.ready, "u1@b.test", /^Subject: forwarded/m);
  assert.match(kept, /^Return-Path: <SRS0=\S+=far\.test=anna@a\.test>/);
  const results = /^Authentication-Results: mail\.b\.test;(?:.*\r\n[ \t])*.*/m.exec(kept)?.[0] ?? kept;
  assert.match(results, /arc=pass/);
  assert.match(results, /spf=pass/);
  assert.match(kept, /^ARC-Authentication-Results: i=1; mail\.a\.test;[\s\S]*?spf=pass[\s\S]*?\r\n(?![ \t])/m);
  const { arc } = await authenticate(Buffer.from(kept, "latin1"), {
    ip: "127.0.0.1",
    sender: "anna@far.test",
    disableDmarc: true,
    disableBimi: true,
    resolver: async (name: string) => {
      const record = zone[name]?.["TXT"];
      if (record === undefined) throw Object.assign(new Error(name), { code: "ENOTFOUND" });
      return [[record]];
    },
  } as never);
  assert.equal((arc as { status: { result: string } }).status.result, "pass", "mailauth thinks so too");
});

test("what its author's domain would have refused is forwarded as ours, and signed: DMARC passes at the next server", async () => {
  await bring(a, { from: "anna@bank.test", to: ["fwd@a.test"], subject: "statement" });
  const kept = await mailOf(b.ready, "u1@b.test", /^Subject: statement/m);
  assert.match(kept, /^From: "anna@bank\.test via fwd@a\.test" <fwd@a\.test>\r\n/m);
  const results = /^Authentication-Results: mail\.b\.test;(?:.*\r\n[ \t])*.*/m.exec(kept)?.[0] ?? kept;
  assert.equal(results.match(/dkim=pass\s+header\.d=a\.test/g)?.length, 2, "RSA and Ed25519");
  assert.match(results, /dmarc=pass [^;]*header\.from=a\.test/);
  assert.match(results, /arc=pass/);
});

test("mail in another's name is reported to it, and it is told in words", async () => {
  for (const subject of ["one", "two", "three"]) await bring(a, { from: "boss@b.test", to: ["u1@a.test"], subject });
  const sent = (await ask(a.ready.data, "report send", { today: true })) as {
    domain: string;
    messages: number;
    to: string[];
  }[];
  assert.deepEqual(
    sent.map(({ domain, messages, to }) => [domain, messages, to]),
    [["b.test", 3, ["dmarc-reports@b.test"]]],
  );
  for (;;) {
    const [summary] = (await ask(b.ready.data, "report dmarc", { domain: "b.test" })) as { sentences: string[] }[];
    if (summary!.sentences.length > 1) {
      assert.match(
        summary!.sentences[1]!,
        /^127\.0\.0\.1, unknown to you, sent 3 messages as b\.test that fail DMARC\.$/,
      );
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(await ask(a.ready.data, "report send", { today: true }), [], "sent once");
});

test("what comes here in our own name is told too, without a letter to ourselves", async () => {
  await bring(a, { from: "boss@a.test", to: ["u1@a.test"], subject: "by SPF it is ours" });
  const talk = await SmtpTalk.open(a.ready.ports["smtp"]!, { from: "127.0.0.7" });
  await give(talk, { from: "boss@a.test", to: ["u1@a.test"], subject: "spoofed" });
  await talk.quit();
  assert.equal(((await ask(a.ready.data, "report send", { today: true })) as unknown[]).length, 1);
  const [summary] = (await ask(a.ready.data, "report dmarc", { domain: "a.test" })) as {
    messages: number;
    failed: number;
  }[];
  assert.deepEqual([summary!.messages, summary!.failed], [2, 1]);
});

const junk = 'require ["fileinto"]; if header :contains "Subject" "May" { fileinto "Junk"; }';

test("seed mailboxes at the other server say where a campaign and a probe came, and nobody is sent two letters a day", async () => {
  const api = new ApiTalk(`http://127.0.0.1:${a.ready.ports["http"]}`, a.ready.admin);
  await ask(b.ready.data, "sieve put", { name: "may", script: junk, account: "u1@b.test" });
  await ask(b.ready.data, "sieve activate", { name: "may", account: "u1@b.test" });
  await ask(a.ready.data, "sending tenant add", { name: "shop", seeds: true });
  await ask(a.ready.data, "sending domain add", { name: "a.test", tenant: "shop" });
  const at = { provider: "other", host: "127.0.0.1", port: b.ready.ports["imaps"], anyCertificate: true };
  const tried = (await ask(a.ready.data, "seed add", {
    ...{ name: "wrong", address: "u1@b.test", password: "no" },
    ...at,
  })) as { opens: boolean; why: string };
  assert.deepEqual([tried.opens, /refuses the name or the password/.test(tried.why)], [false, true]);
  await ask(a.ready.data, "seed remove", { name: "wrong" });
  for (const user of ["u1", "u2"])
    await ask(a.ready.data, "seed add", { name: user, address: `${user}@b.test`, password: b.ready.password, ...at });

  const { id } = await new ApiTalk(api.origin, { user: "u1@a.test", password: a.ready.password }).ok(
    "POST",
    "/emails",
    {
      from: "u1@a.test",
      to: "anna@b.test",
      subject: "May is here",
      text: "Flowers",
      campaign: "may",
    },
  );
  assert.ok(id);
  type Run = {
    readonly id: string;
    readonly campaign: string;
    readonly seeds: readonly { readonly [name: string]: string }[];
  };
  const seen = async (which: (run: Run) => boolean): Promise<Run> => {
    for (;;) {
      await api.ok("POST", "/sending/seed-runs/look");
      const { items } = await api.ok("GET", "/sending/seed-runs");
      const found = (items as Run[]).find(which);
      const whole = found && ((await api.ok("GET", `/sending/seed-runs/${found.id}`)) as Run);
      if (whole?.seeds.length === 2 && whole.seeds.every(({ state }) => !/^(?:waiting|sent)$/.test(state!)))
        return whole;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const campaign = await seen((run) => run.campaign === "may");
  assert.deepEqual(campaign.seeds.map(({ seed, state, folder }) => `${seed} ${state} ${folder}`).sort(), [
    "u1 junk Junk",
    "u2 inbox INBOX",
  ]);
  assert.match(campaign.seeds[0]!["authentication"]!, /spf=pass.*dkim=pass|dkim=pass.*spf=pass/);
  const kept = await mailOf(b.ready, "u2@b.test", /^Subject: May is here/m);
  assert.match(kept, /^To: <u2@b\.test>\r$/m);
  assert.match(kept, /^List-Unsubscribe-Post: /m);

  await ask(a.ready.data, "seed probe add", {
    name: "daily",
    from: "u1@a.test",
    subject: "Hello",
    text: "How are you?",
    every: "",
  });
  await assert.rejects(
    ask(a.ready.data, "seed probe run", { name: "daily" }),
    /no seed that may have a letter of shop today/,
  );

  const hint = await api.ok("GET", "/placement-hint?address=x@b.test");
  assert.deepEqual([hint.hint, hint.measured.seen], ["unknown", 2], "two are too few");
  const [placement] = (await api.ok("GET", "/sending/placement")).items;
  assert.deepEqual([placement.junk, placement.inbox, placement.enough, placement.trend], [1, 1, false, "unknown"]);
  assert.doesNotMatch(JSON.stringify(await api.ok("GET", "/sending/seeds")), new RegExp(`"${b.ready.password}"`));
});
