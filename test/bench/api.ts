/**
 * Figures of the REST API: its p95 at 200 requests a second, and 10,000 accounts from CSV. `angarium dev` in a process of its own.
 * `node test/bench/api.ts [--seconds 20] [--rate 200] [--accounts 10000] [--passwords]`: with passwords to be hashed instead of hashes
 */
import { parseArgs } from "node:util";
import { makeCredential } from "../../server/access/password.ts";
import { ApiTalk } from "../api-talk.ts";
import { startDev } from "../dev-process.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    rate: { type: "string", default: "200" },
    accounts: { type: "string", default: "10000" },
    passwords: { type: "boolean", default: false },
  },
});
const [seconds, rate, accounts] = [Number(values.seconds), Number(values.rate), Number(values.accounts)];

const dev = await startDev(["--users", "50", "--cleartext-auth"]);
try {
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  const made = await new ApiTalk(origin, dev.ready.admin).ok("POST", "/accounts/me/tokens", { label: "bench" });
  const talk = new ApiTalk(origin, { token: made.token });
  // What a console asks, and one change in ten.
  const asked = ["/accounts", "/accounts/u1@example.test", "/domains", "/queue", "/dashboard", "/journeys", "/aliases"];
  const took: number[] = [];
  const changes: number[] = [];
  const under: Promise<void>[] = [];
  const one = async (index: number): Promise<void> => {
    const start = performance.now();
    const isChange = index % 10 === 0;
    if (isChange) await talk.ok("PATCH", "/accounts/u2@example.test", { displayName: `name ${index}` });
    else await talk.ok("GET", asked[index % asked.length]!);
    took.push(performance.now() - start);
    if (isChange) changes.push(took.at(-1)!);
  };
  const run = async (name: string, seconds: number): Promise<void> => {
    for (const list of [took, changes, under]) list.length = 0;
    const start = performance.now();
    for (let index = 0; index < seconds * rate; index++) {
      const wait = start + (index * 1000) / rate - performance.now();
      if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
      under.push(one(index));
    }
    await Promise.all(under);
    const shares = (of: number[]): string => {
      of.sort((a, b) => a - b);
      const share = (part: number): string => `${of[Math.floor((of.length - 1) * part)]!.toFixed(1)} ms`;
      return `p50 ${share(0.5)}, p95 ${share(0.95)}, p99 ${share(0.99)}, most ${share(1)}`;
    };
    console.log(`${name}: ${took.length} requests at ${rate}/s: ${shares(took)}; changes alone ${shares(changes)}`);
  };
  // What a server does in its first seconds (loading the resources, compiling them) is told apart.
  await run("first 3 s after the start", 3);
  await run("then", seconds);

  const hash = values.passwords ? "" : (await makeCredential("correct horse", Date.now())).argon2id;
  const secret = (index: number): string => (values.passwords ? `secret-${index}-x` : `"${hash}"`);
  const rows = Array.from({ length: accounts }, (_, at) => `p${at}@example.test,Person ${at},${secret(at)}`);
  const head = `address,displayName,${values.passwords ? "password" : "passwordHash"}`;
  const began = performance.now();
  const answer = await talk.ok("POST", "/accounts/import", {
    csv: `${head}\n${rows.join("\n")}\n`,
  });
  console.log(`${accounts} accounts from CSV: ${((performance.now() - began) / 1000).toFixed(1)} s`, {
    ...answer,
    errors: undefined,
  });
} finally {
  await dev.stop();
}
