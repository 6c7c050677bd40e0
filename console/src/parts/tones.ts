/** Which words of the server are good news and which are bad. */
const good = new Set([
  "ok",
  "good",
  "pass",
  "delivered",
  "active",
  "valid",
  "enforce",
  "ready",
  "accept",
  "sent",
  "confirmed",
  "warm",
  "done",
]);
const warn = new Set([
  "suppressed",
  "warn",
  "later",
  "deferred",
  "held",
  "pending",
  "testing",
  "missing",
  "greylisted",
  "quarantine",
  "expiring",
  "junk",
  "delayed",
  "scheduled",
]);
const bad = new Set([
  "complained",
  "bad",
  "fail",
  "failed",
  "wrong",
  "refused",
  "bounced",
  "expired",
  "revoked",
  "reject",
  "error",
  "suspended",
  "paused",
  "banned",
  "conflict",
]);

export type Tone = "good" | "warn" | "bad" | "plain";

export function tone(word: string): Tone {
  const plain = word.toLowerCase();
  return good.has(plain) ? "good" : warn.has(plain) ? "warn" : bad.has(plain) ? "bad" : "plain";
}
