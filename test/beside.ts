/** What a journey sees from beside a running server: its commands' answers, its people's mail, the free ports of the machine. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { ImapFlow } from "imapflow";
import { runCommand } from "../server/admin/control.ts";
import type { Ready } from "./dev-process.ts";
import { give, type Letter, SmtpTalk } from "./smtp-talk.ts";

/** The result of an administrative command, asked of the server that runs on this data folder. Throws where it is refused. */
export async function ask(data: string, name: string, args: object = {}): Promise<unknown> {
  const outcome = await runCommand(data, name, args, () => Promise.reject(new Error("no server runs there")));
  if (outcome.kind === "refused") throw new Error(outcome.why);
  return outcome.result;
}

export type Entry = {
  readonly stage: string;
  readonly trace: string;
  readonly detail: { readonly [name: string]: unknown };
};

/** The journey of a message once `found` is satisfied with it. (Journeys have no event to wait for: they are looked at again.) */
export async function journey(
  data: string,
  key: string,
  found: (entries: readonly Entry[]) => boolean,
): Promise<readonly Entry[]> {
  for (;;) {
    const entries = (await ask(data, "trace", { key })) as readonly Entry[];
    if (found(entries)) return entries;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Whether the journey has come to such a stage. */
export const has =
  (...stages: readonly string[]) =>
  (entries: readonly Entry[]): boolean =>
    stages.every((stage) => entries.some((entry) => entry.stage === stage));

/** The first message of somebody's inbox that `wanted` fits, waited for: as it is kept. */
export async function mailOf(ready: Ready, user: string, wanted: RegExp): Promise<string> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: ready.ports["imaps"] ?? 0,
    secure: true,
    tls: { ca: await readFile(ready.ca, "utf8"), servername: "localhost" },
    auth: { user, pass: ready.password },
    logger: false,
  });
  await client.connect();
  try {
    await client.mailboxOpen("INBOX", { readOnly: true });
    for (let next = 1; ; ) {
      // Listened for before looking: what comes in between is not missed.
      const news = once(client, "exists");
      for await (const { seq, source } of client.fetch(`${next}:*`, { source: true })) {
        const text = source?.toString() ?? "";
        if (wanted.test(text)) return text;
        next = seq + 1;
      }
      const idling = client.idle();
      await news;
      await client.noop();
      await idling;
    }
  } finally {
    client.close();
  }
}

/** Sends as one of the server's own people, over submission with TLS. */
export async function submit(ready: Ready, letter: Letter): Promise<string> {
  const talk = await SmtpTalk.open(ready.ports["submission"] ?? 0);
  await talk.startTls(await readFile(ready.ca, "utf8"));
  await talk.login(letter.from, ready.password);
  const reply = await give(talk, letter);
  await talk.quit();
  return reply;
}

/** Takes a letter to the port for strangers, from an address of ours. */
export async function bring(ready: Ready, letter: Letter, from = "127.0.0.1"): Promise<string> {
  const talk = await SmtpTalk.open(ready.ports["smtp"] ?? 0, { from });
  const reply = await give(talk, letter);
  await talk.quit();
  return reply;
}

const given = new Set<number>();
/** Test files that run at once draw from ports of their own, while there are not more of them than this. */
const shares = 40;
const portsOfShare = 300;
const firstPort = 20_000 + (Number(process.env["NODE_TEST_WORKER_ID"] ?? 0) % shares) * portsOfShare;
/**
 * A port that nobody listens on at any of these addresses, another one each time; not of those that the system gives to connections (from 32,768 on):
 * one of them may be taken before it is used.
 */
export async function freePort(...hosts: readonly string[]): Promise<number> {
  for (;;) {
    const port = firstPort + randomInt(portsOfShare);
    if (given.size === portsOfShare) given.clear();
    if (given.has(port)) continue;
    given.add(port);
    const servers = [];
    try {
      for (const host of hosts) {
        const server = createServer();
        servers.push(server);
        server.listen(port, host);
        await once(server, "listening");
      }
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    } finally {
      for (const server of servers) await new Promise((resolve) => server.close(resolve));
    }
  }
}
