/** The door of `angarium dev --strict`: legitimate mail comes in at once, strangers of bad name do not, and all of it can be seen. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ask, has, journey } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { give, SmtpTalk } from "../smtp-talk.ts";

let dev: DevProcess;
before(async (t) => {
  const folder = await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]);
  const file = join(folder, "dns.json");
  await writeFile(
    file,
    JSON.stringify({
      "2.0.0.127.bl.test": { A: "127.0.0.2" },
      "66.0.0.127.bl.test": { A: "127.0.0.2", TXT: "known for spam" },
      "*.wild.test": { A: "127.0.0.2" },
    }),
  );
  dev = await startDev([
    "--users",
    "2",
    "--strict",
    "--cleartext-auth",
    "--dns",
    file,
    "--blocklist",
    "bl.test",
    "--blocklist",
    "wild.test",
  ]);
});
after(async () => {
  await dev?.stop();
});

const port = (): number => dev.ready.ports["smtp"]!;
const letter = (subject: string) => ({ from: "ann@far.test", to: ["u1@example.test"], subject });

test("a legitimate letter comes in at the first try", async () => {
  const talk = await SmtpTalk.open(port());
  await give(talk, letter("welcome"));
  await talk.quit();
});

test("an address on a blocklist is refused at RCPT, and trace says so; a list that answers for everything is not believed", async () => {
  const talk = await SmtpTalk.open(port(), { from: "127.0.0.66" });
  assert.match(await talk.say("MAIL FROM:<mallory@far.test>"), /^250/);
  assert.equal(
    await talk.say("RCPT TO:<u1@example.test>"),
    "554 5.7.1 Your address 127.0.0.66 is on the blocklist bl.test: known for spam",
  );
  await talk.quit();
  const [entry] = await journey(dev.ready.data, "mallory@far.test", has("refused"));
  assert.match(String(entry?.detail["reply"]), /blocklist bl\.test/);
  const lists = (await ask(dev.ready.data, "blocklist list")) as { readonly list: string; readonly health: string }[];
  assert.deepEqual(
    lists.map(({ list, health }) => [list, health]),
    [
      ["bl.test", "ok"],
      ["wild.test", "answers for everything"],
    ],
  );
});

test("who speaks before the greeting is turned away", async () => {
  const socket = connect({ port: port(), host: "127.0.0.1", localAddress: "127.0.0.77" });
  socket.write("EHLO early.test\r\n");
  let text = "";
  for await (const piece of socket) text += String(piece);
  assert.match(text, /^554 5\.5\.1 You spoke before you were greeted/);
});

test("a ban keeps out of every protocol, is listed, and lifted", async () => {
  await ask(dev.ready.data, "ban add", { address: "127.0.0.88", for: "1h", reason: "a test" });
  const said = async (service: string): Promise<string> => {
    const socket = connect({ port: dev.ready.ports[service]!, host: "127.0.0.1", localAddress: "127.0.0.88" });
    let text = "";
    for await (const piece of socket) text += String(piece);
    return text;
  };
  assert.match(await said("smtp"), /^554 5\.7\.1 .* banned for a while: a test\r\n$/);
  assert.match(await said("imap"), /^\* BYE .* banned/);
  assert.match(await said("pop3"), /^-ERR .* banned/);
  const bans = (await ask(dev.ready.data, "ban list")) as { readonly address: string; readonly why: string }[];
  assert.deepEqual(
    bans.map(({ address, why }) => [address, why]),
    [["127.0.0.88", "a test"]],
  );
  await ask(dev.ready.data, "ban lift", { address: "127.0.0.88" });
  const talk = await SmtpTalk.open(port(), { from: "127.0.0.88" });
  await talk.quit();
  await assert.rejects(ask(dev.ready.data, "ban lift", { address: "127.0.0.88" }), /is not banned/);
});

test("looking for names ends in a ban, and the session with it", async () => {
  let asked = 0;
  for (let round = 0; round < 3; round++) {
    const talk = await SmtpTalk.open(port(), { from: "127.0.0.99" });
    await talk.say("MAIL FROM:<mallory@far.test>");
    for (let i = 0; i < 90; i++) {
      const said = await talk.say(`RCPT TO:<name${round}-${i}@example.test>`);
      if (said.startsWith("421")) {
        assert.match(said, /^421 4\.7\.0 Your address 127\.0\.0\.99 is banned for a while: it asked for many people/);
        break;
      }
      assert.match(said, /^550 5\.1\.1/);
      asked++;
    }
    if (round < 2) await talk.quit();
  }
  assert.equal(asked, 201);
  const bans = (await ask(dev.ready.data, "ban list")) as { readonly address: string }[];
  assert.deepEqual(
    bans.map(({ address }) => address),
    ["127.0.0.99"],
  );
});
