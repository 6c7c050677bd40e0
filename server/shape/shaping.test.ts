import assert from "node:assert/strict";
import { test } from "node:test";
import { describeMistake } from "../base/toml.ts";
import type { ReplyClass } from "./reply-class.ts";
import { classifyReply, limitsOf, loadShaping, providerOf, wayTo } from "./shaping.ts";
import { shippedShaping } from "./shipped.ts";

const shaping = shippedShaping();

const mistakes: readonly [name: string, text: string, expected: string][] = [
  [
    "an unknown provider",
    `[[rule]]\nid = "a"\nprovider = "gogle"\nreply = "x"\nclass = "policy"`,
    'f:3: rule "a": there is no provider "gogle": this rule would never be hit',
  ],
  [
    "an unknown field",
    `[provider.a]\ntitle = "a"\nmx = [".a.test"]\nlimit = 3\nlimits = {}`,
    "f:4: provider.a.limit: there is no such setting",
  ],
  ["an unknown class", `[[rule]]\nid = "a"\nreply = "x"\nclass = "nice"`, "f:4: rule.0.class: must be one of "],
  ["no pattern", `[[rule]]\nid = "a"\nreply = "("\nclass = "policy"`, "f:3: rule.0.reply: Invalid regular expression"],
  [
    "an odd time",
    `[[rule]]\nid = "a"\nreply = "x"\nclass = "policy"\nreaction = [{ scope = "source", suspend = "soon" }]`,
    'f:5: rule.0.reaction.0.suspend: must be a time like "30s"',
  ],
  [
    "a limit without end",
    `[[rule]]\nid = "a"\nreply = "x"\nclass = "policy"\nreaction = [{ scope = "source", connections = 1 }]`,
    'f:5: rule "a": a limit needs an end',
  ],
  [
    "two of a name",
    `[[rule]]\nid = "a"\nreply = "x"\nclass = "policy"\n[[rule]]\nid = "a"\nreply = "y"\nclass = "policy"`,
    'f:6: rule "a": there are two rules of this name',
  ],
  ["a new provider whom nobody is", `[provider.gmial]\ntitle = "G"`, 'f:1: provider "gmial": it is new, and no domain'],
  [
    "a new provider without a title",
    `\n[provider.x]\nmx = [".x.test"]`,
    'f:2: provider "x": it is new, and has no title',
  ],
  [
    "an unknown provider's limits alone",
    "\n\n[provider.gmial.limits]\nperSecond = 1",
    'f:3: provider "gmial": it is new',
  ],
  ["an unknown table of tables", "\n[providers.gmail]\nx = 1", "f:2: providers: there is no such setting"],
  [
    "a word of others",
    '[provider.gmail.limits]\ntls = "no"',
    'f:2: provider.gmail.limits.tls: must be one of "opportunistic", "required"',
  ],
  ["a list for a table", "[provider.gmail]\nlimits = []", "f:2: provider.gmail.limits: must be a table"],
  ["a name that is none", `[provider.Gmail]\ntitle = "G"`, "f:1: provider.Gmail: must be a name of small letters"],
  [
    "a reaction in a table of its own",
    `[[rule]]\nid = "a"\nreply = "x"\nclass = "policy"\n[[rule.reaction]]\nscope = "source"\n[[rule.reaction]]\nscope = "all"`,
    "f:8: rule.0.reaction.1.scope: must be one of ",
  ],
  [
    "no time at all",
    `[[rule]]\nid = "a"\nreply = "x"\nclass = "policy"\n[[rule.reaction]]\nscope = "source"\nsuspend = "0s"`,
    "f:7: rule.0.reaction.0.suspend: must be a time",
  ],
  [
    "no rate at all",
    `[[rule]]\nid = "a"\nreply = "x"\nclass = "policy"\n[[rule.reaction]]\nscope = "source"\nrate = "0/m"\nfor = "1h"`,
    "f:7: rule.0.reaction.0.rate: must be a rate",
  ],
  ["a pattern of nothing", `[[rule]]\nid = "a"\nreply = ""\nclass = "policy"`, "f:3: rule.0.reply: must not be empty"],
  [
    "no provider among none",
    `[[rule]]\nid = "a"\nreply = "x"\nclass = "policy"\nprovider = []`,
    "f:5: rule.0.provider: must name a provider",
  ],
  ["no TOML", "[[rule", "f:1: not readable as TOML"],
];
for (const [name, text, expected] of mistakes)
  test(`mistake: ${name}`, () => {
    const loaded = loadShaping(text, shaping);
    assert.equal(loaded.kind, "mistakes");
    if (loaded.kind === "mistakes") {
      const said = describeMistake("f", loaded.mistakes[0]!);
      assert.ok(said.startsWith(expected), said);
    }
  });

