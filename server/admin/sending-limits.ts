/** How much accounts, domains, tenants and app passwords may send, as administrators see and change it; for the command line and the API alike. */
import { type Bounds, boundNames, type OwnLimits, ownLimitsOf, type Standing, type Used } from "../restrain/limits.ts";
import { limitPrefixes } from "../restrain/restraints.ts";
import type { Account, Credential } from "../store/store.ts";
import { no, type Refused, type World } from "./command.ts";
import { findAccount, findDomain, readDomain } from "./names.ts";

export type Limited =
  | { readonly kind: "account"; readonly name: string; readonly account: Account }
  | { readonly kind: "domain" | "tenant"; readonly name: string; readonly key: string }
  | LimitedPassword;
export type LimitedPassword = {
  readonly kind: "app password";
  /** Of its account. */
  readonly name: string;
  readonly credential: Credential;
};

/** What has this name: an account (anna@example.org), a domain (example.org), or a tenant (acme). */
export async function findLimited(text: string, { store }: Pick<World, "store">): Promise<Limited | Refused> {
  if (text.includes("@")) {
    const account = await findAccount(store, text);
    if (account !== undefined) return { kind: "account", name: account.name, account };
  } else {
    const domain = readDomain(text);
    if (domain !== undefined && (await findDomain(store, domain)) !== undefined)
      return { kind: "domain", name: domain, key: limitPrefixes.domain + domain };
    const tenant = (await store.tenants()).find(({ name }) => name === text.trim().toLowerCase());
    if (tenant !== undefined) return { kind: "tenant", name: tenant.name, key: limitPrefixes.tenant + tenant.id };
  }
  return no(
    `There is no account, domain or tenant "${text.slice(0, 100)}" here. See them: angarium account list, domain list, tenant list`,
  );
}

/** An app password of the account, by its number. */
export async function findAppPassword(
  text: string,
  id: number,
  { store }: Pick<World, "store">,
): Promise<LimitedPassword | Refused> {
  const account = await findAccount(store, text);
  if (account === undefined)
    return no(`There is no account "${text.slice(0, 100)}" here. See them: angarium account list`);
  const credential = (await store.credentials(account.id)).find((one) => one.id === id);
  return credential?.kind === "app-password"
    ? { kind: "app password", name: account.name, credential }
    : no(`${account.name} has no app password ${id}. Look: angarium app-password list ${account.name}`);
}

export type ShownLimits = {
  /** What an administrator has set. */
  readonly own: OwnLimits;
  /** Of an account, where the server runs that counts. */
  readonly now: { readonly standing: Standing; readonly used: Used } | undefined;
};

export async function limitsOf(limited: Limited, { store, restraining }: World): Promise<ShownLimits> {
  if (limited.kind === "app password") return { own: ownLimitsOf(limited.credential.limits), now: undefined };
  if (limited.kind !== "account") return { own: ownLimitsOf(await store.setting(limited.key)), now: undefined };
  const { account } = limited;
  const [row] = await store.restraints({ account: account.id, limit: 1 });
  return { own: ownLimitsOf(row?.limits), now: restraining?.limits.show(account) };
}

/** undefined stays, null is taken away. */
export type LimitChange = { readonly [name in keyof OwnLimits]?: OwnLimits[name] | null | undefined };

export async function changeLimits(limited: Limited, change: LimitChange, world: World): Promise<void> {
  const { store } = world;
  const before = (await limitsOf(limited, world)).own;
  const said = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const after = Object.fromEntries(Object.entries({ ...before, ...said }).filter(([, value]) => value !== null));
  if (limited.kind === "account") await store.restrain(limited.account.id, { limits: after });
  else if (limited.kind === "app password") {
    const { account, id } = limited.credential;
    // One that bounds nothing is none: nothing stands further up that it could be taken back from.
    const bounds = Object.entries(after).filter(([, value]) => value !== 0);
    await store.limitCredential(account, id, bounds.length === 0 ? undefined : Object.fromEntries(bounds));
  } else await store.putSetting(limited.key, Object.keys(after).length === 0 ? undefined : after);
  await world.restraining?.reread();
}

const reasons: { readonly [because in Standing["because"]]: string } = {
  account: "an administrator has said so",
  domain: "its domain's accounts are",
  tenant: "its tenant's accounts are",
  age: "by its age",
  administrator: "it administers the server",
};
const words: { readonly [name in (typeof boundNames)[number]]: string } = {
  messagesPerHour: "messages an hour",
  recipientsPerDay: "recipients a day",
  newRecipientsPerDay: "recipients a day that it has not written to before",
  recipientsPerMessage: "recipients of one message",
};

/** "normal (by its age): 100 messages an hour (12 used), …", or why that is not known. */
export function limitSentence(now: ShownLimits["now"], { restraining }: Pick<World, "restraining">): string {
  if (now === undefined)
    return restraining === undefined
      ? "The server is not running: what an account may send now is not known."
      : "Nothing is limited or counted here: angarium dev does that with --strict.";
  const { standing, used } = now;
  const all = inWords(standing.bounds, used);
  const title = `This account is ${standing.class} (${reasons[standing.because]})`;
  return all === "" ? `${title}, without limits.` : `${title}: ${all}.`;
}

/** What an app password may send beside what its account may, and what of it is used; undefined: what its account may. */
export function appPasswordLimits(
  { account, id, limits }: Credential,
  { restraining }: Pick<World, "restraining">,
): string | undefined {
  const own = ownLimitsOf(limits);
  return inWords(own, restraining?.limits.usedBy(account, id)) || undefined;
}

/** "100 messages an hour (12 used), 50 recipients of one message"; "": nothing is bounded. */
function inWords(bounds: Partial<Bounds>, used: Used | undefined): string {
  const spent = {
    messagesPerHour: used?.messagesLastHour,
    recipientsPerDay: used?.recipientsLastDay,
    newRecipientsPerDay: used?.newRecipientsLastDay,
    recipientsPerMessage: undefined,
  };
  const all = boundNames.flatMap((name) => {
    const bound = bounds[name] ?? 0;
    const count = spent[name];
    return bound === 0 ? [] : [`${bound} ${words[name]}${count === undefined ? "" : ` (${count} used)`}`];
  });
  return all.join(", ");
}
