/** Everything of an account or of a domain, made in the background and fetched as one file. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { z } from "zod";
import { type MailFormat, mailFormats } from "../../carry/account-file.ts";
import { exportAccount } from "../../carry/export.ts";
import { exportDirectory } from "../../carry/export-directory.ts";
import { tarOf } from "../../carry/tar.ts";
import type { AccountId } from "../../store/store.ts";
import { atLeast } from "../actor.ts";
import { domainOf, theAccount } from "../params.ts";
import { conflict, forbidden, notFound, Problem, wrongField } from "../problem.ts";
import { type ApiWorld, at, Created, Download, list, type Param, type Route, route, time } from "../route.ts";

const maxOfOne = 3;
const maxInAll = 100;
const keptMs = 7 * 24 * 3_600_000;
const maxAccounts = 1_000_000;

const Export = z
  .object({
    id: z.string(),
    of: z.string().describe("The account or the domain."),
    format: z.enum(mailFormats),
    state: z.enum(["running", "done", "failed"]),
    problem: z.string(),
    messages: z.int(),
    accounts: z.int(),
    createdAt: time,
    endsAt: time.describe("It is deleted then."),
  })
  .meta({ id: "Export" });
type Shown = z.output<typeof Export>;

/** Kept beside what it is about; the state of one that runs is in memory. */
type About = Omit<Shown, "state" | "problem"> & {
  readonly by: AccountId;
  readonly state: Shown["state"];
  readonly problem: string;
};

const running = new Map<string, About>();
const idForm = /^[0-9a-f]{24}$/;
const folderOf = (world: ApiWorld, id = ""): string => join(world.dataDir, "exports", id);

function aboutOf(world: ApiWorld, id: string): About | undefined {
  if (!idForm.test(id)) return undefined;
  const known = running.get(id);
  if (known !== undefined) return known;
  const file = join(folderOf(world, id), "export.json");
  if (!existsSync(file)) return undefined;
  const about = JSON.parse(readFileSync(file, "utf8")) as About;
  return about.state === "running" ? { ...about, state: "failed", problem: "The server ended meanwhile." } : about;
}

function all(world: ApiWorld): readonly About[] {
  const folder = folderOf(world);
  const found = existsSync(folder) ? readdirSync(folder).flatMap((id) => aboutOf(world, id) ?? []) : [];
  const [ended, kept] = [[] as About[], [] as About[]];
  for (const one of found) (Date.parse(one.endsAt) < world.now() ? ended : kept).push(one);
  for (const { id } of ended) rmSync(folderOf(world, id), { recursive: true, force: true });
  return kept.sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
}

const shown = ({ by: _, ...about }: About): Shown => about;
const keep = (world: ApiWorld, about: About): void =>
  writeFileSync(join(folderOf(world, about.id), "export.json"), JSON.stringify(about), { mode: 0o600 });