test("mistakes of form and of names are told at once, in the order of their lines", () => {
  const loaded = loadShaping(
    `[provider.gogle.limits]\nperSecond = 1\n[[rule]]\nid = "a"\nprovider = ["gmail", "gogel"]\nreply = "("\nclass = "busy"\n[[rule]]\nid = 5`,
    shaping,
  );
  assert.ok(loaded.kind === "mistakes");
  const places = loaded.mistakes.map(({ line, key }) => `${line} ${key}`);
  assert.deepEqual(places, [
    '1 provider "gogle"',
    '1 provider "gogle"',
    '5 rule "a"',
    "6 rule.0.reply",
    "8 rule.1.reply",
    "8 rule.1.class",
    "9 rule.1.id",
  ]);
});

test("a file laid over the shipped one replaces what it says, and adds", () => {
  const loaded = loadShaping(
    `[provider.gmail.limits]\nperSecond = 1\n[provider.near]\ntitle = "N"\nmx = [".near.google.com"]\n[[rule]]\nid = "mine"\nprovider = "gmail"\nreply = "go away"\nclass = "policy"`,
    shaping,
  );
  assert.ok(loaded.kind === "ok", JSON.stringify(loaded));
  const { providers: both } = loaded.shaping;
  assert.deepEqual(limitsOf(loaded.shaping, "gmail"), { ...limitsOf(shaping, "gmail"), perSecond: 1 });
  assert.equal(both.get("gmail")?.title, shaping.providers.get("gmail")?.title);
  assert.equal(providerOf(loaded.shaping, "gmail.com", ["alt1.gmail-smtp-in.l.google.com"]), "gmail");
  assert.equal(providerOf(loaded.shaping, "near.test", ["mx.near.google.com"]), "near", "own ones are asked first");
  assert.equal(wayTo(loaded.shaping, "gmail", true).tlsRequired, false, "TLS is still the shipped file's word");
  assert.equal(classifyReply(loaded.shaping, "gmail", "550 go away").rule?.id, "mine");
  assert.equal(loaded.shaping.rules.length, shaping.rules.length + 1);
});

const providers: readonly [domain: string, hosts: readonly string[], provider: string][] = [
  ["gmail.com", ["gmail-smtp-in.l.google.com", "alt1.gmail-smtp-in.l.google.com"], "gmail"],
  ["school.test", ["aspmx.l.google.com", "alt2.aspmx.l.google.com"], "gmail"],
  ["mixed.test", ["aspmx.l.google.com", "mx.mixed.test"], "other"],
  ["hotmail.com", ["hotmail-com.olc.protection.outlook.com"], "microsoft-consumer"],
  ["firm.test", ["firm-test.mail.protection.outlook.com"], "microsoft-365"],
  ["dane.test", ["dane-test.a-v1.mx.microsoft"], "microsoft-365"],
  ["yahoo.com", ["mta5.am0.yahoodns.net"], "yahoo"],
  ["yahoo.co.jp", ["mx1.mail.yahoo.co.jp"], "yahoo-japan"],
  ["icloud.com", ["mx01.mail.icloud.com"], "apple"],
  ["evil.test", ["mx.notgoogle.com"], "other"],
  ["gmail.com", [], "gmail"],
  ["nobody.test", [], "other"],
];
for (const [domain, hosts, provider] of providers)
  test(`${domain} by ${hosts[0] ?? "name"} is ${provider}`, () =>
    assert.equal(providerOf(shaping, domain, hosts), provider));

test("a provider's limits stand over the defaults", () => {
  assert.deepEqual(limitsOf(shaping, "gmail"), {
    connections: 10,
    totalConnections: 5,
    messagesPerConnection: 50,
    perSecond: 20,
    tls: "required",
  });
  assert.equal(limitsOf(shaping, "other").perSecond, 100);
});

