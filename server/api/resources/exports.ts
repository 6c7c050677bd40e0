/** Everything of an account or of a domain, made in the background and fetched as one file. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { z } from "zod";
import { type MailFormat, mailFormats } from "../../carry/account-file.ts";
import { exportAccount } from "../../carry/export.ts";
import { exportDirectory, exportTenant } from "../../carry/export-directory.ts";
import { type Kept, KeptFolders, keptIdForm, keptMs } from "../../carry/kept-folders.ts";
import { tarOf } from "../../carry/tar.ts";
import { atLeast } from "../actor.ts";
import { domainOf, theAccount, theTenant } from "../params.ts";
import { conflict, forbidden, notFound, Problem, wrongField } from "../problem.ts";
import { at, Created, Download, list, type Param, type Route, route, time } from "../route.ts";

const maxOfOne = 3;
const maxInAll = 100;
const maxAccounts = 1_000_000;

const Export = z
  .object({
    id: z.string(),
    of: z.string().describe("The account, the domain or the tenant."),
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

type About = Omit<Shown, "state"> & Kept & { readonly state: Shown["state"] };

const kept = new KeptFolders<About>("exports");
const shown = ({ by: _, ...about }: About): Shown => about;

/** Whose it is, and nobody else: it holds mail. */
const theExport: Param<About> = {
  schema: z.string().regex(keptIdForm).describe("The id of an export."),
  find: async (text, actor, world) => {
    const about = kept.find(world.dataDir, text);
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
      items: kept
        .all(world.dataDir, world.now())
        .filter(({ by }) => by === actor.account.id)
        .map(shown),
      next: null,
    }),
  }),
  route({
    method: "POST",
    path: "/exports",
    summary: "Begin to write everything of an account, of a domain with its aliases, groups and lists, or of a tenant.",
    description: "Fetch it as /exports/{export}/archive when it is done. Another server takes it at /archives.",
    area: "exports",
    who: "user",
    body: z.strictObject({
      account: z.string().max(330).optional().describe("Yourself where neither is said."),
      domain: z
        .string()
        .max(255)
        .optional()
        .describe("All accounts of it, for its administrators; not of those who administer more."),
      tenant: z
        .string()
        .max(100)
        .optional()
        .describe("All domains of it and all their accounts, for its administrators."),
      format: z.enum(mailFormats).default("maildir"),
    }),
    answer: Export,
    status: 201,
    refuses: ["conflict", "not-found"],
    run: async ({ actor, body, audit }, world) => {
      const { store } = world;
      const mine = kept.all(world.dataDir, world.now());
      if (mine.filter(({ by }) => by === actor.account.id).length >= maxOfOne)
        return conflict(`You have ${maxOfOne} exports: delete old ones.`);
      if (mine.length >= maxInAll) return conflict(`There are ${maxInAll} exports on this server: try again later.`);
      const domain = body.domain === undefined ? undefined : await domainOf(body.domain, actor, world);
      if (body.domain !== undefined && !atLeast(actor.role, "domain"))
        return forbidden("A domain is exported by its administrators.");
      if (body.domain !== undefined && domain === undefined) return wrongField("/domain", "This domain is not here.");
      const tenant = body.tenant === undefined ? undefined : await theTenant.find(body.tenant, actor, world, false);
      if (tenant instanceof Problem) return tenant;
      if (body.tenant !== undefined && !atLeast(actor.role, "tenant"))
        return forbidden("A tenant is exported by its administrators.");
      if (body.tenant !== undefined && tenant === undefined) return wrongField("/tenant", "This tenant is not here.");
      if ([body.account, body.domain, body.tenant].filter((one) => one !== undefined).length > 1)
        return wrongField("/account", "Name an account, a domain or a tenant, not several.");
      const isOfMany = domain !== undefined || tenant !== undefined;
      const account = !isOfMany ? await theAccount.find(body.account ?? "me", actor, world, true) : undefined;
      if (account instanceof Problem) return account;
      if (!isOfMany && account === undefined) return wrongField("/account", "This account is not here.");
      const accounts = account !== undefined ? [account] : [];
      // Whoever administers more than the actor has mail that is not theirs to read.
      for (const one of domain !== undefined
        ? await store.hostedAccounts(actor.within, { limit: maxAccounts, domain: domain.name })
        : tenant !== undefined
          ? await store.hostedAccounts({ kind: "tenant", tenant: tenant.id }, { limit: maxAccounts })
          : [])
        if (actor.role === "platform" || atLeast(actor.role, (await world.standings.of(one)).role)) accounts.push(one);
      const of = account?.name ?? domain?.name ?? tenant!.name;
      audit.target = of;
      audit.tenant = account?.tenant ?? domain?.tenant ?? tenant?.id;
      const made = kept.make(world.dataDir, {
        of,
        format: body.format,
        state: "running",
        problem: "",
        messages: 0,
        accounts: accounts.length,
        createdAt: at(world.now()),
        endsAt: at(world.now() + keptMs),
        by: actor.account.id,
      });
      const files = join(kept.folder(world.dataDir, made.id), "files");
      const about = kept.run(world.dataDir, made, async (tell) => {
        let before = 0;
        await mkdir(files, { mode: 0o700 });
        const domains = tenant === undefined ? [] : ((await exportTenant(tenant.name, files, store)) ?? []);
        for (const name of domain === undefined ? domains : [domain.name])
          await exportDirectory(name, files, { keys: false }, store);
        for (const one of accounts) {
          const as = { format: body.format as MailFormat, passwords: false };
          const done = await exportAccount(one, files, as, { store, raise: undefined }, (messages) =>
            tell({ messages: before + messages }),
          );
          before += done.messages;
        }
        return { messages: before };
      });
      return new Created(shown(about), `/exports/${about.id}`);
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
    refuses: ["conflict"],
    run: async (given, world) => {
      const { id, of, state } = given.export;
      if (state !== "done") return conflict("It is not done.");
      const files = join(kept.folder(world.dataDir, id), "files");
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
    refuses: ["conflict"],
    run: async (given, world) => {
      if (given.export.state === "running") return conflict("It is still being made.");
      kept.remove(world.dataDir, given.export.id);
      return undefined;
    },
  }),
];