/** Whose it is, and nobody else: it holds mail. */
const theExport: Param<About> = {
  schema: z.string().regex(idForm).describe("The id of an export."),
  find: async (text, actor, world) => {
    const about = aboutOf(world, text);
    return about?.by === actor.account.id ? about : undefined;
  },
};

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/exports",
    summary: "Your exports, the newest first.",
    area: "exports",
    who: "user",
    answer: list(Export),
    run: async ({ actor }, world) => ({
      items: all(world)
        .filter(({ by }) => by === actor.account.id)
        .map(shown),
      next: null,
    }),
  }),
  route({
    method: "POST",
    path: "/exports",
    summary: "Begin to write everything of an account, or of a domain with its aliases, groups and lists.",
    description: "Fetch it as /exports/{export}/archive when it is done; angarium import account takes what is in it.",
    area: "exports",
    who: "user",
    body: z.strictObject({
      account: z.string().max(330).optional().describe("Yourself where neither is said."),
      domain: z
        .string()
        .max(255)
        .optional()
        .describe("All accounts of it, for its administrators; not of those who administer more."),
      format: z.enum(mailFormats).default("maildir"),
    }),
    answer: Export,
    status: 201,
    run: async ({ actor, body, audit }, world) => {
      const { store } = world;
      const mine = all(world);
      if (mine.filter(({ by }) => by === actor.account.id).length >= maxOfOne)
        return conflict(`You have ${maxOfOne} exports: delete old ones.`);
      if (mine.length >= maxInAll) return conflict(`There are ${maxInAll} exports on this server: try again later.`);
      const domain = body.domain === undefined ? undefined : await domainOf(body.domain, actor, world);
      if (body.domain !== undefined && !atLeast(actor.role, "domain"))
        return forbidden("A domain is exported by its administrators.");
      if (body.domain !== undefined && domain === undefined) return wrongField("/domain", "This domain is not here.");
      const account =
        domain === undefined ? await theAccount.find(body.account ?? "me", actor, world, true) : undefined;
      if (account instanceof Problem) return account;
      if (domain === undefined && account === undefined) return wrongField("/account", "This account is not here.");
      const accounts = account !== undefined ? [account] : [];
      // Whoever administers more than the actor has mail that is not theirs to read.
      for (const one of domain === undefined
        ? []
        : await store.hostedAccounts(actor.within, { limit: maxAccounts, domain: domain.name }))
        if (actor.role === "platform" || atLeast(actor.role, (await world.standings.of(one)).role)) accounts.push(one);
      const id = randomBytes(12).toString("hex");
      const of = account?.name ?? domain!.name;
      audit.target = of;
      audit.tenant = account?.tenant ?? domain?.tenant;
      let about: About = {
        id,
        of,
        format: body.format,
        state: "running",
        problem: "",
        messages: 0,
        accounts: accounts.length,
        createdAt: at(world.now()),
        endsAt: at(world.now() + keptMs),
        by: actor.account.id,
      };
      mkdirSync(folderOf(world, id), { recursive: true, mode: 0o700 });
      keep(world, about);
      running.set(id, about);
      const files = join(folderOf(world, id), "files");
      const work = async (): Promise<void> => {
        const before = { messages: 0 };
        mkdirSync(files, { mode: 0o700 });
        if (domain !== undefined) await exportDirectory(domain.name, files, { keys: false }, store);
        for (const one of accounts) {
          const as = { format: body.format as MailFormat, passwords: false };
          const done = await exportAccount(one, files, as, { store, raise: undefined }, (messages) => {
            running.set(id, (about = { ...about, messages: before.messages + messages }));
          });
          before.messages += done.messages;
        }
      };
      void work()
        .then(
          () => ({ ...about, state: "done" as const }),
          (error: unknown) => ({ ...about, state: "failed" as const, problem: (error as Error).message }),
        )
        .then((end) => {
          if (existsSync(folderOf(world, id))) keep(world, end);
        })
        // What cannot be noted (a full disk) is told as broken off.
        .catch(() => {})
        .finally(() => running.delete(id));
      return new Created(shown(about), `/exports/${id}`);
    },
  }),
  route({
    method: "GET",
    path: "/exports/{export}",
    summary: "One export, and how far it is.",
    area: "exports",
    who: "user",
    params: { export: theExport },
    answer: Export,
    run: async (given) => shown(given.export),
  }),
  route({
    method: "GET",
    path: "/exports/{export}/archive",
    summary: "What was exported, as one tar file.",
    area: "exports",
    who: "user",
    params: { export: theExport },
    answer: z.string(),
    type: "application/x-tar",
    run: async (given, world) => {
      const { id, of, state } = given.export;
      if (state !== "done") return conflict("It is not done.");
      const files = join(folderOf(world, id), "files");
      if (!existsSync(files)) return notFound();
      return new Download(Readable.from(tarOf(files)), `${of}.tar`);
    },
  }),
  route({
    method: "DELETE",
    path: "/exports/{export}",
    summary: "Delete an export.",
    area: "exports",
    who: "user",
    params: { export: theExport },
    run: async (given, world) => {
      if (given.export.state === "running") return conflict("It is still being made.");
      rmSync(folderOf(world, given.export.id), { recursive: true, force: true });
      return undefined;
    },
  }),
];
