/** Postmaster pages asked of a server beside: the answers have the shapes of Google's API (v2) and of SNDS. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { quiet } from "../base/log.ts";
import { type Feedback, makeFeedback } from "../dispatch/feedback.ts";
import { type Model, readModelFile } from "../dispatch/model.ts";
import { makeAccessTokens } from "../fetch/access-token.ts";
import { makeGuard } from "../net/guard.ts";
import type { SendingRow } from "../store/sending.ts";
import { Feeds } from "./feeds.ts";

const now = Date.parse("2026-11-26T12:00:00Z");
const resolver = { a: async () => ({ kind: "none" }), aaaa: async () => ({ kind: "none" }) } as never;
let server: Server;
let base: string;
const asked: string[] = [];
let says: (path: string, body: string, request: IncomingMessage) => readonly [number, unknown] | undefined;

before(async () => {
  server = createServer((request, reply) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      asked.push(`${request.method} ${request.url}`);
      const [status, said] = says(request.url ?? "", body, request) ?? [404, {}];
      reply.writeHead(status).end(typeof said === "string" ? said : JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

const date = { year: 2026, month: 11, day: 24 };
/** As Google says it: names of metrics are those of the question, values lie one deeper, days without any are left out. */
const google: typeof says = (path, body, { headers }) => {
  if (path === "/token") {
    assert.equal(new URLSearchParams(body).get("grant_type"), "refresh_token");
    return [200, { access_token: "at-1", expires_in: 3599, token_type: "Bearer" }];
  }
  assert.equal(headers.authorization, "Bearer at-1");
  if (path === "/v2/domains?pageSize=200")
    return [200, { domains: [{ name: "domains/shop.test", permission: "OWNER" }], nextPageToken: "more" }];
  if (path === "/v2/domains?pageSize=200&pageToken=more") return [200, { domains: [{ name: "domains/else.test" }] }];
  if (path === "/v2/domains/shop.test/domainStats:query") {
    const { metricDefinitions, aggregationGranularity } = JSON.parse(body) as { [name: string]: unknown };
    assert.deepEqual(metricDefinitions, [{ name: "spam_rate", baseMetric: { standardMetric: "SPAM_RATE" } }]);
    assert.equal(aggregationGranularity, "DAILY");
    return [
      200,
      {
        domainStats: [
          { name: "domains/shop.test/domainStats/1", metric: "spam_rate", date, value: { floatValue: 0.002 } },
        ],
      },
    ];
  }
  if (path === "/v2/domains/shop.test/complianceStatus")
    return [
      200,
      {
        name: "domains/shop.test/complianceStatus",
        complianceData: {
          domainId: "shop.test",
          rowData: [
            { requirement: "SPF", status: { status: "COMPLIANT" } },
            { requirement: "DNS_RECORDS", status: { status: "NEEDS_WORK" } },
          ],
          oneClickUnsubscribeVerdict: { status: { status: "COMPLIANT" } },
        },
      },
    ];
  return undefined;
};

function world() {
  const rows = new Map<string, SendingRow>();
  const store = {
    sendingRows: async (kinds: readonly string[]) => [...rows.values()].filter(({ kind }) => kinds.includes(kind)),
    putSendingRows: async (given: readonly SendingRow[]) => {
      for (const row of given)
        if (row.value === undefined) rows.delete(`${row.kind} ${row.name}`);
        else rows.set(`${row.kind} ${row.name}`, row);
    },
  };
  const read = readModelFile(
    '[source.mta1]\naddress = "192.0.2.10"\n[tenant.shop]\n[domain."shop.test"]\ntenant = "shop"\n',
  );
  assert.equal(read.kind, "ok");
  const model = () => (read as { readonly model: Model }).model;
  const signals: object[] = [];
  const feedback = makeFeedback({ store, model, signal: async (_, one) => void signals.push(one), now: () => now });
  const ask = {
    guard: makeGuard(resolver, { privateAddresses: true }),
    schemes: ["http:", "https:"],
    anyPort: true,
    trust: undefined,
  };
  const feeds = new Feeds({
    store,
    feedback,
    model,
    tokens: makeAccessTokens(ask, () => now),
    ask,
    now: () => now,
    log: quiet,
  });
  return { feeds, feedback, signals, all: async (): Promise<readonly Feedback[]> => feedback.all() };
}
const login = () => ({
  kind: "postmaster",
  clientId: "c",
  clientSecret: "s",
  refreshToken: "r",
  tokenUrl: `${base}/token`,
  apiUrl: base,
});
async function askOnce(feeds: Feeds, given: object) {
  assert.equal(await feeds.put("one", given as never), undefined);
  return feeds.askNow((await feeds.all())[0]!);
}
beforeEach(() => {
  asked.length = 0;
  says = google;
});

