import assert from "node:assert/strict";
import { test } from "node:test";
import { type CapabilityState, capabilities, enables } from "./capability.ts";

const stranger: CapabilityState = {
  tls: false,
  authenticated: false,
  mechanisms: ["SCRAM-SHA-256"],
  login: false,
  startTls: true,
  compress: true,
  maxMessageBytes: 1000,
  sieveHost: "mail.example.test",
};

test("before TLS, after it, after login, compressed", () => {
  const has = (change: Partial<CapabilityState>) => {
    const list = capabilities({ ...stranger, ...change });
    return ["STARTTLS", "LOGINDISABLED", "AUTH=SCRAM-SHA-256", "IDLE", "COMPRESS=DEFLATE", "APPENDLIMIT=1000"].map(
      (name) => list.includes(name),
    );
  };
  assert.deepEqual(has({}), [true, true, true, false, false, false]);
  assert.deepEqual(has({ tls: true, login: true }), [false, false, true, false, false, false]);
  assert.deepEqual(has({ tls: true, login: true, authenticated: true }), [false, false, false, true, true, true]);
  assert.deepEqual(has({ authenticated: true, login: true, compress: false }), [
    false,
    false,
    false,
    true,
    false,
    true,
  ]);
});

test("no capability twice, and each an atom", () => {
  const list = capabilities({ ...stranger, authenticated: true });
  assert.equal(new Set(list).size, list.length);
  for (const one of list) assert.match(one, /^[A-Za-z0-9+=:/.-]+$/);
});

test("ENABLE", () => {
  assert.deepEqual(enables("QRESYNC"), ["QRESYNC", "CONDSTORE"]);
  assert.deepEqual(enables("IMAP4REV2"), ["IMAP4rev2"]);
  assert.equal(enables("IDLE"), undefined);
});
