/** The public test suite of RFC 7208. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { DnsAnswer } from "../dns.ts";
import { checkSpf, type SpfDns } from "./check.ts";

type Records = readonly (string | { readonly [type: string]: unknown })[];
type Suite = {
  readonly description: string;
  readonly tests: {
    readonly [name: string]: {
      readonly helo: string;
      readonly host: string;
      readonly mailfrom: string;
      readonly result: string | readonly string[];
      readonly explanation?: string;
    };
  };
  readonly zonedata: { readonly [name: string]: Records };
};
const suites = JSON.parse(
  readFileSync(new URL("../../test/corpus/spf/rfc7208-tests.json", import.meta.url), "utf8"),
) as readonly Suite[];

/** RFC 7208 §6.2: what is said where the domain says nothing. */
const defaultExplanation = "DEFAULT";

function zone(data: Suite["zonedata"]): SpfDns {
  const names = new Map(
    Object.entries(data).map(([name, records]) => [name.toLowerCase().replace(/\.$/, ""), records]),
  );
  const ask = <T>(name: string, type: string, read: (value: unknown) => T, followed = 0): DnsAnswer<T> => {
    const records = names.get(name.toLowerCase());
    if (records === undefined) return { kind: "none", exists: false };
    const alias = records.find((one) => typeof one === "object" && "CNAME" in one) as { CNAME: string } | undefined;
    if (alias !== undefined && followed < 8) return ask(alias.CNAME.replace(/\.$/, ""), type, read, followed + 1);
    // The suite's word for "SPF records stand in TXT too, where no TXT is given".
    const withTxt = records.some((one) => typeof one === "object" && "TXT" in one);
    const found: T[] = [];
    for (const one of records) {
      if (one === "TIMEOUT") {
        if (found.length === 0) return { kind: "trouble" };
        break;
      }
      if (typeof one !== "object") continue;
      const value = one[type] ?? (type === "TXT" && !withTxt ? one["SPF"] : undefined);
      if (value !== undefined && value !== "NONE") found.push(read(value));
    }
    return found.length > 0 ? { kind: "found", records: found } : { kind: "none", exists: true };
  };
  const text = (value: unknown): string => (Array.isArray(value) ? value.join("") : String(value));
  const nibbles = (address: string): string => {
    const v6 = address.includes(":");
    if (!v6) return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
    const [head = "", tail = ""] = address.split("::");
    const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
    const all = [...groups(head)];
    while (all.length + groups(tail).length < 8) all.push("0");
    all.push(...groups(tail));
    return `${[...all.map((group) => group.padStart(4, "0")).join("")].reverse().join(".")}.ip6.arpa`.toLowerCase();
  };
  return {
    txt: async (name) => ask(name, "TXT", text),
    a: async (name) => ask(name, "A", text),
    aaaa: async (name) => ask(name, "AAAA", text),
    mx: async (name) => ask(name, "MX", (value) => ({ exchange: String((value as unknown[])[1]) })),
    ptr: async (address) => ask(nibbles(address), "PTR", text),
  };
}

let count = 0;
for (const suite of suites)
  for (const [name, one] of Object.entries(suite.tests)) {
    count++;
    test(`${suite.description}: ${name}`, async () => {
      const request = { address: one.host, helo: one.helo, envelopeFrom: one.mailfrom, ourHost: "us.test", now: 0 };
      const found = await checkSpf(request, zone(suite.zonedata));
      const allowed = typeof one.result === "string" ? [one.result] : one.result;
      assert.ok(allowed.includes(found.result), `${found.result} (${found.reason}) instead of ${allowed.join(" or ")}`);
      if (one.explanation !== undefined && found.result === "fail")
        assert.equal(found.explanation ?? defaultExplanation, one.explanation);
    });
  }
test("all cases were run", () => {
  assert.equal(count, 203);
});
