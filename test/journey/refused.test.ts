/** "Why did it not come": what was refused is found by `angarium trace`. And what a server without exceptions refuses over HTTP. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { angarium, startDev } from "../dev-process.ts";
import { SmtpTalk } from "../smtp-talk.ts";

const running = await startDev(["--set", "signUp.enabled=true", "--set", 'signUp.domains=["example.test"]']);
const { ready } = running;
after(() => running.stop());

test("mail refused at RCPT, at MAIL and at the end of its data has a journey", async () => {
  const talk = await SmtpTalk.open(ready.ports["smtp"]!);
  assert.match(await talk.say("MAIL FROM:<who@sender.test>"), /^250 /);
  assert.match(await talk.say("RCPT TO:<nobody@example.test>"), /^550 /);
  assert.match(await talk.say("RCPT TO:<u1@example.test>"), /^250 /);
  assert.match(await talk.say("DATA"), /^354 /);
  assert.match(await talk.say("Subject: x\r\n\r\nbare\nend\r\n."), /^550 /);
  assert.match(await talk.say("MAIL FROM:<huge@sender.test> SIZE=99999999999"), /^552 /);
  await talk.quit();
  const traced = async (key: string, find: RegExp): Promise<void> => {
    let out = "";
    for (let tries = 0; tries < 20; tries++) {
      ({ out } = await angarium("trace", key, "--data", ready.data, "--json"));
      if (find.test(out)) return;
      await wait(100);
    }
    assert.match(out, find);
  };
  await traced("nobody@example.test", /"refused".*No such|"refused".*550/s);
  await traced("who@sender.test", /bare CR or LF/);
  await traced("u1@example.test", /bare CR or LF/);
  await traced("huge@sender.test", /552/);
});

test("no door of the pages takes a password in the clear", async () => {
  const { out } = await angarium("invite", "add", "ivy@example.test", "--data", ready.data, "--json");
  const { token } = JSON.parse(out) as { readonly token: string };
  const password = "plum harvest over seven bridges";
  const post = async (path: string, body: object): Promise<Response> =>
    fetch(`http://127.0.0.1:${ready.ports["http"]}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  for (const [path, body] of [
    ["/auth/login", { username: "u1@example.test", password: "pw" }],
    ["/auth/invitation", { token, password }],
    ["/auth/sign-up", { name: "sam@example.test", password }],
  ] as const) {
    const refused = await post(path, body);
    assert.equal(refused.status, 403, path);
    assert.match(await refused.text(), /encrypted|TLS|https/, path);
  }
});
