/**
 * A campaign from its hand-over to its last event: suppressed and dead addresses, deferrals, a pause, kill -9 in the middle, one-click
 * unsubscribing, and whether all is exact to the message: `node test/bench/campaign.ts [RECIPIENTS]` (100,000).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Any, ApiTalk } from "../api-talk.ts";
import { ask } from "../beside.ts";
import { startDev, temporaryFolder } from "../dev-process.ts";
import { startSink } from "../sink.ts";

const count = Number(process.argv[2] ?? 100_000);
const clean: (() => unknown)[] = [];
const folder = await temporaryFolder({ after: (work: () => unknown) => void clean.push(work) } as never);
const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
/** Every hundredth does not exist, every hundredth is deferred once, every hundredth is suppressed before. */
const kindOf = (at: number): "dead" | "late" | "suppressed" | "good" =>
  at % 100 === 1 ? "dead" : at % 100 === 2 ? "late" : at % 100 === 3 ? "suppressed" : "good";
const nameOf = (at: number): string => `${kindOf(at)}-${at}@far${at % 20}.test`;
const all = Array.from({ length: count }, (_, at) => at);
const of = (kind: ReturnType<typeof kindOf>): number => all.filter((at) => kindOf(at) === kind).length;

const deferred = new Set<string>();
const sink = await startSink((command) => {
  const to = /^RCPT TO:<([^>]+)>/.exec(command)?.[1];
  if (to?.startsWith("dead-")) return "550 5.1.1 no such user\r\n";
  if (to?.startsWith("late-") && !deferred.has(to)) {
    deferred.add(to);
    return "451 4.3.2 Service not available now\r\n";
  }
  return undefined;
});
const options = [
  "--users",
  "1",
  "--cleartext-auth",
  "--deliver-to",
  `127.0.0.1:${sink.port}`,
  "--data",
  `${folder}/data`,
];
let dev = await startDev(options);
const run = (name: string, args: object = {}) => ask(`${folder}/data`, name, args);
const user = () =>
  new ApiTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, { user: "u1@example.test", password: "pw" });
