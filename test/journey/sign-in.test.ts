/** Signing in with all that there is: second factor, app passwords with scopes, sessions, invitations, by real clients. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import nodemailer from "nodemailer";
import { hotp, totpSecret, totpStep } from "../../protocol/otp/totp.ts";
import { angarium, type DevProcess, startDev } from "../dev-process.ts";
import { imapSignIn, smtpSignIn } from "../sign-in-talk.ts";
import { wrongCodes } from "../wrong-codes.ts";

let server: DevProcess;
let origin: string;
before(async () => {
  server = await startDev(["--users", "4", "--cleartext-auth"]);
  origin = `http://127.0.0.1:${server.ready.ports["http"]}`;
});
after(() => server.stop());

type Json = { readonly [name: string]: unknown };
async function run(...words: string[]): Promise<Json & Json[]> {
  const { code, out, err } = await angarium(...words, "--data", server.ready.data, "--json");
  assert.equal(code, 0, err);
  return JSON.parse(out) as Json & Json[];
}
const post = (path: string, body: unknown, headers: { readonly [name: string]: string } = {}): Promise<Response> =>
  fetch(origin + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
const cookieOf = (response: Response): string => (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
const session = (headers: { readonly [name: string]: string }): Promise<Response> =>
  fetch(`${origin}/.well-known/jmap`, { headers });

const imap = (user: string, password: string): Promise<string> =>
  imapSignIn(server.ready.ports["imap"]!, user, { pass: password });
const smtp = (user: string, password: string): Promise<string> =>
  smtpSignIn(server.ready.ports["submission"]!, user, { pass: password });

async function send(auth: string, pass: unknown, from: string, to: string): Promise<string> {
  const ports = { host: "127.0.0.1", port: server.ready.ports["submission"]!, ignoreTLS: true };
  const transport = nodemailer.createTransport({ ...ports, auth: { user: auth, pass: String(pass) } });
  return transport.sendMail({ from, to, subject: `to ${to}`, text: "x" }).then(({ response }) => response, String);
}

/** Says something; answers once the answer has come, with when the connection ends. */
async function talk(port: number, words: string, until: RegExp): Promise<{ readonly end: Promise<unknown> }> {
  const socket = connect(port, "127.0.0.1");
  const end = new Promise((resolve) => socket.on("close", resolve));
  socket.on("error", () => {});
  socket.write(words);
  let heard = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    heard += String(chunk);
    if (until.test(heard)) break;
  }
  assert.match(heard, until);
  socket.resume();
  return { end };
}

test("a second factor: asked of people, good once, and programs need an app password", async () => {
  const user = server.ready.users[0]!;
  const password = "pw";
  const { secret } = await run("second-factor", "begin", user);
  const key = totpSecret(String(secret))!;
  const code = (steps: number) => hotp(key, totpStep(Date.now()) + steps);
  assert.equal((await post("/auth/login", { username: user, password })).status, 200, "not confirmed yet");
  // Codes of the step beside are taken: a machine that is slow may pass into the next one meanwhile.
  const { recoveryCodes } = await run("second-factor", "confirm", user, code(0));
  const [recovery] = recoveryCodes as string[];

  const first = await post("/auth/login", { username: user, password });
  assert.equal(first.status, 401);
  const problem = (await first.json()) as Json;
  assert.equal(problem["type"], "urn:angarium:second-factor");
  assert.equal(problem["code"], "second_factor");
  assert.deepEqual(problem["methods"], ["totp", "recovery"]);
  assert.equal(first.headers.get("set-cookie"), null);
  const [never] = wrongCodes(key, 1);
  assert.equal((await post("/auth/login", { username: user, password, code: never })).status, 401);
  const wrong = await post("/auth/login", { username: user, password: "wrong", code: code(0) });
  assert.deepEqual([wrong.status, ((await wrong.json()) as Json)["code"]], [401, "login"]);
  const second = code(1);
  assert.equal((await post("/auth/login", { username: user, password, code: second })).status, 200);
  assert.equal((await post("/auth/login", { username: user, password, code: second })).status, 401, "good once");
  assert.equal((await post("/auth/login", { username: user, password, code: recovery })).status, 200);
  assert.equal((await post("/auth/login", { username: user, password, code: recovery })).status, 401, "good once");

  assert.match(await imap(user, password), /app password/);
  assert.match(await smtp(user, password), /^534 5\.7\.9/);
  const basic = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
  assert.equal((await session(basic)).status, 401);

  const phone = await run("app-password", "add", user, "phone", "--scopes", "imap");
  assert.equal(await imap(user, String(phone["password"])), "in");
  assert.match(await smtp(user, String(phone["password"])), /^535 .*not for sending/);
  const page = await post("/auth/login", { username: user, password: phone["password"] });
  assert.equal(page.status, 403, "an app password opens no page");
  const all = await run("app-password", "add", user, "old program");
  assert.equal(await smtp(user, String(all["password"])), "in");
  const listed = await run("app-password", "list", user);
  assert.deepEqual(
    listed.map(({ label, scopes }) => [label, scopes]),
    [
      ["phone", ["imap"]],
      ["old program", undefined],
    ],
  );
  assert.ok(listed[0]?.["usedAt"], "its use is noted");
  await run("app-password", "remove", user, String(phone["id"]));
  assert.match(await imap(user, String(phone["password"])), /Authentication failed/);
  await run("second-factor", "remove", user);
  assert.equal(await imap(user, password), "in");
});

