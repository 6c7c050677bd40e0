/** The way back of an export: its tar file is sent in pieces, unpacked and brought in. */
import { createWriteStream, existsSync, statfsSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { z } from "zod";
import { factsOf } from "../../../protocol/mime/facts-of.ts";
import { importExport } from "../../carry/import-export.ts";
import { type Kept, KeptFolders, keptIdForm, keptMs } from "../../carry/kept-folders.ts";
import { untar } from "../../carry/untar.ts";
import { conflict, Problem } from "../problem.ts";
import { type ApiWorld, at, Created, list, type Param, type Route, route, time } from "../route.ts";

const maxOfOne = 3;
const maxInAll = 20;
const maxArchiveBytes = 4 * 1024 ** 4;
/** The archive, what is unpacked, and the mail in the store lie there at the same time. */
const roomFactor = 3;

const Archive = z
  .object({
    id: z.string(),
    sizeBytes: z.int(),
    receivedBytes: z.int().describe("Go on from here."),
    state: z.enum(["receiving", "received", "running", "done", "failed"]),
    problem: z.string().describe("Why it failed. Begin it again: what has come does not come twice."),
    accounts: z.int().describe("Accounts that have come,"),
    of: z.int().describe("of so many."),
    created: z.int().describe("Accounts that were made; the others were here."),
    domains: z.array(z.string()),
    added: z.int().describe("Messages that have come."),
    known: z.int().describe("Messages that were here."),
    left: z.array(z.string()).describe("What could not come, in sentences."),
    createdAt: time,
    endsAt: time.describe("It is deleted then; what was brought in stays."),
  })
  .meta({ id: "Archive" });
type Shown = z.output<typeof Archive>;
type About = Omit<Shown, "receivedBytes" | "state"> & Kept & { readonly state: Exclude<Shown["state"], "received"> };

const kept = new KeptFolders<About>("archives");
/** Those that bytes come in for just now. */
const receiving = new Set<string>();

const placeOf = ({ dataDir }: ApiWorld, { id }: About) => {
  const folder = kept.folder(dataDir, id);
  return { tar: join(folder, "archive.tar"), unpacking: join(folder, "unpacking"), files: join(folder, "files") };
};
const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

function shown(about: About, world: ApiWorld): Shown {
  const { by: _, ...rest } = about;
  const { tar, files } = placeOf(world, about);
  const receivedBytes = existsSync(files) ? about.sizeBytes : sizeOf(tar);
  const isWhole = about.state === "receiving" && receivedBytes === about.sizeBytes;
  return { ...rest, receivedBytes, state: isWhole ? "received" : about.state };
}

/** Whose it is, and nobody else: it holds mail. */
const theArchive: Param<About> = {
  schema: z.string().regex(keptIdForm).describe("The id of an archive."),
  find: async (text, actor, world) => {
    const about = kept.find(world.dataDir, text);
    return about?.by === actor.account.id ? about : undefined;
  },
};

/** Writes behind `from`; answers what is too much, which is taken back. Where the sender breaks off, what has come stays. */
async function append(
  file: string,
  from: number,
  max: number,
  upload: Readable,
): Promise<"done" | "too-much" | "broken"> {
  const out = createWriteStream(file, { flags: "a", mode: 0o600 });
  let size = from;
  const written = (chunk: Buffer): Promise<void> =>
    new Promise((resolve, reject) => out.write(chunk, (error) => (error ? reject(error) : resolve())));
  try {
    for await (const chunk of upload) {
      size += (chunk as Buffer).length;
      if (size > max) break;
      await written(chunk as Buffer);
    }
  } catch (error) {
    if (out.errored) throw error;
    return "broken";
  } finally {
    await new Promise<void>((resolve) => out.close(() => resolve()));
  }
  if (size <= max) return "done";
  await truncate(file, from);
  return "too-much";
}

/** Where the files of the export are: somebody may have packed the folder that holds them. */
async function rootOf(folder: string): Promise<string> {
  const [only, ...others] = await readdir(folder, { withFileTypes: true });
  if (only === undefined || others.length > 0 || !only.isDirectory()) return folder;
  const below = join(folder, only.name);
  return existsSync(join(below, "account.json")) ? folder : below;
}

async function bringIn(about: About, world: ApiWorld, tell: (change: Partial<About>) => void): Promise<Partial<About>> {
  const { tar, unpacking, files } = placeOf(world, about);
  if (!existsSync(files)) {
    await rm(unpacking, { recursive: true, force: true });
    await mkdir(unpacking, { mode: 0o700 });
    await untar(tar, unpacking, Math.max(about.sizeBytes, freeBytes(world) / roomFactor));
    await rename(unpacking, files);
    await rm(tar);
  }
  const ports = { store: world.store, factsOf: world.factsOf ?? factsOf, now: world.now };
  const came = await importExport(await rootOf(files), ports, ({ accounts, of, messages }) =>
    tell({ accounts, of, added: messages }),
  );
  return {
    domains: came.domains.map(({ domain }) => domain),
    accounts: came.accounts.length,
    created: came.accounts.filter(({ created }) => created).length,
    added: came.added,
    known: came.known,
    left: [...came.left],
  };
}

function freeBytes({ dataDir }: ApiWorld): number {
  const { bavail, bsize } = statfsSync(dataDir);
  return bavail * bsize;
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/archives",
    summary: "Your archives of exports that are brought in, the newest first.",
    area: "imports",
    who: "platform",
    answer: list(Archive),
    run: async ({ actor }, world) => ({
      items: kept
        .all(world.dataDir, world.now())
        .filter(({ by }) => by === actor.account.id)
        .map((one) => shown(one, world)),
      next: null,
    }),
  }),
  route({
    method: "POST",
    path: "/archives",
    summary: "Say that an archive of an export will come.",
    description:
      "An export (/exports/{export}/archive of this or another server, or a folder of angarium export packed with tar) is sent to /archives/{archive}/bytes, and brought in with /archives/{archive}/import.",
    area: "imports",
    who: "platform",
    body: z.strictObject({ sizeBytes: z.int().min(1).max(maxArchiveBytes) }),
    answer: Archive,
    status: 201,
    run: async ({ actor, body }, world) => {
      const all = kept.all(world.dataDir, world.now());
      if (all.filter(({ by }) => by === actor.account.id).length >= maxOfOne)
        return conflict(`You have ${maxOfOne} archives: delete old ones.`);
      if (all.length >= maxInAll) return conflict(`There are ${maxInAll} archives on this server: try again later.`);
      const free = freeBytes(world);
      if (body.sizeBytes * roomFactor > free)
        return conflict(
          `There is not room enough: bringing it in takes ${body.sizeBytes * roomFactor} bytes meanwhile, and ${free} are free.`,
        );
      const about = kept.make(world.dataDir, {
        sizeBytes: body.sizeBytes,
        state: "receiving",
        problem: "",
        accounts: 0,
        of: 0,
        created: 0,
        domains: [],
        added: 0,
        known: 0,
        left: [],
        createdAt: at(world.now()),
        endsAt: at(world.now() + keptMs),
        by: actor.account.id,
      });
      return new Created(shown(about, world), `/archives/${about.id}`);
    },
  }),
  route({
    method: "GET",
    path: "/archives/{archive}",
    summary: "One archive, and how far it is.",
    area: "imports",
    who: "platform",
    params: { archive: theArchive },
    answer: Archive,
    run: async ({ archive }, world) => shown(archive, world),
  }),
  route({
    method: "PUT",
    path: "/archives/{archive}/bytes",
    summary: "Send the archive, in one piece or in several.",
    description:
      "One request may take a minute: a large archive goes in pieces, each with `from`. After one that broke off, `receivedBytes` says where to go on.",
    area: "imports",
    who: "platform",
    params: { archive: theArchive },
    query: z.object({ from: z.coerce.number().int().min(0).default(0).describe("Where this piece begins.") }),
    takesBytes: true,
    answer: Archive,
    run: async ({ archive, query: { from }, upload }, world) => {
      const { tar, files } = placeOf(world, archive);
      if (archive.state === "running" || existsSync(files)) return conflict("It is whole already.");
      if (receiving.has(archive.id)) return conflict("Another request is sending a piece of it.");
      const here = sizeOf(tar);
      if (from !== here) return conflict(`${here} bytes are here: go on with from=${here}.`);
      receiving.add(archive.id);
      try {
        const end = await append(tar, from, archive.sizeBytes, upload);
        if (end === "too-much")
          return new Problem(413, "too-large", `It was to have ${archive.sizeBytes} bytes, and this is more.`);
        if (end === "broken") return new Problem(400, "body", "It broke off. What has come is kept.");
        return shown(archive, world);
      } finally {
        receiving.delete(archive.id);
      }
    },
  }),
  route({
    method: "POST",
    path: "/archives/{archive}/import",
    summary: "Bring in what has been sent: tenants, domains, accounts with their mail, aliases, groups, lists.",
    description:
      "It runs by itself. What is here stays as it is; after it failed it can be begun again, and nothing comes twice.",
    area: "imports",
    who: "platform",
    params: { archive: theArchive },
    answer: Archive,
    run: async ({ archive, audit }, world) => {
      const { state, receivedBytes, sizeBytes } = shown(archive, world);
      if (state === "running") return conflict("It is being brought in.");
      if (receivedBytes < sizeBytes || receiving.has(archive.id))
        return conflict(`${receivedBytes} of ${sizeBytes} bytes have come: send the rest first.`);
      audit.target = archive.id;
      return shown(
        kept.run(world.dataDir, archive, (tell) => bringIn(archive, world, tell)),
        world,
      );
    },
  }),
  route({
    method: "DELETE",
    path: "/archives/{archive}",
    summary: "Delete an archive; what was brought in stays.",
    area: "imports",
    who: "platform",
    params: { archive: theArchive },
    run: async ({ archive }, world) => {
      if (archive.state === "running" || receiving.has(archive.id)) return conflict("It is at work.");
      kept.remove(world.dataDir, archive.id);
      return undefined;
    },
  }),
];
