import assert from "node:assert/strict";
import crypto, { createHash } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import { type ClientMechanism, saslClient } from "../../protocol/sasl/client.ts";
import { plainMessage } from "../../protocol/sasl/plain.ts";
import { quiet } from "../base/log.ts";
import type { TlsInfo } from "../net/connection.ts";
import { defaultLoginSettings, type LoginParts, type LoginSettings, makeLogin } from "./authenticate.ts";
import { makeDirectory } from "./cached-directory.ts";
import { FakeStore } from "./fake-store.ts";
import type { AskClient, LoginContext } from "./login.ts";
import { loginName } from "./login-name.ts";
import { makeAppPassword, makeCredential, parsePhc } from "./password.ts";

/** Weak, so that the tests are quick; the real parameters are tested apart. */
const weak = { argon2MemoryKib: 64, argon2Passes: 1, scramIterations: 4096 };
const credential = await makeCredential("pw", 0, weak);
const tls: TlsInfo = {
  protocol: "TLSv1.3",
  cipher: "",
  servername: "mail.test",
  authorized: false,
  authorizationError: undefined,
};
const exporter = Buffer.alloc(32, 5);
const endPoint = createHash("sha256").update("certificate").digest();

function from(address: string, more: { readonly tls?: TlsInfo | undefined } = { tls }): LoginContext {
  return {
    protocol: "imap",
    connection: {
      tls: more.tls,
      remote: { address, port: 1 },
      channelBinding: (type, hash) => {
        if (type === "tls-exporter") return { type, data: exporter };
        return hash === undefined ? undefined : { type, data: hash };
      },
    },
  };
}

async function world(change: Partial<LoginSettings> = {}, ldap?: LoginParts["ldap"]) {
  const store = new FakeStore();
  let ticks = 0;
  let clock = 1_000_000;
  await store.putDomain({ name: "a.test", kind: "local", settings: {} });
  const u1 = await store.user("u1@a.test", { credential });
  const off = await store.user("off@a.test", { credential });
  await store.user("none@a.test");
  await store.updateAccount(off, { disabled: true });
  const directory = makeDirectory({ store, now: () => ticks });
  const settings = { ...defaultLoginSettings, password: weak, ...change };
  const login = makeLogin({
    store,
    directory,
    settings,
    ldap,
    endPointHash: (name) => (name === "mail.test" ? endPoint : undefined),
    now: () => clock,
    ticks: () => ticks,
    log: quiet,
  });
  const say = async (user: string, password: string, where = from("192.0.2.1")): Promise<string> => {
    const outcome = await login.password(user, password, where);
    return outcome.kind === "ok" ? outcome.account.name : outcome.reason;
  };
  return {
    store,
    login,
    say,
    u1,
    wait: (ms: number) => {
      ticks += ms;
      clock += ms;
    },
  };
}

test("names and passwords", async () => {
  const { say } = await world({ defaultDomain: "a.test" });
  const cases: readonly [user: string, password: string, expected: string][] = [
    ["u1@a.test", "pw", "u1@a.test"],
    ["U1@A.Test", "pw", "u1@a.test"],
    ["u1", "pw", "u1@a.test"],
    ["u1@a.test ", "pw", "u1@a.test"],
    ["u1@a.test", "p\u00adw", "u1@a.test"], // SASLprep
    ["u1@a.test", "PW", "credentials"],
    ["u1@a.test", "", "credentials"],
    ["u1@a.test", "pw\0", "credentials"],
    ["u1@a.test\0x", "pw", "credentials"],
    ["u1+tag@a.test", "pw", "credentials"],
    ["nobody@a.test", "pw", "credentials"],
    ["none@a.test", "pw", "credentials"],
    ["off@a.test", "pw", "credentials"],
    ["", "pw", "credentials"],
    ["@", "pw", "credentials"],
    ["u".repeat(600), "pw", "credentials"],
    ["u1@a.test", "p".repeat(2000), "credentials"],
  ];
  for (const [user, password, expected] of cases) assert.equal(await say(user, password), expected, user);
  assert.equal(loginName("Ü@bücher.example", ""), "ü@xn--bcher-kva.example");
});

