/**
 * `npm run publish-dns`: `angarium domain publish` puts a domain's records into zones of Knot DNS and BIND 9 (Debian's packages knot and
 * bind9) by dynamic update, mends what is wrong when told to, and says in words why it cannot. Ends with 0 when all of it holds.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDnsUpdater } from "../../server/net/dns-update.ts";
import { ask, freePort } from "../beside.ts";
import { startDev } from "../dev-process.ts";
import { type NameServer, type Start, startBind, startKnot } from "../name-servers.ts";

type Check = {
  readonly standing: string;
  readonly records: readonly {
    readonly label: string;
    readonly name: string;
    readonly type: string;
    readonly state: string;
    readonly problem: string;
  }[];
};
type Published = {
  readonly published: readonly { readonly name: string; readonly type: string; readonly value: string }[];
  readonly removed: readonly { readonly name: string; readonly value: string }[];
  readonly left: readonly { readonly name: string; readonly problem: string }[];
};

const folder = await mkdtemp(join(tmpdir(), "angarium-publish-"));
try {
  await publishing(startKnot, "hmac-sha256");
  await publishing(startBind, "hmac-sha512");
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function publishing(start: Start, algorithm: "hmac-sha256" | "hmac-sha512"): Promise<void> {
  const zone = "example.test";
  const home = join(folder, start.name);
  const server = await start(home, zone, await freePort("127.0.0.1"), algorithm, ["mail"]);
  const dev = await startDev(["--users", "1", "--dns", `127.0.0.1:${server.port}`]);
  const command = async <T>(name: string, args: object = {}): Promise<T> =>
    (await ask(dev.ready.data, name, { name: zone, ...args })) as T;
  const key = {
    server: `127.0.0.1:${server.port}`,
    zone,
    tsigName: server.key.name,
    tsigSecret: server.key.secret.toString("base64"),
    tsigAlgorithm: algorithm,
  };
  try {
    await command("domain set", { bimiLogo: `https://${zone}/logo.svg` });
    assert.equal((await command<Check>("domain check")).standing, "broken");
    const wrong = { ...key, tsigSecret: Buffer.alloc(32, 7).toString("base64") };
    await assert.rejects(command("domain publish", wrong), /key|signature|NOTAUTH|BADSIG|refuse/i);
    assert.deepEqual(await server.txt(zone), [], "nothing came of a wrong key");

    const first = await command<Published>("domain publish", key);
    assert.ok(first.published.some(({ type }) => type === "MX"));
    const check = await command<Check>("domain check");
    const open = check.records.filter(({ state }) => state !== "good" && state !== "other");
    assert.deepEqual(
      open.map(({ label, problem }) => `${label}: ${problem}`),
      [],
      `${server.name}: all records are good after publishing`,
    );
    assert.equal(check.standing, "good");
    const spf = (await server.txt(zone)).filter((text) => text.startsWith("v=spf1"));
    assert.equal(spf.length, 1);

    const again = await command<Published>("domain publish", key);
    assert.deepEqual([again.published, again.removed], [[], []], "what is there is not put there twice");

    // A record that another hand has spoilt stays until it is said that it may go.
    const policy = first.published.find(({ name, type }) => name === `_dmarc.${zone}` && type === "TXT")?.value ?? "";
    await spoil(server, zone, policy);
    assert.equal((await command<Check>("domain check")).standing, "broken");
    const left = await command<Published>("domain publish", key);
    assert.deepEqual([left.published, left.left.map(({ name }) => name)], [[], [`_dmarc.${zone}`]]);
    const mended = await command<Published>("domain publish", { ...key, replace: true });
    assert.equal(mended.removed.length, 1);
    assert.deepEqual(await server.txt(`_dmarc.${zone}`), [policy]);
    assert.equal((await command<Check>("domain check")).standing, "good");
    console.log(
      `${server.name}: ${first.published.length} records put there with ${algorithm}; a wrong key changes nothing; the second time nothing is left to do; what is wrong is replaced when told to`,
    );
  } finally {
    await dev.stop();
    await server.stop();
  }
}

/** In place of the record, one that means nothing. */
async function spoil({ port, key }: NameServer, zone: string, value: string): Promise<void> {
  const name = `_dmarc.${zone}`;
  const settings = {
    dnsServer: `127.0.0.1:${port}`,
    dnsZone: zone,
    tsigName: key.name,
    tsigSecret: key.secret.toString("base64"),
    tsigAlgorithm: key.algorithm,
  };
  await makeDnsUpdater(settings, Date.now).change(zone, [
    { action: "delete", name, type: "TXT", value, ttlSeconds: 0 },
    { action: "add", name, type: "TXT", value: "v=DMARC1; p=nonsense", ttlSeconds: 60 },
  ]);
}
