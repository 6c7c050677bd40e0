/**
 * How fast JMAP is on a large mailbox: `node test/bench/jmap.ts [messages…]` (1000 10000 100000). Each figure is the median and
 * the worst of its runs over HTTP on loopback, the client's JSON included, and what a run costs the server in CPU time (all its
 * threads), which other work on the machine does not change; of queries also what the first three cost, one by one. Words are not indexed
 * meanwhile: `search.ts` measures them.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDev } from "../dev-process.ts";
import { type Any, JmapTalk } from "../jmap-talk.ts";
import { SmtpTalk } from "../smtp-talk.ts";
import { fill } from "./fill.ts";

const sizes = process.argv.slice(2).map(Number);
const runs = 21;
/** CPU time of a process with all its threads, in milliseconds. */
const cpuMs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "latin1").split(" ")[0]) / 1e6)
    .reduce((sum, one) => sum + one, 0);
let server = process.pid;
/** Where the work answers a number, that is its time. */
async function timed(work: (run: number) => Promise<unknown>): Promise<string> {
  const times: number[] = [];
  const cpu = cpuMs(server);
  for (let run = 0; run < runs; run++) {
    const begun = performance.now();
    const own = await work(run);
    times.push(typeof own === "number" ? own : performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  const each = ((cpuMs(server) - cpu) / runs).toFixed(1);
  return `${(times[Math.floor(runs / 2)] as number).toFixed(1)} ms (worst ${(times.at(-1) as number).toFixed(1)}), ${each} CPU`;
}

for (const count of sizes.length === 0 ? [1000, 10_000, 100_000] : sizes) {
  const data = mkdtempSync(join(tmpdir(), "angarium-bench-jmap-"));
  try {
    await (await startDev(["--data", data, "--users", "2"])).stop();
    await fill(data, count);
    const args = ["--data", data, "--users", "2", "--cleartext-auth", "--set", "index.enabled=false"];
    const dev = await startDev(args);
    server = dev.child.pid ?? server;
    const me = await new JmapTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, "u1@example.test", "pw").open();
    const newest = [{ property: "receivedAt", isAscending: false }];
    const inbox = { inMailbox: "F1" };
    const query = (args: Any) => me.call("Email/query", { limit: 50, ...args });
    const say = (name: string, figure: string) =>
      console.log(`${String(count).padStart(8)}  ${name.padEnd(44)} ${figure}`);
    const queries: readonly [string, Any][] = [
      ["first page", { filter: inbox, sort: newest }],
      ["first page, total", { filter: inbox, sort: newest, calculateTotal: true }],
      [
        "first page, threads collapsed, total",
        { filter: inbox, sort: newest, collapseThreads: true, calculateTotal: true },
      ],
      ["unread, total", { filter: { ...inbox, notKeyword: "$seen" }, sort: newest, calculateTotal: true }],
      ["first page, threads collapsed", { filter: inbox, sort: newest, collapseThreads: true }],
      ["first page of all mailboxes", { sort: newest }],
      ["page at 500", { filter: inbox, sort: newest, position: 500 }],
      ["unread, newest first", { filter: { ...inbox, notKeyword: "$seen" }, sort: newest }],
      ["flagged, by size", { filter: { ...inbox, hasKeyword: "$flagged" }, sort: [{ property: "size" }] }],
      ["all, by size", { filter: inbox, sort: [{ property: "size" }] }],
      ["unread, by subject", { filter: { ...inbox, notKeyword: "$seen" }, sort: [{ property: "subject" }] }],
      ["all, by from then subject", { filter: inbox, sort: [{ property: "from" }, { property: "subject" }] }],
      ["with attachments (none)", { filter: { ...inbox, hasAttachment: true }, sort: newest }],
      [
        "threads with seen first, collapsed",
        {
          filter: inbox,
          sort: [{ property: "someInThreadHaveKeyword", keyword: "$seen", isAscending: false }, ...newest],
          collapseThreads: true,
        },
      ],
      ["a year, by sentAt", { filter: { ...inbox, after: "2023-12-01T00:00:00Z" }, sort: [{ property: "sentAt" }] }],
    ];
    // What every first query pays for, whatever it asks.
    for (let i = 0; i < 30; i++) await query({ filter: inbox, sort: newest });
    for (const [name, args] of queries) {
      const first: string[] = [];
      for (let i = 0; i < 3; i++) {
        const before = cpuMs(server);
        await query(args);
        first.push((cpuMs(server) - before).toFixed(1));
        // What is made beside it is not the next one's.
        await new Promise((done) => setTimeout(done, 300));
      }
      say(`Email/query ${name}`, `${await timed(() => query(args))}; the first three ${first.join(", ")} CPU`);
    }
    const { ids, queryState } = await query({ filter: inbox, sort: newest });
    const list = [
      "subject",
      "from",
      "receivedAt",
      "preview",
      "keywords",
      "mailboxIds",
      "hasAttachment",
      "size",
      "threadId",
    ];
    say("Email/get 50 for a list", await timed(() => me.call("Email/get", { ids, properties: list })));
    say(
      "Email/get 50 with bodyValues",
      await timed(async (run) => {
        const page = (await query({ filter: inbox, sort: newest, position: run * 40 })).ids;
        const begun = performance.now();
        await me.call("Email/get", { ids: page, fetchAllBodyValues: true });
        return performance.now() - begun;
      }),
    );
    say("Mailbox/get, nothing changed", await timed(() => me.call("Mailbox/get", { ids: null })));
    const thousand = (await query({ filter: inbox, limit: 1000 })).ids as string[];
    const { state } = await me.call("Email/get", { ids: [] });
    const begun = performance.now();
    await me.call("Email/set", {
      update: Object.fromEntries(thousand.map((id) => [id, { "keywords/$flagged": true }])),
    });
    say("Email/set of 1000, once", `${(performance.now() - begun).toFixed(1)} ms`);
    say("Email/changes after 1000 changes", await timed(() => me.call("Email/changes", { sinceState: state })));
    say(
      "Email/queryChanges after 1000 changes",
      await timed(() => me.call("Email/queryChanges", { sinceQueryState: queryState, filter: inbox, sort: newest })),
    );
    say(
      "Mailbox/get after a change",
      await timed(async (run) => {
        await me.call("Email/set", {
          update: { [ids[run] as string]: { "keywords/$seen": run % 2 === 0 ? true : null } },
        });
        return me.call("Mailbox/get", { ids: ["F1"] });
      }),
    );
    // A push: from the 250 of a delivery to the event.
    const source = await me.fetch(
      me.session.eventSourceUrl.replace("{types}", "Email").replace("{closeafter}", "no").replace("{ping}", "0"),
    );
    const reader = source.body?.getReader();
    await reader?.read();
    const smtp = await SmtpTalk.open(dev.ready.ports["smtp"] as number);
    const pushes: number[] = [];
    for (let i = 0; i < runs; i++) {
      await smtp.say("MAIL FROM:<a@far.test>");
      await smtp.say("RCPT TO:<u1@example.test>");
      await smtp.say("DATA");
      const event = reader?.read().then(() => performance.now());
      await smtp.say("From: a@far.test\r\nSubject: push\r\n\r\nHello\r\n.");
      const taken = performance.now();
      pushes.push(((await event) ?? Number.NaN) - taken);
    }
    pushes.sort((a, b) => a - b);
    say(
      "push after the 250",
      `${(pushes[10] as number).toFixed(1)} ms (worst ${(pushes.at(-1) as number).toFixed(1)})`,
    );
    await reader?.cancel();
    await smtp.say("QUIT");
    await dev.stop();
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}
