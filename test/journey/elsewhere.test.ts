/** Tokens at the mail protocols, and people who sign in at an OpenID Connect issuer (oidc-provider): real clients, a real issuer. */
import assert from "node:assert/strict";
import { get, type Server } from "node:http";
import { after, before, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { freePort } from "../beside.ts";
import { angarium, type DevProcess, startDev } from "../dev-process.ts";
import { startIssuer } from "../oidc-issuer.ts";
import { imapSignIn, smtpSignIn } from "../sign-in-talk.ts";
import { Wire } from "../wire.ts";

let server: DevProcess;
let issuing: Server;
let origin: string;
let issuer: string;
const { privateKey } = await generateKeyPair("RS256", { extractable: true });

before(async () => {
  const http = await freePort("127.0.0.1");
  origin = `http://127.0.0.1:${http}`;
  ({ issuer, issuing } = await startIssuer(`${origin}/auth/oidc/callback`, await exportJWK(privateKey)));
  const set = ["clientId=angarium", "clientSecret=secret of ours", `issuer=${issuer}`, "createAccounts=true"];
  const options = set.flatMap((one) => ["--set", `oidc.${one}`]);
  server = await startDev(["--users", "3", "--cleartext-auth", "--ports", `http=${http}`, ...options]);
});
after(async () => {
  await server.stop();
  issuing.closeAllConnections();
  issuing.close();
});

const imap = (user: string, accessToken: string): Promise<string> =>
  imapSignIn(server.ready.ports["imap"]!, user, { accessToken });
const smtp = (user: string, accessToken: string): Promise<string> =>
  smtpSignIn(server.ready.ports["submission"]!, user, { accessToken });
/** One line of POP3 after another, and the last answer. */
async function pop3(user: string, token: string): Promise<string> {
  const wire = await Wire.open(server.ready.ports["pop3"]!);
  await wire.until(/^\+OK/);
  const message = Buffer.from(`n,a=${user},\x01auth=Bearer ${token}\x01\x01`).toString("base64");
  await wire.send("AUTH OAUTHBEARER\r\n");
  await wire.until(/^\+ /m);
  await wire.send(`${message}\r\n`);
  let answer = await wire.until(/^(?:\+OK|-ERR|\+ \S+)/m);
  if (/^\+ \S/m.test(answer)) {
    await wire.send("AQ==\r\n");
    answer = await wire.until(/^(?:\+OK|-ERR)/m);
  }
  wire.close();
  return /^\+OK/m.test(answer) ? "in" : answer;
}

async function token(user: string, scopes?: readonly string[]): Promise<string> {
  const response = await fetch(`${origin}/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: user, password: "pw", token: true, ...(scopes ? { scopes } : {}) }),
  });
  assert.equal(response.status, 200);
  return ((await response.json()) as { accessToken: string }).accessToken;
}

test("our own tokens open IMAP, POP3 and SMTP, as far as they are made for it", async () => {
  const [user = "", other = ""] = server.ready.users;
  const all = await token(user);
  assert.deepEqual([await imap(user, all), await smtp(user, all), await pop3(user, all)], ["in", "in", "in"]);
  const narrow = await token(user, ["imap"]);
  assert.equal(await imap(user, narrow), "in");
  assert.match(await smtp(user, narrow), /^535/);
  assert.match(await pop3(user, narrow), /-ERR/);
  assert.equal(await smtp(user, await token(user, ["mail"])), "in");
  assert.notEqual(await imap(other, all), "in", "one's token does not open another's account");
  assert.notEqual(await imap(user, "0".repeat(64)), "in");
  await angarium("alias", "add", "before@example.test", user, "--data", server.ready.data);
  const before = "before@example.test";
  assert.deepEqual([await imap(before, all), await smtp(before, all)], ["in", "in"], "by the name they had before");
  const { out } = await angarium("session", "list", user, "--data", server.ready.data, "--json");
  assert.equal((JSON.parse(out) as unknown[]).length, 3);
  await angarium("session", "end", user, "--all", "--data", server.ready.data);
  assert.notEqual(await imap(user, all), "in", "revoked");
});

const jwt = (sub: string, change: { issuer?: string; audience?: string; expires?: string; key?: CryptoKey } = {}) =>
  new SignJWT({ email: sub })
    .setProtectedHeader({ alg: "RS256", kid: "k1" })
    .setSubject(sub)
    .setIssuedAt()
    .setIssuer(change.issuer ?? issuer)
    .setAudience(change.audience ?? "angarium")
    .setExpirationTime(change.expires ?? "5m")
    .sign(change.key ?? privateKey);

test("access tokens of the issuer open mail; forged, late and foreign ones do not", async () => {
  const [user = ""] = server.ready.users;
  assert.equal(await imap(user, await jwt(user)), "in");
  assert.equal(await smtp(user, await jwt(user)), "in");
  assert.equal(await pop3(user, await jwt(user)), "in");
  const { privateKey: another } = await generateKeyPair("RS256");
  for (const [what, made] of [
    ["issuer", jwt(user, { issuer: "https://evil.test" })],
    ["audience", jwt(user, { audience: "another" })],
    ["late", jwt(user, { expires: "-5m" })],
    ["key", jwt(user, { key: another })],
    ["whose", jwt(server.ready.users[1]!)],
  ] as const)
    assert.notEqual(await imap(user, await made), "in", what);
  const [head, body] = (await jwt(user)).split(".");
  const none = Buffer.from(JSON.stringify({ alg: "none", kid: "k1" })).toString("base64url");
  assert.notEqual(await imap(user, `${none}.${body}.`), "in", "unsigned");
  assert.notEqual(await imap(user, `${head}.${body}.AAAA`), "in");
});

/** A browser: cookies by host and path as far as this needs them, redirects one at a time. */
class Browser {
  readonly cookies = new Map<string, string>();

  async go(url: string, form?: { readonly [name: string]: string }): Promise<{ url: string; response: Response }> {
    let at = url;
    let body = form === undefined ? undefined : new URLSearchParams(form).toString();
    for (let hop = 0; hop < 12; hop++) {
      const { host } = new URL(at);
      const mine = [...this.cookies].filter(([key]) => key.startsWith(`${host} `));
      const response = await fetch(at, {
        method: body === undefined ? "GET" : "POST",
        redirect: "manual",
        headers: {
          cookie: mine.map(([key, value]) => `${key.slice(host.length + 1)}=${value}`).join("; "),
          ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        },
        ...(body === undefined ? {} : { body }),
      });
      for (const cookie of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (value === "") this.cookies.delete(`${host} ${name}`);
        else this.cookies.set(`${host} ${name}`, value);
      }
      const location = response.headers.get("location");
      if (location === null) return { url: at, response };
      at = new URL(location, at).href;
      body = undefined;
    }
    assert.fail("redirects without end");
  }

  /** Signs in at the issuer; answers where that led. */
  async signIn(who: string, start = `${origin}/auth/oidc/start?return=/mail`) {
    let step = await this.go(start);
    assert.ok(step.url.startsWith(`${issuer}/interaction/`), step.url);
    step = await this.go(step.url, { prompt: "login", login: who, password: "any" });
    return this.go(step.url, { prompt: "consent" });
  }

  get session(): string | undefined {
    return this.cookies.get(`${new URL(origin).host} angarium_session`);
  }
}
const signedIn = async (session: string | undefined) =>
  (await fetch(`${origin}/.well-known/jmap`, {
    headers: { cookie: `angarium_session=${session}`, "x-requested-with": "test" },
  }).then((response) => response.json())) as { username?: string };

test("somebody signs in at the issuer: who has an account, who gets one, who has none", async () => {
  const methods = (await (await fetch(`${origin}/auth/methods`)).json()) as { oidc: { name: string } };
  assert.equal(methods.oidc.name, "Single sign-on");
  const [user = ""] = server.ready.users;
  const browser = new Browser();
  const end = await browser.signIn(user);
  assert.equal(end.response.status, 200, await end.response.clone().text());
  assert.match(await end.response.text(), /content="0;url=\/mail"/);
  assert.equal((await signedIn(browser.session)).username, user);

  const fresh = new Browser();
  assert.equal((await fresh.signIn(`fresh@${server.ready.domain}`)).response.status, 200);
  assert.equal((await signedIn(fresh.session)).username, `fresh@${server.ready.domain}`);

  const unverified = await new Browser().signIn(`unverified-${user}`);
  assert.equal(unverified.response.status, 403);
  assert.match(await unverified.response.text(), /not verified/);
  const stranger = await new Browser().signIn("someone@elsewhere.test");
  assert.equal(stranger.response.status, 403);

  const { code } = await angarium("identity", "add", user, issuer, "linked", "--data", server.ready.data);
  assert.equal(code, 0);
  const linked = new Browser();
  assert.equal((await linked.signIn("linked")).response.status, 200);
  assert.equal((await signedIn(linked.session)).username, user);
});

test("a sign-in is good in the browser that began it, once; nowhere else does it lead", async () => {
  const [user = ""] = server.ready.users;
  const mine = new Browser();
  const start = await mine.go(`${origin}/auth/oidc/start`);
  // The victim's browser is sent where the attacker's sign-in would have ended.
  const stolen = new Browser();
  const callback = `${origin}/auth/oidc/callback?code=x&state=${"a".repeat(43)}`;
  assert.equal((await stolen.go(callback)).response.status, 403);
  assert.equal(start.response.status, 200);
  const elsewhere = await new Browser().signIn(user, `${origin}/auth/oidc/start?return=//evil.test/`);
  assert.match(await elsewhere.response.text(), /content="0;url=\/"/);
  const forged = await new Promise<number>((resolve, reject) => {
    // fetch does not let Host be set.
    get(`${origin}/auth/oidc/start`, { headers: { host: "evil.test" } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on("error", reject);
  });
  assert.equal(forged, 421);
});

test("administrators see what is configured without its secrets, and whether it answers", async () => {
  const api = (who: string, method: string, path: string): Promise<Response> =>
    fetch(`${origin}/api/v1${path}`, {
      method,
      headers: { authorization: `Basic ${Buffer.from(`${who}:pw`).toString("base64")}` },
    });
  const { user } = server.ready.admin;
  const ways = await (await api(user, "GET", "/sign-in")).text();
  assert.ok(!ways.includes("secret of ours"));
  const { oidc, ldap } = JSON.parse(ways) as { oidc: { hasSecret: boolean; redirectUri: string }; ldap: null };
  assert.deepEqual([oidc.hasSecret, ldap], [true, null]);
  assert.match(oidc.redirectUri, /\/auth\/oidc\/callback$/);
  const checked = (await (await api(user, "POST", "/sign-in/oidc/check")).json()) as { works: boolean; words: string };
  assert.equal(checked.works, true, checked.words);
  assert.equal((await api(user, "POST", "/sign-in/ldap/sync")).status, 409);
  for (const [method, path] of [
    ["GET", "/sign-in"],
    ["POST", "/sign-in/oidc/check"],
    ["POST", "/sign-in/ldap/sync"],
  ] as const)
    assert.equal((await api("u1@example.test", method, path)).status, 403, path);
});
