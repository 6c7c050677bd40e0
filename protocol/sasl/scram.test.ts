import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClientMechanism, chooseMechanism, saslClient } from "./client.ts";
import { formatVerifier, parseVerifier, readSaslName, scramVerifier, writeSaslName } from "./scram.ts";
import { beginExchange, finishExchange, readClientFirst } from "./scram-server.ts";

// RFC 7677 §3
const clientNonce = "rOprNGfwEbeRWgbNEkqO";
const serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
const clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const clientFinal =
  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
const plain = { plus: false, plusOffered: false };

async function exchange() {
  const first = readClientFirst(Buffer.from(clientFirst), plain);
  assert.equal(first.kind, "first");
  if (first.kind !== "first") throw new Error();
  return beginExchange(first, await scramVerifier("pencil", salt, 4096), serverNonce);
}

test("RFC 7677 vector, server side", async () => {
  const running = await exchange();
  assert.equal(running.message, serverFirst);
  assert.deepEqual(finishExchange(running, Buffer.from(clientFinal), undefined), { kind: "ok", message: serverFinal });
});

test("RFC 7677 vector, client side", async () => {
  const client = saslClient("SCRAM-SHA-256", { user: "user", password: "pencil", nonce: clientNonce });
  assert.equal(client.initial?.toString(), clientFirst);
  const final = await client.next(Buffer.from(serverFirst));
  assert.equal(final.kind === "send" && final.data.toString(), clientFinal);
  assert.equal(client.mayBelieve(), false);
  const end = await client.next(Buffer.from(serverFinal));
  assert.equal(end.kind === "send" && end.data.length, 0);
  assert.equal(client.mayBelieve(), true);
});

test("the verifier survives being written and read", async () => {
  const verifier = await scramVerifier("pencil", salt, 4096);
  assert.deepEqual(parseVerifier(formatVerifier(verifier)), verifier);
  for (const wrong of ["", "SCRAM-SHA-256$4096", "SCRAM-SHA-1$4096:AAAA$AAAA:AAAA", `${formatVerifier(verifier)}x`]) {
    assert.equal(parseVerifier(wrong), undefined);
  }
});

const firstCases: readonly [wire: string, plus: boolean, plusOffered: boolean, expected: string][] = [
  ["n,,n=user,r=abc", false, false, "user||"],
  ["y,,n=user,r=abc", false, false, "user||"],
  ["y,,n=user,r=abc", false, true, "downgrade"],
  ["n,,n=user,r=abc", false, true, "user||"],
  ["n,,n=user,r=abc", true, true, "binding-required"],
  ["p=tls-exporter,,n=user,r=abc", true, true, "user||tls-exporter"],
  ["p=tls-exporter,,n=user,r=abc", false, true, "binding-unsupported"],
  ["n,a=other,n=user,r=abc", false, false, "user|other|"],
  ["n,,n=a=2Cb=3Dc,r=abc,ext=1", false, false, "a,b=c||"],
  ["n,,n=a=2cb,r=abc", false, false, "malformed"],
  ["n,,m=1,n=user,r=abc", false, false, "malformed"],
  ["n,,n=,r=abc", false, false, "malformed"],
  ["n,,n=user,r=", false, false, "malformed"],
  ["n,,n=us\0er,r=abc", false, false, "malformed"],
  ["n,,n=user", false, false, "malformed"],
  ["x,,n=user,r=abc", false, false, "malformed"],
  ["p=,,n=user,r=abc", true, true, "malformed"],
  ["n,user,n=user,r=abc", false, false, "malformed"],
  ["", false, false, "malformed"],
];
for (const [wire, plus, plusOffered, expected] of firstCases) {
  test(`client first ${JSON.stringify(wire)} plus=${plus} offered=${plusOffered}`, () => {
    const read = readClientFirst(Buffer.from(wire), { plus, plusOffered });
    const got = read.kind === "first" ? `${read.user}|${read.authzid}|${read.binding ?? ""}` : read.reason;
    assert.equal(got, expected);
  });
}