/** What providers are known to answer. */
const replies: readonly [provider: string, reply: string, name: ReplyClass, rule: string][] = [
  [
    "gmail",
    "421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited.",
    "rate-limit",
    "gmail-rate-address",
  ],
  [
    "gmail",
    "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP Netblock.",
    "rate-limit",
    "gmail-rate-netblock",
  ],
  [
    "gmail",
    "421 4.7.28 Gmail has detected an unusual rate of mail originating from your DKIM domain [shop.test].",
    "rate-domain",
    "gmail-rate-domain",
  ],
  [
    "gmail",
    "421 4.7.28 Gmail has detected an unusual rate of mail originating from your SPF domain [shop.test].",
    "rate-domain",
    "gmail-rate-domain",
  ],
  [
    "gmail",
    "421 4.7.28 Gmail has detected an unusual rate of mail containing one of your URL domains.",
    "blocklist-url",
    "gmail-rate-url",
  ],
  [
    "gmail",
    "421 4.7.28 Gmail has detected several messages with the same Message-ID.",
    "protocol",
    "gmail-same-message-id",
  ],
  [
    "gmail",
    "421 4.7.0 This message is suspicious due to the very low reputation of the sending IP address.",
    "reputation-block",
    "gmail-reputation-address",
  ],
  [
    "gmail",
    "550 5.7.1 Gmail has detected that this message is likely suspicious due to the very low reputation of the sending domain.",
    "domain-block",
    "gmail-reputation-domain",
  ],
  [
    "gmail",
    "550 5.7.25 The IP address sending this message does not have a PTR record setup",
    "authentication",
    "gmail-reverse-name",
  ],
  [
    "gmail",
    "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
    "authentication",
    "gmail-unauthenticated",
  ],
  [
    "gmail",
    "421 4.7.32 Your email has been rate limited because the From: header isn't aligned",
    "authentication",
    "gmail-unauthenticated",
  ],
  [
    "gmail",
    "421 4.7.29 This message has been rate limited because it was not sent over a TLS connection",
    "tls",
    "gmail-no-tls",
  ],
  [
    "gmail",
    "550 5.7.1 Our system has detected that this message is likely unsolicited mail.",
    "reputation-block",
    "gmail-block",
  ],
  [
    "gmail",
    "450 4.2.1 The user you are trying to contact is receiving mail too quickly.",
    "recipient-rate",
    "gmail-recipient-rate",
  ],
  ["gmail", "552 5.2.2 The email account that you tried to reach is over quota.", "quota", "gmail-full"],
  [
    "gmail",
    "552 5.2.2 The recipient's inbox is out of storage space and inactive.",
    "inactive-mailbox",
    "gmail-inactive",
  ],
  ["gmail", "550 5.1.1 The email account that you tried to reach does not exist.", "invalid-recipient", "user-unknown"],
  ["gmail", "550 5.2.1 The email account that you tried to reach is disabled.", "inactive-mailbox", "gmail-inactive"],
  ["gmail", "421 4.7.0 Try again later, closing connection.", "rate-limit", "gmail-closing"],
  [
    "microsoft-consumer",
    "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. (S843)",
    "rate-limit",
    "microsoft-rate-reputation",
  ],
  [
    "microsoft-consumer",
    "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3140).",
    "reputation-block",
    "microsoft-block-list",
  ],
  [
    "microsoft-365",
    "550 5.7.606 Access denied, banned sending IP [192.0.2.1].",
    "reputation-block",
    "microsoft-banned",
  ],
  [
    "microsoft-consumer",
    "550 SC-001 Mail rejected by Outlook.com for policy reasons.",
    "reputation-block",
    "microsoft-banned",
  ],
  [
    "microsoft-consumer",
    "550 5.7.515 Access denied, sending domain shop.test does not meet the required authentication level.",
    "authentication",
    "microsoft-unauthenticated",
  ],
  ["microsoft-365", "451 4.7.500 Server busy. Please try again later", "busy", "microsoft-busy"],
  [
    "microsoft-consumer",
    "421 4.3.2 The maximum number of concurrent server connections has exceeded a limit, thread limit exceeded",
    "busy",
    "microsoft-busy",
  ],
  [
    "microsoft-365",
    "550 5.4.1 Recipient address rejected: Access denied.",
    "invalid-recipient",
    "microsoft-365-unknown-user",
  ],
  [
    "microsoft-365",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "invalid-recipient",
    "microsoft-365-unknown-user",
  ],
  [
    "microsoft-365",
    "550 5.2.121 Recipient's per hour message receive limit exceeded",
    "recipient-rate",
    "microsoft-recipient-rate",
  ],
  [
    "yahoo",
    "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1",
    "rate-limit",
    "yahoo-complaints",
  ],
  ["yahoo", "421 4.7.0 [TSS05] Messages from 192.0.2.1 temporarily deferred", "rate-limit", "yahoo-complaints-strong"],
  ["yahoo", "421 4.7.1 [TS03] All messages from 192.0.2.1 will be deferred", "rate-limit", "yahoo-unusual-traffic"],
  [
    "yahoo",
    "553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.",
    "reputation-block",
    "yahoo-permanently-deferred",
  ],
  [
    "yahoo",
    "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list",
    "blocklist-address",
    "yahoo-spamhaus",
  ],
  ["yahoo", "554 5.7.9 Message not accepted for policy reasons.", "spam-content", "yahoo-content"],
  [
    "yahoo",
    "550 5.7.9 This mail has been blocked because the sender is unauthenticated.",
    "authentication",
    "yahoo-unauthenticated",
  ],
  [
    "yahoo",
    "451 4.1.8 Message temporarily deferred due to unresolvable RFC.5321 from domain",
    "protocol",
    "yahoo-return-path",
  ],
  [
    "yahoo",
    "421 Max message per connection reached, closing transmission channel",
    "busy",
    "yahoo-messages-per-connection",
  ],
  [
    "yahoo",
    "554 delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com)",
    "invalid-recipient",
    "yahoo-unknown-user",
  ],
  [
    "yahoo",
    "554 30 Sorry, your message cannot be delivered. This mailbox is disabled (554.30).",
    "inactive-mailbox",
    "yahoo-inactive",
  ],
  ["apple", "421 4.7.1 Messages to user deferred due to excessive volume [BS02]", "rate-limit", "apple-rate"],
  ["apple", "550 5.7.1 Your message was rejected due to local policy. [CS01]", "spam-content", "apple-content"],
  [
    "apple",
    "550 5.7.1 [HME1] This message was blocked: SPF and DKIM failed",
    "authentication",
    "apple-unauthenticated",
  ],
  [
    "united-internet",
    "554 gmx.net (mxgmx117) Nemesis ESMTP Service not available No SMTP service IP address is block listed. For explanation visit https://postmaster.gmx.net/en/case?c=r0601",
    "reputation-block",
    "united-internet-block-list",
  ],
  ["united-internet", "421 web.de Too many connections", "busy", "united-internet-connections"],
  ["comcast", "421 4.1.0 Throttled - RL000003", "rate-limit", "comcast-rate"],
  ["comcast", "421 4.1.0 RL000010", "rate-limit", "comcast-rate-tenant"],
  ["comcast", "554 5.7.1 BL000010 Blocked", "blocklist-address", "comcast-block-list"],
  [
    "orange",
    "421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104",
    "busy",
    "orange-connections",
  ],
  [
    "orange",
    "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]",
    "invalid-recipient",
    "orange-unknown-user",
  ],
  ["orange", "552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]", "quota", "orange-full"],
  [
    "t-online",
    "554 IP=192.0.2.1 - A problem occurred. Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify. (BL)",
    "reputation-block",
    "t-online-block",
  ],
  ["tencent", "550 Ip frequency limited", "rate-limit", "china-rate"],
  ["netease", "421 RP:ORQ 163 smtp10", "rate-limit", "china-rate"],
  ["other", "450 4.7.1 Greylisted, please try again in 300 seconds", "greylist", "greylisting"],
  [
    "other",
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
    "blocklist-address",
    "blocklist-of-addresses",
  ],
  ["other", "554 5.7.1 URL listed on URIBL", "blocklist-url", "blocklist-of-links"],
  ["other", "550", "unknown", ""],
  ["other", "xyz", "unknown", ""],
];
for (const [provider, reply, name, rule] of replies)
  test(`${provider}: ${reply.slice(0, 70)} is ${name}`, () => {
    const found = classifyReply(shaping, provider, reply);
    assert.deepEqual([found.class, found.rule?.id ?? ""], [name, rule]);
  });

