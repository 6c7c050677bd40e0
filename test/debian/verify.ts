/**
 * What leaves this server, verified by others' software: opendkim, python3-dkim and python3-spf of Debian
 * (`apt-get install opendkim python3-dkim python3-spf python3-nacl`). Run with `npm run verify-debian`.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import nodemailer from "nodemailer";
import { ask } from "../beside.ts";
import { startDev } from "../dev-process.ts";
import { startSink, type Taken } from "../sink.ts";
import { give, SmtpTalk } from "../smtp-talk.ts";

const run = promisify(execFile);
const ourAddress = "192.0.2.25";
const host = "mail.example.test";

const sink = await startSink();
const dev = await startDev(["--users", "2", "--deliver-to", `127.0.0.1:${sink.port}`]);
const folder = await mkdtemp(join(tmpdir(), "angarium-debian-"));
try {
  const sent = await everything();
  const records = (await ask(dev.ready.data, "dns", { name: "example.test" })) as {
    name: string;
    type: string;
    value: string;
  }[];
  const zone: { [name: string]: { [type: string]: string[] } } = { [host]: { A: [ourAddress] } };
  for (const { name, type, value } of records) ((zone[name] ??= {})[type] ??= []).push(value.replace(/\.$/, ""));

  const messages = sent.map(({ data }) => ({ text: data }));
  const envelopes = sent.filter(({ from }) => from !== "").map(({ from }) => ({ ip: ourAddress, from, helo: host }));
  const python = await pipe(
    "/usr/bin/python3",
    [join(import.meta.dirname, "verify.py")],
    JSON.stringify({ zone, messages, envelopes }),
  );
  const { dkim, spf } = JSON.parse(python) as { dkim: boolean[][]; spf: string[] };
  for (const [index, results] of dkim.entries()) {
    if (!isOurs(sent[index]!)) continue;
    assert.deepEqual(results, [true, true], `python3-dkim, message ${index}`);
  }
  assert.deepEqual([...new Set(spf)], ["pass"], "python3-spf");
  console.log(`python3-dkim: ${dkim.filter((one) => one.length === 2).length} messages, both signatures of each pass`);
  console.log(`python3-spf: ${spf.length} envelope senders pass from our address, forwarded ones included`);

  const keyFile = join(folder, "keys");
  const keys = records.filter(({ name }) => name.includes("._domainkey."));
  await writeFile(keyFile, keys.map(({ name, value }) => `${name} ${value}\n`).join(""));
  const config = join(folder, "opendkim.conf");
  await writeFile(
    config,
    `Mode v\nTestPublicKeys ${keyFile}\nUserID root\nRequireSafeKeys false\nSocket local:${join(folder, "socket")}\n`,
  );
  let verified = 0;
  for (const [index, taken] of sent.entries()) {
    if (!isOurs(taken)) continue;
    // opendkim judges one signature at a time in this mode: each by itself.
    for (const text of oneSignatureEach(taken.data)) {
      const file = join(folder, `${index}.eml`);
      await writeFile(file, text, "latin1");
      const { stdout, stderr } = await run("opendkim", ["-x", config, "-t", file]);
      assert.match(
        stdout + stderr,
        /verification \(s=[er]\d+[a-z]*, d=example\.test, \d+-bit key\) succeeded/,
        `opendkim, message ${index}`,
      );
      verified++;
    }
  }
  console.log(`opendkim: ${verified} signatures pass`);
} finally {
  await dev.stop();
  await sink.close();
  await rm(folder, { recursive: true, force: true });
}

function isOurs({ data }: Taken): boolean {
  return /^From:.*@(?:mail\.)?example\.test/im.test(data);
}

/** The message once with each of its signatures alone. */
function oneSignatureEach(text: string): string[] {
  const signature = /^DKIM-Signature:.*\r\n(?:[ \t].*\r\n)*/gim;
  const all = text.match(signature) ?? [];
  return all.map((one) => one + text.replace(signature, ""));
}

/** Messages of every sort that leave us, as the next server got them. */
async function everything(): Promise<readonly Taken[]> {
  await ask(dev.ready.data, "alias add", { address: "fwd@example.test", targets: ["x@far.test"] });
  const own = nodemailer.createTransport({
    host: "127.0.0.1",
    port: dev.ready.ports["submission"]!,
    requireTLS: true,
    tls: { ca: await readFile(dev.ready.ca, "utf8"), servername: "localhost" },
    auth: { user: "u1@example.test", pass: "pw" },
  });
  const from = "Ünal <u1@example.test>";
  const to = "x@far.test";
  const letters = [
    { subject: "plain", text: "Hello" },
    {
      subject:
        "Grüße mit Umlauten und einem sehr langen Betreff, der über mehrere Zeilen gefaltet wird, weil er so lang ist",
      text: "ä".repeat(500),
    },
    { subject: "html", text: "a", html: "<p>a</p>" },
    { subject: "attachment", text: "a", attachments: [{ filename: "a.bin", content: Buffer.alloc(200_000, 7) }] },
    { subject: "blanks", text: "a  b\t c   \n\n\n \n\n" },
    { subject: "no body", text: "" },
    { subject: "list", text: "x", list: { unsubscribe: "https://example.test/u", id: "l.example.test" } },
    { subject: "dots", text: ".\n..\n.x\n" },
  ];
  for (const letter of letters) await own.sendMail({ from, to, ...letter });
  await ask(dev.ready.data, "domain set", { name: "example.test", signatureDays: 30 });
  await own.sendMail({ from, to, subject: "with an end", text: "x" });
  const taken: Taken[] = [];
  for (let count = 0; count <= letters.length; count++) taken.push(await sink.next());
  // Forwarded for a stranger, and our own notice about what nobody takes.
  const stranger = await SmtpTalk.open(dev.ready.ports["smtp"]!);
  await give(stranger, { from: "alice@b.test", to: ["fwd@example.test"], subject: "forwarded" });
  taken.push(await sink.next());
  await stranger.quit();
  return taken;
}

function pipe(command: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(out) : reject(new Error(`${command} ended with ${code}`))));
    child.stdin.end(input);
  });
}
