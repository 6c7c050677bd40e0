/** Making and changing accounts, for the command line and the API alike: what a tenant may have, and who must be left. */
import { isDisplayName, noDisplayName } from "../../protocol/display-name.ts";
import { maxPasswordChars } from "../../protocol/sasl/prep.ts";
import { generatePassword, makeCredential, type NewCredential, parsePhc } from "../access/password.ts";
import { takeBackScheduled } from "../scheduled/scheduled.ts";
import type { HostedAccount, HostedDomain, Tenant, TenantLimits } from "../store/hosting.ts";
import type { Account, Instant, StoreWriter } from "../store/store.ts";
import { no, type Refused, type World } from "./command.ts";
import { badAddress, noDomain, readAddress } from "./names.ts";

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
): Promise<{ readonly kind: "done"; readonly account: Account } | Refused> {
  const address = readAddress(account.name);
  if (address === undefined) return badAddress(account.name);
  const name = `${address.local}@${address.domain}`;
  const { displayName = "", role = "user", quotaBytes = 0 } = account;
  if (!isDisplayName(displayName)) return no(noDisplayName, "displayName");
  const made = await store.createAccount({ name, displayName, role, quotaBytes }, [credential], at);
  if (made.kind === "done") return made;
  if (made.kind === "no-domain") return noDomain(address.domain);
  return {
    kind: "refused",
    why: `${name} is an account or alias already. Look: angarium account list, angarium alias list`,
    field: "name",
  };
}

export type NewPerson = {
  readonly name: string;
  readonly displayName?: string | undefined;
  readonly role?: "user" | "admin" | undefined;
  readonly quotaBytes?: number | undefined;
  /** One of the two; with neither a password is made and told. */
  readonly password?: string | undefined;
  /** Argon2id in PHC string format, from another system. */
  readonly passwordHash?: string | undefined;
};

export const badPassword = (text: string): boolean =>
  text === "" || text.length > maxPasswordChars || /[\0\r\n]/.test(text);

/** A hash that another system made, or a sentence about why it cannot be taken. */
export function readHash(text: string, at: number): NewCredential | Refused {
  if (parsePhc(text) === undefined)
    return no(
      "The password hash must be argon2id in PHC format ($argon2id$v=19$m=…,t=…,p=…$salt$hash).",
      "passwordHash",
    );
  return { kind: "password", label: "", argon2id: text, scramSha256: "", createdAt: at, expiresAt: undefined };
}

export async function tenantOf(world: Pick<World, "store">, id: number): Promise<Tenant | undefined> {
  return id === 0 ? undefined : (await world.store.tenants()).find((tenant) => tenant.id === id);
}

export async function hostedDomain(world: Pick<World, "store">, name: string): Promise<HostedDomain | undefined> {
  return (await world.store.hostedDomains({ kind: "all" }, { limit: 1, domain: name }))[0];
}

/** Why `more` accounts with this quota each are too much for the tenant, or the quota that they get. */
async function withinLimits(
  world: Pick<World, "store">,
  tenantId: number,
  more: number,
  quotaBytes: number | undefined,
): Promise<{ readonly quotaBytes: number } | Refused> {
  const tenant = await tenantOf(world, tenantId);
  if (tenant === undefined) return { quotaBytes: quotaBytes ?? 0 };
  const { limits } = tenant.settings;
  const quota = quotaBytes ?? limits.defaultQuotaBytes ?? 0;
  const counts = await world.store.hostedCounts({ kind: "tenant", tenant: tenant.id });
  if (limits.maxAccounts !== undefined && counts.accounts + more > limits.maxAccounts)
    return no(`The tenant ${tenant.name} may have ${limits.maxAccounts} accounts and has ${counts.accounts}.`);
  const wrong = more * quota === 0 && more > 0 ? needsQuota(tenant.name, limits) : undefined;
  if (wrong !== undefined) return wrong;
  if (limits.maxStorageBytes !== undefined && counts.quotaBytes + more * quota > limits.maxStorageBytes)
    return no(
      `The tenant ${tenant.name} may give ${limits.maxStorageBytes} bytes in all and has given ${counts.quotaBytes}: take a smaller quota.`,
      "quotaBytes",
    );
  return { quotaBytes: quota };
}

const needsQuota = (name: string, { maxStorageBytes }: TenantLimits): Refused | undefined =>
  maxStorageBytes === undefined
    ? undefined
    : no(`The storage of the tenant ${name} is limited: give the account a quota.`, "quotaBytes");

