/** A domain of an export on a server that has one of that name. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { dkimSetting, ensureDkimKeys, makeDkimKeys, readDkimKeys } from "../sign/dkim-keys.ts";
import { openSqliteStore } from "../store/client.ts";
import { type DirectoryFile, directoryFormat } from "./directory-file.ts";
import { beginDomain } from "./import-directory.ts";

test("what the first start made gives way to the domain of an export; what DNS has shown, or somebody has set, does not", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "angarium-test-"));
  const store = await openSqliteStore({ dir, readers: 1 });
  t.after(async () => {
    await store.close();
    await rm(dir, { recursive: true, force: true });
  });
  const now = 1_700_000_000_000;
  const { keys } = await makeDkimKeys(now - 1_000_000_000);
  const theirs = { keys: keys.map((key) => ({ ...key, state: "used" as const })) };
  const bring = async (domain: string): Promise<readonly [keysCame: boolean, catchAll: string | undefined]> => {
    const file: DirectoryFile = {
      format: directoryFormat,
      version: 1,
      domain,
      kind: "local",
      settings: { catchAll: `all@${domain}` },
      dkim: theirs,
      addresses: [],
    };
    const end = await beginDomain(file, dir, { store, factsOf, now: () => now });
    await end();
    const [found] = await store.hostedDomains({ kind: "all" }, { limit: 1, domain });
    const selectors = (await readDkimKeys(store, domain))?.keys.map(({ selector }) => selector);
    assert.equal(await store.setting(`import.begun/domain/${domain}`), undefined);
    return [selectors?.[0] === keys[0]?.selector, found?.settings.catchAll];
  };
  for (const domain of ["first.test", "shown.test", "set.test"]) {
    await store.putDomain({ name: domain, kind: "local", settings: domain === "set.test" ? { mtaSts: "none" } : {} });
    await ensureDkimKeys(store, domain, now);
  }
  const shown = await readDkimKeys(store, "shown.test");
  await store.putSetting(dkimSetting("shown.test"), { keys: shown?.keys.map((key) => ({ ...key, state: "seen" })) });
  assert.deepEqual(await bring("nobody.test"), [true, "all@nobody.test"]);
  assert.deepEqual(await bring("first.test"), [true, "all@first.test"]);
  assert.deepEqual(await bring("shown.test"), [false, undefined]);
  assert.deepEqual(await bring("set.test"), [false, undefined]);
});
