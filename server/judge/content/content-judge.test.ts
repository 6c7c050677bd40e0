/** The filter as a judge: whom it asks about, what it does for each of several people, and what it writes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../../protocol/mime/header.ts";
import type { Received } from "../../receive/received.ts";
import type { Findings, Verdict } from "../judge.ts";
import { Campaigns } from "./campaigns.ts";
import { type ContentJudgePorts, isHarmless, makeContentJudge } from "./content-judge.ts";
import { readMessage } from "./filter.ts";
import { layered, type Preferences } from "./people.ts";
import { emptyPersonal, type Taught } from "./personal.ts";
import { Reported } from "./reported.ts";

const odd = `From: "Gifts" <gifts@cards.click>\r\nSubject: Claim your prize now!!\r\nX-Spam-Status: No\r\nContent-Type: text/html\r\n\r\n<p>Claim your prize, click here: <a href="http://cards.click/1">now</a>. Limited time, act now!\r\n`;
const plain = `From: Ann <ann@far.test>\r\nTo: u1@us.test\r\nSubject: Lunch\r\n\r\nShall we have lunch on Friday?\r\n`;

function mail(text: string, to: readonly string[] = ["u1"], more: Partial<Received> = {}): Received {
  return {
    at: 1_767_607_200_000,
    id: "id1",
    remote: { address: "192.0.2.7", port: 1 },
    remoteName: "mail.far.test",
    ourHost: "mx.us.test",
    helo: "mail.far.test",
    via: "ESMTP",
    tls: undefined,
    account: undefined,
    trusted: false,
    envelopeFrom: "ann@far.test",
    recipients: to.map((local) => ({ local, domain: "us.test", orcpt: undefined, notify: undefined })),
    body: "7bit",
    smtputf8: false,
    requireTls: false,
    ret: undefined,
    envid: undefined,
    notBefore: undefined,
    bytes: Buffer.from(text),
    ...more,
  };
}

type Setup = {
  readonly preferences?: { readonly [account: number]: Preferences };
  readonly wroteTo?: readonly string[];
  readonly ports?: Partial<ContentJudgePorts>;
  readonly findings?: Findings;
  /** "1 ann@far.test" */
  readonly seen?: Set<string>;
  readonly taught?: Taught;
};
async function judge(
  message: Received,
  { preferences = {}, wroteTo = [], ports = {}, findings = {}, seen = new Set(), taught }: Setup = {},
): Promise<Verdict> {
  const judgeOf = makeContentJudge({
    people: {
      accountsOf: (recipients) => new Map(recipients.map(({ local, domain }) => [Number(local.slice(1)), domain])),
      taught: () => taught,
      // Accounts 1 to 9 are of tenant 1, 11 to 19 of tenant 2, …
      tenants: {
        known: (account) => 1 + Math.floor(account / 10),
        of: async (account) => 1 + Math.floor(account / 10),
      },
      preferences: (account) => preferences[account] ?? {},
      wroteTo: (_, address) => wroteTo.includes(address),
      colleagues: () => new Map([["ann boss", "ann@us.test"]]),
      contacts: () => ({ domains: new Set(["bigbank.test"]), names: new Map([["carl friend", "carl@friends.test"]]) }),
      hasSeen: (account, address) => seen.has(`${account} ${address}`),
      saw: (account, address) => void seen.add(`${account} ${address}`),
    },
    model: () => undefined,
    campaigns: new Campaigns(),
    reported: new Reported(),
    thresholds: () => ({ junk: 0.97, quarantine: 2, refuse: 2 }),
    weights: () => undefined,
    badDomains: undefined,
    readLarge: async (bytes, reading) => readMessage(bytes, reading),
    skipHarmless: false,
    ...ports,
  });
  return judgeOf(message, splitHeader(message.bytes, 0, message.bytes.length), findings);
}
const notProved = {
  authentication: { spf: undefined, dkim: [], dmarc: { result: "fail" }, aligned: [] },
} as unknown as Findings;

test("strangers are judged; our own people and trusted networks are not", async () => {
  assert.equal((await judge(mail(odd))).kind, "junk");
  assert.equal((await judge(mail(plain))).kind, "accept");
  assert.equal((await judge(mail(odd, ["u1"], { trusted: true }))).kind, "accept");
  assert.deepEqual(await judge(mail(odd, ["u1"], { account: { id: 1 } as never })), { kind: "accept", notes: [] });
});

test("only somebody whom a recipient knows is believed an answer", async () => {
  const answer = mail(plain.replace("Subject: ", "In-Reply-To: <a@us.test>\r\nSubject: Re: "));
  const status = async (setup: Setup): Promise<string> => {
    const verdict = await judge(answer, setup);
    return "fields" in verdict ? String(verdict.fields) : "";
  };
  assert.doesNotMatch(await status({}), /in-thread/);
  assert.match(await status({ seen: new Set(["1 ann@far.test"]) }), /in-thread/);
  assert.match(await status({ wroteTo: ["ann@far.test"] }), /in-thread/);
  assert.doesNotMatch(await status({ wroteTo: ["ann@far.test"], findings: notProved }), /in-thread/);
});

