/** In and out: mail from another server or from files, and everything of an account into files. */
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { quiet } from "../base/log.ts";
import { parseDuration } from "../base/units.ts";
import { type MailFormat, mailFormats } from "../carry/account-file.ts";
import { type ExportPorts, exportAccount } from "../carry/export.ts";
import { exportDirectory, exportTenant } from "../carry/export-directory.ts";
import { importAccount } from "../carry/import-account.ts";
import { importExport } from "../carry/import-export.ts";
import { type FilesImported, importFiles } from "../carry/import-files.ts";
import { CannotCarry, type PutPorts } from "../carry/put.ts";
import { ImportRunner, noProgress } from "../carry/runner.ts";
import type { Import, ImportProgress, ImportSettings } from "../store/carry-store.ts";
import { name, withAccount } from "./account-commands.ts";
import { type Command, command, done, no, type Outcome, type Progress, time, type World } from "./command.ts";
import { badDomain, findDomain, readAddress, readDomain } from "./names.ts";
import { passwordOf, passwordThere } from "./password-there.ts";

const putPorts = ({ store, factsOf: elsewhere }: World): PutPorts => ({ store, factsOf: elsewhere ?? factsOf });

/** How passwords that wait to be hashed are hashed now, where that can be. */
export const raiseOf = ({ sealed }: World): ExportPorts["raise"] =>
  sealed === undefined ? undefined : (credential) => sealed.raise(credential);

/** The server's, or one for this command alone. */
const runnerOf = (world: World): ImportRunner =>
  world.imports ??
  new ImportRunner({ ...putPorts(world), store: world.store, guard: undefined, now: world.now, log: quiet });

/** What cannot go on is a sentence; what has come stays. */
async function carried(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CannotCarry) return no(error.message);
    throw error;
  }
}

const files = (tell: Progress) => {
  let told = -1;
  return ({ added, known }: FilesImported): void => {
    if (added + known - told < 500) return;
    told = added + known;
    tell(`${added} messages, ${known} were here`);
  };
};

const shown = ({ id, settings, state, progress, nextAt, createdAt }: Import, account: string | undefined) => ({
  id,
  account,
  from: `${settings.user} at ${settings.host}`,
  state,
  every: settings.everyMs === 0 ? undefined : `${settings.everyMs / 60_000} min`,
  folders: `${progress.foldersDone} of ${progress.folders}`,
  added: progress.added,
  known: progress.known,
  left: progress.left,
  trouble: progress.trouble,
  endedAt: time(progress.endedAt),
  nextAt: time(nextAt),
  createdAt: time(createdAt),
});

async function byId({ store }: World, id: number, act: (one: Import) => Promise<Outcome>): Promise<Outcome> {
  const [one] = await store.imports({ id });
  return one === undefined ? no(`There is no import ${id}. See them all: angarium import list`) : act(one);
}

const words = ({ foldersDone, folders, added, known }: ImportProgress): string =>
  `${foldersDone} of ${folders} folders, ${added} messages, ${known} were here`;

const id = { type: "number", placed: true, required: true, help: "its number in import list" } as const;

