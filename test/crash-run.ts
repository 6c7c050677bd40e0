/**
 * kill -9 under load, again and again: messages for mailboxes and messages to relay stream in over several connections,
 * the whole server process is killed at random moments and started on the same folder, and in the end each message that
 * was answered 250 must be in the mailbox, or at the next server. `npm test` does 3 kills; `npm run crash` does 50.
 */
import assert from "node:assert/strict";
import { createConnection, type Socket } from "node:net";
import { ImapFlow } from "imapflow";
import { freePort } from "./beside.ts";
import { type DevProcess, startDev } from "./dev-process.ts";
import { OnceLoad, type OnceReport, prepareOnce } from "./once-load.ts";
import { type Sink, startSink } from "./sink.ts";

export type CrashReport = {
  readonly kills: number;
  readonly acknowledged: number;
  readonly lost: readonly string[];
  readonly twice: number;
  readonly restartMs: readonly number[];
  readonly problems: readonly string[];
  /** Of requests with keys. */
  readonly once: OnceReport;
};

const users = 4;

export type CrashOptions = {
  readonly data: string;
  readonly kills: number;
  /** So many messages are acknowledged from one kill to the next, give or take half: a slow machine is killed under load too. */
  readonly between: number;
  readonly connections: number;
  readonly verify: (data: string) => Promise<string>;
};

export async function crashRun(options: CrashOptions): Promise<CrashReport> {
  const sink = await startSink();
  try {
    return await killAndCount(options, sink);
  } finally {
    await sink.close();
  }
}

