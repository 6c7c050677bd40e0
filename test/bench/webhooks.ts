/**
 * How many events a second one webhook endpoint is told of, that each comes at least once and in order, also over kill -9:
 * `node test/bench/webhooks.ts [EVENTS] [BATCH] [ordered]`. The receiver checks every signature.
 */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Any, ApiTalk } from "../api-talk.ts";
import { startDev, temporaryFolder } from "../dev-process.ts";

const events = Number(process.argv[2] ?? 20_000);
const batch = Number(process.argv[3] ?? 1);
const ordered = process.argv[4] === "ordered";
const clean: (() => unknown)[] = [];
const folder = await temporaryFolder({ after: (work: () => unknown) => void clean.push(work) } as never);
const options = ["--users", "1", "--cleartext-auth", "--data", `${folder}/data`];

/** CPU of a process so far, ms. */
const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

let dev = await startDev(options);
const talkOf = () => new ApiTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, dev.ready.admin);
const user = () =>
  new ApiTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, { user: "u1@example.test", password: "pw" });

let secret = "";
let requests = 0;
let forged = 0;
let backwards = 0;
let last = 0;
const seen = new Set<number>();
let again = 0;
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString();
    const { headers } = request;
    requests++;
    const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const wanted = `v1,${createHmac("sha256", Buffer.from(secret.slice(6), "base64"))
      .update(content)
      .digest("base64")}`;
    if (!String(headers["webhook-signature"]).split(" ").includes(wanted)) forged++;
    const told: Any = JSON.parse(body);
    const ids: number[] = (told.data.events ?? [{ id: headers["webhook-id"] }]).map((one: Any) =>
      Number(String(one.id).slice(4)),
    );
    for (const id of ids) {
      if (seen.has(id)) again++;
      else if (id < last) backwards++;
      seen.add(id);
      last = Math.max(last, id);
    }
    response.writeHead(204).end();
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

try {
  const recipients = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ to: `p${from + i}@far.test` }));
  const later = new Date(Date.now() + 86_400_000).toISOString();
  // Nobody is told while they come to be: what is measured is telling.
  const made = await talkOf().ok("POST", "/webhooks", {
    url,
    tenant: "example.test",
    events: ["email.accepted"],
    batch,
    ordered,
  });
  secret = made.secret;
  await talkOf().ok("PATCH", `/webhooks/${made.id}`, { state: "paused" });
  for (let at = 0; at < events; at += 1000)
    await user().ok("POST", "/emails/batch", {
      from: "u1@example.test",
      subject: "x",
      text: "x",
      send_at: later,
      recipients: recipients(at, Math.min(1000, events - at)),
    });
  const pid = dev.child.pid!;
  const [before, start] = [cpuMs(pid), performance.now()];
  await talkOf().ok("PATCH", `/webhooks/${made.id}`, { state: "active" });
  const half = events / 2;
  const until = async (count: number): Promise<void> => {
    for (
      const deadline = Date.now() + 120_000;
      seen.size < count;
      await new Promise((resolve) => setTimeout(resolve, 10))
    )
      if (Date.now() > deadline) throw new Error(`${seen.size} of ${count}`);
  };
  await until(half);
  const seconds = (performance.now() - start) / 1000;
  const cpu = cpuMs(pid) - before;
  // In the middle of it the power goes.
  await dev.kill();
  dev = await startDev(options);
  await until(events);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  console.log(
    JSON.stringify({
      events,
      batch,
      ordered,
      perSecond: Math.round(half / seconds),
      cpuMsPerEvent: Number((cpu / half).toFixed(3)),
      requests,
      missing: events - seen.size,
      twiceAfterKill: again,
      forged,
      outOfOrder: backwards,
    }),
  );
} finally {
  await dev.stop();
  server.closeAllConnections();
  server.close();
  for (const work of clean) await work();
}
