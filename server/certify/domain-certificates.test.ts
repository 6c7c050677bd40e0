import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { quiet } from "../base/log.ts";
import { ensureHostedCertificate } from "../net/own-certificate.ts";
import { makeDomainCertificates } from "./domain-certificates.ts";

const root = mkdtempSync(join(tmpdir(), "angarium-domains-"));
after(() => rmSync(root, { recursive: true, force: true }));
const hour = 3_600_000;

/** An authority that signs anything, but nothing for a domain in `refused`. */
function world(name: string, domains: string[]) {
  const state = {
    now: Date.now(),
    ordered: [] as string[],
    refused: new Set<string>(),
    elsewhere: new Set<string>(),
    asked: 0,
  };
  const folder = join(root, name);
  const open = () =>
    makeDomainCertificates({
      authority: {
        async order(names) {
          const domain = names[0]!.slice(names[0]!.indexOf(".") + 1);
          state.ordered.push(domain);
          if (state.refused.has(domain)) throw new Error("unauthorized");
          return readFileSync(
            (await ensureHostedCertificate(join(folder, "signer"), domain, state.now)).certFile,
            "utf8",
          );
        },
      },
      folder,
      domains: async () => domains,
      leadingHere: async (domain) => {
        state.asked++;
        return state.elsewhere.has(domain) ? [] : [`mta-sts.${domain}`, `mail.${domain}`];
      },
      now: () => state.now,
      random: () => 0.5,
      log: quiet,
    });
  return { state, open };
}

test("one order at a look, new domains first; what is good is left alone until a third of its life is left", async () => {
  const domains = ["a.test", "b.test", "c.test"];
  const { state, open } = world("orders", domains);
  const made = open();
  assert.equal(made.files("a.test"), undefined);
  for (let i = 0; i < 5; i++) await made.look();
  assert.deepEqual(state.ordered, ["a.test", "b.test", "c.test"]);
  assert.match(made.files("a.test")?.certFile ?? "", /a\.test\.pem$/);
  assert.equal(made.known().length, 3);
  domains.push("new.test");
  await made.look();
  assert.deepEqual(state.ordered.splice(0), ["a.test", "b.test", "c.test", "new.test"]);
  state.now += 200 * 24 * hour;
  for (let i = 0; i < 3; i++) await made.look();
  assert.deepEqual(state.ordered, []);
  state.now += 100 * 24 * hour;
  await made.look();
  assert.deepEqual(state.ordered, ["a.test"]);
});

test("after a start what is on the disk is shown before anybody has looked", async () => {
  const { state, open } = world("start", ["a.test"]);
  await open().look();
  const again = open();
  assert.notEqual(again.files("a.test"), undefined);
  await again.look();
  assert.deepEqual(state.ordered, ["a.test"]);
});

test("a domain that is refused waits longer each time, and keeps nobody else waiting", async () => {
  const { state, open } = world("refused", ["bad.test", "good.test"]);
  state.refused.add("bad.test");
  const made = open();
  for (let i = 0; i < 3; i++) await made.look();
  assert.deepEqual(state.ordered.splice(0), ["bad.test", "good.test"]);
  state.now += 5 * 60_000;
  await made.look();
  state.now += 5 * 60_000;
  await made.look();
  assert.deepEqual(state.ordered.splice(0), ["bad.test"], "the second time it is half an hour");
  state.now += 30 * 60_000;
  state.refused.clear();
  await made.look();
  assert.notEqual(made.files("bad.test"), undefined);
});

test("after a start a domain that nobody has looked at yet comes before thousands that were", async () => {
  const domains = Array.from({ length: 1_200 }, (_, i) => `d${String(i).padStart(4, "0")}.test`);
  const { state, open } = world("new-first", domains);
  for (const domain of domains) state.elsewhere.add(domain);
  const before = open();
  for (let i = 0; i < 3; i++) await before.look();
  domains.push("zz-new.test", "zz-later.test");
  const again = open();
  await again.look();
  assert.deepEqual(state.ordered.splice(0), ["zz-new.test"]);
  await again.look();
  assert.deepEqual(state.ordered.splice(0), ["zz-later.test"]);
  domains.splice(domains.indexOf("zz-new.test"), 1);
  await again.look();
  rmSync(join(root, "new-first", "zz-new.test.pem"));
  domains.push("zz-new.test");
  await open().look();
  assert.deepEqual(state.ordered, ["zz-new.test"], "one that went and came back is new");
});

test("a domain of which no name leads here is asked about again soon, then in an hour; one that has gone is forgotten", async () => {
  const domains = ["away.test", "b.test"];
  const { state, open } = world("away", domains);
  state.elsewhere.add("away.test");
  const made = open();
  await made.look();
  assert.deepEqual(state.ordered.splice(0), ["b.test"]);
  for (const minutes of [5, 10, 30, 60]) {
    state.now += (minutes - 1) * 60_000;
    const asked = state.asked;
    await made.look();
    assert.equal(state.asked, asked, `not after ${minutes - 1} minutes`);
    state.now += 60_000;
    await made.look();
    assert.equal(state.asked, asked + 1);
  }
  state.elsewhere.clear();
  state.now += hour;
  await made.look();
  assert.deepEqual(state.ordered, ["away.test"]);
  domains.pop();
  await made.look();
  assert.deepEqual(
    made.known().map(({ names }) => names.includes("mail.away.test")),
    [true],
  );
});