test("codes cannot be guessed: the account is closed to codes after ten", async () => {
  const user = server.ready.users[3]!;
  const { secret } = await run("second-factor", "begin", user);
  const key = totpSecret(String(secret))!;
  await run("second-factor", "confirm", user, hotp(key, totpStep(Date.now())));
  const statuses: number[] = [];
  for (const code of wrongCodes(key, 12))
    statuses.push((await post("/auth/login", { username: user, password: "pw", code })).status);
  // Without --strict there are no throttles but this.
  assert.deepEqual([...new Set(statuses)], [401, 429]);
  assert.equal(statuses.indexOf(429), 10);
});

test("sessions: a fresh one at each sign-in, listed, ended; nothing for pages of other sites", async () => {
  const user = server.ready.users[1]!;
  const fixed = `angarium_session=${"a".repeat(64)}`;
  const first = await post("/auth/login", { username: user, password: "pw" }, { cookie: fixed });
  assert.equal(first.status, 200);
  const cookie = cookieOf(first);
  assert.notEqual(cookie, fixed);
  const own = { "x-requested-with": "test" };
  assert.equal((await session({ cookie, ...own })).status, 200);
  assert.equal((await session({ cookie: fixed, ...own })).status, 401, "a planted cookie is nobody's session");
  const again = await post("/auth/login", { username: user, password: "pw" }, { cookie });
  assert.equal((await session({ cookie, ...own })).status, 401, "what the browser had before has ended");
  const listed = await run("session", "list", user);
  assert.deepEqual(
    listed.map(({ kind, remote }) => [kind, remote]),
    [["browser", "127.0.0.1"]],
  );
  assert.ok(!JSON.stringify(listed).includes(cookieOf(again).split("=")[1]!));

  const evil = { origin: "https://evil.test" };
  assert.equal((await session({ cookie: cookieOf(again), ...evil })).status, 403);
  assert.equal((await post("/auth/login", { username: user, password: "pw" }, evil)).status, 403, "login CSRF");
  const crossSite = { "sec-fetch-site": "cross-site" };
  assert.equal((await post("/auth/login", { username: user, password: "pw" }, crossSite)).status, 403);
  assert.equal((await post("/auth/logout", {}, { cookie: cookieOf(again), ...evil })).status, 403);

  await run("session", "end", user, String(listed[0]?.["id"]));
  assert.equal((await session({ cookie: cookieOf(again), ...own })).status, 401);
});

