import assert from "node:assert/strict";
import { test } from "node:test";
import { describeMistake, type Loaded, loadConfig } from "./load.ts";

test("an almost empty file is enough, and the rest is defaults", () => {
  const loaded = loadConfig('hostname = "mail.example.org"\n[listen]\nsmtp = ["0.0.0.0:25", "[::]:25"]\n');
  assert.equal(loaded.kind, "ok");
  if (loaded.kind !== "ok") return;
  assert.deepEqual(loaded.config.listen.smtp, [
    { address: "0.0.0.0", port: 25 },
    { address: "::", port: 25 },
  ]);
  assert.deepEqual(loaded.config.listen.imap, []);
  assert.equal(loaded.config.logLevel, "info");
});

test("all mistakes come at once, each with its line", () => {
  const text = [
    'hostname = "bad host"',
    'colour = "red"',
    "[listen]",
    'smtp = ["nowhere"]',
    'imaap = ["0.0.0.0:143"]',
    "[relay]",
    'trust = ["10.0.0.0/8", "ten"]',
    "[store]",
    "readers = 0",
  ].join("\n");
  const loaded = loadConfig(text);
  assert.equal(loaded.kind, "mistakes");
  if (loaded.kind !== "mistakes") return;
  assert.deepEqual(
    loaded.mistakes.map((mistake) => [mistake.line, mistake.key]),
    [
      [1, "hostname"],
      [2, "colour"],
      [4, "listen.smtp.0"],
      [5, "listen.imaap"],
      [7, "relay.trust.1"],
      [9, "store.readers"],
    ],
  );
  assert.match(
    describeMistake("angarium.toml", loaded.mistakes[1]!),
    /^angarium\.toml:2: colour: there is no such setting$/,
  );
});

const wrong: readonly [line: string, key: string, message: RegExp][] = [
  ['logLevel = "loud"', "logLevel", /one of debug, info, warn, error/],
  ['door.greylist = "some"', "door.greylist", /one of doubtful, all, off/],
  ['door.blocklistAction = "explode"', "door.blocklistAction", /one of refuse, junk, mark/],
  ['door.traps = ["a@b.test", "nobody"]', "door.traps.1", /is no mail address/],
  ['door.blocklists = ["zen example"]', "door.blocklists.0", /is no domain name/],
  ['door.exempt = ["10.0.0.0/99"]', "door.exempt.0", /is no network/],
  ['scanners.clamav = "clamd"', "scanners.clamav", /write "unix:/],
  ['scanners.rspamd = "ftp://x"', "scanners.rspamd", /is no http or https address/],
  ['scanners.milters = ["x"]', "scanners.milters.0", /write "unix:/],
  ['scanners.whenDown = "never"', "scanners.whenDown", /one of accept, later, quarantine/],
  ['attachments.malware = "eat"', "attachments.malware", /one of allow, mark/],
  ['acme.directory = "letsencrypt"', "acme.directory", /is no https or http address/],
  ['acme.challenge = "dns-02"', "acme.challenge", /one of tls-alpn-01, http-01, dns-01/],
  ['acme.tsigAlgorithm = "md5"', "acme.tsigAlgorithm", /one of hmac-sha256, hmac-sha512/],
  ['oidc.issuer = "example"', "oidc.issuer", /is no https or http address/],
  ['ldap.url = "http://x"', "ldap.url", /is no ldaps or ldap address/],
  ['dns.servers = ["resolver"]', "dns.servers.0", /is no DNS server/],
  ['store.postgres = "mysql://x"', "store.postgres", /is no postgres or postgresql address/],
  ['authentication.believedSealers = ["a b"]', "authentication.believedSealers.0", /is no domain name/],
  ["filter.junkPercent = 101", "filter.junkPercent", /at most 100/],
  ["queue.retryDelays = []", "queue.retryDelays", /at least one/],
  ['queue.retryDelays = ["1m", "soon"]', "queue.retryDelays.1", /is no time/],
  ["receive.maxMessageBytes = 0", "receive.maxMessageBytes", /at least 1/],
];
test("values that no part could work with", () => {
  const text = `hostname = "mail.example.org"\n${wrong.map(([line]) => line).join("\n")}`.replace(
    /^queue\.retryDelays = \[\]$/m,
    "submission.maxRecipients = 0",
  );
  for (const [line, key, message] of wrong) {
    const loaded = loadConfig(`hostname = "mail.example.org"\n${line}`);
    assert.ok(loaded.kind === "mistakes", line);
    assert.deepEqual([loaded.mistakes.length, loaded.mistakes[0]?.line, loaded.mistakes[0]?.key], [1, 2, key], line);
    assert.match(loaded.mistakes[0]!.message, message);
  }
  const together = loadConfig(text);
  assert.equal(together.kind === "mistakes" && together.mistakes.length, wrong.length);
});

test("files that the server cannot do without are looked for", () => {
  const text =
    'hostname = "mail.example.org"\n[tls]\ncertificate = "/a/cert.pem"\nmore = ["/a/there", "/a/gone"]\n[sending]\nshaping = "x.toml"\n[filter]\nmodel = "none"';
  const asked: [file: string, besideData: boolean][] = [];
  const loaded = loadConfig(text, (file, besideData) => {
    asked.push([file, besideData]);
    return file === "/a/there" ? undefined : "ENOENT";
  });
  assert.deepEqual(asked, [
    ["/a/cert.pem", false],
    ["/a/there", false],
    ["/a/gone", false],
    ["x.toml", true],
  ]);
  const told = (one: Loaded) => one.kind === "mistakes" && one.mistakes.map((mistake) => describeMistake("f", mistake));
  assert.deepEqual(told(loaded), [
    "f:3: tls.certificate: /a/cert.pem cannot be read (ENOENT)",
    "f:3: tls.certificate: its private key is missing: name it with key",
    "f:4: tls.more.1: /a/gone cannot be read (ENOENT)",
    "f:6: sending.shaping: x.toml cannot be read (ENOENT)",
  ]);
  // Not only when all else is right.
  assert.deepEqual(told(loadConfig('sending.shaping = "x.toml"\nhostname = "no host"\nfilter = 3', () => "ENOENT")), [
    "f:1: sending.shaping: x.toml cannot be read (ENOENT)",
    "f:2: hostname: is no host name",
    "f:3: filter: must be a table",
  ]);
  assert.equal(loadConfig(text.replace("more", 'key = "/a/key.pem"\nmore')).kind, "ok");
});

test("broken TOML says where", () => {
  const loaded = loadConfig('hostname = "a.test"\nx = = 1\n');
  assert.equal(loaded.kind, "mistakes");
  if (loaded.kind === "mistakes") assert.equal(loaded.mistakes[0]?.line, 2);
});

test("a missing host name is told without a line", () => {
  const loaded = loadConfig("");
  assert.equal(loaded.kind, "mistakes");
  if (loaded.kind === "mistakes")
    assert.deepEqual(
      loaded.mistakes.map((m) => [m.line, m.key]),
      [[undefined, "hostname"]],
    );
});
