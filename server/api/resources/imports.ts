/** Mail that comes over from other IMAP servers. */
import { z } from "zod";
import { noProgress } from "../../carry/runner.ts";
import type { Import } from "../../store/carry-store.ts";
import { accountOf, theAccount } from "../params.ts";
import { conflict, wrongField } from "../problem.ts";
import { at, Created, type Param, type Route, route, time } from "../route.ts";

const ImportShown = z
  .object({
    id: z.int(),
    host: z.string(),
    user: z.string(),
    state: z.enum(["waiting", "running", "done", "failed", "stopped"]),
    everyMs: z.int().describe("Between two runs; 0: once."),
    folders: z.int(),
    foldersDone: z.int(),
    added: z.int(),
    known: z.int().describe("Messages that had come before."),
    left: z.array(z.string()).describe("What could not be taken, in sentences."),
    trouble: z.string().nullable(),
    nextAt: time.nullable(),
    createdAt: time,
  })
  .meta({ id: "Import" });

const shown = ({ id, settings, state, progress, nextAt, createdAt }: Import): z.input<typeof ImportShown> => ({
  id,
  host: settings.host,
  user: settings.user,
  state,
  everyMs: settings.everyMs,
  folders: progress.folders,
  foldersDone: progress.foldersDone,
  added: progress.added,
  known: progress.known,
  left: [...progress.left],
  trouble: progress.trouble ?? null,
  nextAt: nextAt === undefined ? null : at(nextAt),
  createdAt: at(createdAt),
});

const theImport: Param<Import> = {
  schema: z
    .string()
    .regex(/^\d{1,15}$/)
    .describe("The number of an import."),
  find: async (text, actor, world) => {
    const [found] = await world.store.imports({ id: Number(text) });
    if (found === undefined) return undefined;
    return (await accountOf(String(found.account), actor, world)) === undefined ? undefined : found;
  },
};

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/accounts/{account}/imports",
    summary: "Imports of an account, and how far they are.",
    area: "imports",
    who: "user",
    params: { account: theAccount },
    answer: z.object({ items: z.array(ImportShown) }),
    run: async ({ account }, { store }) => ({ items: (await store.imports({ account: account.id })).map(shown) }),
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/imports",
    summary:
      "Bring the mail of an account on another IMAP server; it runs by itself, and what has come is not brought again.",
    area: "imports",
    who: "user",
    params: { account: theAccount },
    body: z.strictObject({
      host: z.string().min(1).max(253),
      port: z.int().min(1).max(65_535).default(993),
      tls: z
        .enum(["implicit", "starttls"])
        .default("implicit")
        .describe("implicit: from the beginning, as on port 993; starttls: as on port 143."),
      user: z.string().min(1).max(330),
      password: z.string().min(1).max(1000),
      folders: z.array(z.string().max(1000)).max(1000).optional().describe("Only these; all by default."),
      anyCertificate: z
        .boolean()
        .default(false)
        .describe("Do not check its certificate: for a server of your own whose certificate is self-signed or over."),
      everyMs: z.int().min(0).max(86_400_000).default(0).describe("Keep in step, every so often; 0: once."),
    }),
    answer: ImportShown,
    status: 201,
    refuses: ["conflict"],
    run: async ({ account, body }, { store, now, imports }) => {
      if (imports === undefined) return conflict("Imports need the running server.");
      const refusal = await imports.refusalOf(body.host);
      if (refusal !== undefined) return wrongField("/host", refusal);
      const { password, folders, everyMs, ...rest } = body;
      const settings = {
        ...rest,
        everyMs: everyMs === 0 ? 0 : Math.max(everyMs, 60_000),
        ...(folders === undefined ? {} : { folders }),
      };
      const made = { account: account.id, settings, secret: password, state: "waiting", progress: noProgress } as const;
      const id = await store.putImport({ ...made, nextAt: now(), createdAt: now() });
      if (typeof id !== "number") return conflict("There are too many imports: remove some first.");
      const one = { ...made, id, nextAt: now(), createdAt: now() };
      imports.run(one).catch(() => {});
      return new Created(shown(one), `/imports/${id}`);
    },
  }),
  route({
    method: "GET",
    path: "/imports/{import}",
    summary: "One import, and how far it is.",
    area: "imports",
    who: "user",
    params: { import: theImport },
    answer: ImportShown,
    run: async (given) => shown(given.import),
  }),
  route({
    method: "POST",
    path: "/imports/{import}/run",
    summary: "Run an import again now; what has come is not brought again.",
    area: "imports",
    who: "user",
    params: { import: theImport },
    body: z
      .strictObject({
        password: z.string().min(1).max(1000).optional().describe("Where it is another one by now, or is not kept."),
      })
      .default({}),
    answer: ImportShown,
    refuses: ["conflict"],
    run: async (given, { imports, store }) => {
      const one = { ...given.import, secret: given.body.password ?? given.import.secret };
      if (imports === undefined) return conflict("Imports need the running server.");
      if (one.state === "running") return conflict("It runs already.");
      if (one.secret === "")
        return conflict("Its password is not kept: send it again. What has come is not brought again.");
      if (given.body.password !== undefined) await store.changeImport(one.id, { secret: one.secret });
      imports.run(one).catch(() => {});
      return shown({ ...one, state: "running" });
    },
  }),
  route({
    method: "POST",
    path: "/imports/{import}/stop",
    summary: "Stop an import for now; run it again, and it goes on where it was.",
    area: "imports",
    who: "user",
    params: { import: theImport },
    answer: ImportShown,
    refuses: ["conflict"],
    run: async ({ import: one }, { store, imports }) => {
      if (one.state !== "running" && one.state !== "waiting") return conflict("It does not run.");
      await imports?.halt(one.id);
      const now = async () => (await store.imports({ id: one.id }))[0] ?? one;
      // It may have come to its end just now.
      if ((await now()).state !== "done") await store.changeImport(one.id, { state: "stopped", nextAt: undefined });
      return shown(await now());
    },
  }),
  route({
    method: "DELETE",
    path: "/imports/{import}",
    summary: "Stop an import and forget its password; what has come stays.",
    area: "imports",
    who: "user",
    params: { import: theImport },
    run: async (given, { store, imports }) => {
      await imports?.halt(given.import.id);
      await store.removeImport(given.import.id);
      return undefined;
    },
  }),
];