test("Postmaster Tools are asked for the domains that are ours: the spam rate reaches the warm-up, the verdict is kept", async () => {
  const { feeds, all, signals } = world();
  const { said, failed } = await askOnce(feeds, login());
  assert.deepEqual([said, failed], ["1 domains, 1 with a spam rate of the last week", false]);
  assert.deepEqual(signals, [{ spamRate: 0.002 }]);
  assert.deepEqual(await all(), [
    {
      provider: "gmail",
      subject: "shop.test",
      day: "2026-11-24",
      rate: 0.002,
      compliance: { SPF: "COMPLIANT", DNS_RECORDS: "NEEDS_WORK", oneClickUnsubscribe: "COMPLIANT" },
    },
  ]);
  await feeds.askDue();
  assert.equal(asked.length, 5, "not again before its time, and one token for all");
});

const troubles: readonly [name: string, path: RegExp, answer: readonly [number, unknown], said: RegExp][] = [
  [
    "a withdrawn token",
    /token$/,
    [400, { error: "invalid_grant" }],
    /refresh token is no longer valid.*make a new one/,
  ],
  ["a wrong secret", /token$/, [401, { error: "invalid_client" }], /the client's id or secret is wrong/],
  [
    "a token without the scope",
    /domains\?/,
    [403, { error: { status: "PERMISSION_DENIED", message: "Request had insufficient authentication scopes." } }],
    /scope postmaster\.traffic\.readonly/,
  ],
  [
    "an API that is not switched on",
    /domains\?/,
    [403, { error: { message: "x", details: [{ reason: "SERVICE_DISABLED" }] } }],
    /not switched on/,
  ],
  [
    "a domain of others",
    /domainStats/,
    [403, { error: { message: "no permission" } }],
    /^shop\.test: .*add the account/,
  ],
  ["too many questions", /domains\?/, [429, { error: { message: "quota" } }], /asked too often/],
  ["no JSON", /domains\?/, [200, "<html>"], /no JSON/],
  ["trouble of theirs", /domains\?/, [503, "busy"], /answered 503/],
];
for (const [name, path, answer, expected] of troubles)
  test(`Postmaster Tools: ${name} is a sentence`, async () => {
    says = (at, body, request) => (path.test(at) ? answer : google(at, body, request));
    const { said, failed } = await askOnce(world().feeds, login());
    assert.equal(failed, true);
    assert.match(said!, expected);
    assert.doesNotMatch(said!, /at-1/);
  });

test("where Gmail saw too little there is no figure, and that is no failure", async () => {
  says = (at, body, request) => (/domainStats/.test(at) ? [200, {}] : google(at, body, request));
  const { feeds, signals } = world();
  assert.deepEqual(await askOnce(feeds, login()).then(({ said, failed }) => [said, failed]), [
    "1 domains, 0 with a spam rate of the last week",
    false,
  ]);
  assert.deepEqual(signals, []);
});

const csv =
  "192.0.2.10,11/24/2026 12:00 AM,11/25/2026 12:00 AM,1000,900,900,YELLOW,< 0.1%,11/24/2026 1:00 AM,11/24/2026 2:00 AM,3,mta1.shop.test,a@shop.test,\r\n";
const snds: readonly [name: string, answer: readonly [number, string], failed: boolean, said: RegExp][] = [
  ["data", [200, csv], false, /^1 addresses$/],
  ["nothing of that day", [200, ""], false, /from 100 messages a day on/],
  ["a page", [200, "\uFEFF<!DOCTYPE html><html>"], true, /is the key right/],
  ["a wrong key", [400, ""], true, /answered 400: is the key right/],
  ["addresses of others", [200, csv.replace("192.0.2.10", "192.0.2.9")], false, /about an address of a source/],
];
for (const [name, answer, isFailed, expected] of snds)
  test(`SNDS: ${name}`, async () => {
    says = (path) => (path === "/snds?key=a%26b" ? answer : undefined);
    const { said, failed } = await askOnce(world().feeds, { kind: "snds", key: "a&b", apiUrl: `${base}/snds` });
    assert.equal(failed, isFailed);
    assert.match(said!, expected);
  });

test("what nobody should be able to name is not asked", async () => {
  const ask = {
    guard: makeGuard(resolver, { privateAddresses: false }),
    schemes: ["https:"],
    anyPort: false,
    trust: undefined,
  };
  const client = { tokenUrl: base, clientId: "c", clientSecret: "", refreshToken: "r" };
  assert.equal((await makeAccessTokens(ask, () => now)(client)).kind, "failed");
  assert.deepEqual(asked, []);
});