const finalCases: readonly [name: string, change: (wire: string) => string, expected: string][] = [
  ["another nonce", (wire) => wire.replace("r=rO", "r=rP"), "malformed"],
  ["another gs2 header", (wire) => wire.replace("c=biws", `c=${btoa("y,,")}`), "binding-mismatch"],
  ["another proof", (wire) => wire.replace("p=dH", "p=dI"), "proof"],
  ["a short proof", (wire) => wire.replace(/p=.*/, "p=AAAA"), "malformed"],
  ["no proof", (wire) => wire.replace(/,p=.*/, ""), "malformed"],
  ["an extension that was not signed", (wire) => wire.replace(",p=", ",x=1,p="), "proof"],
  ["nothing", () => "", "malformed"],
];
for (const [name, change, expected] of finalCases) {
  test(`client final with ${name}`, async () => {
    const end = finishExchange(await exchange(), Buffer.from(change(clientFinal)), undefined);
    assert.equal(end.kind === "refused" ? end.reason : end.kind, expected);
  });
}

async function meet(mechanism: ClientMechanism, theirs: Buffer | undefined, ours: Buffer | undefined, user = "user") {
  const client = saslClient(mechanism, {
    user,
    password: "I\u00adX", // RFC 4013 §3: soft hyphen is mapped to nothing
    nonce: clientNonce,
    ...(theirs === undefined ? {} : { binding: { type: "tls-exporter", data: theirs } }),
  });
  const plus = mechanism === "SCRAM-SHA-256-PLUS";
  const first = readClientFirst(client.initial!, { plus, plusOffered: ours !== undefined });
  if (first.kind === "refused") return first.reason;
  if (first.user !== user) return `user ${first.user}`;
  const running = beginExchange(first, await scramVerifier("IX", salt, 4096), serverNonce);
  const answer = await client.next(Buffer.from(running.message));
  if (answer.kind === "stop") return answer.reason;
  const end = finishExchange(running, answer.data, ours);
  if (end.kind === "refused") return end.reason;
  await client.next(Buffer.from(end.message));
  return client.mayBelieve();
}

test("both sides, with and without channel binding", async () => {
  const one = Buffer.alloc(32, 1);
  const other = Buffer.alloc(32, 2);
  assert.equal(await meet("SCRAM-SHA-256", undefined, undefined), true);
  assert.equal(await meet("SCRAM-SHA-256", undefined, undefined, "a,b=c"), true);
  assert.equal(await meet("SCRAM-SHA-256-PLUS", one, one), true);
  assert.equal(await meet("SCRAM-SHA-256-PLUS", one, other), "binding-mismatch");
  assert.equal(await meet("SCRAM-SHA-256", one, one), "downgrade");
  assert.equal(await meet("SCRAM-SHA-256", undefined, one), true);
});

test("a client believes nobody who cannot prove himself", async () => {
  const make = () => saslClient("SCRAM-SHA-256", { user: "user", password: "pencil", nonce: clientNonce });
  for (const challenge of [
    "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    `r=${clientNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    `r=${clientNonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`,
    `r=${clientNonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=9999999`,
    `r=${clientNonce}x,s=!,i=4096`,
    "",
  ]) {
    assert.equal((await make().next(Buffer.from(challenge))).kind, "stop", challenge);
  }
  for (const final of ["v=AAAA", "e=other-error", "", serverFinal.replace("v=6r", "v=7r")]) {
    const client = make();
    await client.next(Buffer.from(serverFirst));
    assert.equal((await client.next(Buffer.from(final))).kind, "stop", final);
    assert.equal(client.mayBelieve(), false);
  }
});

test("names escape comma and equals sign", () => {
  for (const name of ["a", "a,b", "=2C", "=,=", "ü"]) assert.equal(readSaslName(writeSaslName(name)), name);
});

test("the best mechanism both know", () => {
  assert.equal(chooseMechanism(["LOGIN", "plain"], false), "PLAIN");
  assert.equal(chooseMechanism(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"], false), "SCRAM-SHA-256");
  assert.equal(chooseMechanism(["PLAIN", "SCRAM-SHA-256-PLUS"], true), "SCRAM-SHA-256-PLUS");
  assert.equal(chooseMechanism(["GSSAPI"], true), undefined);
});

test("random messages are refused, never an exception", async () => {
  const running = await exchange();
  let seed = 7;
  const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32;
  const letters = ["n", "y", "p=", ",", "=", "r=", "a=", "c=", "=2C", "x", "\0", "\xff", "v=", "biws", "p=AAAA"];
  const rounds = 20_000 * Number(process.env["FUZZ"] ?? 1);
  for (let i = 0; i < rounds; i++) {
    let wire = "";
    for (let n = random() * 12; n > 0; n--) wire += letters[Math.floor(random() * letters.length)];
    const bytes = Buffer.from(wire, "latin1");
    readClientFirst(bytes, { plus: random() < 0.5, plusOffered: random() < 0.5 });
    assert.equal(finishExchange(running, bytes, undefined).kind, "refused");
  }
});