test("where a directory knows the passwords, whom it is not asked about waits as long", async (t) => {
  const asked: string[] = [];
  const prove = async (name: string) => void asked.push(name);
  const { say } = await world({}, { prove, rememberedMs: 0, createAccounts: false });
  let held = Promise.withResolvers<() => void>();
  const { argon2 } = crypto;
  const { mock } = t.mock.method(crypto, "argon2", (...run: Parameters<typeof argon2>) =>
    held.resolve(() => argon2(...run)),
  );
  syncBuiltinESMExports();
  t.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
  for (const [name, isAsked] of [
    ["nobody@a.test", false],
    ["none@a.test", true],
  ] as const) {
    held = Promise.withResolvers();
    let done = false;
    const outcome = say(name, "wrong").finally(() => {
      done = true;
    });
    const hash = await held.promise;
    // All else is done when the loop has gone round a few times.
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(done, false, name);
    assert.equal(asked.includes(name), isAsked);
    hash();
    assert.equal(await outcome, "credentials");
  }
});

test("mechanisms depend on TLS and on the setting", async () => {
  const clear = { tls: undefined };
  const strict = await world();
  assert.deepEqual(strict.login.mechanisms(from("192.0.2.1")), [
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-256",
    "PLAIN",
    "LOGIN",
    "OAUTHBEARER",
    "XOAUTH2",
  ]);
  assert.deepEqual(strict.login.mechanisms(from("127.0.0.1", clear)), []);
  assert.equal(await strict.say("u1@a.test", "pw", from("127.0.0.1", clear)), "needs-tls");
  const easy = await world({ cleartextAuth: true });
  assert.deepEqual(easy.login.mechanisms(from("127.0.0.1", clear)), [
    "SCRAM-SHA-256",
    "PLAIN",
    "LOGIN",
    "OAUTHBEARER",
    "XOAUTH2",
  ]);
  assert.deepEqual(easy.login.mechanisms(from("192.0.2.1", clear)), []);
  assert.equal(await easy.say("u1@a.test", "pw", from("127.0.0.1", clear)), "u1@a.test");
  assert.equal(await easy.say("u1@a.test", "pw", from("192.0.2.1", clear)), "needs-tls");
  const noAsk: AskClient = async () => "closed";
  const outcome = await strict.login.sasl("plain", plainMessage("u1@a.test", "pw"), noAsk, from("127.0.0.1", clear));
  assert.deepEqual(outcome, { kind: "refused", reason: "needs-tls" });
  assert.deepEqual(await strict.login.sasl("GSSAPI", undefined, noAsk, from("::1")), {
    kind: "refused",
    reason: "mechanism",
  });
});

/** A client that answers as told: texts, or ends. */
const script =
  (...answers: (string | Buffer)[]): AskClient =>
  async () => {
    const answer = answers.shift() ?? "closed";
    if (answer === "cancelled" || answer === "malformed" || answer === "closed") return answer;
    return Buffer.from(answer as string);
  };

const exchanges: readonly [mechanism: string, initial: string | undefined, answers: string[], expected: string][] = [
  ["PLAIN", "\0u1@a.test\0pw", [], "u1@a.test"],
  ["plain", undefined, ["\0u1@a.test\0pw"], "u1@a.test"],
  ["PLAIN", "u1@a.test\0u1@a.test\0pw", [], "u1@a.test"],
  ["PLAIN", "off@a.test\0u1@a.test\0pw", [], "credentials"],
  ["PLAIN", "\0u1@a.test\0px", [], "credentials"],
  ["PLAIN", "u1@a.test\0pw", [], "malformed"],
  ["PLAIN", "", [], "malformed"],
  ["PLAIN", undefined, ["cancelled"], "cancelled"],
  ["PLAIN", undefined, ["malformed"], "malformed"],
  ["PLAIN", undefined, [], "closed"],
  ["LOGIN", undefined, ["u1@a.test", "pw"], "u1@a.test"],
  ["LOGIN", "u1@a.test", ["pw"], "u1@a.test"],
  ["LOGIN", undefined, ["u1@a.test", "px"], "credentials"],
  ["LOGIN", undefined, ["u1@a.test", "cancelled"], "cancelled"],
  ["LOGIN", undefined, ["u1\0", "pw"], "malformed"],
  ["LOGIN", undefined, ["u1@a.test", ""], "malformed"],
  ["SCRAM-SHA-256", undefined, ["cancelled"], "cancelled"],
  ["SCRAM-SHA-256", "nonsense", [], "malformed"],
  ["SCRAM-SHA-256", "n,,n=u1@a.test,r=abc", ["closed"], "closed"],
  ["SCRAM-SHA-256", "n,,n=u1@a.test,r=abc", ["c=biws"], "malformed"],
  ["SCRAM-SHA-256", "n,a=off@a.test,n=u1@a.test,r=abc", [], "credentials"],
  ["SCRAM-SHA-256", "y,,n=u1@a.test,r=abc", [], "credentials"], // downgrade
  ["SCRAM-SHA-256-PLUS", "p=tls-unique,,n=u1@a.test,r=abc", [], "credentials"],
];
for (const [mechanism, initial, answers, expected] of exchanges) {
  test(`${mechanism} ${JSON.stringify(initial)} ${JSON.stringify(answers)}`, async () => {
    const { login } = await world();
    const first = initial === undefined ? undefined : Buffer.from(initial);
    const outcome = await login.sasl(mechanism, first, script(...answers), from("192.0.2.1"));
    assert.equal(outcome.kind === "ok" ? outcome.account.name : outcome.reason, expected);
  });
}