export const carryCommands: readonly Command[] = [
  command(
    "import imap",
    "Bring the mail of an account on another server: once, or (--keep) again and again. What has come is not brought again.",
    {
      name,
      host: { type: "text", required: true, help: "the IMAP server" },
      port: { type: "number", help: "993, or 143 without --tls implicit" },
      tls: { type: "text", choices: ["implicit", "starttls", "none"], help: "implicit by default" },
      user: { type: "text", help: "the name there; the account's by default" },
      ...passwordThere,
      folders: { type: "list", help: "only these folders, as they are called there" },
      keep: { type: "text", help: "keep in step, every so often: 15m" },
      anyCertificate: { type: "flag", help: "do not check the certificate" },
      private: { type: "flag", help: "a server of this machine or of a private network" },
    },
    (given, world, tell) =>
      withAccount(world, given.name, (account) =>
        carried(async () => {
          const password = passwordOf(given);
          if (password === undefined) return no("Give the password there: --password-file FILE, or --password.");
          const everyMs = given.keep === undefined ? 0 : (parseDuration(given.keep) ?? -1);
          if (everyMs !== 0 && everyMs < 60_000)
            return no(`--keep "${given.keep}": write 15m, an hour as 1h; a minute at least.`);
          const tls = (given.tls ?? "implicit") as ImportSettings["tls"];
          const settings: ImportSettings = {
            host: given.host,
            port: given.port ?? (tls === "implicit" ? 993 : 143),
            tls,
            user: given.user ?? account.name,
            everyMs,
            anyCertificate: given.anyCertificate === true,
            ...(given.folders === undefined ? {} : { folders: given.folders }),
            ...(given.private === true ? { privateHost: true } : {}),
          };
          const refusal = given.private === true ? undefined : await runnerOf(world).refusalOf(given.host);
          if (refusal !== undefined) return no(`${refusal} If it is a server of your own, say --private.`);
          const made = {
            account: account.id,
            settings,
            secret: password,
            state: "running",
            progress: noProgress,
          } as const;
          // Due at once: after a restart it goes on by itself.
          const put = await world.store.putImport({ ...made, nextAt: world.now() + 60_000, createdAt: world.now() });
          if (put === "too-many") return no(`${account.name} has too many imports: angarium import remove ID`);
          if (put === "no-account") return no(`${account.name} is gone.`);
          const progress = await runnerOf(world).run({ ...made, id: put, nextAt: undefined, createdAt: 0 }, (one) =>
            tell(words(one)),
          );
          const { added, known, left, folders } = progress;
          return done({ id: put, folders, added, known, left });
        }),
      ),
  ),
  command(
    "import files",
    "Bring mail from mbox files, Maildirs, single messages (EML) or folders of them. What has come is not brought again.",
    {
      name,
      paths: { type: "paths", placed: true, required: true, help: "files or folders" },
      folder: { type: "text", help: "put everything there; by default as the files say, else into INBOX" },
    },
    (given, world, tell) =>
      withAccount(world, given.name, (account) =>
        carried(async () => {
          const about = { account: account.id, paths: given.paths, folder: given.folder };
          return done(await importFiles(about, putPorts(world), files(tell)));
        }),
      ),
  ),
  command(
    "import account",
    "Bring in what angarium export wrote of one account; the account is made where it is missing.",
    {
      folder: { type: "path", placed: true, required: true, help: "the folder with account.json" },
      as: { type: "text", help: "another name for it" },
    },
    (given, world, tell) =>
      carried(async () => {
        const as = given.as === undefined ? undefined : readAddress(given.as);
        if (given.as !== undefined && as === undefined) return no(`--as "${given.as}" is no address.`);
        const ports = { ...putPorts(world), store: world.store, now: world.now };
        const to = as === undefined ? undefined : `${as.local}@${as.domain}`;
        return done(await importAccount(given.folder, to, ports, files(tell)));
      }),
  ),
  command(
    "import domain",
    "Bring in all that angarium export wrote of a domain, of a tenant or of everybody: domains, accounts with their mail, aliases, groups, lists. What is here stays as it is; after it broke off, it goes on.",
    { folder: { type: "path", placed: true, required: true, help: "the folder that export wrote" } },
    (given, world, tell) =>
      carried(async () => {
        let told = 0;
        const ports = { ...putPorts(world), store: world.store, now: world.now };
        const came = await importExport(given.folder, ports, ({ account, accounts, of, messages }) => {
          if (messages - told < 500 && accounts < of) return;
          told = messages;
          tell(`${account}: ${accounts} of ${of} accounts, ${messages} messages`);
        });
        return done({
          domains: came.domains.map(({ left: _, ...one }) => one),
          accounts: came.accounts.length,
          created: came.accounts.filter(({ created }) => created).length,
          added: came.added,
          known: came.known,
          left: came.left,
        });
      }),
  ),
  command(
    "import list",
    "Imports from other servers, and how far they are.",
    { account: { type: "text", help: "only this account's" } },
    async ({ account }, world) => {
      const accounts = new Map((await world.store.accounts()).map((one) => [one.id, one.name]));
      const all = await world.store.imports({});
      return done(
        all
          .map((one) => shown(one, accounts.get(one.account)))
          .filter((one) => account === undefined || one.account === account.toLowerCase()),
      );
    },
  ),
  command(
    "import run",
    "Run an import again now, where need be with another password.",
    { id, ...passwordThere },
    (given, world, tell) =>
      byId(world, given.id, (one) =>
        carried(async () => {
          const password = passwordOf(given);
          if (password !== undefined) await world.store.changeImport(one.id, { secret: password });
          const secret = password ?? one.secret;
          if (secret === "")
            return no("Its password is not kept: give it with --password-file. What has come is not brought again.");
          const { added, known, left } = await runnerOf(world).run({ ...one, secret }, (progress) =>
            tell(words(progress)),
          );
          return done({ id: one.id, added, known, left });
        }),
      ),
  ),
  command("import stop", "Stop an import; what has come stays.", { id }, (given, world) =>
    byId(world, given.id, async (one) => {
      await world.imports?.halt(one.id);
      await world.store.changeImport(one.id, { state: "stopped", nextAt: undefined });
      return done({ id: one.id, state: "stopped" });
    }),
  ),
  command("import remove", "Forget an import and its password; what has come stays.", { id }, (given, world) =>
    byId(world, given.id, async (one) => {
      await world.imports?.halt(one.id);
      await world.store.removeImport(one.id);
      return done({ removed: one.id });
    }),
  ),
  command(
    "export",
    "Write everything of an account, of a domain's accounts, or of all into a folder.",
    {
      name: { type: "text", placed: true, help: "an account, or a domain; without it, everybody" },
      to: { type: "path", required: true, help: "the folder; each account gets one of its own in it" },
      format: { type: "text", choices: mailFormats, help: "maildir (by default), mbox or json" },
      tenant: { type: "text", help: "the accounts of this tenant" },
      passwords: {
        type: "flag",
        help: "with the hashes of their passwords, second factors and the keys that sign: they can log in elsewhere as here",
      },
    },
    (given, world, tell) =>
      carried(async () => {
        const { store } = world;
        const all = await store.accounts();
        const domainOf = (account: { readonly name: string }) => account.name.slice(account.name.lastIndexOf("@") + 1);
        let chosen = all;
        // Without one account named: what belongs to the domains themselves goes with them.
        let domains: readonly string[] = [];
        if (given.name?.includes("@")) {
          const address = readAddress(given.name);
          chosen = all.filter((one) => one.name === `${address?.local}@${address?.domain}`);
        } else if (given.name !== undefined) {
          const domain = readDomain(given.name);
          if (domain === undefined) return badDomain(given.name);
          if ((await findDomain(store, domain)) !== undefined) domains = [domain];
        } else if (given.tenant === undefined) domains = (await store.domains()).map(({ name }) => name);
        if (given.tenant !== undefined) {
          const theirs = await exportTenant(given.tenant, given.to, store);
          if (theirs === undefined) return no(`There is no tenant ${given.tenant}.`);
          domains = given.name === undefined ? theirs : domains.filter((one) => theirs.includes(one));
          chosen = chosen.filter((one) => theirs.includes(domainOf(one)));
        } else if (given.name === undefined)
          for (const { name } of await store.tenants()) await exportTenant(name, given.to, store);
        if (!given.name?.includes("@")) {
          const wanted = new Set(domains);
          chosen = chosen.filter((one) => wanted.has(domainOf(one)));
        }
        for (const domain of domains)
          await exportDirectory(domain, given.to, { keys: given.passwords === true }, store);
        if (chosen.length === 0 && domains.length > 0) return done([]);
        if (chosen.length === 0) return no("There is no such account. See them all: angarium account list");
        const about = { format: (given.format ?? "maildir") as MailFormat, passwords: given.passwords === true };
        const ports = { store, raise: raiseOf(world) };
        const exported = [];
        for (const account of chosen) {
          let told = 0;
          exported.push(
            await exportAccount(account, given.to, about, ports, (messages, total) => {
              if (messages - told < 500) return;
              told = messages;
              tell(`${account.name}: ${messages} of ${total} messages`);
            }),
          );
        }
        return done(chosen.length === 1 ? exported[0] : exported);
      }),
  ),
];
