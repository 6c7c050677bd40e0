import { maxPasswordChars } from "../../protocol/sasl/prep.ts";
import { generatePassword, makeCredential, type NewCredential } from "../access/password.ts";
import type { Account, Instant, StoreWriter } from "../store/store.ts";
import { type Command, command, done, no, type Outcome, time, type World } from "./command.ts";
import {
  badAddress,
  badDomain,
  findAccount,
  findDomain,
  noAccount,
  noDomain,
  readAddress,
  readDomain,
} from "./names.ts";

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

/**
 * Makes an account with its first mailboxes. The credential is made already (`makeCredential`): hashing takes its time, and
 * many test accounts may share one.
 */
export async function addAccount(
  store: Pick<StoreWriter, "createAccount">,
  account: {
    readonly name: string;
    readonly displayName?: string;
    readonly role?: "user" | "admin";
    readonly quotaBytes?: number;
  },
  credential: NewCredential,
  at: Instant,
): Promise<{ readonly kind: "done"; readonly account: Account } | { readonly kind: "refused"; readonly why: string }> {
  const address = readAddress(account.name);
  if (address === undefined) return badAddress(account.name) as { kind: "refused"; why: string };
  const name = `${address.local}@${address.domain}`;
  const { displayName = "", role = "user", quotaBytes = 0 } = account;
  const made = await store.createAccount({ name, displayName, role, quotaBytes }, [credential], at);
  if (made.kind === "done") return made;
  if (made.kind === "no-domain") return noDomain(address.domain) as { kind: "refused"; why: string };
  return {
    kind: "refused",
    why: `${name} is an account or alias already. Look: angarium account list, angarium alias list`,
  };
}

const badPassword = (text: string): boolean => text === "" || text.length > maxPasswordChars || /[\0\r\n]/.test(text);

/** The account typed, or a sentence. */
export async function withAccount(
  world: World,
  typed: string,
  act: (account: Account) => Promise<Outcome>,
): Promise<Outcome> {
  const account = await findAccount(world.store, typed);
  return account === undefined ? noAccount(typed) : act(account);
}

/** Somebody must be left who can administer. */
async function isLastAdministrator(world: World, account: Account): Promise<boolean> {
  if (account.role !== "admin" || account.disabled) return false;
  const all = await world.store.accounts({ role: "admin" });
  return !all.some((one) => one.role === "admin" && !one.disabled && one.id !== account.id);
}
const lastAdministrator = (account: Account): Outcome =>
  no(`${account.name} is the last administrator. Make another first: angarium account role NAME admin`);

const setDisabled = (verb: "disable" | "enable", help: string): Command =>
  command(`account ${verb}`, help, { name }, (given, world) =>
    withAccount(world, given.name, async (account) => {
      const disabled = verb === "disable";
      if (disabled && (await isLastAdministrator(world, account))) return lastAdministrator(account);
      await world.store.updateAccount(account.id, { disabled });
      return done({ name: account.name, disabled });
    }),
  );

export const accountCommands: readonly Command[] = [
  command(
    "account add",
    "Make an account: somebody with a password and mailboxes.",
    {
      name,
      password,
      displayName: { type: "text", help: "the person's name" },
      admin: { type: "flag", help: "may administer the server" },
      quota: { type: "bytes", help: "how much mail it may keep, like 5G; none by default" },
    },
    async ({ name, password, displayName, admin, quota }, { store, now }) => {
      if (password !== undefined && badPassword(password))
        return no("The password is empty, too long, or holds line ends.");
      const address = readAddress(name);
      if (address === undefined) return badAddress(name);
      const domain = await findDomain(store, address.domain);
      if (domain === undefined) return noDomain(address.domain);
      if (domain.kind === "relay")
        return no(`${domain.name} is a relay domain: its people have their mail on another server.`);
      const secret = password ?? generatePassword();
      const credential = await makeCredential(secret, now());
      const account = {
        name,
        displayName: displayName ?? "",
        role: admin ? "admin" : "user",
        quotaBytes: quota ?? 0,
      } as const;
      const made = await addAccount(store, account, credential, now());
      if (made.kind === "refused") return made;
      return done({ ...shown(made.account), ...(password === undefined ? { password: secret } : {}) });
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
  command("account password", "Set a new password.", { name, password }, (given, world) =>
    withAccount(world, given.name, async (account) => {
      if (given.password !== undefined && badPassword(given.password))
        return no("The password is empty, too long, or holds line ends.");
      const secret = given.password ?? generatePassword();
      await world.store.putCredential(account.id, await makeCredential(secret, world.now()));
      return done({ name: account.name, ...(given.password === undefined ? { password: secret } : {}) });
    }),
  ),
  setDisabled("disable", "Let an account log in no more; its mail still arrives."),
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
    "Remove an account and all its mail, for ever.",
    { name, yes: { type: "flag", help: "really" } },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        if (await isLastAdministrator(world, account)) return lastAdministrator(account);
        if (!given.yes)
          return no(
            `This removes ${account.usedMessages} messages of ${account.name} for ever. If you mean it, add --yes.`,
          );
        await world.store.removeAccount(account.id);
        return done({ removed: account.name });
      }),
  ),
];