async function scram(
  login: Awaited<ReturnType<typeof world>>["login"],
  mechanism: ClientMechanism,
  user: string,
  password: string,
  binding?: { type: string; data: Buffer },
  where = from("192.0.2.1"),
) {
  const client = saslClient(mechanism, {
    user,
    password,
    nonce: "abcdefghijklmnopqrst",
    ...(binding === undefined ? {} : { binding }),
  });
  const seen: string[] = [];
  const ask: AskClient = async (challenge) => {
    seen.push(challenge.toString());
    const step = await client.next(challenge);
    return step.kind === "send" ? step.data : "cancelled";
  };
  const outcome = await login.sasl(mechanism, client.initial, ask, where);
  return { result: outcome.kind === "ok" ? outcome.account.name : outcome.reason, believes: client.mayBelieve(), seen };
}

test("SCRAM, with and without channel binding", async () => {
  const { login } = await world();
  const exporterBinding = { type: "tls-exporter", data: exporter };
  const endPointBinding = { type: "tls-server-end-point", data: endPoint };
  for (const [mechanism, binding] of [
    ["SCRAM-SHA-256", undefined],
    ["SCRAM-SHA-256-PLUS", exporterBinding],
    ["SCRAM-SHA-256-PLUS", endPointBinding],
  ] as const) {
    const met = await scram(login, mechanism, "u1@a.test", "pw", binding);
    assert.deepEqual([met.result, met.believes], ["u1@a.test", true]);
  }
  const other = { type: "tls-exporter", data: Buffer.alloc(32, 6) };
  assert.equal((await scram(login, "SCRAM-SHA-256-PLUS", "u1@a.test", "pw", other)).result, "credentials");
  for (const [user, password] of [
    ["u1@a.test", "px"],
    ["off@a.test", "pw"],
    ["nobody@a.test", "pw"],
    ["none@a.test", "pw"],
  ] as const) {
    const met = await scram(login, "SCRAM-SHA-256", user, password);
    assert.deepEqual([met.result, met.believes], ["credentials", false], user);
  }
});

test("SCRAM shows a name nobody has the same salt each time, also after a restart", async () => {
  const { login, store } = await world();
  const salt = async (who: typeof login, user: string) =>
    /,s=([^,]+),i=(\d+)/.exec((await scram(who, "SCRAM-SHA-256", user, "x")).seen[0]!)?.slice(1);
  const before = await salt(login, "nobody@a.test");
  assert.equal(before?.[1], "4096");
  assert.notDeepEqual(await salt(login, "somebody@a.test"), before);
  const again = makeLogin({
    store,
    directory: makeDirectory({ store }),
    settings: { ...defaultLoginSettings, password: weak },
    endPointHash: () => undefined,
    now: () => 0,
    log: quiet,
  });
  assert.deepEqual(await salt(again, "nobody@a.test"), before);
});

