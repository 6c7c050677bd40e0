/** Everybody looks after how they sign in themselves, over the API: app passwords, second factor, passkeys; imports too. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hotp, totpSecret, totpStep } from "../../protocol/otp/totp.ts";
import { ApiTalk } from "../api-talk.ts";
import { Authenticator } from "../authenticator.ts";
import { type DevProcess, startDev } from "../dev-process.ts";
import { wrongCodes } from "../wrong-codes.ts";

let server: DevProcess;
let origin: string;
before(async () => {
  server = await startDev(["--users", "3", "--cleartext-auth"]);
  origin = `http://localhost:${server.ready.ports["http"]}`;
});
after(() => server.stop());

const post = (path: string, body: unknown): Promise<Response> =>
  fetch(origin + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
/** A token, which a second factor does not lock out. */
async function talkOf(user: string): Promise<ApiTalk> {
  const answer = (await (await post("/auth/login", { username: user, password: "pw", token: true })).json()) as {
    accessToken: string;
  };
  return new ApiTalk(origin, { token: answer.accessToken });
}

test("app passwords and the second factor, each by their own person", async () => {
  const [user = "", other = ""] = server.ready.users;
  const talk = await talkOf(user);
  const made = await talk.ok("POST", "/accounts/me/app-passwords", { label: "phone", scopes: ["imap"] });
  assert.match(made.password, /^[a-z0-9-]{29}$/);
  const listed = await talk.ok("GET", "/accounts/me/app-passwords");
  assert.deepEqual(
    listed.items.map(({ id, label, scopes }: { id: number; label: string; scopes: string[] }) => [id, label, scopes]),
    [[made.id, "phone", ["imap"]]],
  );
  await talk.no(422, "POST", "/accounts/me/app-passwords", { label: "x", scopes: ["everything"] });
  // What opens a part makes nothing that opens more: not the mail, not the account.
  const { token } = await talk.ok("POST", "/accounts/me/tokens", {
    label: "part",
    scopes: ["security:write", "tokens:write", "imap"],
  });
  const program = await talk.ok("POST", "/accounts/me/app-passwords", { label: "api", scopes: ["api", "imap"] });
  const parts = [new ApiTalk(origin, { token }), new ApiTalk(origin, { user, password: program.password })];
  for (const part of parts) {
    for (const scopes of [undefined, ["jmap"], ["imap", "smtp"]])
      await part.no(422, "POST", "/accounts/me/app-passwords", { label: "more", scopes });
    for (const scopes of [null, ["*"], ["mail"], ["mail:write"], ["jmap"], ["imap", "*:write"]])
      await part.no(422, "POST", "/accounts/me/tokens", { label: "more", scopes });
    for (const path of ["second-factor", "passkeys/options"]) await part.no(403, "POST", `/accounts/me/${path}`);
    const less = await part.ok("POST", "/accounts/me/app-passwords", { label: "less", scopes: ["imap"] });
    await part.ok("DELETE", `/accounts/me/app-passwords/${less.id}`);
    await part.ok("POST", "/accounts/me/tokens", { label: "less", scopes: ["security:read", "imap"] });
  }
  await parts[0]!.no(422, "POST", "/accounts/me/app-passwords", { label: "more", scopes: ["api"] });
  // An app password neither sees nor withdraws what opens more than itself; a token that is named for it does.
  const mail = await talk.ok("POST", "/accounts/me/app-passwords", { label: "all mail" });
  const everything = await talk.ok("POST", "/accounts/me/tokens", { label: "everything" });
  const labels = async (asked: ApiTalk, path: string): Promise<readonly string[]> =>
    (await asked.ok("GET", `/accounts/me/${path}`)).items.map(({ label }: { label: string }) => label);
  assert.deepEqual(await labels(parts[0]!, "app-passwords"), ["phone", "api", "all mail"]);
  assert.deepEqual(await labels(parts[1]!, "app-passwords"), ["phone", "api"]);
  assert.deepEqual(await labels(parts[1]!, "tokens"), ["less", "less", "part"]);
  await parts[1]!.no(404, "DELETE", `/accounts/me/app-passwords/${mail.id}`);
  await parts[1]!.no(404, "DELETE", `/accounts/me/tokens/${everything.id}`);
  await parts[0]!.ok("DELETE", `/accounts/me/app-passwords/${mail.id}`);
  await talk.ok("DELETE", `/accounts/me/tokens/${everything.id}`);
  await talk.ok("DELETE", `/accounts/me/app-passwords/${program.id}`);
  const stranger = await talkOf(other);
  await stranger.no(404, "GET", `/accounts/${user}/app-passwords`);
  await stranger.no(404, "DELETE", `/accounts/${user}/app-passwords/${made.id}`);
  await talk.ok("DELETE", `/accounts/me/app-passwords/${made.id}`);

  const { secret, uri } = await talk.ok("POST", "/accounts/me/second-factor");
  assert.match(uri, /^otpauth:\/\/totp\//);
  const key = totpSecret(secret)!;
  await talk.no(422, "POST", "/accounts/me/second-factor/confirm", { code: wrongCodes(key, 1)[0] });
  const step = totpStep(Date.now());
  const { recoveryCodes } = await talk.ok("POST", "/accounts/me/second-factor/confirm", { code: hotp(key, step) });
  assert.equal(recoveryCodes.length, 10);
  const admin = new ApiTalk(origin, server.ready.admin);
  await admin.no(403, "POST", `/accounts/${user}/second-factor`);
  const state = await admin.ok("GET", `/accounts/${user}/second-factor`);
  assert.deepEqual([state.totp, state.recoveryCodes], [true, 10]);
  await talk.no(422, "POST", "/accounts/me/second-factor/remove", {});
  await talk.ok("POST", "/accounts/me/second-factor/remove", { code: recoveryCodes[0] });
  await talk.ok("POST", "/accounts/me/second-factor");
  const { totp } = await talk.ok("GET", "/accounts/me/second-factor");
  assert.equal(totp, false);
});

test("a passkey is made in a browser, and signs in alone", async () => {
  const user = server.ready.users[1]!;
  const talk = await talkOf(user);
  const device = new Authenticator(origin);
  const { options } = await talk.ok("POST", "/accounts/me/passkeys/options");
  assert.equal(options.rp.id, "localhost");
  const { id } = await talk.ok("POST", "/accounts/me/passkeys", { label: "laptop", response: device.create(options) });
  await talk.no(422, "POST", "/accounts/me/passkeys", { label: "again", response: device.create(options) });
  const request = (await (await post("/auth/passkey", {})).json()) as Parameters<Authenticator["get"]>[0];
  const signed = await post("/auth/login", { passkey: device.get(request) });
  assert.equal(signed.status, 200);
  assert.equal(((await signed.json()) as { username: string }).username, user);
  assert.match(
    signed.headers.get("set-cookie") ?? "",
    /^angarium_session=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict/,
  );
  await talk.ok("DELETE", `/accounts/me/passkeys/${id}`);
  const gone = (await (await post("/auth/passkey", {})).json()) as Parameters<Authenticator["get"]>[0];
  assert.equal((await post("/auth/login", { passkey: device.get(gone) })).status, 401);
});

test("imports are begun by their person, and seen by nobody else", async () => {
  const [user = "", other = ""] = server.ready.users;
  const talk = await talkOf(user);
  const body = { host: "127.0.0.1", port: 1, user: "u", password: "secret one" };
  for (const host of ["no host", "nowhere.invalid"]) {
    const { errors } = await talk.no(422, "POST", "/accounts/me/imports", { ...body, host });
    assert.deepEqual([errors.length, errors[0].pointer], [1, "#/host"], "said beside the field, before anything runs");
  }
  const made = await talk.ok("POST", "/accounts/me/imports", body);
  for (let tries = 0; tries < 1200 && (await talk.ok("GET", `/imports/${made.id}`)).state !== "failed"; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const ended = await talk.ok("GET", `/imports/${made.id}`);
  assert.equal(ended.state, "failed");
  assert.match(ended.trouble, /cannot be reached/);
  assert.ok(!JSON.stringify(ended).includes("secret one"));
  await (await talkOf(other)).no(404, "GET", `/imports/${made.id}`);
  await talk.ok("DELETE", `/imports/${made.id}`);
  await talk.no(404, "GET", `/imports/${made.id}`);
});

test("an administrator invites by the API", async () => {
  const admin = new ApiTalk(origin, server.ready.admin);
  const address = `new@${server.ready.domain}`;
  const { token } = await admin.ok("POST", "/invitations", { address });
  const [listed] = (await admin.ok("GET", "/invitations")).items;
  assert.equal(listed.address, address);
  await admin.no(422, "POST", "/invitations", { address: server.ready.users[0] });
  await admin.ok("DELETE", `/invitations/${listed.id}`);
  assert.equal((await post("/auth/invitation", { token })).status, 404);
});
