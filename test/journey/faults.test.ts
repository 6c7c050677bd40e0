/** What goes wrong around a running server: no write succeeds, it is told to stop under load, it is started wrongly. `npm run faults` breaks the disk itself. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { angarium, type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { inboxIds, Load } from "../load.ts";
import { startSink } from "../sink.ts";
import { deliver, imapSession, smtpSession } from "../wire.ts";

/** A server and senders that also end when the test fails. */
async function started(t: TestContext, args: readonly string[]): Promise<DevProcess> {
  const dev = await startDev(args);
  t.after(() => dev.kill());
  return dev;
}
function loadOf(t: TestContext, dev: DevProcess, sessions: number): Load {
  const load = new Load(dev, sessions);
  t.after(() => load.stop());
  return load;
}

/** From now on the process may make no file larger than this: its writes fail as on a broken disk. Needs no rights. */
async function limitFiles(pid: number, bytes: number | "unlimited"): Promise<void> {
  try {
    await promisify(execFile)("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
  } catch (error) {
    throw new Error("This test needs the program prlimit: install the package util-linux.", { cause: error });
  }
}

test("while nothing can be written mail is answered 4xx, reading goes on, and afterwards all is well", {
  timeout: 300_000,
}, async (t) => {
  const data = await temporaryFolder(t);
  const sink = await startSink();
  t.after(() => sink.close());
  const dev = await started(t, [
    "--data",
    data,
    "--cleartext-auth",
    "--deliver-to",
    `127.0.0.1:${sink.port}`,
    "--trust",
    "127.0.0.0/8",
  ]);
  const { smtp, imap } = dev.ready.ports as { smtp: number; imap: number };
  const load = loadOf(t, dev, 4);
  await load.until(50);
  await limitFiles(dev.child.pid!, 4096);
  const refusals = await load.untilRefused(20);
  for (const refusal of refusals) assert.match(refusal, /^45[12] 4\.3\.[01] [ -~]+\r\n$/);
  assert.ok((await inboxIds(imap, "u1@example.test")).size > 0, "mailboxes can be opened");
  const large = await smtpSession(smtp);
  assert.match(
    await deliver(large, "u1@example.test", `Subject: large\r\n\r\n${"0123456789abcdef\r\n".repeat(100_000)}`),
    /^45[12] /,
  );
  assert.match(await deliver(large, "far@far.test", "Subject: to relay\r\n\r\nx\r\n"), /^45[12] /);
  const writer = await imapSession(imap, "u1@example.test");
  assert.match(await writer.imap("STORE 1 +FLAGS (\\Flagged)"), /t NO \[UNAVAILABLE\]/);
  // Neither \\Recent nor \\Seen can be written, and the message is read.
  assert.match(await writer.imap("FETCH 1 (BODY[] FLAGS)"), /Subject: load[\s\S]*FLAGS \((?!.*Seen)[\s\S]*\r\nt OK/);

  await limitFiles(dev.child.pid!, "unlimited");
  const mended = performance.now();
  await load.until(load.acknowledged.size + 50);
  t.diagnostic(
    `mail is taken again ${(performance.now() - mended).toFixed(0)} ms after the disk is well (50 messages)`,
  );
  assert.match(await writer.imap("STORE 1 +FLAGS (\\Flagged)"), /t OK/);
  writer.close();
  assert.match(await deliver(large, "far@far.test", "Subject: to relay\r\n\r\nx\r\n"), /^250 /);
  large.close();
  assert.deepEqual((await sink.next()).to, ["far@far.test"]);
  await load.stop();
  assert.deepEqual(await load.lost(imap), []);
  assert.match(dev.log(), /"message":"[^"]*(?:disk I\/O error|EFBIG|file too large)/i, "the log says what is wrong");
  assert.equal((await dev.stop()).code, 0);
  const { code, out, err } = await angarium("verify", "--data", data);
  assert.equal(code, 0, out + err);
});

test("SIGTERM under load: an end in order within five seconds, nothing acknowledged is lost", {
  timeout: 300_000,
}, async (t) => {
  const data = await temporaryFolder(t);
  const asked = Promise.withResolvers<void>();
  const sink = await startSink((command) => {
    if (!/^RCPT TO:<silence@/.test(command)) return undefined;
    asked.resolve();
    return "";
  });
  t.after(() => sink.close());
  const args = ["--data", data, "--cleartext-auth", "--deliver-to", `127.0.0.1:${sink.port}`, "--trust", "127.0.0.0/8"];
  const dev = await started(t, args);
  const load = loadOf(t, dev, 16);
  const relay = await smtpSession(dev.ready.ports["smtp"]!);
  assert.match(await deliver(relay, "silence@far.test", "Subject: to relay\r\n\r\nx\r\n"), /^250 /);
  relay.close();
  await asked.promise;
  const idle = await imapSession(dev.ready.ports["imap"]!, "u5@example.test");
  await idle.send("t IDLE\r\n");
  const dripping = await smtpSession(dev.ready.ports["smtp"]!);
  await dripping.send("MAIL FROM:<a@far.test>\r\nRCPT TO:<u1@example.test>\r\nDATA\r\nSubject: never");
  await load.until(300);
  const { ms, code } = await dev.stop();
  t.diagnostic(`stopped after ${ms.toFixed(0)} ms with ${load.acknowledged.size} messages acknowledged`);
  assert.equal(code, 0, dev.log().slice(-2000));
  assert.ok(ms < 5000, `${ms} ms`);
  assert.match(await idle.rest(), /\* BYE /);
  await load.stop();
  for (const refusal of load.refusals) assert.match(refusal, /^4/, "nothing is refused for good because we stop");
  const again = await started(t, args);
  try {
    assert.deepEqual(await load.lost(again.ready.ports["imap"]!), []);
  } finally {
    await again.stop();
  }
});

test("a wrong configuration: all mistakes at once with their lines, exit code 2", async (t) => {
  const data = await temporaryFolder(t);
  const file = join(data, "angarium.toml");
  await writeFile(
    file,
    'hostname = "not a name!"\nbogus = 1\n[listen]\nsmtp = ["nowhere"]\nimapp = []\n[receive]\nmaxMessageBytes = "many"\nmaxErrors = -3\n',
  );
  for (const words of [["start"], ["check"], ["check", "--json"]]) {
    const { code, out, err } = await angarium(...words, "--data", data);
    assert.equal(code, 2);
    const json = words.includes("--json");
    assert.equal(json ? err : out, "");
    const mistakes: string[] = json ? JSON.parse(out).mistakes : err.trimEnd().split("\n");
    assert.deepEqual(
      mistakes.map((line) => /^(.+:\d+: \S+): .{10,}/.exec(line)?.[1]),
      [
        "1: hostname",
        "2: bogus",
        "4: listen.smtp.0",
        "5: listen.imapp",
        "7: receive.maxMessageBytes",
        "8: receive.maxErrors",
      ].map((place) => `${file}:${place}`),
    );
  }
});

test("what cannot start says why in a sentence, and ends", async (t) => {
  const folder = await temporaryFolder(t);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => taken.close(resolve)));
  const { port } = taken.address() as { port: number };
  const isFile = join(folder, "file");
  await writeFile(isFile, "x");
  const shaping = join(folder, "shaping.toml");
  await writeFile(shaping, "[provider.gmail.limits]\npersecond = 5\n");
  const model = join(folder, "model.toml");
  await writeFile(model, '[source.a]\naddress = "192.0.2.1"\ncolour = "blue"\n');
  const config = join(folder, "wrong.toml");
  await writeFile(config, `hostname = "mail.example.test"\n[sending]\nshaping = "${shaping}"\nmodel = "${model}"\n`);
  const nobody = join(folder, "nobody.toml");
  await writeFile(nobody, 'hostname = "mail.example.test"\nstore.postgres = "postgres://me:secret@127.0.0.1:1/mail"\n');
  const broken = join(folder, "broken");
  await mkdir(broken);
  await writeFile(join(broken, "angarium.sqlite"), Buffer.alloc(100_000, "garbage"));
  const running = await started(t, ["--data", join(folder, "running")]);
  try {
    const cases: readonly [code: number, sentence: RegExp, words: readonly string[]][] = [
      [
        1,
        /imap cannot listen on 127\.0\.0\.1:\d+: another program does\./,
        ["dev", "--data", join(folder, "a"), "--ports", `imap=${port}`],
      ],
      [
        1,
        /https cannot listen on 127\.0\.0\.1:\d+: another program does\./,
        ["dev", "--data", join(folder, "b"), "--ports", `https=${port}`],
      ],
      [1, /Another server is using .+\/running /, ["dev", "--data", join(folder, "running")]],
      [
        1,
        /Another server is using .+\/running /,
        ["start", "--data", join(folder, "running"), "--hostname", "mail.example.test"],
      ],
      [1, /The data folder .+\/file cannot be used: it is not a folder\./, ["dev", "--data", isFile]],
      [1, /The data folder .+\/file cannot be used: it is not a folder\./, ["start", "--data", isFile]],
      [1, /The data folder \/proc\/none\/x cannot be used: /, ["start", "--data", "/proc/none/x"]],
      [
        1,
        /The data folder .+\/broken cannot be used: the database is damaged \(file is .*restore/,
        ["dev", "--data", broken],
      ],
      [
        1,
        /The data folder .+\/broken cannot be used: the database is damaged \(file is .*restore/,
        ["queue", "count", "--data", broken],
      ],
      [
        1,
        /PostgreSQL at 127\.0\.0\.1:1 \(database "mail"\) cannot be used: connect ECONNREFUSED 127\.0\.0\.1:1\. See /,
        ["start", "--data", join(folder, "e"), "--config", nobody],
      ],
      [1, /There is no data folder .+\/nowhere\./, ["queue", "count", "--data", join(folder, "nowhere")]],
      [
        2,
        /The DNS file .+\/none\.json cannot be read/,
        ["dev", "--data", join(folder, "c"), "--dns", join(folder, "none.json")],
      ],
      [2, /--ports: "imap=99999" names no port: write imap=2525/, ["dev", "--ports", "imap=99999"]],
      [2, /Unknown option '--nonsense'/, ["dev", "--nonsense"]],
    ];
    // Two at a time: each is a whole program.
    for (let at = 0; at < cases.length; at += 2)
      await Promise.all(
        cases.slice(at, at + 2).map(async ([expected, sentence, words]) => {
          const { code, out, err } = await angarium(...words);
          const said = err.replace(/^\{.*\n/gm, ""); // lines of the log may come before
          assert.match(said, new RegExp(`^angarium: ${sentence.source}[^\\n]*\\n$`), words.join(" "));
          assert.equal(out, "");
          assert.equal(code, expected, words.join(" "));
        }),
      );
    await Promise.all(
      [
        ["check", "--data", join(folder, "d"), "--config", config],
        ["dev", "--data", join(folder, "d"), "--set", `sending.shaping=${shaping}`, "--set", `sending.model=${model}`],
      ].map(async (words) => {
        const { code, out, err } = await angarium(...words);
        const said = err.replace(/^\{.*\n/gm, "");
        assert.equal(
          said,
          `${shaping}:2: provider.gmail.limits.persecond: there is no such setting\n` +
            `${model}:3: source.a.colour: there is no such setting\n`,
        );
        // What had begun already has nothing to complain of.
        assert.doesNotMatch(err, /"level":50/);
        assert.equal(out, "");
        assert.equal(code, 2, words.join(" "));
      }),
    );
    const wire = await smtpSession(running.ready.ports["smtp"]!);
    assert.match(await deliver(wire, "u1@example.test", "Subject: still here\r\n\r\nx\r\n"), /^250 /);
    wire.close();
  } finally {
    await running.stop();
  }
});
