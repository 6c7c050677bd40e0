/**
 * Dynamic updates (RFC 2136, RFC 8945) against Debian's Knot DNS, as DNS-01 and DKIM use them: a text comes, beside another, and goes again;
 * who has not the key is refused.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { makeDnsChallenge } from "../server/certify/dns-challenge.ts";
import { type AcmeSettings, defaultAcmeSettings } from "../server/certify/settings.ts";
import type { NameServer } from "./name-servers.ts";

/** What `[acme]` says so that this server is updated. */
export function updateSettings({ port, key }: NameServer, zone: string): AcmeSettings {
  return {
    ...defaultAcmeSettings,
    challenge: "dns-01",
    dnsServer: `127.0.0.1:${port}`,
    dnsZone: zone,
    tsigName: key.name,
    tsigSecret: key.secret.toString("base64"),
    tsigAlgorithm: key.algorithm,
    dnsWaitMs: 500,
  };
}

export async function updatesWork(knot: NameServer, zone: string): Promise<void> {
  const settings = updateSettings(knot, zone);
  const dns = makeDnsChallenge(settings, Date.now);
  const name = `_acme-challenge.mail.${zone}`;
  const long = "p=".padEnd(420, "A"); // A DKIM key does not fit into one string.
  await dns.add(name, "one");
  await dns.add(name, long);
  assert.deepEqual([...(await knot.txt(name))].sort(), ["one", long]);
  await dns.remove(name, "one");
  assert.deepEqual(await knot.txt(name), [long]);
  await dns.remove(name, long);
  await dns.remove(name, "never there");
  assert.deepEqual(await knot.txt(name), []);

  const wrong: readonly [what: string, change: Partial<AcmeSettings>, now?: () => number][] = [
    ["another secret", { tsigSecret: randomBytes(32).toString("base64") }],
    ["an unknown key", { tsigName: "nobody" }],
    ["a clock that is an hour late", {}, () => Date.now() - 3_600_000],
    ["a zone that it does not have", { dnsZone: "other.test" }],
  ];
  for (const [what, change, now = Date.now] of wrong)
    await assert.rejects(
      makeDnsChallenge({ ...settings, ...change }, now).add(name, "x"),
      /refuses to change _acme-challenge\.mail\..* \(code \d+\)/,
      what,
    );
  assert.deepEqual(await knot.txt(name), []);
  process.stdout.write(
    `${knot.key.algorithm}: texts were put into the zone and taken out again; wrong keys were refused\n`,
  );
}