test("every rule that names a provider can be hit by one that exists, and long replies cost little", () => {
  const started = process.cpuUsage();
  for (const filler of ["user ", "a", "from mail from ", "ip address client ", "spf dkim "])
    for (const provider of shaping.providers.keys())
      classifyReply(shaping, provider, `550 5.0.0 ${filler.repeat(100_000)}`);
  const { user } = process.cpuUsage(started);
  assert.ok(user < 5_000_000, `${user} us`);
});

test("TLS that the shipped file asks for is not asked of our own network, what our own file asks for is", () => {
  const shipped = shippedShaping();
  const own = loadShaping(
    '[provider.ours]\ntitle = "ours"\nmx = [".ours.test"]\nlimits = { tls = "required", perDomainPerSecond = 2 }\n',
    shipped,
  );
  assert.ok(own.kind === "ok");
  assert.deepEqual(
    [
      wayTo(shipped, "gmail", false),
      wayTo(shipped, "gmail", true),
      wayTo(own.shaping, "ours", true),
      wayTo(shipped, "microsoft-365", false),
    ],
    [
      { key: "gmail", tlsRequired: true, byDomain: false },
      { key: "gmail", tlsRequired: false, byDomain: false },
      { key: "ours", tlsRequired: true, byDomain: true },
      { key: "microsoft-365", tlsRequired: true, byDomain: true },
    ],
  );
});
