import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewSendingEvent, SendingEvent } from "../store/sending.ts";
import { programOf } from "./machine.ts";
import { makeVisits, maxVisitsTold } from "./visits.ts";

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const person = { method: "GET", userAgent: firefox, purpose: "" };

const known: readonly [who: string, visit: Partial<typeof person>, because: string | undefined][] = [
  ["Firefox", {}, undefined],
  [
    "Thunderbird",
    { userAgent: "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Thunderbird/128.5.0" },
    undefined,
  ],
  [
    "Outlook",
    { userAgent: "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.17928; ms-office)" },
    undefined,
  ],
  [
    "Apple Mail without its protection",
    { userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)" },
    undefined,
  ],
  ["Apple's protection", { userAgent: "Mozilla/5.0" }, "apple-mail-privacy"],
  [
    "Gmail",
    { userAgent: "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)" },
    "image-proxy",
  ],
  ["Yahoo", { userAgent: "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html" }, "image-proxy"],
  ["a gateway", { userAgent: "BarracudaCentral Link Check" }, "scanner"],
  ["curl", { userAgent: "curl/8.5.0" }, "program"],
  ["a bot", { userAgent: "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)" }, "program"],
  ["nobody", { userAgent: " " }, "no-name"],
  ["HEAD", { method: "HEAD" }, "head"],
  ["a browser that looks ahead", { purpose: "prefetch;prerender" }, "prefetch"],
];
for (const [who, visit, because] of known)
  test(`who it is: ${who}`, () => assert.equal(programOf({ ...person, ...visit }), because));

const trace = { tenant: "shop", stream: "news", campaign: "mai", id: "0a1b", address: "anna@far.test" };
const click = (path: string) => ({ ...trace, target: `https://shop.test/${path}` });
const open = { ...trace, target: undefined };
const base = { tenant: "shop", stream: "news", campaign: "mai", message: "q1", recipient: "anna@far.test" };

/** What is told of these visits to a message that was delivered at 1,000,000. */
async function told(
  visit: (visits: ReturnType<typeof makeVisits>, at: (ms: number) => void) => void,
  events: readonly Partial<SendingEvent>[] = [{ type: "accepted" }, { type: "delivered", at: 1_000_000 }],
) {
  let now = 0;
  const added: NewSendingEvent[] = [];
  const counted: string[] = [];
  const visits = makeVisits({
    store: {
      trace: async () => [{ id: 1, at: 0, stage: "queued", trace: "q1", keys: [], detail: {} }],
      sendingEvents: async () =>
        [...events, ...added].map(
          (one, id) => ({ at: 0, type: "accepted", ...base, detail: {}, ...one, id }) as SendingEvent,
        ),
      addSendingEvents: async (more) => void added.push(...more),
    },
    counted: (_, what, { first, delivered }) =>
      void counted.push(`${first ? "first " : ""}${what}${delivered === undefined ? "" : " of what was delivered"}`),
    now: () => now,
    log: { error: (what: unknown) => assert.fail(String(what)) } as never,
  });
  visit(visits, (ms) => (now = 1_000_000 + ms));
  await visits.stop();
  return { added, counted, visits, at: (ms: number) => (now = 1_000_000 + ms) };
}
const machines = ({ added }: Awaited<ReturnType<typeof told>>) =>
  added.map(({ type, detail }) => [type, detail["because"] ?? "person"]);

test("a person's open and click are events of the message, and the first of each counts", async () => {
  const found = await told((visits, at) => {
    at(60_000);
    for (const one of [open, open, click("a"), click("a")]) visits.visit(one, person);
  });
  assert.deepEqual(found.added[2], {
    at: 1_060_000,
    type: "clicked",
    ...base,
    detail: { id: "0a1b", machine: false, url: "https://shop.test/a" },
  });
  assert.deepEqual(machines(found), [
    ["opened", "person"],
    ["opened", "person"],
    ["clicked", "person"],
    ["clicked", "person"],
  ]);
  assert.deepEqual(found.counted, ["first opened of what was delivered", "clicked of what was delivered"]);
  found.visits.visit(open, person);
  await found.visits.stop();
  assert.deepEqual(found.counted, ["first opened of what was delivered", "clicked of what was delivered"]);
});

test("what comes with the delivery or before it, and who follows every link, is a program", async () => {
  const openedAfter = async (ms: number, events?: Parameters<typeof told>[1]) => {
    const found = await told((visits, at) => {
      at(ms);
      visits.visit(open, person);
    }, events);
    return machines(found);
  };
  assert.deepEqual(await openedAfter(3_000), [["opened", "too-soon"]]);
  assert.deepEqual(await openedAfter(60_000, [{ type: "accepted" }]), [["opened", "too-soon"]]);
  // Its events are gone: nobody knows when it was delivered.
  assert.deepEqual(await openedAfter(60_000, []), [["opened", "person"]]);
  const swept = await told((visits, at) => {
    at(60_000);
    for (const path of ["a", "b", "c"]) visits.visit(click(path), person);
  });
  assert.deepEqual(machines(swept), Array(3).fill(["clicked", "every-link"]));
  assert.deepEqual(swept.counted, []);
});

test("who loads it again and again makes no more events than the bound", async () => {
  const found = await told((visits, at) => {
    at(60_000);
    for (let n = 0; n < 3 * maxVisitsTold; n++) visits.visit(open, person);
  });
  assert.equal(found.added.length, maxVisitsTold);
  found.visits.visit(open, person);
  found.visits.visit(click("a"), person);
  await found.visits.stop();
  assert.equal(found.added.length, maxVisitsTold + 1);
});