test("who is signed out is so at once, on connections that are open too; a password that holds comes back", {
  timeout: 300_000,
}, async () => {
  const user = `leaver@${server.ready.domain}`;
  const made = await run("account", "add", user);
  const phone = await run("app-password", "add", user, "phone");
  const tablet = await run("app-password", "add", user, "tablet");
  /** Open connections of every kind; each tells when it ends. */
  const open = async (password: string): Promise<readonly Promise<unknown>[]> => {
    const said = [
      ["imap", `a LOGIN ${user} ${password}\r\nb IDLE\r\n`, /^\+ /m],
      ["pop3", `USER ${user}\r\nPASS ${password}\r\n`, /^\+OK .*\r\n\+OK .*\r\n\+OK /m],
      ["submission", `EHLO x\r\nAUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString("base64")}\r\n`, /^235 /m],
      [
        "sieve",
        `AUTHENTICATE "PLAIN" "${Buffer.from(`\0${user}\0${password}`).toString("base64")}"\r\n`,
        /^OK\b.*\r\n(?:.*\r\n)*OK\b/m,
      ],
    ] as const;
    const ends = await Promise.all(
      said.map(([service, words, until]) => talk(server.ready.ports[service]!, words, until)),
    );
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    const stream = await fetch(`${origin}/jmap/eventsource?types=*&closeafter=no&ping=0`, {
      headers: { authorization },
    });
    assert.equal(stream.status, 200);
    return [...ends.map(({ end }) => end), stream.text().then(String, String)];
  };
  const byPhone = await open(String(phone["password"]));
  await run("app-password", "remove", user, String(phone["id"]));
  await Promise.all(byPhone);
  assert.match(await imap(user, String(phone["password"])), /Authentication failed/);
  const byPassword = await open(String(made["password"]));
  const fresh = await run("account", "password", user);
  await Promise.all(byPassword);
  assert.match(await imap(user, String(made["password"])), /Authentication failed/);
  assert.equal(await imap(user, String(fresh["password"])), "in");
  const byTablet = await open(String(tablet["password"]));
  await run("account", "disable", user);
  await Promise.all(byTablet);
  assert.match(await imap(user, String(tablet["password"])), /Authentication failed/);
  await run("account", "enable", user);
  const last = await open(String(tablet["password"]));
  const cookie = cookieOf(await post("/auth/login", { username: user, password: fresh["password"] }));
  assert.equal((await session({ cookie })).status, 200);
  await run("account", "lock", user);
  await Promise.all(last);
  assert.equal((await session({ cookie })).status, 401);
  for (const password of [tablet["password"], fresh["password"]])
    assert.match(await imap(user, String(password)), /Authentication failed/);
  assert.match(await send(server.ready.users[0]!, "pw", server.ready.users[0]!, user), /^250 /, "mail goes on");
  const opened = await run("account", "password", user);
  const again = await open(String(opened["password"]));
  await run("account", "remove", user, "--yes");
  await Promise.all(again);
});

test("what a token has opened ends with that token, and with no other", { timeout: 60_000 }, async () => {
  const user = server.ready.users[2]!;
  const token = async (): Promise<string> =>
    String(
      ((await (await post("/auth/login", { username: user, password: "pw", token: true })).json()) as Json)[
        "accessToken"
      ],
    );
  /** Open connections of every kind; each tells when it ends. */
  const open = async (secret: string): Promise<readonly Promise<unknown>[]> => {
    const bearer = Buffer.from(`n,a=${user},\x01auth=Bearer ${secret}\x01\x01`).toString("base64");
    const xoauth2 = Buffer.from(`user=${user}\x01auth=Bearer ${secret}\x01\x01`).toString("base64");
    const said = [
      ["imap", `a AUTHENTICATE OAUTHBEARER ${bearer}\r\nb IDLE\r\n`, /^\+ /m],
      ["pop3", `AUTH XOAUTH2 ${xoauth2}\r\n`, /^\+OK .*\r\n\+OK /m],
      ["submission", `EHLO x\r\nAUTH XOAUTH2 ${xoauth2}\r\n`, /^235 /m],
      ["sieve", `AUTHENTICATE "OAUTHBEARER" "${bearer}"\r\n`, /^OK\b.*\r\n(?:.*\r\n)*OK\b/m],
    ] as const;
    const ends = await Promise.all(
      said.map(([service, words, until]) => talk(server.ready.ports[service]!, words, until)),
    );
    return ends.map(({ end }) => end);
  };
  const [one, other] = [await token(), await token()];
  const goes = await open(one);
  const idling = `a AUTHENTICATE XOAUTH2 ${Buffer.from(`user=${user}\x01auth=Bearer ${other}\x01\x01`).toString("base64")}\r\nb IDLE\r\n`;
  const stays = await talk(server.ready.ports["imap"]!, idling, /^\+ /m);
  let ended = 0;
  const noted = stays.end.then(() => ended++);
  assert.equal((await post("/auth/logout", {}, { authorization: `Bearer ${one}` })).status, 204);
  await Promise.all(goes);
  const again = await open(other);
  assert.equal(ended, 0, "the other token still holds");
  const listed = await run("session", "list", user);
  for (const { id } of listed) await run("session", "end", user, String(id));
  await Promise.all([noted, ...again]);
});

