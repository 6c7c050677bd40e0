import { generatePassword, makeCredential } from "../access/password.ts";
import { scheduledOf, takeBackScheduled } from "../scheduled/scheduled.ts";
import type { Account } from "../store/store.ts";
import { type Command, command, done, no, type Outcome, time, type World } from "./command.ts";
import { removeByHand } from "./deletion-commands.ts";
import { columns, type Imported, importAccounts } from "./import-accounts.ts";
import { badDomain, findAccount, noAccount, readDomain } from "./names.ts";
import { handedOverInWords, handOver } from "./namings.ts";
import {
  badPassword,
  hostedDomain,
  isLastAdministrator,
  lastAdministrator,
  lockPerson,
  makePerson,
  renamePerson,
} from "./people.ts";

export const name = {
  type: "text",
  placed: true,
  required: true,
  help: "the account's address, like anna@example.org",
} as const;
const password = { type: "text", help: "the password; without it one is made and printed" } as const;

const shown = (account: Account) => ({
  name: account.name,
  displayName: account.displayName,
  role: account.role,
  disabled: account.disabled,
  quotaBytes: account.quotaBytes,
  usedBytes: account.usedBytes,
  usedMessages: account.usedMessages,
  createdAt: time(account.createdAt),
});

/** The account typed, or a sentence. */
export async function withAccount(
  world: World,
  typed: string,
  act: (account: Account) => Promise<Outcome>,
): Promise<Outcome> {
  const account = await findAccount(world.store, typed);
  return account === undefined ? noAccount(typed) : act(account);
}

const setDisabled = (verb: "disable" | "enable", help: string): Command =>
  command(`account ${verb}`, help, { name }, (given, world) =>
    withAccount(world, given.name, async (account) => {
      const disabled = verb === "disable";
      if (disabled && (await isLastAdministrator(world, account))) return lastAdministrator(account);
      await world.store.updateAccount(account.id, { disabled });
      return done({ name: account.name, disabled });
    }),
  );

/** Whose mailbox it is in, and who has put it off, by name where that is somebody else. */
async function namedScheduled(store: World["store"], account: Account) {
  const found = await scheduledOf(store, account.id);
  const others = new Set(found.flatMap(({ mailbox, by }) => [mailbox, by]).filter((id) => id !== account.id));
  const names = new Map<number, string | undefined>();
  for (const id of others) names.set(id, (await store.accounts({ id }))[0]?.name);
  return found.map(({ mailbox, by, ...shown }) => ({ ...shown, mailbox: names.get(mailbox), by: names.get(by) }));
}

