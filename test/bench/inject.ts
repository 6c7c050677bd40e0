/** How many emails a second the API takes durably, in batches of a thousand, and what one costs: `node test/bench/inject.ts [BATCHES] [AT ONCE] [different] [FOLDER FOR CPU PROFILES]`. */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { ApiTalk } from "../api-talk.ts";
import { startDev } from "../dev-process.ts";

const batches = Number(process.argv[2] ?? 10);
const atOnce = Number(process.argv[3] ?? 2);
const only = process.argv[4];
const profile = process.argv[5];
const size = 1000;

/** CPU of a process so far, ms. */
const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

// Nobody takes the mail meanwhile: what is measured is accepting.
const closed = createServer((socket) => socket.end("421 later\r\n"));
await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
const { port } = closed.address() as { port: number };
const dev = await startDev(
  ["--users", "1", "--cleartext-auth", "--deliver-to", `127.0.0.1:${port}`],
  profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` },
);
try {
  const from = "u1@example.test";
  const talk = new ApiTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, { user: from, password: "pw" });
  const later = new Date(Date.now() + 86_400_000).toISOString();
  const shared = {
    from,
    subject: "News for {{name}}",
    text: `Dear {{name}},\n\n${"All that is new this week, in some words. ".repeat(40)}\n`,
    html: `<p>Dear {{name}},</p><p>${"All that is new this week, in some <b>words</b>. ".repeat(60)}</p>`,
    // It waits: delivery is another benchmark.
    send_at: later,
  };
  /** Texts of one's own: words put in by the program itself. */
  const written = (n: number, i: number) => {
    const name = `Person ${n} ${i}`;
    const put = (text: string): string =>
      text.replaceAll("{{name}}", name).replace("new this week", `new for order ${i}`);
    return { from, subject: put(shared.subject), text: put(shared.text), html: put(shared.html), send_at: later };
  };
  const run = async (stream: string, apart = false, different = false): Promise<void> => {
    const many = (n: number) =>
      Array.from({ length: size }, (_, i) => ({
        ...(different ? written(n, i) : { ...shared, variables: { name: `Person ${i}` } }),
        stream,
        to: `p${n}-${i}@far${i % 50}.test`,
      }));
    const body = (n: number) =>
      apart
        ? { emails: many(n) }
        : {
            ...shared,
            stream,
            recipients: Array.from({ length: size }, (_, i) => ({
              to: `p${n}-${i}@far${i % 50}.test`,
              variables: { name: `Person ${i}` },
            })),
          };
    await talk.ok("POST", "/emails/batch", body(-1));
    const before = cpuMs(dev.child.pid!);
    const start = performance.now();
    let next = 0;
    const took: number[] = [];
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (next < batches) {
          const n = next++;
          const began = performance.now();
          const { emails } = await talk.ok("POST", "/emails/batch", body(n));
          took.push(performance.now() - began);
          if (!emails.every(({ status }: { status: string }) => status === "scheduled"))
            throw new Error("not all taken");
        }
      }),
    );
    const ms = performance.now() - start;
    const cpu = cpuMs(dev.child.pid!) - before;
    const count = batches * size;
    took.sort((a, b) => a - b);
    console.log(
      JSON.stringify({
        stream,
        asked: different ? "each by itself, all texts different" : apart ? "each by itself" : "as recipients of one",
        messages: count,
        perSecond: Math.round((count / ms) * 1000),
        cpuMsEach: Number((cpu / count).toFixed(3)),
        batchMedianMs: Math.round(took[took.length >> 1] ?? 0),
      }),
    );
  };
  if (only !== "different") await run("transactional");
  if (batches > 1 && only !== "different") {
    await run("marketing");
    await run("transactional", true);
  }
  if (batches > 1) await run("transactional", true, true);
} finally {
  await dev.stop();
  closed.close();
}