test("harmless text goes unasked in load tests, and nothing else does", async () => {
  const ports = { skipHarmless: true };
  assert.deepEqual(await judge(mail(plain), { ports }), { kind: "accept", notes: [] });
  assert.equal((await judge(mail(odd), { ports })).kind, "junk");
  assert.equal((await judge(mail(plain), { ports, preferences: { 1: { block: ["far.test"] } } })).kind, "junk");
});

test("thresholds of a person: kept back, refused with the reason", async () => {
  assert.equal((await judge(mail(odd), { preferences: { 1: { quarantine: 0.9 } } })).kind, "quarantine");
  const refused = await judge(mail(odd), { preferences: { 1: { refuse: 0.9 } } });
  assert.ok(refused.kind === "refuse");
  assert.match(refused.reply.lines[0] ?? "", /looks like spam: It promises a prize|looks like spam: /);
  assert.equal((await judge(mail(odd), { preferences: { 1: { junk: 2 } } })).kind, "accept");
});

test("several people: the mildest wish holds for the message, who wants it stricter has it in Junk", async () => {
  const verdict = await judge(mail(odd, ["u1", "u2"]), { preferences: { 1: { allow: ["cards.click"] } } });
  assert.ok(verdict.kind === "accept");
  assert.deepEqual([...(verdict.findings?.spam?.junkFor ?? [])], [2]);
});

test("an allowed or known sender must be really that sender", async () => {
  const preferences = { 1: { allow: ["gifts@cards.click"] } };
  assert.equal((await judge(mail(odd), { preferences })).kind, "accept");
  assert.equal((await judge(mail(odd), { preferences, findings: notProved })).kind, "junk");
  assert.equal((await judge(mail(odd), { wroteTo: ["gifts@cards.click"] })).kind, "accept");
  assert.equal((await judge(mail(odd), { wroteTo: ["gifts@cards.click"], findings: notProved })).kind, "junk");
});

test("what the person called the sender's mail holds, for whoever is not a forger; a list holds over it, a weight makes it evidence", async () => {
  const taught = (called: "spam" | "ham"): Taught => ({
    personal: emptyPersonal(),
    senders: { get: (address) => (/^(?:ann@far|gifts@cards)/.test(address) ? called : undefined) },
  });
  const kind = async (text: string, called: "spam" | "ham", more: Setup = {}) =>
    (await judge(mail(text), { taught: taught(called), ...more })).kind;
  assert.equal(await kind(plain, "spam"), "junk");
  assert.equal(await kind(odd, "ham"), "accept");
  assert.equal(await kind(odd, "ham", { findings: notProved }), "junk");
  assert.equal(await kind(plain, "spam", { findings: notProved }), "accept", "a forger does not harm the real one");
  assert.equal(await kind(plain, "spam", { preferences: { 1: { allow: ["far.test"] } } }), "accept");
  assert.equal(await kind(plain, "spam", { wroteTo: ["ann@far.test"] }), "junk");
  const weights = () => new Map([["called-spam", 0.5]]);
  assert.equal(await kind(plain, "spam", { ports: { weights } }), "accept");
});

test("the score that is shown is at least what is required, or is not, as the verdict says", async () => {
  const shown = async (text: string, preferences: Preferences = {}): Promise<string> => {
    const verdict = await judge(mail(text), { preferences: { 1: preferences } });
    const status = /^X-Spam-Status: (Yes|No), score=(\S+) required=(\S+) /m.exec(
      "fields" in verdict ? (verdict.fields ?? "") : "",
    );
    assert.ok(status !== null);
    const [, answer, score, required] = status;
    if (required !== "never") assert.equal(answer === "Yes", Number(score) >= Number(required), status[0]);
    return `${answer} ${required}`;
  };
  assert.equal(await shown(plain), "No 3.5");
  assert.equal(await shown(odd), "Yes 3.5");
  assert.equal(await shown(odd, { allow: ["cards.click"] }), "No 3.5");
  assert.equal(await shown(plain, { block: ["far.test"] }), "Yes 3.5");
  assert.equal(await shown(odd, { junk: 2 }), "No never");
  assert.equal(await shown(odd, { quarantine: 0.999 }), "Yes 3.5");
});

test("good mail is explained too: what speaks for it, and what is not enough against it", async () => {
  const reasons = async (text: string, more: Setup = {}) => {
    const verdict = await judge(mail(text, ["u1", "u2"]), more);
    return verdict.kind === "accept" ? (verdict.defence ?? []) : [verdict.kind];
  };
  assert.deepEqual(await reasons(odd, { preferences: { 1: { allow: ["cards.click"] } } }), [
    "The recipient allows this sender",
    "Junk for some of its recipients: It promises a prize or a gift",
  ]);
  const [friend = ""] = await reasons(plain.replace("Ann <", "Carl Friend <"));
  assert.match(
    friend,
    /^Not enough for Junk \(score [\d.]+ of 3\.5\): The sender uses the name of somebody you write to/,
  );
  assert.deepEqual(await reasons(plain), [
    "The sending server, its name and the sender belong together",
    "It is a person's short note",
  ]);
});

