/** Who asks, and what part of the world is theirs. */

import { permits } from "../access/scopes.ts";
import { testScope } from "../admin/access.ts";
import type { Grant, TenantId, Within } from "../store/hosting.ts";
import { type AppPassword, scopes } from "../store/security-store.ts";
import type { Account, AccountId, Store } from "../store/store.ts";

/** From the least to the most: everybody may what those before may. */
export const roles = ["user", "domain", "tenant", "platform"] as const;
export type Role = (typeof roles)[number];

export type Actor = {
  readonly account: Account;
  readonly role: Role;
  /** What they administer: nothing for users. */
  readonly within: Within;
  /** Of the domain that the account lives in. */
  readonly tenant: TenantId;
  /** Of the token; undefined: all that the role may. */
  readonly scopes: readonly string[] | undefined;
  readonly by: "basic" | "token" | "cookie";
  /** By an app password, which is good for this (undefined: everything). */
  readonly appPassword?: (AppPassword & { readonly scopes: readonly string[] | undefined }) | undefined;
  /** Hash of the secret of the session or token. */
  readonly session: string | undefined;
  readonly remote: string;
};

/** With a token for tests nothing is sent to anybody, and nothing else is done. */
export const isTest = ({ scopes }: Pick<Actor, "scopes">): boolean => scopes?.includes(testScope) ?? false;

export const atLeast = (role: Role, wanted: Role): boolean => roles.indexOf(role) >= roles.indexOf(wanted);

/** The role of an account with these grants. */
export function roleOf(account: Pick<Account, "role">, grants: readonly Grant[]): Role {
  if (account.role === "admin") return "platform";
  if (grants.some(({ kind }) => kind === "tenant")) return "tenant";
  return grants.length > 0 ? "domain" : "user";
}

function withinOf(role: Role, grants: readonly Grant[]): Within {
  switch (role) {
    case "platform":
      return { kind: "all" };
    case "tenant":
      return { kind: "tenant", tenant: Number(grants.find(({ kind }) => kind === "tenant")?.object) };
    case "domain":
      return { kind: "domains", names: grants.map(({ object }) => object) };
    case "user":
      return { kind: "domains", names: [] };
    default:
      return role satisfies never;
  }
}

export type Standing = Pick<Actor, "role" | "within" | "tenant">;

/** What accounts may, remembered until the directory changes. */
export class Standings implements Disposable {
  readonly #store: Pick<Store, "grants" | "hostedDomains">;
  readonly #known = new Map<AccountId, { readonly standing: Standing; readonly until: number }>();
  readonly #now: () => number;
  readonly #unsubscribe: () => void;

  constructor(store: Pick<Store, "grants" | "hostedDomains" | "subscribe">, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#unsubscribe = store.subscribe((changes) => {
      if (changes.some(({ kind }) => kind === "directory")) this.#known.clear();
    });
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  async of(account: Account): Promise<Standing> {
    const known = this.#known.get(account.id);
    if (known !== undefined && known.until > this.#now()) return known.standing;
    const name = account.name.slice(account.name.lastIndexOf("@") + 1);
    const [grants, domains] = await Promise.all([
      this.#store.grants({ account: account.id }),
      this.#store.hostedDomains({ kind: "all" }, { limit: 1, domain: name }),
    ]);
    const role = roleOf(account, grants);
    const standing = { role, within: withinOf(role, grants), tenant: domains[0]?.tenant ?? 0 };
    if (this.#known.size >= maxStandings) this.#known.clear();
    this.#known.set(account.id, { standing, until: this.#now() + rememberedMs });
    return standing;
  }
}

const rememberedMs = 5_000;
const maxStandings = 10_000;

/** "accounts:read" is given by itself, by "accounts:write", "accounts", "*:read" and "*". */
export function allows(scopes: readonly string[] | undefined, area: string, verb: "read" | "write"): boolean {
  if (scopes === undefined) return true;
  return scopes.some((scope) => {
    const [name, right = "write"] = scope.split(":");
    return (name === "*" || name === area) && (right === verb || right === "write");
  });
}

const mailScopes = scopes.filter((scope) => scope !== "api");

/** Whether the actor may make a token or an app password with these scopes (undefined: everything): none opens more than what made it. */
export function mayHandOn({ scopes: given, appPassword }: Actor, wanted: readonly string[] | undefined): boolean {
  if (given !== undefined) return wanted?.every((scope) => isWithin(scope, given)) ?? false;
  const own = appPassword?.scopes;
  if (own === undefined) return true;
  // It is good for the API, whatever the area; of mail, for the protocols that it names.
  return wanted?.every((scope) => mailScopes.every((one) => !permits([scope], one) || own.includes(one))) ?? false;
}

/**
 * Whether the actor may see and withdraw what signs in to the account, and opens this (undefined: everything). A token is named for it by its
 * area; an app password is good for what it could have made itself. Of others' accounts the role decides.
 */
export const mayWithdraw = (actor: Actor, account: AccountId, opens: readonly string[] | undefined): boolean =>
  actor.account.id !== account || actor.appPassword === undefined || mayHandOn(actor, opens);

function isWithin(scope: string, given: readonly string[]): boolean {
  // As the scope of an app password it is the whole API.
  if (scope === "api") return allows(given, "*", "write");
  const [area = "", right = "write"] = scope.split(":");
  if (allows(given, area, right === "read" ? "read" : "write")) return true;
  return mailScopes.some((one) => one === scope && permits(given, one));
}

/** Whether what may be sent by the actor's app password is limited: what that makes would have no limits. */
export const hasLimits = async ({ account, appPassword }: Actor, store: Pick<Store, "credentials">): Promise<boolean> =>
  appPassword !== undefined &&
  (await store.credentials(account.id)).some(({ id, limits }) => id === appPassword.id && limits !== undefined);

export const outgrown = "What may be sent by this app password is limited: it makes no other way to sign in.";

/** With all that signing in gives: no token that was made for less, and no app password, which lies in programs. */
export const isWhole = ({ scopes, appPassword }: Actor): boolean => scopes === undefined && appPassword === undefined;
