/**
 * A campaign to the fleet of modelled receivers, by one server or by two nodes on one PostgreSQL, over kill -9: whether events, bounces and
 * suppression are exact to the message, by what the receivers say they answered. `node test/bench/campaign-fleet.ts [RECIPIENTS] [postgres]` (100,000).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { fleet, profiles } from "../../server/simulate/fleet.ts";
import { chance } from "../../server/simulate/random.ts";
import { Receiver } from "../../server/simulate/receiver.ts";
import { serveReceiver } from "../../server/simulate/receiver-server.ts";
import { type Any, ApiTalk } from "../api-talk.ts";
import { ask } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { startPostgres } from "../postgres-server.ts";

const count = Number(process.argv[2] ?? 100_000);
const shared = process.argv[3] === "postgres";
const clean: (() => unknown)[] = [];
const folder = await temporaryFolder({ after: (work: () => unknown) => void clean.push(work) } as never);
const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

// ---------------------------------------------------------------- who gets it

const providers = ["gmail", "microsoft-consumer", "yahoo", "apple"] as const;
type Provider = (typeof providers)[number];
const place: { readonly [name in Provider]: { readonly host: string; readonly mx: string; readonly domain: string } } =
  {
    gmail: { host: "127.0.0.21", mx: "gmail-smtp-in.l.google.com", domain: "gmail.com" },
    "microsoft-consumer": { host: "127.0.0.22", mx: "hotmail-com.olc.protection.outlook.com", domain: "hotmail.com" },
    yahoo: { host: "127.0.0.23", mx: "mta5.am0.yahoodns.net", domain: "yahoo.com" },
    apple: { host: "127.0.0.24", mx: "mx01.mail.icloud.com", domain: "icloud.com" },
  };
/** Every hundredth does not exist, every hundredth is suppressed before. */
const kindOf = (at: number): "dead" | "suppressed" | "good" =>
  at % 100 === 1 ? "dead" : at % 100 === 3 ? "suppressed" : "good";
const providerOf = (at: number): Provider => providers[[0, 0, 0, 0, 1, 1, 1, 2, 2, 3][Math.floor(at / 100) % 10]!]!;
const nameOf = (at: number): string => `${kindOf(at)}-${at}@${place[providerOf(at)].domain}`;
const all = Array.from({ length: count }, (_, at) => at);
const of = (kind: ReturnType<typeof kindOf>): readonly string[] => all.filter((at) => kindOf(at) === kind).map(nameOf);

// ---------------------------------------------------------------- the fleet

/** What the receivers say of each address: how often they took it, refused it for good, and asked to come again. */
const told = new Map<string, { taken: number; unknown: number; later: number }>();
let [taken, later] = [0, 0];
const draw = chance(7);
// Those who are sent to again after the kill are counted twice.
const known = fleet(draw, undefined, count / 300);
// iCloud takes two thirds of what comes on the first day.
const apple = new Receiver({ ...profiles.apple, floor: Math.floor((count / 10) * 0.66) }, draw);
const servers: Awaited<ReturnType<typeof serveReceiver>>[] = [];
for (const provider of providers) {
  const receiver = provider === "apple" ? apple : known.get(provider)!;
  const server = await serveReceiver(
    receiver,
    profiles[provider],
    (recipient) => ({ invalid: recipient.startsWith("dead-") ? 1 : 0, complaining: 0, engaged: 0.3 }),
    { host: place[provider].host, port: servers[0]?.port ?? 0 },
  );
  server.onMessage = (recipient, answer) => {
    let one = told.get(recipient);
    if (one === undefined) told.set(recipient, (one = { taken: 0, unknown: 0, later: 0 }));
    one.taken += answer.accepted;
    one.unknown += answer.unknown;
    one.later += answer.deferred;
    if (one.taken === 1) taken += answer.accepted;
    later += answer.deferred;
    assert.equal(answer.blocked, 0);
  };
  servers.push(server);
}
const zone: { [name: string]: object } = {};
for (const { host, mx, domain } of Object.values(place)) {
  zone[domain] = { MX: `10 ${mx}` };
  zone[mx] = { A: host };
}
await writeFile(`${folder}/dns.json`, JSON.stringify(zone));
// As the shipped file has them, but as fast as the machine is.
await writeFile(
  `${folder}/shaping.toml`,
  providers
    .map((name) => {
      const { mx, domain } = place[name];
      const zones = mx.slice(mx.indexOf(".", name === "apple" ? mx.indexOf(".") + 1 : 0));
      return `[provider.${name}]\ntitle = "${name}"\nmx = ["${zones}"]\ndomains = ["${domain}"]\nlimits = { connections = 10, messagesPerConnection = 200, perSecond = 10000, tls = "opportunistic" }\n`;
    })
    .join("\n"),
);

