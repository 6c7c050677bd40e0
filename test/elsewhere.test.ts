/** Wherever somebody can write a host or a URL that the server then goes to: never to this machine, nor to the networks behind it, by whatever spelling or DNS. */
import assert from "node:assert/strict";
import { createServer, isIP, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import webPush from "web-push";
import { z } from "zod";
import { loadRoutes } from "../server/api/load.ts";
import { quiet } from "../server/base/log.ts";
import { importImap } from "../server/carry/imap.ts";
import { configSchema } from "../server/config/config.ts";
import { makeAccessTokens } from "../server/fetch/access-token.ts";
import { makeLeave } from "../server/fetch/leave.ts";
import { Pictures } from "../server/fetch/pictures.ts";
import { makeFindKey } from "../server/fetch/public-keys.ts";
import { isAllowedUrl, sendPush } from "../server/jmap/push-send.ts";
import { type Guard, makeGuard } from "../server/net/guard.ts";
import { httpsTalk } from "../server/net/https-talk.ts";
import type { Resolver } from "../server/net/resolver.ts";
import { lookInto } from "../server/seed/look.ts";
import { dial } from "../server/send/dial.ts";
import { defaultMxSettings, lookUpMx } from "../server/send/mx.ts";
import { makePoster } from "../server/tell/post.ts";

const names: { readonly [name: string]: readonly string[] } = {
  "loop.example": ["127.0.0.1"],
  "metadata.example": ["169.254.169.254"],
  "inside.example": ["10.1.2.3"],
  "shared.example": ["100.64.0.1"],
  "six.example": ["::1"],
  "mapped.example": ["::ffff:127.0.0.1"],
  "translated.example": ["64:ff9b::7f00:1"],
  "unique.example": ["fd00::1"],
};
const literals = [
  ...["127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"],
  ...["[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]"],
  ...["2130706433", "0x7f000001", "0177.0.0.1", "127.1"],
];
const local = ["localhost", "x.localhost", "printer.local", "db.internal", "router"];
const hosts = [...literals, ...local, ...Object.keys(names)];

/** Answers of a stranger's DNS, one after the other: the last one stays. */
function dnsOf(all: { readonly [name: string]: readonly (readonly string[])[] }): Pick<Resolver, "a" | "aaaa"> {
  const asked = new Map<string, number>();
  const answer = (name: string, six: boolean): never => {
    const key = `${name} ${six}`;
    const answers = all[name] ?? [];
    const nth = asked.get(key) ?? 0;
    asked.set(key, nth + 1);
    const records = (answers[Math.min(nth, answers.length - 1)] ?? []).filter((one) => one.includes(":") === six);
    return (
      records.length === 0
        ? { kind: "none", why: "nodata", secure: false }
        : { kind: "found", records, secure: false, ttl: 0 }
    ) as never;
  };
  return { a: async (name) => answer(name, false), aaaa: async (name) => answer(name, true) };
}

type Way = { readonly resolver: Pick<Resolver, "a" | "aaaa">; readonly guard: Guard; readonly port: number };
const now = () => 0;
const ask = ({ guard }: Way, ...schemes: string[]) => ({ guard, schemes, anyPort: true, trust: undefined });
const vapid = webPush.generateVAPIDKeys();
const imap = { tls: "none", user: "u", everyMs: 0, anyCertificate: true } as const;

/** Each goes to `host` as the server would, and answers whether it was let through to an answer. */
const ways: readonly [what: string, guarded: boolean, go: (host: string, way: Way) => Promise<boolean>][] = [
  [
    "webhooks",
    true,
    async (host, way) => {
      const poster = makePoster(`http://${host}:${way.port}/`, { guard: way.guard, schemes: ["https:", "http:"], now });
      const { kind } = await poster.post("{}", {});
      await poster.close();
      return kind !== "failed";
    },
  ],
  [
    "pictures of messages",
    true,
    async (host, way) =>
      (await new Pictures(ask(way, "http:", "https:"), now).of(`http://${host}:${way.port}/a.gif`)).kind === "picture",
  ],
  [
    "lists that are left by a POST",
    true,
    async (host, way) =>
      (await makeLeave(ask(way, "http:", "https:"))(`http://${host}:${way.port}/`)).kind !== "failed",
  ],
  [
    "published keys",
    true,
    async (host, way) =>
      (await makeFindKey(ask(way, "https:"), now, way.port)({ local: "a", domain: host })).kind === "found",
  ],
  [
    "imports from IMAP servers",
    true,
    async (host, { guard, port }) => {
      const about = { account: 1, settings: { ...imap, host: host.replace(/[[\]]/g, ""), port }, password: "x" };
      const ports = { guard, now, log: quiet } as unknown as Parameters<typeof importImap>[1];
      return importImap(about, ports, () => {}, new AbortController().signal).then(
        () => true,
        () => false,
      );
    },
  ],
  [
    "seed mailboxes",
    true,
    async (host, { guard, port }) => {
      const seed = { ...imap, address: "a@b.test", host: host.replace(/[[\]]/g, ""), port, password: "x" };
      const ports = { guard, tokens: async () => ({ kind: "failed", why: "" }) as const, log: quiet };
      return lookInto({ ...seed, oauth: undefined }, ports).then(
        () => true,
        () => false,
      );
    },
  ],
  [
    "tokens of postmaster pages and seed mailboxes",
    true,
    async (host, way) => {
      const client = { tokenUrl: `http://${host}:${way.port}/`, clientId: "c", clientSecret: "", refreshToken: "r" };
      const before = came.length;
      await makeAccessTokens(ask(way, "http:", "https:"), now)(client);
      return came.length > before;
    },
  ],
  [
    "mail to other domains",
    false,
    async (host, { resolver, port }) => {
      const mx = async () => ({ kind: "none", exists: true, secure: false, ttlSeconds: 1 });
      const literal = host.startsWith("[") ? host.replace("[", "[IPv6:") : isIP(host) === 4 ? `[${host}]` : host;
      const found = await lookUpMx(literal, {
        resolver: { ...resolver, mx } as unknown as Resolver,
        ours: new Set<string>(),
        random: () => 0.5,
        settings: defaultMxSettings,
      });
      if (found.kind !== "found") return false;
      for (const { addresses } of found.hosts)
        for (const address of addresses) {
          const connection = await dial(address, port, 3000, undefined);
          if (typeof connection !== "string") connection.destroy();
        }
      return true;
    },
  ],
  [
    "policies, reports, marks and single sign-on",
    false,
    async (host, { resolver, port }) => {
      const about = { host: host.replace(/[[\]]/g, ""), port, path: "/", method: "GET" } as const;
      const bounds = { trust: undefined, privateAddresses: false, timeoutMs: 3000, maxBytes: 1000 };
      return (await httpsTalk(about, { resolver, ...bounds })).kind === "answer";
    },
  ],
  [
    "pushes of JMAP",
    false,
    async (host, { port }) =>
      (
        await sendPush({ url: `https://${host}:${port}/`, keys: undefined }, "{}", {
          vapid,
          subject: "mailto:a@b.test",
          anywhere: false,
        })
      ).kind === "done",
  ],
];

let canary: Server;
let port = 0;
const came: string[] = [];
before(async () => {
  canary = createServer((socket: Socket) => {
    came.push(socket.localAddress ?? "");
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  });
  await new Promise<void>((done) => canary.listen(0, "0.0.0.0", done));
  port = (canary.address() as { port: number }).port;
});
after(() => canary.close());

for (const [what, guarded, go] of ways) {
  test(`${what}: nothing of this machine and of private networks`, async () => {
    const resolver = dnsOf(Object.fromEntries(Object.entries(names).map(([name, records]) => [name, [records]])));
    const way = { resolver, guard: makeGuard(resolver, { privateAddresses: false }), port };
    // Pushes ask the system's resolver, which is nobody's to answer here.
    for (const host of what === "pushes of JMAP" ? [...literals, ...local] : hosts) {
      assert.equal(await go(host, way), false, host);
      assert.deepEqual(came.splice(0), [], `${host} was connected to`);
    }
  });
  // What may be reached here stands for a public address, what may not for a private one.
  if (guarded)
    test(`${what}: a name that leads elsewhere when it is asked again`, async () => {
      const allow = { has: (address: string) => address === "127.0.0.2" };
      for (const answers of [[["127.0.0.2"], ["127.0.0.1"]], [["127.0.0.2", "127.0.0.1"]]]) {
        const resolver = dnsOf({ "rebind.example": answers, "openpgpkey.rebind.example": answers });
        const way = { resolver, guard: makeGuard(resolver, { privateAddresses: false, allow }), port };
        await go("rebind.example", way);
        await go("rebind.example", way);
        assert.ok(!came.splice(0).some((at) => at.endsWith("127.0.0.1")), `${what}: ${JSON.stringify(answers)}`);
      }
    });
}

test("pushes are refused as they are asked for", () => {
  for (const host of [...literals, ...local.slice(0, 2)])
    assert.equal(isAllowedUrl(`https://${host}/`, false), false, host);
  for (const url of [
    "http://push.example/",
    "https://u:p@push.example/",
    "file:///etc/passwd",
    "gopher://push.example",
  ])
    assert.equal(isAllowedUrl(url, false), false, url);
  assert.equal(isAllowedUrl("https://push.example/x", false), true);
});

// ---------------------------------------------------------------- who may name a host at all

/** What a field's name says that holds a host, an address on the network or a URL. */
const naming =
  /host|url|uri|server|issuer|proxy|relay|directory$|clamav|rspamd|milter|postgres|origin|endpoint|gateway|socket|upstream|^address$|^routes?$|mx$/i;

/**
 * Each field of the API that may name a host, and why that leads nowhere inside: it goes one of the `ways` above, "platform" (its administrators alone
 * may say it: they may mean a machine beside this one), or "no host" (nobody connects to it).
 */
const fields: { readonly [field: string]: string } = {
  "POST /webhooks url": "webhooks",
  "PATCH /webhooks/{webhook} url": "webhooks",
  "POST /accounts/{account}/imports host": "imports from IMAP servers",
  "POST /sending/seeds host": "seed mailboxes",
  "PATCH /sending/seeds/{seed} host": "seed mailboxes",
  "POST /sending/seeds tokenUrl": "tokens of postmaster pages and seed mailboxes",
  "PATCH /sending/seeds/{seed} tokenUrl": "tokens of postmaster pages and seed mailboxes",
  "PUT /sending/feeds/{feed} tokenUrl": "tokens of postmaster pages and seed mailboxes",
  "PUT /sending/feeds/{feed} apiUrl": "platform",
  "POST /sending/sources proxy": "platform",
  "PATCH /sending/sources/{source} proxy": "platform",
  "PATCH /settings routes": "platform",
  // Its handler lets nobody below the platform say it: test/journey/isolation.test.ts.
  "POST /domains relayTo": "platform within",
  "PATCH /domains/{domain} relayTo": "platform within",
  "POST /domains relayRecipients": "no host",
  "PATCH /domains/{domain} relayRecipients": "no host",
  // Texts of DNS records, policies and pages.
  "POST /domains mtaStsMx": "no host",
  "PATCH /domains/{domain} mtaStsMx": "no host",
  "POST /sending/domains trackingHost": "no host",
  "PATCH /sending/domains/{domain} trackingHost": "no host",
  "POST /tenants logoUrl": "no host",
  "PATCH /tenants/{tenant} logoUrl": "no host",
  "POST /tenants supportUrl": "no host",
  "PATCH /tenants/{tenant} supportUrl": "no host",
  // Of mail, or of whoever connects to us.
  ...Object.fromEntries(
    [
      ...["POST /aliases", "POST /bans", "POST /groups", "POST /lists", "POST /invitations", "POST /suppressions"],
      ...["POST /sending/seeds", "PATCH /sending/seeds/{seed}", "POST /sending/flooded/lift"],
      // Our own, from which mail goes.
      ...["POST /sending/sources", "PATCH /sending/sources/{source}"],
    ].map((route) => [`${route} address`, "no host"]),
  ),
};

/** Settings of the file on this machine: whoever may write it may run what they like here, and a directory or a scanner in one's own network is what is meant. */
const inTheFile = [
  ...["acme.directory", "acme.dnsServer", "dns.servers", "ldap.url", "oidc.issuer", "store.postgres"],
  ...["scanners.clamav", "scanners.milters", "scanners.rspamd", "scanners.rspamdPassword"],
  // No hosts to go to.
  ...["api.hosts", "sending.publicUrl"],
];

function namesIn(schema: z.ZodType): ReadonlySet<string> {
  type Node = { readonly [key: string]: unknown };
  const names = new Set<string>();
  const look = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const name of Object.keys(((node as Node)["properties"] ?? {}) as Node)) names.add(name);
    for (const inner of Object.values(node)) look(inner);
  };
  look(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
  return names;
}

