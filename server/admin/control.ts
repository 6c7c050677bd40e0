/**
 * How the command line talks to a running server: HTTP on a Unix socket that only the server's own user may open. Where no
 * server runs, the same command works on the store itself.
 */
import { chmodSync, closeSync, existsSync, lstatSync, openSync, unlinkSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { isMainThread } from "node:worker_threads";
import type { Log } from "../base/log.ts";
import { createServer, request } from "../net/plain-http.ts";
import { no, type Outcome, type Progress, type World } from "./command.ts";
import { performByHand } from "./commands.ts";

const maxRequestBytes = 20 * 1024 * 1024;
const maxAnswerLineChars = 256 * 1024 * 1024;
/** sun_path of Linux has 108 bytes, of macOS and the BSDs 104. */
const maxPathBytes = 103;

/** One line of an answer. The last one is an outcome. */
type Line =
  | { readonly kind: "progress"; readonly line: string }
  | Outcome
  | { readonly kind: "broken"; readonly why: string };

const socketName = "control.sock";

export const controlPath = (dataFolder: string): string => join(resolve(dataFolder), socketName);

/**
 * What a socket is told of that path: where it is too long, the way over the folder, held open as long as this is used. Server and command meet
 * in the data folder alone, for each may have another folder for temporary files (`PrivateTmp` of systemd).
 */
export function controlAddress(dataFolder: string): Disposable & { readonly address: string } {
  const path = controlPath(dataFolder);
  if (Buffer.byteLength(path) <= maxPathBytes) return { address: path, [Symbol.dispose]: () => {} };
  if (process.platform !== "linux")
    throw new Error(
      `The name of the data folder is too long for a socket in it (${path} has more than ${maxPathBytes} bytes). Give --data a shorter one.`,
    );
  const folder = openSync(resolve(dataFolder), "r");
  return { address: `/proc/self/fd/${folder}/${socketName}`, [Symbol.dispose]: () => closeSync(folder) };
}

/** Rejects with a sentence where a server uses the folder: asked before anything in it is opened, or brought up to date. */
export async function nobodyElse(dataFolder: string): Promise<void> {
  if (await isAnswering(dataFolder)) {
    throw new Error(
      `Another server is using ${dataFolder} (it answers at ${controlPath(dataFolder)}). Stop it first, or give --data another folder.`,
    );
  }
}

/** Listens for commands. Rejects with a sentence where another server answers there already. */
export async function serveControl(parts: {
  readonly dataFolder: string;
  readonly world: World;
  readonly log: Log;
}): Promise<{ close(): Promise<void> }> {
  const path = controlPath(parts.dataFolder);
  await nobodyElse(parts.dataFolder);
  remove(path);
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (incoming, outgoing) => {
    answer(incoming, outgoing, parts.world).catch((error: Error) => {
      parts.log.error({ error: error.message }, "control command broke");
      outgoing.destroy();
    });
  });
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", resolve);
  });
  // listen() makes the socket before it returns: at no moment may another user open it. (A thread cannot set the mask.)
  const at = controlAddress(parts.dataFolder);
  const mask = isMainThread ? process.umask(0o177) : undefined;
  try {
    server.listen(at.address);
  } finally {
    if (mask !== undefined) process.umask(mask);
  }
  await listening;
  chmodSync(path, 0o600);
  server.unref();
  return {
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      at[Symbol.dispose]();
    },
  };
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, world: World): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxRequestBytes) {
      outgoing.writeHead(413).end();
      return;
    }
    chunks.push(chunk);
  }
  const say = (line: Line): void => void outgoing.write(`${JSON.stringify(line)}\n`);
  outgoing.writeHead(200, { "content-type": "application/x-ndjson" });
  outgoing.flushHeaders();
  let outcome: Line;
  try {
    const { name, args, by } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { [name: string]: unknown };
    // A command of an older version does not say who types it.
    const typed = typeof by === "string" ? { ...world, by: userName(by) } : world;
    outcome = await performByHand(String(name), args, typed, (line) => say({ kind: "progress", line }));
  } catch (error) {
    outcome = { kind: "broken", why: error instanceof Error ? error.message : String(error) };
  }
  say(outcome);
  outgoing.end();
}

/**
 * Runs a command in the server that uses this data folder, or, where none runs, here on the store that `openWorld` opens.
 * `args` are as JSON has them (arguments.ts reads command lines). Rejects for breakage only.
 */
export async function runCommand(
  dataFolder: string,
  name: string,
  args: unknown,
  openWorld: () => Promise<World & { readonly close: () => Promise<void> }>,
  progress: Progress = () => {},
): Promise<Outcome> {
  const by = typist();
  const answered = await askServer(dataFolder, { name, args, by }, progress);
  if (answered !== "nobody") return answered;
  const world = await openWorld();
  try {
    return await performByHand(name, args, { ...world, by }, progress);
  } finally {
    await world.close();
  }
}

/** Who typed the command: the person behind `sudo` or `doas`, or the user whose process this is. Whoever may open the socket is believed. */
function typist(env: NodeJS.ProcessEnv = process.env): string {
  return userName(env["SUDO_USER"] ?? env["DOAS_USER"] ?? ownUser());
}

function ownUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number that has no name.
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}

/** As it goes into the audit log. */
function userName(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} ._@\\-]/gu, "?").slice(0, 64);
}

async function askServer(dataFolder: string, question: object, progress: Progress): Promise<Outcome | "nobody"> {
  const path = controlPath(dataFolder);
  if (!isOurs(path, dataFolder)) return "nobody";
  using at = controlAddress(dataFolder);
  const incoming = await new Promise<IncomingMessage | "nobody">((resolve, reject) => {
    const outgoing = request({ socketPath: at.address, path: "/", method: "POST", agent: false }, resolve);
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve("nobody");
      else reject(new Error(`The running server cannot be asked (${error.code ?? error.message}).`));
    });
    outgoing.end(JSON.stringify(question));
  });
  if (incoming === "nobody") return "nobody";
  if (incoming.statusCode !== 200) return no(`The running server refuses the command (${incoming.statusCode}).`);
  incoming.setEncoding("utf8");
  let rest = "";
  let outcome: Outcome | undefined;
  try {
    for await (const chunk of incoming as AsyncIterable<string>) {
      rest += chunk;
      if (!chunk.includes("\n")) {
        if (rest.length > maxAnswerLineChars) throw new Error("The running server's answer is too long.");
        continue;
      }
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const text of lines) {
        const line = JSON.parse(text) as Line;
        if (line.kind === "progress") progress(line.line);
        else if (line.kind === "broken") throw new Error(line.why);
        else outcome = line;
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
  }
  if (outcome === undefined)
    throw new Error("The running server stopped while it worked on this. Look what was done, then try again.");
  return outcome;
}

/** Whether the socket is there and belongs to us or to the owner of the data: nobody else may get to hear passwords. */
function isOurs(path: string, dataFolder: string): boolean {
  try {
    const { uid: owner } = lstatSync(path);
    return owner === process.getuid?.() || owner === lstatSync(dataFolder).uid;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    if (code === "EACCES")
      throw new Error(`You may not look into ${dataFolder}. Run this as the user whose server it is, or as root.`);
    throw error;
  }
}

async function isAnswering(dataFolder: string): Promise<boolean> {
  if (!existsSync(controlPath(dataFolder))) return false;
  using at = controlAddress(dataFolder);
  return await new Promise((resolve) => {
    const socket = connect(at.address);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** What a server that was killed left behind. */
function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
