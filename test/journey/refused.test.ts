/** "Why did it not come": what was refused is found by `angarium trace`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { angarium, startDev } from "../dev-process.ts";
import { SmtpTalk } from "../smtp-talk.ts";

test("mail refused at RCPT, at MAIL and at the end of its data has a journey", async () => {
  const running = await startDev([]);
  try {
    const { ready } = running;
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
  } finally {
    await running.stop();
  }
});
