/** The server itself: what runs, its certificates, backups, the settings that are kept in the store. */

import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "zod";
import { backUp } from "../../admin/back-up.ts";
import { conflict, notFound, Problem } from "../problem.ts";
import { type ApiWorld, at, Created, list, type Param, page, paged, type Route, route, time } from "../route.ts";

const Server = z
  .object({
    hostname: z.string(),
    version: z.string(),
    startedAt: time,
    listeners: z.array(z.object({ service: z.string(), address: z.string(), port: z.int() })),
    connections: z.record(z.string(), z.int()),
  })
  .meta({ id: "Server" });

const Certificate = z
  .object({
    names: z.array(z.string()),
    file: z.string().describe("In the data folder, where it has no / before it."),
    validTo: time,
    daysLeft: z.int(),
  })
  .meta({ id: "Certificate" });

const Backup = z
  .object({
    name: z.string(),
    at: time,
    state: z.enum(["running", "done", "failed"]),
    problem: z.string(),
    bytes: z.int(),
  })
  .meta({ id: "Backup" });
type Shown = z.input<typeof Backup>;

/** Backups that are kept beside the data; more have to be moved away first. */
const maxBackups = 20;
const dayMs = 86_400_000;
const nameForm = /^\d{8}T\d{6}Z$/;
/** The one that runs, and how those of this process ended. */
const ended = new Map<string, Pick<Shown, "state" | "problem">>();

const folderOf = (world: ApiWorld): string => join(world.dataDir, "backups");

function sizeOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

function shownBackup(name: string, world: ApiWorld): Shown | undefined {
  const folder = join(folderOf(world), name);
  if (!nameForm.test(name) || !existsSync(folder)) return undefined;
  const { state, problem } = ended.get(name) ?? { state: "done" as const, problem: "" };
  const written = name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  return { name, at: written, state, problem, bytes: state === "running" ? 0 : sizeOf(folder) };
}

const theBackup: Param<Shown> = {
  schema: z.string().regex(nameForm).describe("The name of a backup."),
  find: async (text, _actor, world) => shownBackup(text, world),
};

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/server",
    summary: "What runs.",
    area: "server",
    who: "platform",
    answer: Server,
    refuses: ["not-running"],
    run: async (_, world) => {
      const running = world.running?.();
      if (running === undefined) return new Problem("not-running", "No server runs.");
      const { version, startedAt, listeners, connections } = running;
      return { hostname: world.hostname, version, startedAt: at(startedAt), listeners: [...listeners], connections };
    },
  }),
  route({
    method: "GET",
    path: "/certificates",
    summary: "Certificates that are shown, and their ends.",
    area: "certificates",
    who: "platform",
    query: z.object(page),
    answer: list(Certificate),
    run: async ({ query: { limit, cursor = "" } }, world) => {
      const rows = world
        .certificates()
        .map(({ file, names, validTo }) => ({
          // Where it lies is nobody's business but for what is below the data.
          file: relative(world.dataDir, file).startsWith("..") ? file : relative(world.dataDir, file),
          names: [...names],
          validTo: at(Date.parse(validTo)),
          daysLeft: Math.floor((Date.parse(validTo) - world.now()) / dayMs),
        }))
        .sort((one, other) => (one.file < other.file ? -1 : 1));
      const left = rows.filter(({ file }) => file > cursor);
      return paged(
        left.slice(0, limit + 1),
        limit,
        ({ file }) => file,
        (row) => row,
      );
    },
  }),
  route({
    method: "GET",
    path: "/backups",
    summary: "Backups beside the data, the newest first.",
    area: "backups",
    who: "platform",
    query: z.object(page),
    answer: list(Backup),
    run: async ({ query: { limit, cursor } }, world) => {
      const folder = folderOf(world);
      const names = existsSync(folder) ? readdirSync(folder).filter((name) => nameForm.test(name)) : [];
      const left = names
        .sort()
        .reverse()
        .filter((name) => cursor === undefined || name < cursor);
      const rows = left.slice(0, limit + 1).flatMap((name) => shownBackup(name, world) ?? []);
      return paged(
        rows,
        limit,
        ({ name }) => name,
        (row) => row,
      );
    },
  }),
  route({
    method: "POST",
    path: "/backups",
    summary: "Begin to copy everything, while the server runs.",
    area: "backups",
    who: "platform",
    answer: Backup,
    status: 201,
    refuses: ["conflict", "not-found"],
    run: async ({ audit }, world) => {
      if ([...ended.values()].some(({ state }) => state === "running"))
        return conflict("A backup is being made already.");
      const folder = folderOf(world);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (readdirSync(folder).length >= maxBackups)
        return conflict(`There are ${maxBackups} backups in ${folder}: move old ones away, or delete them.`);
      const name = new Date(world.now()).toISOString().replaceAll(/[-:]|\.\d+/g, "");
      audit.target = name;
      mkdirSync(join(folder, name), { mode: 0o700 });
      ended.set(name, { state: "running", problem: "" });
      backUp(world, join(folder, name)).then(
        () => ended.set(name, { state: "done", problem: "" }),
        (error: unknown) =>
          ended.set(name, { state: "failed", problem: error instanceof Error ? error.message : String(error) }),
      );
      const shown = shownBackup(name, world);
      return shown === undefined ? notFound() : new Created(shown, `/backups/${name}`);
    },
  }),
  route({
    method: "GET",
    path: "/backups/{backup}",
    summary: "One backup.",
    area: "backups",
    who: "platform",
    params: { backup: theBackup },
    answer: Backup,
    run: async ({ backup }) => backup,
  }),
  route({
    method: "DELETE",
    path: "/backups/{backup}",
    summary: "Delete a backup.",
    area: "backups",
    who: "platform",
    params: { backup: theBackup },
    refuses: ["conflict"],
    run: async ({ backup }, world) => {
      if (backup.state === "running") return conflict("It is still being made.");
      rmSync(join(folderOf(world), backup.name), { recursive: true, force: true });
      ended.delete(backup.name);
      return undefined;
    },
  }),
];