// ---------------------------------------------------------------- our servers

const postgres = shared ? await startPostgres() : undefined;
const database = await postgres?.createDatabase();
const start = (node: number): Promise<DevProcess> =>
  startDev([
    "--users",
    "1",
    "--cleartext-auth",
    "--dns",
    `${folder}/dns.json`,
    "--mx-port",
    String(servers[0]!.port),
    "--data",
    `${folder}/data${node}`,
    "--set",
    `sending.shaping=${folder}/shaping.toml`,
    ...(database === undefined ? [] : ["--set", `store.postgres=${database}`]),
  ]);
const nodes: DevProcess[] = [];
for (let node = 0; node < (shared ? 2 : 1); node++) nodes.push(await start(node));
const run = (name: string, args: object = {}, node = nodes.length - 1) => ask(nodes[node]!.ready.data, name, args);
const user = (node: number) =>
  new ApiTalk(`http://127.0.0.1:${nodes[node]!.ready.ports["http"]}`, { user: "u1@example.test", password: "pw" });
const until = async (good: () => boolean | Promise<boolean>, what: () => unknown): Promise<void> => {
  for (const end = Date.now() + Math.max(60_000, count * 20); !(await good()); )
    if (Date.now() > end) throw new Error(`${JSON.stringify(what())} and no more`);
    else await new Promise((resolve) => setTimeout(resolve, 100));
};