async function killAndCount(options: CrashOptions, sink: Sink): Promise<CrashReport> {
  const args = [
    "--data",
    options.data,
    "--users",
    String(users),
    "--deliver-to",
    `127.0.0.1:${sink.port}`,
    "--trust",
    "127.0.0.0/8",
    "--cleartext-auth",
    // The same after each kill, and nobody else's meanwhile: a server of another test would take what is sent again.
    "--ports",
    `smtp=${await freePort("127.0.0.1")},http=${await freePort("127.0.0.1")},submission=${await freePort("127.0.0.1")}`,
  ];
  const acknowledged = new Set<string>();
  const restartMs: number[] = [];
  let dev: DevProcess = await startDev(args);
  await prepareOnce(dev);
  const keyed = new OnceLoad(() => dev);
  let loading = true;
  let serial = 0;
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    loading = false;
    await dev.kill();
  });

  const client = async (): Promise<void> => {
    while (loading) {
      try {
        await sendUntilBroken(
          dev.ready.ports["smtp"]!,
          () => (loading ? `m${++serial}` : undefined),
          (id) => acknowledged.add(id),
        );
      } catch {
        // Killed, or not up again yet: what was not acknowledged is the sender's to repeat.
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const clients = [...Array.from({ length: options.connections }, client), keyed.run(() => loading)];
  const more = async (messages: number): Promise<void> => {
    for (const enough = acknowledged.size + messages; acknowledged.size < enough; )
      await new Promise((resolve) => setTimeout(resolve, 10));
  };
  for (let kill = 0; kill < options.kills; kill++) {
    await more(options.between * (0.5 + Math.random()));
    await dev.kill();
    const start = performance.now();
    dev = await startDev(args);
    restartMs.push(Math.round(performance.now() - start));
  }
  await more(options.between);
  loading = false;
  await Promise.all(clients);

  const seen = new Map<string, number>();
  const count = (id: string | undefined): void => {
    if (id !== undefined) seen.set(id, (seen.get(id) ?? 0) + 1);
  };
  for (let user = 1; user <= users; user++)
    for (const id of await idsInMailbox(dev.ready.ports["imap"]!, `u${user}@example.test`)) count(id);
  const relayed = [...acknowledged].filter((id) => isRelayed(id));
  for (
    const deadline = Date.now() + 60_000;
    Date.now() < deadline;
    await new Promise((resolve) => setTimeout(resolve, 100))
  ) {
    const there = new Set(sink.taken.map((taken) => idOf(taken.data)));
    if (relayed.every((id) => there.has(id))) break;
  }
  for (const taken of sink.taken) count(idOf(taken.data));
  const once = await keyed.report();
  await dev.stop();
  const verdict = await options.verify(options.data);
  return {
    kills: options.kills,
    acknowledged: acknowledged.size,
    lost: [...acknowledged].filter((id) => !seen.has(id)),
    twice: [...seen.values()].filter((times) => times > 1).length,
    restartMs,
    problems: verdict === "" ? [] : verdict.split("\n"),
    once,
  };
}

const isRelayed = (id: string): boolean => Number(id.slice(1)) % 4 === 0;
const idOf = (text: string): string | undefined => /^Message-ID: <(m\d+)@crash\.test>/m.exec(text)?.[1];

/** One SMTP session that sends message after message; `acknowledge` is called when, and only when, the final 250 was read. */
async function sendUntilBroken(
  port: number,
  next: () => string | undefined,
  acknowledge: (id: string) => void,
): Promise<void> {
  const socket = createConnection({ port, host: "127.0.0.1" });
  const replies = replyReader(socket);
  const expect = async (code: number): Promise<void> => assert.equal(await replies(), code);
  // A server that says nothing for so long has lost us, whatever the reason: the session is broken.
  socket.setTimeout(20_000, () => socket.destroy(new Error("no answer for 20 seconds")));
  try {
    await expect(220);
    socket.write("EHLO crash.test\r\n");
    await expect(250);
    for (let id = next(); id !== undefined; id = next()) {
      const to = isRelayed(id) ? "far@sink.test" : `u${(Number(id.slice(1)) % users) + 1}@example.test`;
      socket.write(`MAIL FROM:<a@crash.test>\r\nRCPT TO:<${to}>\r\nDATA\r\n`);
      await expect(250);
      await expect(250);
      await expect(354);
      socket.write(
        `From: a@crash.test\r\nTo: ${to}\r\nMessage-ID: <${id}@crash.test>\r\nSubject: ${id}\r\n\r\n${"text ".repeat(100)}\r\n.\r\n`,
      );
      await expect(250);
      acknowledge(id);
    }
    socket.write("QUIT\r\n");
    await expect(221);
  } finally {
    socket.destroy();
  }
}

function replyReader(socket: Socket): () => Promise<number> {
  let buffer = "";
  const codes: number[] = [];
  let ended: Error | undefined;
  let wake: () => void = () => {};
  socket.on("data", (chunk) => {
    buffer += chunk.toString("latin1");
    for (let end = buffer.indexOf("\r\n"); end >= 0; end = buffer.indexOf("\r\n")) {
      if (buffer[3] !== "-") codes.push(Number(buffer.slice(0, 3)));
      buffer = buffer.slice(end + 2);
    }
    wake();
  });
  const end = (error?: Error): void => {
    ended ??= error ?? new Error("closed");
    wake();
  };
  socket.on("error", end);
  socket.on("close", () => end());
  return async () => {
    for (;;) {
      const code = codes.shift();
      if (code !== undefined) return code;
      if (ended !== undefined) throw ended;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}

async function idsInMailbox(port: number, user: string): Promise<readonly string[]> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass: "pw" },
    logger: false,
  });
  await client.connect();
  const lock = await client.getMailboxLock("INBOX");
  const ids: string[] = [];
  try {
    if (client.mailbox !== false && client.mailbox.exists > 0)
      for await (const message of client.fetch("1:*", { envelope: true })) {
        const id = /^<?(m\d+)@crash\.test/.exec(message.envelope?.messageId ?? "")?.[1];
        if (id !== undefined) ids.push(id);
      }
  } finally {
    lock.release();
  }
  await client.logout();
  return ids;
}