const until = async (
  good: () => boolean | Promise<boolean>,
  what: () => string,
  ms = Math.max(30_000, count * 3),
): Promise<void> => {
  for (const deadline = Date.now() + ms; !(await good()); await new Promise((resolve) => setTimeout(resolve, 50)))
    if (Date.now() > deadline) throw new Error(`${what()} and no more`);
};
try {
  await run("sending tenant add", { name: "shop" });
  await run("sending domain add", { name: "example.test", tenant: "shop" });
  await run("stream add", { name: "news", kind: "marketing", retryDelays: ["2s", "5s", "10s"] });
  await run("campaign add", { name: "shop/autumn", stream: "news" });
  const suppressed = all.filter((at) => kindOf(at) === "suppressed").map(nameOf);
  for (let at = 0; at < suppressed.length; at += 1000)
    await run("suppression add", {
      addresses: suppressed.slice(at, at + 1000),
      scope: "marketing:shop",
      reason: "unsubscribed",
    });

  const start = performance.now();
  const mail = {
    from: "u1@example.test",
    subject: "Autumn for {{n}}",
    text: "Dear {{n}}, autumn is here.\n".repeat(20),
    campaign: "autumn",
  };
  for (let at = 0; at < count; at += 1000)
    await user().ok(
      "POST",
      "/emails/batch",
      { ...mail, recipients: all.slice(at, at + 1000).map((n) => ({ to: nameOf(n), variables: { n: String(n) } })) },
      { "idempotency-key": `autumn-${at}` },
    );
  const handed = (performance.now() - start) / 1000;
  // Handing the first thousand over again changes nothing: its key is known.
  await user().ok(
    "POST",
    "/emails/batch",
    { ...mail, recipients: all.slice(0, 1000).map((n) => ({ to: nameOf(n), variables: { n: String(n) } })) },
    { "idempotency-key": "autumn-0" },
  );

  // A pause: what is on its way ends, then nothing more comes.
  const steer = (action: string) =>
    new ApiTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, dev.ready.admin).ok("POST", "/sending/own/campaigns", {
      tenant: "shop",
      campaign: "autumn",
      action,
    });
  await until(
    () => sink.taken.length > count / 4,
    () => `${sink.taken.length} taken`,
  );
  await steer("pause");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const atPause = sink.taken.length;
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const inPause = sink.taken.length - atPause;
  await steer("resume");
  const goes = performance.now();
  await until(
    () => sink.taken.length > count / 2 + 1,
    () => `${sink.taken.length} taken`,
  );
  await dev.kill();
  const atKill = sink.taken.length;
  dev = await startDev(options);
  const [again, cpu] = [performance.now(), cpuMs(dev.child.pid!)];
  const good = of("good") + of("late");
  const reached = (): number => new Set(sink.taken.map(({ to }) => to[0])).size;
  await until(
    () => sink.taken.length >= good && reached() >= good,
    () => `${reached()} of ${good} reached`,
  );
  const seconds = (performance.now() - again) / 1000;
  const cpuPer = (cpuMs(dev.child.pid!) - cpu) / (sink.taken.length - atKill);

  const tally: { [type: string]: number } = {};
  const perRecipient = new Map<string, string[]>();
  const read = async (): Promise<void> => {
    for (const type of Object.keys(tally)) delete tally[type];
    perRecipient.clear();
    for (let after = 0; ; ) {
      const page = (await run("sending events", { tenant: "shop", limit: 1000, after })) as Any[];
      for (const { type, recipient } of page) {
        tally[type] = (tally[type] ?? 0) + 1;
        perRecipient.set(recipient, [...(perRecipient.get(recipient) ?? []), type]);
      }
      if (page.length < 1000) return;
      after = page.at(-1).id;
    }
  };
  await until(
    async () => {
      await read();
      return (tally["delivered"] ?? 0) >= good && (tally["bounced"] ?? 0) >= of("dead");
    },
    () => JSON.stringify(tally),
  );
  const copies = new Map<string, number>();
  for (const { to } of sink.taken) copies.set(to[0]!, (copies.get(to[0]!) ?? 0) + 1);
  const twice = [...copies.values()].filter((n) => n > 1).length;
  assert.equal(tally["accepted"], count - of("suppressed"));
  assert.equal(tally["suppressed"], of("suppressed"));
  assert.equal(tally["delivered"], good);
  assert.equal(tally["bounced"], of("dead"));
  assert.ok(![...copies.keys()].some((to) => to.startsWith("suppressed-") || to.startsWith("dead-")));
  for (const at of [0, 1, 2, 3])
    assert.equal(
      perRecipient.get(nameOf(at))?.at(-1),
      { dead: "bounced", late: "delivered", suppressed: "suppressed", good: "delivered" }[kindOf(at)],
    );
  // Each recipient has come to one end, and to no other; the sink took each that was delivered, and no other.
  const ends = new Set(["delivered", "bounced", "expired", "suppressed"]);
  const inexact = all.filter((at) => {
    const told = (perRecipient.get(nameOf(at)) ?? []).filter((type) => ends.has(type));
    const wanted = { dead: "bounced", late: "delivered", suppressed: "suppressed", good: "delivered" }[kindOf(at)];
    return told.length !== 1 || told[0] !== wanted || copies.has(nameOf(at)) !== (wanted === "delivered");
  });
  assert.equal(inexact.length, 0, `not exact: ${inexact.slice(0, 10).map(nameOf).join(", ")}`);
  // Suppressed for the tenant are those that bounced for good.
  const dead = new Set<string>();
  for (let after = ""; ; ) {
    const page = (await run("suppression list", { scope: "tenant:shop", after })) as Any[];
    for (const { address, reason } of page) if (reason === "bounced") dead.add(address);
    if (page.length === 0 || page.at(-1).hash === after) break;
    after = page.at(-1).hash;
  }
  assert.equal(dead.size, of("dead"));
  assert.ok(all.filter((at) => kindOf(at) === "dead").every((at) => dead.has(nameOf(at))));
  // One click, as a mailbox provider does it: nothing more of this stream comes.
  const letter = sink.taken.find(({ to }) => to[0] === nameOf(0))!;
  const link = /^List-Unsubscribe: <([^>]+)>/im.exec(letter.data.replace(/\r\n[ \t]+/g, ""))![1]!;
  assert.match(letter.data, /^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/im);
  const { pathname, search } = new URL(link);
  const clicked = await fetch(`http://127.0.0.1:${dev.ready.ports["http"]}${pathname}${search}`, {
    method: "POST",
    body: "List-Unsubscribe=One-Click",
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  assert.equal(clicked.status, 200);
  const next = await user().ok("POST", "/emails", { ...mail, to: nameOf(0), variables: { n: "0" } });
  assert.equal(next.recipients[0].status, "suppressed");
  console.log(
    JSON.stringify({
      recipients: count,
      handedOverPerSecond: Math.round(count / handed),
      sentPerSecondAfterKill: Math.round((good - atKill) / seconds),
      cpuMsPerMessage: Number(cpuPer.toFixed(2)),
      resumedAfterSeconds: Number(((again - goes) / 1000).toFixed(1)),
      sentWhilePaused: inPause,
      twiceOverKill: twice,
      ...tally,
    }),
  );
} finally {
  await dev.stop();
  await sink.close();
  for (const work of clean) await work();
}
