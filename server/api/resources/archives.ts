/** The way back of an export, and mail from files: an archive is sent in pieces, unpacked and brought in. */
import { createWriteStream, existsSync, statfsSync, statSync } from "node:fs";
import { readdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { z } from "zod";
import { factsOf } from "../../../protocol/mime/facts-of.ts";
import { importExport } from "../../carry/import-export.ts";
import { filesOfUpload, importUpload } from "../../carry/import-upload.ts";
import { type Kept, KeptFolders, keptIdForm, keptMs } from "../../carry/kept-folders.ts";
import type { Actor } from "../actor.ts";
import { theAccount } from "../params.ts";
import { conflict, forbidden, Problem, wrongField } from "../problem.ts";
import { type ApiWorld, at, Created, list, type Param, type Route, route, time } from "../route.ts";

const maxOfOne = 3;
const maxInAll = 50;
/** Of one person: what came of them is told, their files are gone. */
const maxDone = 20;
const maxArchiveBytes = 4 * 1024 ** 4;
/** The archive, what is unpacked, and the mail in the store lie there at the same time. */
const roomFactor = 3;

const Archive = z
  .object({
    id: z.string(),
    account: z.string().nullable().describe("Into which its mail goes; null: an export, which says itself what it is."),
    name: z.string().describe("How the file is called where it came from."),
    folder: z.string().nullable().describe("Into which all of it goes; null: as the files say."),
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
    endsAt: time.describe("It is deleted then; what was brought in stays. Its files go when it is done."),
  })
  .meta({ id: "Archive" });
type Shown = z.output<typeof Archive>;
/** Those of before had no account and no name. */
type Named = Partial<Pick<Shown, "account" | "name" | "folder">>;
type About = Omit<Shown, "receivedBytes" | "state" | keyof Named> &
  Named &
  Kept & { readonly state: Exclude<Shown["state"], "received"> };

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
  const isWholeHere = about.state === "done" || existsSync(files);
  const receivedBytes = isWholeHere ? about.sizeBytes : sizeOf(tar);
  const isWhole = about.state === "receiving" && receivedBytes === about.sizeBytes;
  return {
    ...rest,
    account: rest.account ?? null,
    name: rest.name ?? "",
    folder: rest.folder ?? null,
    receivedBytes,
    state: isWhole ? "received" : about.state,
  };
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

const portsOf = (world: ApiWorld) => ({ store: world.store, factsOf: world.factsOf ?? factsOf, now: world.now });

async function unpacked(about: About, world: ApiWorld): Promise<string> {
  const { tar, unpacking, files } = placeOf(world, about);
  const sent = { file: tar, name: about.name ?? "", mustBeArchive: (about.account ?? null) === null };
  await filesOfUpload(sent, { unpacking, files }, Math.max(about.sizeBytes, freeBytes(world) / roomFactor));
  return files;
}

async function bringIn(about: About, world: ApiWorld, tell: (change: Partial<About>) => void): Promise<Partial<About>> {
  const files = await unpacked(about, world);
  const came = await importExport(await rootOf(files), portsOf(world), ({ accounts, of, messages }) =>
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

async function bringInto(
  account: { readonly id: number; readonly name: string },
  everything: boolean,
  about: About,
  world: ApiWorld,
  tell: (change: Partial<About>) => void,
): Promise<Partial<About>> {
  const to = { account: account.id, name: account.name, folder: about.folder ?? undefined };
  const files = await unpacked(about, world);
  const counts = ({ added, known, left }: { added: number; known: number; left: readonly string[] }) => ({
    added,
    known,
    left: [...left],
  });
  return { ...counts(await importUpload(files, to, everything, portsOf(world), (came) => tell(counts(came)))) };
}

/** An export makes accounts and domains: it is not for everybody. */
const mayBring = (actor: Actor, account: string | null | undefined): boolean =>
  typeof account === "string" || actor.role === "platform";
const exportsAreNotYours = (): Problem<"forbidden"> =>
  forbidden("Exports are brought in by administrators of the platform. Say an account to bring mail into it.");

function freeBytes({ dataDir }: ApiWorld): number {
  const { bavail, bsize } = statfsSync(dataDir);
  return bavail * bsize;
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/archives",
    summary: "Your archives that are brought in, the newest first.",
    area: "imports",
    who: "user",
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
    summary: "Say that an archive will come: an export, or mail for one account.",
    description:
      "It is sent to /archives/{archive}/bytes, and brought in with /archives/{archive}/import. Without `account`: an export (/exports/{export}/archive of this or another server, or a folder of angarium export packed with tar or zip), for administrators of the platform. With it: an mbox file, one message (EML), or an archive (tar, tar.gz, zip) of such files and Maildirs, or an export of this account.",
    area: "imports",
    who: "user",
    body: z.strictObject({
      sizeBytes: z.int().min(1).max(maxArchiveBytes),
      account: z
        .string()
        .max(330)
        .optional()
        .describe("Into which its mail goes: yours (me), or one that you administer."),
      name: z.string().max(255).default("").describe("How the file is called: Work.mbox goes into the folder Work."),
      folder: z.string().min(1).max(1000).optional().describe("All of it goes there, whatever the files say."),
    }),
    answer: Archive,
    status: 201,
    refuses: ["conflict", "not-found"],
    run: async ({ actor, body, audit }, world) => {
      if (!mayBring(actor, body.account)) return exportsAreNotYours();
      if (body.account === undefined && body.folder !== undefined)
        return wrongField("/folder", "An export says itself where its mail goes: say an account, or no folder.");
      const account = body.account === undefined ? undefined : await theAccount.find(body.account, actor, world, true);
      if (account instanceof Problem) return account;
      if (body.account !== undefined && account === undefined)
        return wrongField("/account", "This account is not here.");
      const isDone = ({ state }: About): boolean => state === "done";
      const isMine = ({ by }: About): boolean => by === actor.account.id;
      const all = kept.all(world.dataDir, world.now());
      for (const old of all.filter((one) => isMine(one) && isDone(one)).slice(maxDone - 1))
        kept.remove(world.dataDir, old.id);
      const open = all.filter((one) => !isDone(one));
      if (open.filter(isMine).length >= maxOfOne)
        return conflict(`You have ${maxOfOne} archives that are not done: bring them in, or delete them.`);
      if (open.length >= maxInAll) return conflict(`There are ${maxInAll} archives on this server: try again later.`);
      const free = freeBytes(world);
      if (body.sizeBytes * roomFactor > free)
        return conflict(
          `There is not room enough: bringing it in takes ${body.sizeBytes * roomFactor} bytes meanwhile, and ${free} are free.`,
        );
      audit.target = account?.name;
      audit.tenant = account?.tenant;
      const about = kept.make(world.dataDir, {
        account: account?.name ?? null,
        name: body.name,
        folder: body.folder ?? null,
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
    who: "user",
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
    who: "user",
    params: { archive: theArchive },
    query: z.object({ from: z.coerce.number().int().min(0).default(0).describe("Where this piece begins.") }),
    takesBytes: true,
    answer: Archive,
    refuses: ["body", "conflict", "too-large"],
    run: async ({ archive, query: { from }, upload }, world) => {
      const { tar, files } = placeOf(world, archive);
      if (["running", "done"].includes(archive.state) || existsSync(files)) return conflict("It is whole already.");
      if (receiving.has(archive.id)) return conflict("Another request is sending a piece of it.");
      const here = sizeOf(tar);
      if (from !== here) return conflict(`${here} bytes are here: go on with from=${here}.`);
      receiving.add(archive.id);
      try {
        const end = await append(tar, from, archive.sizeBytes, upload);
        if (end === "too-much")
          return new Problem("too-large", `It was to have ${archive.sizeBytes} bytes, and this is more.`);
        if (end === "broken") return new Problem("body", "It broke off. What has come is kept.");
        return shown(archive, world);
      } finally {
        receiving.delete(archive.id);
      }
    },
  }),
  route({
    method: "POST",
    path: "/archives/{archive}/import",
    summary: "Bring in what has been sent: mail, or all that an export holds.",
    description:
      "It runs by itself. What is here stays as it is; after it failed it can be begun again, and nothing comes twice.",
    area: "imports",
    who: "user",
    params: { archive: theArchive },
    answer: Archive,
    refuses: ["conflict"],
    run: async ({ archive, actor, audit }, world) => {
      if (!mayBring(actor, archive.account)) return exportsAreNotYours();
      // Who has begun it may administer the account no more.
      const account =
        typeof archive.account === "string" ? await theAccount.find(archive.account, actor, world, true) : undefined;
      if (account instanceof Problem) return account;
      if (typeof archive.account === "string" && account === undefined)
        return conflict(`${archive.account} is not here any more.`);
      const { state, receivedBytes, sizeBytes } = shown(archive, world);
      if (state === "running") return conflict("It is being brought in.");
      if (state === "done") return conflict("It has been brought in.");
      if (receivedBytes < sizeBytes || receiving.has(archive.id))
        return conflict(`${receivedBytes} of ${sizeBytes} bytes have come: send the rest first.`);
      audit.target = account?.name ?? archive.id;
      audit.tenant = account?.tenant;
      const everything = actor.role === "platform";
      return shown(
        kept.run(world.dataDir, archive, async (tell) => {
          const end =
            account === undefined
              ? await bringIn(archive, world, tell)
              : await bringInto(account, everything, archive, world, tell);
          await rm(placeOf(world, archive).files, { recursive: true, force: true });
          return end;
        }),
        world,
      );
    },
  }),
  route({
    method: "DELETE",
    path: "/archives/{archive}",
    summary: "Delete an archive; what was brought in stays.",
    area: "imports",
    who: "user",
    params: { archive: theArchive },
    refuses: ["conflict"],
    run: async ({ archive }, world) => {
      if (archive.state === "running" || receiving.has(archive.id)) return conflict("It is at work.");
      kept.remove(world.dataDir, archive.id);
      return undefined;
    },
  }),
];