/** Makes an account; `password` is told where it was made here. */
export async function makePerson(
  world: Pick<World, "store" | "now">,
  person: NewPerson,
): Promise<{ readonly kind: "done"; readonly account: HostedAccount; readonly password?: string } | Refused> {
  const { store, now } = world;
  const address = readAddress(person.name);
  if (address === undefined) return { ...badAddress(person.name), field: "name" };
  const domain = await hostedDomain(world, address.domain);
  if (domain === undefined) return { ...noDomain(address.domain), field: "name" };
  if (domain.kind === "relay")
    return no(`${domain.name} is a relay domain: its people have their mail on another server.`, "name");
  if (person.password !== undefined && badPassword(person.password))
    return no("The password is empty, too long, or holds line ends.", "password");
  const limits = await withinLimits(world, domain.tenant, 1, person.quotaBytes);
  if ("kind" in limits) return limits;
  const secret = person.passwordHash === undefined ? (person.password ?? generatePassword()) : "";
  const credential =
    person.passwordHash === undefined ? await makeCredential(secret, now()) : readHash(person.passwordHash, now());
  if (credential.kind === "refused") return credential;
  const { displayName = "", role = "user" } = person;
  const made = await addAccount(store, { name: person.name, displayName, role, ...limits }, credential, now());
  if (made.kind === "refused") return made;
  const account = { ...made.account, domain: domain.name, tenant: domain.tenant };
  const told = person.password === undefined && person.passwordHash === undefined;
  return { kind: "done", account, ...(told ? { password: secret } : {}) };
}

/** Somebody must be left who can administer. */
export async function isLastAdministrator(world: Pick<World, "store">, account: Account): Promise<boolean> {
  if (account.role !== "admin" || account.disabled) return false;
  const all = await world.store.accounts({ role: "admin" });
  return !all.some((one) => one.role === "admin" && !one.disabled && one.id !== account.id);
}
export const lastAdministrator = (account: Account): Refused =>
  no(`${account.name} is the last administrator. Make another first: angarium account role NAME admin`);

/** Gives an account another address in a domain of the same tenant; the one before goes on as an alias. */
export async function renamePerson(
  { store }: Pick<World, "store">,
  account: HostedAccount,
  typed: string,
): Promise<{ readonly kind: "done"; readonly name: string } | Refused> {
  const address = readAddress(typed);
  if (address === undefined) return { ...badAddress(typed), field: "name" };
  const domain = await hostedDomain({ store }, address.domain);
  if (domain === undefined) return { ...noDomain(address.domain), field: "name" };
  if (domain.kind === "relay")
    return no(`${domain.name} is a relay domain: its people have their mail on another server.`, "name");
  if (domain.tenant !== account.tenant)
    return no(
      `${domain.name} belongs to somebody else than ${account.domain}: an account stays with its tenant.`,
      "name",
    );
  const name = `${address.local}@${address.domain}`;
  const answer = await store.renameAccount(account.id, name);
  if (answer === "done") return { kind: "done", name };
  if (answer === "no-domain") return { ...noDomain(address.domain), field: "name" };
  return answer === "missing"
    ? no(`There is no account ${account.name} any more.`)
    : no(`${name} is taken. Look: angarium account list, angarium alias list`, "name");
}

/**
 * Lets nobody in any more: all that opens the account is taken away, and mail to it is taken, kept and passed on as before. What it has put off is
 * taken back: whoever had the account must not write from it still.
 */
export async function lockPerson(
  world: Pick<World, "store" | "now">,
  account: Account,
): Promise<{ readonly kind: "locked"; readonly takenBack: number } | Refused> {
  if (await isLastAdministrator(world, account)) return lastAdministrator(account);
  const { store, now } = world;
  // A password that nobody knows, not none: where there is none a directory would be asked.
  await store.putCredential(account.id, await makeCredential(generatePassword(), now()));
  for (const one of await store.credentials(account.id))
    if (one.kind === "app-password") await store.removeCredential(account.id, one.id);
  await store.removeFactors(account.id, ["totp", "totp-new", "passkey", "recovery", "identity"]);
  await store.webSessionsEnd(account.id, "");
  return { kind: "locked", takenBack: await takeBackScheduled(store, account.id, now()) };
}

/** Changes an account, as far as its tenant's limits and the last administrator allow. */
export async function changePerson(
  world: Pick<World, "store">,
  account: HostedAccount,
  change: {
    readonly displayName?: string | undefined;
    readonly role?: "user" | "admin" | undefined;
    readonly disabled?: boolean | undefined;
    readonly quotaBytes?: number | undefined;
  },
): Promise<{ readonly kind: "done" } | Refused> {
  if (!isDisplayName(change.displayName ?? "")) return no(noDisplayName, "displayName");
  if ((change.disabled === true || change.role === "user") && (await isLastAdministrator(world, account)))
    return lastAdministrator(account);
  if (change.quotaBytes !== undefined && change.quotaBytes !== account.quotaBytes) {
    const tenant = await tenantOf(world, account.tenant);
    const most = tenant?.settings.limits.maxStorageBytes;
    if (tenant !== undefined && most !== undefined) {
      if (change.quotaBytes === 0) return needsQuota(tenant.name, tenant.settings.limits) as Refused;
      const counts = await world.store.hostedCounts({ kind: "tenant", tenant: tenant.id });
      if (counts.quotaBytes - account.quotaBytes + change.quotaBytes > most)
        return no(`The tenant ${tenant.name} may give ${most} bytes in all: take a smaller quota.`, "quotaBytes");
    }
  }
  const set = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const answer = await world.store.updateAccount(account.id, set);
  return answer === "done" ? { kind: "done" } : no(`There is no account ${account.name} any more.`);
}
