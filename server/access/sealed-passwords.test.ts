import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { backUp } from "../admin/back-up.ts";
import { importAccounts } from "../admin/import-accounts.ts";
import { quiet } from "../base/log.ts";
import { openSqliteStore } from "../store/client.ts";
import { defaultLoginSettings, makeLogin } from "./authenticate.ts";
import { makeDirectory } from "./cached-directory.ts";
import { makeCredential } from "./password.ts";
import { isSealed, SealedPasswords } from "./sealed-passwords.ts";

const connection = {
  tls: { protocol: "TLSv1.3", cipher: "", servername: undefined, authorized: false, authorizationError: undefined },
  remote: { address: "192.0.2.1", port: 1 },
  channelBinding: () => undefined,
};

test("imported passwords open at once, are hashed one by one, and the key ends with the last", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "angarium-sealed-"));
  const store = await openSqliteStore({ dir, readers: 1 });
  const people = makeDirectory({ store });
  t.after(async () => {
    people[Symbol.dispose]();
    await store.close();
    rmSync(dir, { recursive: true });
  });
  await store.putDomain({ name: "a.test", kind: "local", settings: {} });
  const keyFile = join(dir, "sealed.key");
  const parts = { store, keyFile, now: Date.now, log: quiet };
  // Stopped: it hashes nobody by itself.
  const first = new SealedPasswords(parts);
  await first.stop();
  const csv = "address,password\nu1@a.test,first secret\nu2@a.test,second secret\nu3@a.test,third secret\n";
  const domain = (await store.hostedDomains({ kind: "all" }, { limit: 1 }))[0];
  const found = await importAccounts(
    { store, now: Date.now, sealed: first },
    csv,
    async () => domain,
    () => {},
  );
  assert.equal("made" in found && found.made, 3);
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  const key = readFileSync(keyFile);
  const kept = readdirSync(dir).filter((name) => name.startsWith("angarium.sqlite"));
  for (const name of kept) {
    const bytes = readFileSync(join(dir, name));
    assert.ok(!bytes.includes("first secret") && !bytes.includes(key), `${name} tells the password or the key`);
  }
  const rows = await store.sealedCredentials({ account: 0, id: 0 }, 10);
  assert.equal(rows.length, 3);
  assert.equal((await store.sealedCredentials(rows[1]!, 10)).length, 1);

  const login = makeLogin({
    store,
    sealed: first,
    directory: people,
    settings: { ...defaultLoginSettings, throttle: { ...defaultLoginSettings.throttle, enabled: false } },
    endPointHash: () => undefined,
    now: Date.now,
    log: quiet,
  });
  t.after(() => login[Symbol.dispose]());
  const say = async (user: string, password: string): Promise<string> => {
    const outcome = await login.password(user, password, { protocol: "imap", connection });
    return outcome.kind === "ok" ? outcome.account.name : outcome.reason;
  };
  assert.equal(await say("u1@a.test", "second secret"), "credentials");
  assert.deepEqual(
    await Promise.all([say("u1@a.test", "first secret"), say("u1@a.test", "first secret")]),
    ["u1@a.test", "u1@a.test"],
    "two at once",
  );
  const raised = (await store.credentials(rows[0]!.account))[0]!;
  assert.ok(!isSealed(raised) && raised.scramSha256 !== "" && raised.id === rows[0]!.id);
  assert.equal(await say("u1@a.test", "first secret"), "u1@a.test");

  // Who has changed the password meanwhile keeps the new one.
  await store.putCredential(rows[1]!.account, await makeCredential("another secret", Date.now()));
  assert.equal(await first.raise(rows[1]!), undefined);
  assert.equal(await say("u2@a.test", "another secret"), "u2@a.test");
  assert.equal(await say("u2@a.test", "second secret"), "credentials");

  // The next run of the server goes on.
  const second = new SealedPasswords({ ...parts, restMs: 0 });
  second.start();
  while (existsSync(keyFile)) await new Promise((resolve) => setTimeout(resolve, 10));
  await second.stop();
  assert.equal((await store.sealedCredentials({ account: 0, id: 0 }, 10)).length, 0);
  assert.equal(await say("u3@a.test", "third secret"), "u3@a.test");
});

test("a backup made while passwords wait to be hashed opens the accounts", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "angarium-sealed-"));
  const store = await openSqliteStore({ dir, readers: 1 });
  t.after(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });
  await store.putDomain({ name: "a.test", kind: "local", settings: {} });
  const domain = (await store.hostedDomains({ kind: "all" }, { limit: 1 }))[0];
  // In the background it would take an hour.
  const slow = { store, keyFile: join(dir, "sealed.key"), now: Date.now, log: quiet, restMs: 3_600_000 };
  const stopped = new SealedPasswords(slow);
  await stopped.stop();
  const csv = "address,password\nu1@a.test,first secret\nu2@a.test,second secret\nu3@a.test,third secret\n";
  const world = { store, now: Date.now, sealed: stopped };
  const made = await importAccounts(
    world,
    csv,
    async () => domain,
    () => {},
  );
  assert.equal("made" in made && made.made, 3);
  assert.match((await backUp({ store, sealed: undefined }, join(dir, "without"))) ?? "", /wait to be hashed/);
  const told: string[] = [];
  const folder = join(dir, "with");
  const note = await backUp({ store, sealed: new SealedPasswords(slow) }, folder, undefined, (line) => told.push(line));
  assert.equal(note, undefined);
  assert.match(told.at(-1) ?? "", /^3 passwords/);
  const copy = await openSqliteStore({ dir: folder, readers: 1, readOnly: true });
  try {
    for (const { id } of await copy.accounts()) {
      const [credential] = await copy.credentials(id);
      assert.ok(credential !== undefined && !isSealed(credential) && credential.scramSha256 !== "");
    }
  } finally {
    await copy.close();
  }
});
