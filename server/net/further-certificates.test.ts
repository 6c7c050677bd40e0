import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet } from "../base/log.ts";
import { FurtherCertificates } from "./further-certificates.ts";

test("so many are kept, the ones asked for last; those who ask for one at once share the reading", async () => {
  let found = 0;
  const loaded: string[] = [];
  const load = ({ certFile }: { certFile: string }) => {
    loaded.push(certFile);
    return { stamp: certFile };
  };
  const further = new FurtherCertificates(
    async (name) => {
      found++;
      return { certFile: name, keyFile: "" };
    },
    { load, stampOf: ({ certFile }) => certFile },
    quiet,
  );
  await Promise.all(Array.from({ length: 10 }, () => further.look("a.test")));
  assert.equal(found, 1);
  for (let i = 0; i < 999; i++) await further.look(`n${i}.test`);
  await further.look("a.test");
  await further.look("one-more.test");
  assert.notEqual(further.get("a.test"), undefined, "asked for a moment ago");
  assert.equal(further.get("n0.test"), undefined);
  further.forget();
  assert.equal(further.get("a.test"), undefined);
  await further.look("a.test");
  assert.equal(loaded.filter((name) => name === "a.test").length, 2);
});