export const accountCommands: readonly Command[] = [
  command(
    "account add",
    "Make an account: somebody with a password and mailboxes.",
    {
      name,
      password,
      passwordHash: {
        type: "text",
        help: "a hash (argon2id, PHC format) that another system kept, instead of a password",
      },
      displayName: { type: "text", help: "the person's name" },
      admin: { type: "flag", help: "may administer the server" },
      quota: { type: "bytes", help: "how much mail it may keep, like 5G; none by default" },
    },
    async ({ name, password, passwordHash, displayName, admin, quota }, world) => {
      const role = admin ? "admin" : "user";
      const made = await makePerson(world, { name, password, passwordHash, displayName, role, quotaBytes: quota });
      if (made.kind === "refused") return made;
      return done({ ...shown(made.account), ...(made.password === undefined ? {} : { password: made.password }) });
    },
  ),
  command(
    "account list",
    "All accounts, or those of one domain.",
    { domain: { type: "text", help: "only this domain" } },
    async ({ domain }, { store }) => {
      const only = domain === undefined ? undefined : readDomain(domain);
      if (domain !== undefined && only === undefined) return badDomain(domain);
      const all = await store.accounts();
      return done(all.filter((one) => only === undefined || one.name.endsWith(`@${only}`)).map(shown));
    },
  ),
  command("account show", "One account, its passwords (not what they are) and addresses.", { name }, (given, world) =>
    withAccount(world, given.name, async (account) => {
      const credentials = await world.store.credentials(account.id);
      const addresses = await world.store.addresses({ account: account.id });
      return done({
        ...shown(account),
        credentials: credentials.map(({ id, kind, label, createdAt, expiresAt, scramSha256 }) => ({
          id,
          kind,
          label,
          scram: scramSha256 !== "",
          createdAt: time(createdAt),
          expiresAt: time(expiresAt),
        })),
        addresses: addresses.map(({ local, domain }) => `${local}@${domain}`),
      });
    }),
  ),
  command(
    "account rename",
    "Give an account another address: mail, passwords and mailboxes stay; the old address goes on as an alias of it.",
    { name, to: { type: "text", placed: true, required: true, help: "the new address" } },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const home = await hostedDomain(world, account.name.slice(account.name.lastIndexOf("@") + 1));
        if (home === undefined) return noAccount(given.name);
        const hosted = { ...account, domain: home.name, tenant: home.tenant };
        const renamed = await renamePerson(world, hosted, given.to);
        return renamed.kind === "refused" ? renamed : done({ name: renamed.name, was: account.name });
      }),
  ),
  command(
    "account lock",
    "Let nobody into an account any more, like that of somebody who has left: its password, app passwords, passkeys, second factor, sessions and tokens end, and open connections with them. What it has put off (mail that waits for its time, in mailboxes of others too) is taken back. Mail to it is taken and kept, and what forwards and answers it goes on. A new password (account password) opens it again.",
    { name },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const locked = await lockPerson(world, account);
        return locked.kind === "refused"
          ? locked
          : done({ name: account.name, locked: true, takenBack: locked.takenBack });
      }),
  ),
  command(
    "account scheduled",
    "What of somebody's mail waits for its time (put off in the webmail or by another JMAP program, in mailboxes of others too): when it goes, and to whom.",
    { name, takeBack: { type: "flag", help: "take all of it back: the letters stay in the mailboxes" } },
    (given, world) =>
      withAccount(world, given.name, async (account) =>
        given.takeBack === true
          ? done({ name: account.name, takenBack: await takeBackScheduled(world.store, account.id, world.now()) })
          : done(await namedScheduled(world.store, account)),
      ),
  ),
  command("account password", "Set a new password.", { name, password }, (given, world) =>
    withAccount(world, given.name, async (account) => {
      if (given.password !== undefined && badPassword(given.password))
        return no("The password is empty, too long, or holds line ends.");
      const secret = given.password ?? generatePassword();
      await world.store.putCredential(account.id, await makeCredential(secret, world.now()));
      return done({ name: account.name, ...(given.password === undefined ? { password: secret } : {}) });
    }),
  ),
  setDisabled(
    "disable",
    "Let an account log in no more; mail to it alone is refused (550 5.2.1) until it is enabled again, and what it has put off comes back to it instead of going.",
  ),
  setDisabled("enable", "Let a disabled account log in again."),
  command(
    "account quota",
    "How much mail an account may keep.",
    { name, quota: { type: "bytes", placed: true, required: true, help: "a size like 5G, or none" } },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        await world.store.updateAccount(account.id, { quotaBytes: given.quota });
        return done({ name: account.name, quotaBytes: given.quota });
      }),
  ),
  command(
    "account role",
    "Who may administer the server.",
    { name, role: { type: "text", placed: true, required: true, choices: ["user", "admin"], help: "user or admin" } },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        if (given.role === "user" && (await isLastAdministrator(world, account))) return lastAdministrator(account);
        await world.store.updateAccount(account.id, { role: given.role as "user" | "admin" });
        return done({ name: account.name, role: given.role });
      }),
  ),
  command(
    "account remove",
    "Remove an account and all its mail; for some days it can come back (angarium deletion undo).",
    {
      name,
      yes: { type: "flag", help: "really" },
      forever: { type: "flag", help: "at once and for ever" },
    },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        if (await isLastAdministrator(world, account)) return lastAdministrator(account);
        return removeByHand(world, "account", account.name, given);
      }),
  ),
  command(
    "account hand-over",
    "Let aliases, groups, mailing lists and catch-alls name another address instead of this one, as when somebody leaves; without another address they name nobody instead, and an alias that led to nobody else goes.",
    {
      name: { type: "text", placed: true, required: true, help: "the address that is named now" },
      to: { type: "text", placed: true, help: "the address that is named then" },
    },
    async (given, world) => {
      const answer = await handOver(world, given.name, given.to, { kind: "all" });
      return "why" in answer ? answer : done(answer);
    },
    handedOverInWords,
  ),
  command(
    "account import",
    "Make many accounts from a CSV file; those that are there already are left alone, so that it can be run again. Exit code 1 where a line could not be used.",
    {
      csv: {
        type: "file",
        placed: true,
        required: true,
        help: `a file with a first line that names its columns: ${columns.join(",")}`,
      },
    },
    async ({ csv }, world, progress) => {
      const found = await importAccounts(world, csv, (name) => hostedDomain(world, name), progress);
      return "why" in found ? found : done(found);
    },
    undefined,
    ({ mistakes }: Imported) => mistakes.length > 0,
  ),
];