test("what strangers write of spam is taken off, what we think is written", async () => {
  const verdict = await judge(mail(odd));
  assert.ok(verdict.kind === "junk");
  assert.deepEqual(verdict.dropped, [2]);
  assert.match(verdict.fields ?? "", /^X-Spam-Flag: YES\r\nX-Spam-Status: Yes, score=\d/);
  for (const line of (verdict.fields ?? "").split("\r\n")) assert.ok(line.length <= 200, line);
  assert.ok((verdict.reasons?.length ?? 0) > 0);
});

test("people's names and domains that are close to known ones", async () => {
  const boss = await judge(
    mail(
      "From: Ann Boss <ann.boss81@gmail.com>\r\nTo: u1@us.test\r\nSubject: Quick favor\r\n\r\nAre you available? I need gift cards, kindly reply me.\r\n",
    ),
  );
  assert.ok(boss.kind === "junk" && boss.fields?.includes("from-colleague="));
  const errand = boss.kind === "junk" ? boss.fields : "";
  assert.ok(errand?.includes("errand-in-name="));
  const bank = await judge(mail("From: Bank <a@bigbnak.test>\r\nTo: u1@us.test\r\nSubject: Hello\r\n\r\nHello\r\n"));
  assert.ok("fields" in bank && bank.fields?.includes("contact-look-alike="));
  const friend = (address: string) =>
    judge(mail(`From: Carl Friend <${address}>\r\nTo: u1@us.test\r\nSubject: Hello\r\n\r\nHello\r\n`));
  const other = await friend("carl.friend9@gmail.com");
  assert.ok("fields" in other && other.fields?.includes("from-contact="));
  const same = await friend("carl.f@friends.test");
  assert.ok("fields" in same && !same.fields?.includes("from-contact="));
});

test("a sender's first mail is told from the next; forged and unwanted mail makes nobody known", async () => {
  const seen = new Set<string>();
  const tests = async (text: string, more: Setup = {}) => {
    const verdict = await judge(mail(text), { seen, ...more });
    return "fields" in verdict ? (verdict.fields ?? "") : "";
  };
  assert.match(await tests(plain, { findings: notProved }), /^(?!.*(?:first-time|known-sender))/s);
  assert.equal(seen.size, 0);
  assert.match(await tests(plain), /first-time=0.2/);
  assert.match(await tests(plain), /known-sender=-1.2/);
  await tests(odd);
  assert.deepEqual([...seen], ["1 ann@far.test"]);
});

test("lists of bad domains and campaigns count", async () => {
  const text = plain.replace("Friday?", "Friday? http://menu.bad.test/today");
  const asked: string[] = [];
  const listed = await judge(mail(text), {
    ports: {
      badDomains: async (domains) => {
        asked.push(...domains);
        return ["bad.test"];
      },
    },
  });
  assert.deepEqual(asked, ["bad.test"]);
  assert.ok("fields" in listed && listed.fields?.includes("link-listed=5.5"));
});

test("where reported spam led counts for people of the same tenant alone", async () => {
  const reported = new Reported();
  for (const account of [1, 2, 3]) reported.change(["bad.test"], account, "nothing", "spam");
  const text = plain.replace("Friday?", "Friday? http://menu.bad.test/today");
  const tests = async (to: string): Promise<string> => {
    const verdict = await judge(mail(text, [to]), { ports: { reported } });
    return "fields" in verdict ? (verdict.fields ?? "") : "";
  };
  assert.match(await tests("u4"), /link-reported=2\.5/);
  assert.doesNotMatch(await tests("u14"), /link-reported/);
});

test("a person's thresholds hold over the domain's, and the domain's over the tenant's; lists add up", () => {
  const tenant: Preferences = { junk: 0.9, refuse: 0.99, allow: ["a.test"] };
  assert.equal(layered([tenant, undefined, undefined]), tenant);
  assert.deepEqual(layered([tenant, { junk: 0.8 }, { junk: 0.7, allow: ["b.test"], block: ["c.test"] }]), {
    junk: 0.7,
    refuse: 0.99,
    allow: ["a.test", "b.test"],
    block: ["c.test"],
  });
  assert.deepEqual(layered([undefined, undefined]), {});
});

const harmless: readonly [name: string, text: string, isHarmless: boolean][] = [
  ["plain text", "Content-Type: text/plain\r\n\r\nHello", true],
  // What our people send is signed before it is looked at.
  ["whose signature names the field", "DKIM-Signature: h=Date:Content-Type:\r\n MIME-Version; b=x\r\n\r\nHello", true],
  ["HTML", "Content-Type: text/html\r\n\r\nHello", false],
  ["a part that is HTML", "Content-Type: text/plain\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\nx", false],
  ["a link", "\r\nhttps://far.test", false],
  ["written so that it cannot be read", "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8=", false],
];
for (const [name, text, expected] of harmless)
  test(`what a load test need not pay for: ${name}`, () => assert.equal(isHarmless(Buffer.from(text)), expected));
