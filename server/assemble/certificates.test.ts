/** Who is asked when a client wants the certificate of a name. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeStore } from "../access/fake-store.ts";
import { quiet } from "../base/log.ts";
import { defaultAcmeSettings } from "../certify/settings.ts";
import type { FindFiles } from "../net/further-certificates.ts";
import type { Resolver } from "../net/resolver.ts";
import type { KeyRing } from "../net/tls.ts";
import { makeCertificates } from "./certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-certificates-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function world(how: { readonly caFile?: string; readonly acme?: string }) {
  const asked: string[] = [];
  let find: FindFiles | undefined;
  const keyRing = {
    caFile: how.caFile,
    show: async () => {},
    whenRenewed() {},
    showFurther: (given: FindFiles) => (find = given),
  } as unknown as KeyRing;
  const store = new FakeStore();
  store.domains = async () => assert.fail("a stranger's name is no question for the store");
  await makeCertificates({
    store,
    directory: {
      domain(name) {
        asked.push(name);
        return name === "ours.test" ? { name, kind: "local", settings: {} } : undefined;
      },
    },
    resolver: {} as Resolver,
    keyRing,
    folder,
    acme: { ...defaultAcmeSettings, directory: how.acme ?? "" },
    caFile: "",
    configured: how.caFile === undefined,
    more: [],
    ourHost: "mail.ours.test",
    withheld: () => false,
    now: Date.now,
    log: quiet,
  });
  return { asked, find };
}

test("with a certificate of the administrator's and no ACME nobody is asked for other names", async () => {
  assert.equal((await world({})).find, undefined);
  assert.notEqual((await world({ acme: "https://acme.test/dir" })).find, undefined);
});

test("names are looked for in memory: those of our domains have one of our own authority, others none", async () => {
  const { find, asked } = await world({ caFile: join(folder, "ca.pem") });
  assert.equal(await find?.("imap.elsewhere.test"), undefined);
  assert.equal(await find?.("www.ours.test"), undefined, "no service of ours has that name");
  assert.match((await find?.("autoconfig.ours.test"))?.certFile ?? "", /domains.ours\.test\.pem$/);
  assert.deepEqual(asked.splice(0), ["imap.elsewhere.test", "www.ours.test", "autoconfig.ours.test", "ours.test"]);
});