test("a proved login is remembered, and forgotten with what it stood on", async () => {
  const { store, say, u1, wait } = await world();
  assert.equal(await say("u1@a.test", "pw"), "u1@a.test");
  const asked = store.asked["credentials"]!;
  for (let i = 0; i < 100; i++) assert.equal(await say("u1@a.test", "pw"), "u1@a.test");
  assert.equal(store.asked["credentials"], asked);
  // Another change of the directory costs one look, not another hash.
  await store.alias("x@a.test", ["u1@a.test"]);
  assert.equal(await say("u1@a.test", "pw"), "u1@a.test");
  assert.equal(store.asked["credentials"], asked + 1);
  await store.updateAccount(u1, { disabled: true });
  assert.equal(await say("u1@a.test", "pw"), "credentials");
  await store.updateAccount(u1, { disabled: false });
  assert.equal(await say("u1@a.test", "pw"), "u1@a.test");
  await store.putCredential(u1, await makeCredential("new", 0, weak));
  assert.equal(await say("u1@a.test", "pw"), "credentials");
  assert.equal(await say("u1@a.test", "new"), "u1@a.test");
  // Written by another process, which told us nothing.
  store.credentialRows = [];
  wait(5_000);
  assert.equal(await say("u1@a.test", "new"), "credentials");
});

test("a wrong password that has become right is right at once", async () => {
  const { store, say, u1 } = await world();
  assert.equal(await say("u1@a.test", "new"), "credentials");
  await store.putCredential(u1, await makeCredential("new", 0, weak));
  assert.equal(await say("u1@a.test", "new"), "u1@a.test");
});

test("identical first logins share one proof", async () => {
  const { store, say } = await world();
  const all = await Promise.all(Array.from({ length: 50 }, () => say("u1@a.test", "pw")));
  assert.deepEqual(new Set(all), new Set(["u1@a.test"]));
  assert.equal(store.asked["credentials"], 1);
});

test("app passwords and expiry", async () => {
  const { store, say, login, u1, wait } = await world();
  const phone = await makeAppPassword("phone", 0, 1_000_000 + 60_000, weak);
  const laptop = await makeAppPassword("laptop", 0, undefined, weak);
  const id = await store.putCredential(u1, phone.credential);
  await store.putCredential(u1, laptop.credential);
  for (const password of ["pw", phone.password, laptop.password])
    assert.equal(await say("u1@a.test", password), "u1@a.test");
  // Who lets it in is told which it was, the first time and when it is remembered.
  for (const _ of [1, 2])
    assert.deepEqual(
      ((await login.password("u1@a.test", phone.password, from("192.0.2.1"))) as { appPassword?: object }).appPassword,
      {
        id,
        label: "phone",
        scopes: undefined,
      },
    );
  assert.equal("appPassword" in (await login.password("u1@a.test", "pw", from("192.0.2.1"))), false);
  wait(60_000);
  assert.equal(await say("u1@a.test", phone.password), "credentials");
  assert.equal(await say("u1@a.test", laptop.password), "u1@a.test");
  await store.removeCredential(u1, id);
  assert.equal(await say("u1@a.test", phone.password), "credentials");
  assert.equal(await say("u1@a.test", "pw"), "u1@a.test");
});

test("an address may guess 10 times a second", async () => {
  const { say, wait } = await world();
  const guess = (n: number, address = "2001:db8::1") => say(`u${n + 100}@a.test`, "x", from(address));
  const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => guess(n)));
  assert.equal(answers.filter((one) => one === "credentials").length, 20);
  assert.equal(answers.filter((one) => one === "throttled").length, 40);
  assert.equal(await guess(200, "2001:db8:0:0:ffff::2"), "throttled"); // the same /64
  assert.equal(await guess(200, "2001:db8:0:1::1"), "credentials");
  wait(1000);
  const later = await Promise.all(Array.from({ length: 60 }, (_, n) => guess(n + 300)));
  assert.equal(later.filter((one) => one === "credentials").length, 10);
});

test("guesses count together, whichever of its names an account is guessed by", async () => {
  const { store, say, login } = await world({ defaultDomain: "a.test" });
  await store.alias("info@a.test", ["u1@a.test"]);
  await store.alias("chef@a.test", ["info@a.test"]);
  await store.putDomain({ name: "xn--bcher-kva.test", kind: "local", settings: { catchAll: "*@a.test" } });
  const names = [
    "u1@a.test",
    "U1@A.TEST",
    "u1",
    "info@a.test",
    "Chef@a.test",
    "u1@bücher.test",
    "u1@XN--BCHER-KVA.test",
  ];
  let tried = 0;
  for (let n = 0; n < 120; n++) {
    const name = names[n % names.length]!;
    const where = from(`10.0.${n >> 4}.${n}`);
    const answer =
      n % 2 === 0
        ? await say(name, `guess ${n}`, where)
        : (await scram(login, "SCRAM-SHA-256", name, `guess ${n}`, undefined, where)).result;
    if (answer === "credentials") tried++;
  }
  assert.equal(tried, 100);
  for (const name of names) assert.equal(await say(name, "pw", from("10.9.9.9")), "throttled", name);
  assert.equal(await say("none@a.test", "pw", from("10.9.9.9")), "credentials");
});

