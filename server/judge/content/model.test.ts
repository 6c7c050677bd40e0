/** The learned part: it learns, it is the same every time, it is balanced, and it survives being a file. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeMessage, oddsOf, probabilityOf, readMessage, spamFrom } from "./filter.ts";
import { type Example, emptyModel, learn, type ModelState, modelEvidence } from "./model.ts";
import { readModel, writeModel } from "./model-file.ts";

/** Mails about gardens and about boats: no rule has an opinion of them. */
function mail(topic: "garden" | "boat", number: number): Buffer {
  const words =
    topic === "garden"
      ? ["roses", "soil", "spade", "compost", "hedge", "seedlings", "greenhouse", "tulips"]
      : ["mast", "anchor", "rudder", "harbour", "keel", "sailing", "regatta", "buoy"];
  const text = Array.from({ length: 30 }, (_, i) => words[(i * 7 + number * 3 + ((i * number) % 5)) % 8]).join(" ");
  return Buffer.from(
    `From: P${number} <p${number}@people.example>\r\nTo: u@us.example\r\nSubject: number ${number}\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nMessage-ID: <${number}@people.example>\r\n\r\n${text}\r\n`,
  );
}

const example = (topic: "garden" | "boat", number: number, spam: boolean): Example => {
  const { features, rules } = readMessage(mail(topic, number));
  return { features, rules, spam };
};
const few = (topic: "garden" | "boat", count: number, spam: boolean): Example[] =>
  Array.from({ length: count }, (_, i) => example(topic, i, spam));
const evidence = (model: ModelState, topic: "garden" | "boat", number = 999): number =>
  modelEvidence(model, readMessage(mail(topic, number)).features);

test("learns what is spam for us, whatever the rules think", () => {
  const model = emptyModel();
  learn(model, [...few("boat", 40, true), ...few("garden", 40, false)], 4);
  assert.ok(evidence(model, "boat") > 1, String(evidence(model, "boat")));
  assert.ok(evidence(model, "garden") < -0.5, String(evidence(model, "garden")));
});

test("the same mails make the same model, and a file keeps it", () => {
  const examples = [...few("boat", 30, true), ...few("garden", 30, false)];
  const one = emptyModel();
  const two = emptyModel();
  learn(one, examples, 4);
  learn(two, examples, 4);
  const file = writeModel(one);
  assert.ok(file.equals(writeModel(two)));
  const back = readModel(file, true);
  assert.ok(typeof back !== "string");
  assert.equal(evidence(back, "boat"), evidence(one, "boat"));
  const more = readModel(file, false);
  assert.ok(typeof more !== "string");
  learn(more, few("boat", 5, true), 4);
  learn(one, few("boat", 5, true), 4);
  assert.ok(writeModel(more).equals(writeModel(one)), "learning goes on where it ended");
});

test("a flood of one class does not drown the other", () => {
  const model = emptyModel();
  learn(model, [...few("boat", 400, true), ...few("garden", 10, false)], 4);
  assert.ok(evidence(model, "boat") > 1);
  assert.ok(evidence(model, "garden") < evidence(model, "boat") - 2, "ten good mails still count");
});

test("with little learned the rules lead", () => {
  const model = emptyModel();
  learn(model, few("boat", 3, true), 50);
  assert.ok(evidence(model, "boat") < 3.1);
});

test("files that are no models are refused with a sentence", () => {
  for (const bytes of [
    Buffer.from(""),
    Buffer.from("{}\n"),
    Buffer.from('{"angariumModel":1,"features":0,"bits":21}\n'),
    Buffer.from("x"),
  ])
    assert.equal(typeof readModel(bytes, true), "string");
  const good = writeModel(emptyModel());
  assert.equal(typeof readModel(good.subarray(0, good.length - 3), true), "string");
});

test("an empty installation knows a swindle from a letter", () => {
  const swindle = Buffer.from(
    'From: "PayPal Support" <x7k2m9q4@paypal-secure.click>\r\nReply-To: refunds8841@gmail.com\r\nTo: undisclosed-recipients:;\r\nSubject: URGENT: Your account has been suspended!!\r\nContent-Type: text/html\r\n\r\n<p>Dear customer, your account has been limited. Verify your account within 24 hours: <a href="http://192.0.2.66/login">https://www.paypal.com/</a><form><input type=password></form>\r\n',
  );
  const letter = Buffer.from(
    "Received: from mail.friends.example (mail.friends.example [192.0.2.7]) by mx.us.example; Mon, 5 Jan 2026 10:00:00 +0000\r\nFrom: Ann Smith <ann@friends.example>\r\nTo: Bob <bob@us.example>\r\nSubject: Re: Dinner on Friday\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@friends.example>\r\nIn-Reply-To: <2@us.example>\r\n\r\n> Shall we say eight?\r\n\r\nEight is fine, I think. See you there.\r\n",
  );
  assert.ok(judgeMessage(readMessage(swindle), undefined).probability > 0.999);
  assert.ok(judgeMessage(readMessage(letter), undefined).probability < 0.02);
  assert.ok(spamFrom > 0.5);
});

test("more evidence is more probability, and there is a way back", () => {
  for (const learned of [0, 30, 5000]) {
    let last = 0;
    for (let odds = -12; odds < 12; odds += 0.25) {
      const probability = probabilityOf(odds, learned);
      assert.ok(probability > last, `at ${odds}`);
      assert.ok(Math.abs(oddsOf(probability, learned) - odds) < 1e-3, `back from ${odds}`);
      last = probability;
    }
    assert.ok(Math.abs(oddsOf(spamFrom, learned) - Math.log(spamFrom / (1 - spamFrom))) < 1e-9);
  }
});