test("every field of the API that may name a host is in the table, with who may say it and where it leads", async () => {
  const known = new Set(ways.map(([what]) => what));
  const { all } = await loadRoutes();
  const found: string[] = [];
  for (const { method, path, body, who } of all)
    for (const name of body === undefined ? [] : namesIn(body)) {
      if (!naming.test(name)) continue;
      const field = `${method} ${path} ${name}`;
      found.push(field);
      const says = fields[field];
      assert.ok(says !== undefined, `${field}: say in the table where it leads`);
      if (says === "platform") assert.equal(who, "platform", field);
      else assert.ok(known.has(says) || says === "no host" || says === "platform within", `${field}: ${says}`);
    }
  assert.deepEqual(found.sort(), Object.keys(fields).sort());
});

test("every setting that names a host is known to be the machine's owner's to say", () => {
  const settings = configSchema.parse({ hostname: "mail.example.org" }) as { readonly [section: string]: unknown };
  const found = Object.entries(settings).flatMap(([section, values]) =>
    typeof values !== "object" || values === null || Array.isArray(values)
      ? []
      : Object.entries(values).flatMap(([name, value]) =>
          naming.test(name) && /string|object/.test(typeof value) && section !== "listen" ? [`${section}.${name}`] : [],
        ),
  );
  assert.deepEqual(found.sort(), inTheFile.toSorted());
});