test("an account may be guessed at 100 times an hour from everywhere; its owner still gets in", async () => {
  const { say, wait } = await world();
  assert.equal(await say("u1@a.test", "pw", from("198.51.100.7")), "u1@a.test");
  let tried = 0;
  for (let n = 0; n < 200; n++) {
    if ((await say("u1@a.test", `guess ${n}`, from(`10.0.${n >> 4}.${n}`))) === "credentials") tried++;
  }
  assert.equal(tried, 100);
  // The cache of proved logins must not answer guesses either.
  assert.equal(await say("u1@a.test", "pw", from("10.9.9.9")), "throttled");
  assert.equal(await say("u1@a.test", "pw", from("198.51.100.7")), "u1@a.test");
  assert.equal(await say("none@a.test", "pw", from("10.9.9.9")), "credentials");
  wait(60 * 60 * 1000);
  assert.equal(await say("u1@a.test", "pw", from("10.9.9.9")), "u1@a.test");
});

test("the same wrong password again and again locks nobody out", async () => {
  const { say, wait } = await world();
  for (let n = 0; n < 300; n++) {
    wait(100);
    assert.equal(await say("u1@a.test", "old", from("192.0.2.9")), "credentials");
  }
  assert.equal(await say("u1@a.test", "pw", from("192.0.2.10")), "u1@a.test");
  // But the address that does it too fast is stopped like any other.
  const fast: string[] = [];
  for (let n = 0; n < 60; n++) fast.push(await say("u1@a.test", "old", from("192.0.2.9")));
  assert.equal(fast.at(-1), "throttled");
});

test("SCRAM proofs are throttled like passwords", async () => {
  const { login } = await world();
  const results: string[] = [];
  for (let n = 0; n < 25; n++) results.push((await scram(login, "SCRAM-SHA-256", "u1@a.test", `x${n}`)).result);
  assert.equal(results.filter((one) => one === "credentials").length, 20);
  assert.equal(results.at(-1), "throttled");
});

test("throttling can be off", async () => {
  const { say } = await world({ throttle: { ...defaultLoginSettings.throttle, enabled: false } });
  for (let n = 0; n < 150; n++) assert.equal(await say("u1@a.test", `x${n}`), "credentials");
  assert.equal(await say("u1@a.test", "pw"), "u1@a.test");
});

test("the line in front of argon2 is bounded", async () => {
  const line = { concurrentProofs: 1, maxWaiting: 4, maxWaitingPerAddress: 2 };
  const { say } = await world({ line });
  const first = await Promise.all([1, 2, 3, 4].map((n) => say("u1@a.test", `x${n}`)));
  assert.deepEqual(first, ["credentials", "credentials", "credentials", "unavailable"]);
  const many = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => say("u1@a.test", `y${n}`, from(`10.0.0.${n}`))));
  assert.deepEqual(many.slice(4), ["credentials", "unavailable"]);
});

test("a store that cannot be asked is nobody's wrong password", async () => {
  const { store, say, login } = await world();
  store.credentials = () => Promise.reject(new Error("disk"));
  for (let n = 0; n < 30; n++) assert.equal(await say("u1@a.test", `x${n}`), "unavailable");
  assert.equal((await scram(login, "SCRAM-SHA-256", "u1@a.test", "pw")).result, "unavailable");
});

test("the real parameters, and what a stored string may ask", async () => {
  const real = await makeCredential("pw", 0);
  const { memoryKib, passes, parallelism } = parsePhc(real.argon2id)!;
  assert.ok(memoryKib >= 19 * 1024 && passes >= 2 && parallelism === 1);
  const wrong: readonly string[] = [
    "",
    "pw",
    real.argon2id.replace("argon2id", "argon2i"),
    real.argon2id.replace("m=", "m=9999999"),
    real.argon2id.replace("t=2", "t=99"),
    real.argon2id.replace("t=2", "t=0"),
    real.argon2id.replace("m=19456", "m=1"),
  ];
  for (const text of wrong) assert.equal(parsePhc(text), undefined, text);
});
