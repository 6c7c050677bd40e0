import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { srsLocal, srsReturn } from "../../protocol/return-path/srs.ts";
import { replyText } from "../../protocol/smtp/reply.ts";
import type { Domain } from "../store/store.ts";
import type { Directory, Resolution } from "./directory.ts";
import { withReturnPaths } from "./return-paths.ts";

const domain: Domain = { name: "us.test", kind: "local", settings: {} };
const nobody = { accounts: [], forwards: [], detail: undefined, domain, essential: false };
const ask = { mac: (text: string) => createHmac("sha256", "k").update(text).digest(), day: 20_000 };

/** us.test with u1; with `catchAll` account 9 gets the rest. */
function directory(catchAll: boolean): Directory {
  const plain = {
    resolve: (local: string, name: string): Resolution => {
      if (name !== "us.test") return { kind: "remote" };
      if (local === "u1") return { kind: "local", ...nobody, accounts: [1] };
      if (local === "srs0=mine") return { kind: "local", ...nobody, accounts: [2] };
      return catchAll ? { kind: "local", ...nobody, accounts: [9] } : { kind: "unknown", domain };
    },
    domain: (name: string) => (name === "us.test" ? domain : undefined),
  };
  return withReturnPaths(plain as unknown as Directory, (local) => srsReturn(local, ask, 21));
}

const good = srsLocal({ local: "anna", domain: "far.test" }, ask);
const old = srsLocal({ local: "anna", domain: "far.test" }, { ...ask, day: 19_000 });
const home = srsLocal({ local: "u1", domain: "us.test" }, ask);
const cases: readonly [name: string, local: string, at: string, plain: string, catchAll: string][] = [
  ["one of ours", good, "us.test", "forwards anna@far.test", "forwards anna@far.test"],
  ["one of ours that leads home", home, "us.test", "accounts 1", "accounts 1"],
  [
    "a forged one",
    good.replace("anna", "eve"),
    "us.test",
    "550 5.1.1 This return path was not made here",
    "550 5.1.1 This return path was not made here",
  ],
  [
    "an old one",
    old,
    "us.test",
    "550 5.1.1 This return path has expired: the message it belongs to is too old",
    "550 5.1.1 This return path has expired: the message it belongs to is too old",
  ],
  ["another's at another's", good, "far.test", "remote", "remote"],
  ["an address that looks a little like one", "srs0=mine", "us.test", "accounts 2", "accounts 2"],
  [
    "nobody's that looks a little like one",
    "srs0=x=y",
    "us.test",
    "550 5.1.1 This return path was not made here",
    "accounts 9",
  ],
  ["an ordinary address", "u1", "us.test", "accounts 1", "accounts 1"],
];
for (const [name, local, at, plain, withCatchAll] of cases)
  test(`return path: ${name}`, async () => {
    for (const [catchAll, expected] of [
      [false, plain],
      [true, withCatchAll],
    ] as const) {
      const found = await directory(catchAll).resolve(local, at);
      const said =
        found.kind === "local"
          ? found.forwards.length > 0
            ? `forwards ${found.forwards.join()}`
            : `accounts ${found.accounts.join()}`
          : found.kind === "unknown" && found.why !== undefined
            ? replyText(found.why)
            : found.kind;
      assert.equal(said, expected);
    }
  });
