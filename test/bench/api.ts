/**
 * Figures of the REST API: p50, p95, p99 of a mix of requests that arrive whether the ones before are answered or not, the server's CPU for each,
 * and 10,000 accounts from CSV. `angarium dev` in a process of its own.
 * `node test/bench/api.ts [--seconds 20] [--rate 200] [--writes 0.3] [--people 200] [--accounts 10000] [--passwords]`: with passwords to be hashed instead of hashes
 */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { parseArgs } from "node:util";
import { makeCredential } from "../../server/access/password.ts";
import { ApiTalk } from "../api-talk.ts";
import { startDev } from "../dev-process.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    rate: { type: "string", default: "200" },
    writes: { type: "string", default: "0.3" },
    people: { type: "string", default: "200" },
    accounts: { type: "string", default: "10000" },
    passwords: { type: "boolean", default: false },
  },
});
const [seconds, rate, accounts, writes, people] = [
  values.seconds,
  values.rate,
  values.accounts,
  values.writes,
  values.people,
].map(Number) as [number, number, number, number, number];

/** What the kernel has counted for a process so far, in milliseconds (a tick of /proc is 10). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

type Asked = { readonly method: string; readonly path: string; readonly body?: object };

/** What a console and a program that keeps accounts ask: the same every time the bench runs. */
function* mix(): Generator<Asked, never> {
  const aliases: string[] = [];
  let index = 0;
  let written = 0;
  for (;;) {
    index++;
    const person = `u${1 + ((index * 7) % people)}@example.test`;
    if (Math.floor(index * writes) === Math.floor((index - 1) * writes)) {
      const reads = [
        `/accounts/${person}`,
        "/accounts?limit=50",
        `/accounts/${person}`,
        "/aliases?limit=50",
        "/me",
        `/journeys?address=${person}`,
        "/domains",
        "/queue",
        `/accounts/${person}`,
        "/groups",
        "/audit?limit=50",
        "/domains/example.test",
        "/dashboard",
      ];
      yield { method: "GET", path: reads[index % reads.length]! };
      continue;
    }
    const turn = written++ % 4;
    const last = aliases[0];
    if (turn === 1) {
      aliases.push(`a${index}@example.test`);
      yield { method: "POST", path: "/aliases", body: { address: aliases.at(-1), targets: [person] } };
    } else if (turn === 3 && last !== undefined && aliases.length > 20) {
      // The one made some time ago, so that it is there.
      aliases.shift();
      yield { method: "DELETE", path: `/aliases/${last}` };
    } else yield { method: "PATCH", path: `/accounts/${person}`, body: { displayName: `Name ${index}` } };
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 });

/** One request by a client that costs little; answers its status. */
function ask(origin: string, token: string, { method, path, body }: Asked): Promise<number> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(`${origin}/api/v1${path}`, {
      agent,
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(text === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
      },
    });
    sent.on("error", reject);
    sent.on("response", (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
    });
    sent.end(text);
  });
}

const share = (of: readonly number[], part: number): string => of[Math.floor((of.length - 1) * part)]!.toFixed(1);
function shares(of: number[]): string {
  of.sort((a, b) => a - b);
  return `p50 ${share(of, 0.5)} ms, p95 ${share(of, 0.95)}, p99 ${share(of, 0.99)}, most ${share(of, 1)}`;
}

const dev = await startDev(["--users", String(people), "--cleartext-auth"]);
try {
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  const made = await new ApiTalk(origin, dev.ready.admin).ok("POST", "/accounts/me/tokens", { label: "bench" });
  const talk = new ApiTalk(origin, { token: made.token });
  const asked = mix();
  const run = async (name: string, seconds: number): Promise<void> => {
    const [reads, changes, under]: [number[], number[], Promise<void>[]] = [[], [], []];
    const refused = new Map<string, number>();
    const one = async (what: Asked): Promise<void> => {
      const start = performance.now();
      const status = await ask(origin, made.token, what);
      (what.method === "GET" ? reads : changes).push(performance.now() - start);
      const kind = `${status} ${what.method}`;
      if (status >= 300) refused.set(kind, (refused.get(kind) ?? 0) + 1);
    };
    const cpu = cpuMs(dev.child.pid!);
    const start = performance.now();
    for (let index = 0; index < seconds * rate; index++) {
      const wait = start + (index * 1000) / rate - performance.now();
      if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
      under.push(one(asked.next().value));
    }
    await Promise.all(under);
    const each = (cpuMs(dev.child.pid!) - cpu) / under.length;
    console.log(`${name}: ${under.length} requests at ${rate}/s, ${each.toFixed(2)} ms CPU of the server for each`);
    console.log(`  all     ${shares([...reads, ...changes])}`);
    console.log(`  reads   ${shares(reads)}`);
    if (changes.length > 0) console.log(`  changes ${shares(changes)}`);
    if (refused.size > 0) console.log("  refused:", Object.fromEntries(refused));
  };
  // What a server does in its first seconds (loading the resources, compiling them) is told apart.
  await run("first 3 s after the start", 3);
  await run("then", seconds);

  if (accounts > 0) {
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
  }
} finally {
  agent.destroy();
  await dev.stop();
}
