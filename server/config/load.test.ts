import assert from "node:assert/strict";
import { test } from "node:test";
import { describeMistake, loadConfig } from "./load.ts";

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