try {
  await run("sending tenant add", { name: "shop" });
  await run("sending domain add", { name: "example.test", tenant: "shop" });
  await run("stream add", { name: "news", kind: "marketing", retryDelays: ["2s", "5s", "10s"] });
  await run("campaign add", { name: "shop/autumn", stream: "news" });
  const suppressed = of("suppressed");
  for (let at = 0; at < suppressed.length; at += 1000)
    await run("suppression add", {
      addresses: suppressed.slice(at, at + 1000),
      scope: "marketing:shop",
      reason: "unsubscribed",
    });
  const began = performance.now();
  for (let at = 0; at < count; at += 1000)
    await user((at / 1000) % nodes.length).ok("POST", "/emails/batch", {
      from: "u1@example.test",
      subject: "Autumn for {{n}}",
      text: "Dear {{n}}, autumn is here.\n".repeat(20),
      campaign: "autumn",
      recipients: all.slice(at, at + 1000).map((n) => ({ to: nameOf(n), variables: { n: String(n) } })),
    });
  const handed = (performance.now() - began) / 1000;

  // The first server dies in the middle, and comes back; meanwhile another one, where there is one, goes on.
  await until(
    () => taken > count / 3,
    () => ({ taken }),
  );
  await nodes[0]!.kill();
  nodes[0] = await start(0);
  const good = of("good").length;
  // The day after iCloud knows us better, and a person lets go of what it slowed down.
  const night = async (): Promise<void> => {
    apple.endDay();
    for (const node of nodes.keys()) await run("shaping release", { provider: "apple" }, node);
  };
  const cpuAt = nodes.map(({ child }) => cpuMs(child.pid!));
  const [from, again] = [taken, performance.now()];
  let looked = performance.now();
  await until(
    async () => {
      if (performance.now() - looked > 5_000) {
        looked = performance.now();
        if (later > 0) await night();
      }
      return taken >= good && [...told].filter(([, { unknown }]) => unknown > 0).length >= of("dead").length;
    },
    () => ({ taken, good, later }),
  );
  const seconds = (performance.now() - again) / 1000;
  const cpu = nodes.reduce((sum, { child }, node) => sum + cpuMs(child.pid!) - cpuAt[node]!, 0) / (taken - from);

  const perRecipient = new Map<string, string[]>();
  const tally: { [type: string]: number } = {};
  await until(
    async () => {
      perRecipient.clear();
      for (const type of Object.keys(tally)) delete tally[type];
      for (let after = 0; ; ) {
        const page = (await run("sending events", { tenant: "shop", limit: 1000, after })) as Any[];
        for (const { type, recipient } of page) {
          tally[type] = (tally[type] ?? 0) + 1;
          perRecipient.set(recipient, [...(perRecipient.get(recipient) ?? []), type]);
        }
        if (page.length < 1000) break;
        after = page.at(-1).id;
      }
      return (tally["delivered"] ?? 0) >= good && (tally["bounced"] ?? 0) >= of("dead").length;
    },
    () => tally,
  );
  // Each recipient has come to one end and to no other, and it is what its receiver says.
  const ends = new Set(["delivered", "bounced", "expired", "suppressed"]);
  const inexact = all.filter((at) => {
    const name = nameOf(at);
    const end = (perRecipient.get(name) ?? []).filter((type) => ends.has(type)).join(" ");
    const said = told.get(name) ?? { taken: 0, unknown: 0, later: 0 };
    switch (kindOf(at)) {
      case "good":
        return end !== "delivered" || said.taken < 1 || said.unknown > 0;
      case "dead":
        return end !== "bounced" || said.taken > 0 || said.unknown < 1;
      case "suppressed":
        return end !== "suppressed" || told.has(name);
      default:
        return true;
    }
  });
  assert.equal(
    inexact.length,
    0,
    `not exact: ${inexact.slice(0, 10).map((at) => `${nameOf(at)} ${perRecipient.get(nameOf(at))}`)}`,
  );
  const dead = new Set<string>();
  for (let after = ""; ; ) {
    const page = (await run("suppression list", { scope: "tenant:shop", after })) as Any[];
    for (const { address, reason } of page) if (reason === "bounced") dead.add(address);
    if (page.length === 0 || page.at(-1).hash === after) break;
    after = page.at(-1).hash;
  }
  assert.ok(dead.size === of("dead").length && of("dead").every((name) => dead.has(name)), `${dead.size} suppressed`);
  console.log(
    JSON.stringify({
      recipients: count,
      nodes: nodes.length,
      handedOverPerSecond: Math.round(count / handed),
      sentPerSecondAfterKill: Math.round((taken - from) / seconds),
      cpuMsPerMessage: Number(cpu.toFixed(2)),
      takenTwice: [...told.values()].filter((one) => one.taken > 1).length,
      askedToComeAgain: later,
      ...tally,
    }),
  );
} catch (error) {
  console.error(JSON.stringify(await run("queue list", { limit: 10 }), undefined, 1).slice(0, 3000));
  console.error(JSON.stringify(await run("queue parks"), undefined, 1).slice(0, 3000));
  console.error(JSON.stringify(await run("shaping throttles"), undefined, 1).slice(0, 3000));
  for (const node of nodes) console.error(node.log().slice(-1500));
  throw error;
} finally {
  await Promise.all(nodes.map((node) => node.stop()));
  for (const server of servers) await server.close();
  await postgres?.stop();
  for (const work of clean) await work();
}
