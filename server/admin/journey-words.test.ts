import assert from "node:assert/strict";
import { test } from "node:test";
import { inWords } from "./journey-words.ts";

test("who has mail forwarded reads why it was not", () => {
  const note = "Not forwarded: the address has forwarded as much as it may in an hour.";
  const detail = { from: "a@far.test", remote: "192.0.2.1", bytes: 12, notes: ["spf=pass", note] };
  assert.equal(
    inWords({ stage: "accepted", detail }),
    `We took it from 192.0.2.1, sent by a@far.test, without encryption, 12 bytes. ${note}`,
  );
});

test("who handed it in, and by which app password where it was one", () => {
  const detail = { account: "anna@far.test", from: "a@far.test", via: "ESMTPSA", tls: "TLSv1.3 X", bytes: 12 };
  assert.equal(
    inWords({ stage: "accepted", detail }),
    "anna@far.test handed it in as a@far.test by ESMTPSA, encrypted (TLSv1.3), 12 bytes.",
  );
  assert.equal(
    inWords({ stage: "accepted", detail: { ...detail, appPassword: "Printer" } }),
    'anna@far.test handed it in as a@far.test by ESMTPSA with the app password "Printer", encrypted (TLSv1.3), 12 bytes.',
  );
});

test("a sender reads whose signatures broke on the way", () => {
  const detail = { to: ["x@far.test"], host: "mx.far.test", reply: "250 ok", unsigned: ["author.test"] };
  assert.equal(
    inWords({ stage: "delivered", detail }),
    "It was delivered to x@far.test at mx.far.test. That server takes seven bits only: it got the message converted, and the signatures of author.test do not hold any more. It answered: 250 ok.",
  );
});

for (const [sieve, words] of [
  [undefined, "It was put into inbox."],
  [["redirect far@x.test", "keep"], "A script had it put into inbox. A script sends it on to far@x.test."],
  [["redirect far@x.test"], "A script sends it on to far@x.test."],
  [
    ["redirect me@x.test goes round", "keep"],
    "A script had it put into inbox. A script would send it on to me@x.test, but that goes round.",
  ],
  [["fileinto Lists/Boats"], "A script had it put into Lists/Boats."],
  [
    ["no mailbox Work", "fileinto Work"],
    "A script had it put into inbox. The script names the mailbox Work, which is not there.",
  ],
  [["discarded"], "A script discarded it."],
  [["rejected"], "A script refused it."],
  [["vacation answer", "keep"], "A script had it put into inbox. An automatic answer went out."],
  [
    ["no vacation answer: answered before", "keep"],
    "A script had it put into inbox. No automatic answer went out: answered before.",
  ],
] as const)
  test(`what scripts did: ${sieve?.join(", ") ?? "none"}`, () =>
    assert.equal(
      inWords({ stage: "filed", detail: { into: "inbox", ...(sieve === undefined ? {} : { sieve }) } }),
      words,
    ));