test("somebody gets another address: both take mail, send and open the account, groups go on", async () => {
  const at = server.ready.domain;
  const [old, name, friend] = [`emma.old@${at}`, `emma.new@${at}`, server.ready.users[2]!];
  const { password } = await run("account", "add", old, "--display-name", "Emma");
  const phone = await run("app-password", "add", old, "phone");
  await run("group", "add", `crew@${at}`, old, friend, "--posting", "members");
  assert.deepEqual(await run("account", "rename", old, name), { name, was: old });
  assert.match(
    String((await run("alias", "list")).map(({ address, targets }) => `${address} ${targets}`)),
    new RegExp(`${old} ${name}`),
  );
  for (const user of [old, name]) {
    assert.equal(await imap(user, String(password)), "in");
    assert.equal(await smtp(user, String(phone["password"])), "in");
    assert.equal((await post("/auth/login", { username: user, password })).status, 200);
    assert.match(await imap(user, "wrong"), /Authentication failed/);
  }
  for (const to of [old, name]) assert.match(await send(friend, "pw", friend, to), /^250 /);
  for (const from of [old, name]) assert.match(await send(name, password, from, friend), /^250 /);
  assert.match(await send(name, password, name, `crew@${at}`), /^250 /, "a member under the new name");
  assert.equal((await run("account", "show", name))["usedMessages"], 3);
  const { code, err } = await angarium("account", "rename", name, friend, "--data", server.ready.data);
  assert.deepEqual([code, err.includes(`${friend} is taken.`)], [1, true], err);
});

test("a token is good for what it was made for", async () => {
  const user = server.ready.users[1]!;
  const token = async (scopes?: unknown) =>
    post("/auth/login", { username: user, password: "pw", token: true, label: "t", ...(scopes ? { scopes } : {}) });
  assert.equal((await token(["Every thing"])).status, 400);
  assert.equal((await token([])).status, 400);
  const bearer = async (scopes?: unknown) => ({
    authorization: `Bearer ${String(((await (await token(scopes)).json()) as Json)["accessToken"])}`,
  });
  assert.equal((await session(await bearer(["imap"]))).status, 403);
  const good = await bearer(["jmap", "imap"]);
  assert.equal((await session(good)).status, 200);
  await run("session", "end", user, "--all");
  assert.equal((await session(good)).status, 401);
});

test("an invitation makes one account, with a password that holds; signing up is off", async () => {
  const address = `new@${server.ready.domain}`;
  const made = await run("invite", "add", address, "--display-name", "New Person");
  const token = String(made["token"]);
  assert.match(
    String(made["link"]),
    new RegExp(`^https://mail\\.${server.ready.domain}:${server.ready.ports["https"]}/invitation#${token}$`),
  );
  assert.equal((await run("invite", "list"))[0]?.["address"], address);
  assert.deepEqual(await (await post("/auth/invitation", { token })).json(), {
    name: address,
    displayName: "New Person",
  });
  const weak = await post("/auth/invitation", { token, password: "password1" });
  assert.equal(weak.status, 422);
  assert.ok(((await weak.json()) as { errors: string[] }).errors.length >= 2);
  const password = "tomat räv cykel";
  const turned = await post("/auth/invitation", { token, password, displayName: "turned \u202egnp.exe" });
  assert.match(await turned.text(), /A name is one line/);
  assert.equal((await post("/auth/invitation", { token, password })).status, 201);
  assert.equal((await post("/auth/invitation", { token, password })).status, 422, "good once");
  assert.equal((await post("/auth/invitation", { token })).status, 404);
  assert.equal(await imap(address, password), "in");
  const [noted] = await run("audit", "list", "--limit", "1");
  assert.deepEqual([noted?.["actor"], noted?.["action"]], [address, "POST /auth/invitation"]);
  assert.ok(!JSON.stringify(noted).includes(password));
  const stranger = await post("/auth/sign-up", { name: `x@${server.ready.domain}`, password });
  assert.equal(stranger.status, 403);
});
