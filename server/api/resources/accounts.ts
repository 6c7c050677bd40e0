/** Accounts: people with a password and mailboxes. */
import { z } from "zod";
import { generatePassword, makeCredential } from "../../access/password.ts";
import { passwordFaults } from "../../access/password-rules.ts";
import { importAccounts } from "../../admin/import-accounts.ts";
import { handOver } from "../../admin/namings.ts";
import {
  badPassword,
  changePerson,
  isLastAdministrator,
  lastAdministrator,
  lockPerson,
  makePerson,
  renamePerson,
} from "../../admin/people.ts";
import { remove } from "../../admin/tenancy.ts";
import type { HostedAccount } from "../../store/hosting.ts";
import { atLeast } from "../actor.ts";
import { addressText } from "../alias.ts";
import { Deletion, shownDeletion } from "../deletion.ts";
import { displayName } from "../display-name.ts";
import { refusal } from "../outcome.ts";
import { domainOf, theAccount, withinOf } from "../params.ts";
import { conflict, forbidden, notFound, wrongField } from "../problem.ts";
import { at, Created, list, page, paged, type Route, route, time } from "../route.ts";

const maxCsvBytes = 16 * 1024 * 1024;

export const Account = z
  .object({
    id: z.int(),
    name: z.string().describe("Login name and primary address."),
    displayName: z.string(),
    domain: z.string(),
    role: z.enum(["user", "admin"]).describe("admin: administers the platform."),
    disabled: z.boolean(),
    quotaBytes: z.int().describe("0: no limit."),
    usedBytes: z.int(),
    usedMessages: z.int(),
    createdAt: time,
  })
  .meta({ id: "Account" });

export const shownAccount = (account: HostedAccount): z.input<typeof Account> => ({
  ...account,
  createdAt: at(account.createdAt),
});

const Naming = z
  .object({
    kind: z.enum(["alias", "group", "list", "catch-all", "filter"]),
    name: z.string().describe("The alias, group or list; the domain of a catch-all; whose filter it is."),
    alone: z.boolean().describe("Mail goes to nobody else by it."),
  })
  .meta({ id: "Naming" });

const quotaBytes = z.int().min(0).describe("0: no limit.");
const password = z.string().min(1).max(1000);

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/accounts",
    summary: "Accounts, by name.",
    area: "accounts",
    who: "domain",
    query: z.object({
      ...page,
      domain: z.string().optional().describe("Only of this domain."),
      tenant: z.string().max(200).optional().describe("Only of this tenant."),
      search: z.string().max(200).optional().describe("Part of an address or of a person's name."),
    }),
    answer: list(Account),
    refuses: ["not-found"],
    run: async ({ actor, query }, world) => {
      const { limit, cursor, search } = query;
      const domain = query.domain === undefined ? undefined : await domainOf(query.domain, actor, world);
      if (query.domain !== undefined && domain === undefined) return notFound("This domain is not here.");
      const within = await withinOf(query.tenant, actor, world);
      if (within === undefined) return notFound("This tenant is not here.");
      const rows = await world.store.hostedAccounts(within, {
        limit: limit + 1,
        after: cursor,
        search,
        domain: domain?.name,
      });
      return paged(rows, limit, ({ name }) => name, shownAccount);
    },
  }),
  route({
    method: "POST",
    path: "/accounts",
    summary: "Make an account.",
    description: "Without password and passwordHash a password is made and told, once.",
    area: "accounts",
    who: "domain",
    body: z.strictObject({
      name: z.string().min(3).max(320).describe("Its address: anna@example.org."),
      displayName: displayName.optional(),
      password: password.optional(),
      passwordHash: z.string().max(500).optional().describe("Argon2id in PHC format, from another system."),
      quotaBytes: quotaBytes.optional(),
      role: z.enum(["user", "admin"]).optional(),
    }),
    answer: Account.extend({ password: z.string().optional().describe("Where it was made here.") }),
    status: 201,
    refuses: ["conflict"],
    run: async ({ actor, body, audit }, world) => {
      if (body.role === "admin" && actor.role !== "platform")
        return forbidden("Administrators of the platform are made by their like.");
      const name = body.name.slice(body.name.lastIndexOf("@") + 1);
      const domain = await domainOf(name, actor, world);
      if (domain === undefined) return wrongField("/name", `The domain ${name.slice(0, 100)} is not here.`);
      const made = await makePerson(world, body);
      if (made.kind === "refused") return refusal(made);
      audit.tenant = domain.tenant;
      audit.target = made.account.name;
      const shown = {
        ...shownAccount(made.account),
        ...(made.password === undefined ? {} : { password: made.password }),
      };
      return new Created(shown, `/accounts/${encodeURIComponent(made.account.name)}`);
    },
  }),
  route({
    method: "POST",
    path: "/accounts/import",
    summary: "Make many accounts from CSV.",
    description:
      "The first line names the columns: address, password, passwordHash, displayName, quota, aliases. What is there already is left alone, so that an import can be sent again.",
    area: "accounts",
    who: "domain",
    maxBodyBytes: maxCsvBytes,
    body: z.strictObject({ csv: z.string().min(1).max(maxCsvBytes) }),
    answer: z.object({
      made: z.int(),
      present: z.int().describe("They were there already."),
      aliases: z.int(),
      passwords: z.array(z.object({ name: z.string(), password: z.string() })).describe("Those that were made here."),
      mistakes: z.array(z.object({ line: z.int(), why: z.string() })),
    }),
    refuses: ["conflict"],
    run: async ({ actor, body, audit }, world) => {
      const found = await importAccounts(
        world,
        body.csv,
        (name) => domainOf(name, actor, world),
        () => {},
      );
      if ("why" in found) return refusal(found);
      audit.target = "import";
      audit.detail = { made: found.made, present: found.present, mistakes: found.mistakes.length };
      return { ...found, passwords: [...found.passwords], mistakes: [...found.mistakes] };
    },
  }),
  route({
    method: "GET",
    path: "/accounts/{account}",
    summary: "One account.",
    area: "accounts",
    who: "user",
    params: { account: theAccount },
    answer: Account,
    run: async ({ account }) => shownAccount(account),
  }),
  route({
    method: "PATCH",
    path: "/accounts/{account}",
    summary: "Change an account.",
    description:
      "Users may change their own display name; the rest is for administrators. With another name (an address in a domain of the same tenant) the one before goes on as an alias.",
    area: "accounts",
    who: "user",
    params: { account: theAccount },
    body: z.strictObject({
      name: z.string().min(3).max(320).optional().describe("Another address; the one before goes on as an alias."),
      displayName: displayName.optional(),
      disabled: z.boolean().optional(),
      quotaBytes: quotaBytes.optional(),
      role: z.enum(["user", "admin"]).optional(),
    }),
    answer: Account,
    refuses: ["conflict"],
    run: async ({ actor, account, body, audit }, world) => {
      const { displayName: _, ...rest } = body;
      const { name, ...change } = body;
      if (Object.keys(rest).length > 0 && !atLeast(actor.role, "domain"))
        return forbidden("You may change your name here; ask an administrator for the rest.");
      if (body.role !== undefined && body.role !== account.role && actor.role !== "platform")
        return forbidden("Administrators of the platform are made by their like.");
      const to = name === undefined || name === account.name ? undefined : name;
      const there = to?.slice(to.lastIndexOf("@") + 1) ?? account.domain;
      if (to !== undefined && (await domainOf(there, actor, world)) === undefined)
        return wrongField("/name", `The domain ${there.slice(0, 100)} is not here.`);
      const answer = await changePerson(world, account, change);
      if (answer.kind === "refused") return refusal(answer);
      if (to !== undefined) {
        const renamed = await renamePerson(world, account, to);
        if (renamed.kind === "refused") return refusal(renamed);
        audit.detail = { ...change, name: renamed.name };
      }
      const fresh = (await world.store.accounts({ id: account.id }))[0];
      return fresh === undefined
        ? notFound()
        : shownAccount({ ...account, ...fresh, domain: fresh.name.slice(fresh.name.lastIndexOf("@") + 1) });
    },
  }),
  route({
    method: "GET",
    path: "/accounts/{account}/deletion",
    summary: "What would go with an account.",
    area: "accounts",
    who: "domain",
    params: { account: theAccount },
    answer: Deletion.shape.takes.extend({ namedBy: z.array(Naming) }),
    run: async ({ actor, account }, { store }) => {
      const takes = await store.deletionTakes("account", account.name);
      if (takes === undefined) return notFound();
      return { ...takes, namedBy: [...(await store.namings(account.name, actor.within))] };
    },
  }),
  route({
    method: "DELETE",
    path: "/accounts/{account}",
    summary: "Delete an account with its mail; it can come back for some days.",
    area: "accounts",
    who: "domain",
    params: { account: theAccount },
    answer: Deletion,
    refuses: ["conflict"],
    run: async ({ actor, account }, world) => {
      if (account.id === actor.account.id) return conflict("You cannot delete yourself.");
      if (await isLastAdministrator(world, account)) return conflict(lastAdministrator(account).why);
      const gone = await remove(world, "account", account.name, actor.account.name, world.undoDays);
      return "why" in gone ? conflict(gone.why) : shownDeletion(gone);
    },
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/password",
    summary: "Set a new password; without one, one is made and told.",
    description: "Whoever changes their own says the old one. All sessions and tokens that the old one began end.",
    area: "accounts",
    who: "user",
    params: { account: theAccount },
    body: z.strictObject({ password: password.optional(), currentPassword: z.string().max(1000).optional() }),
    answer: z.object({ password: z.string().optional().describe("Where it was made here.") }),
    run: async ({ actor, account, body }, world) => {
      if (account.id === actor.account.id) {
        if (body.currentPassword === undefined)
          return wrongField("/currentPassword", "Say your password as it is now.");
        if (!(await world.isPassword(account, body.currentPassword, actor.remote)))
          return wrongField("/currentPassword", "This is not your password.");
        const own = [account.name, account.displayName];
        const faults = body.password === undefined ? [] : await passwordFaults(body.password, own);
        if (faults.length > 0) return wrongField("/password", faults.join(" "));
      }
      if (body.password !== undefined && badPassword(body.password))
        return wrongField("/password", "The password is empty, too long, or holds line ends.");
      const secret = body.password ?? generatePassword();
      await world.store.putCredential(account.id, await makeCredential(secret, world.now()));
      await world.store.webSessionsEnd(account.id, account.id === actor.account.id ? (actor.session ?? "") : "");
      return body.password === undefined ? { password: secret } : {};
    },
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/hand-over",
    summary: "Let another address stand where this account is named: in aliases, groups, mailing lists and catch-alls.",
    description:
      "As when somebody leaves. Without another address they name nobody instead, and an alias that led to nobody else goes. Filters of other people that name it are told and stay as they are.",
    area: "accounts",
    who: "domain",
    params: { account: theAccount },
    body: z.object({ to: addressText.optional().describe("Who stands there then; nobody where nothing is said.") }),
    answer: z.object({ handedOver: z.array(Naming), filters: z.array(z.string()) }),
    refuses: ["validation", "conflict"],
    run: async ({ actor, account, body }, world) => {
      const answer = await handOver(world, account.name, body.to, actor.within);
      return "why" in answer ? refusal(answer) : { handedOver: [...answer.handedOver], filters: [...answer.filters] };
    },
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/lock",
    summary:
      "Let nobody into an account any more: its passwords, devices and sessions end, and what it has put off is taken back. Mail to it goes on; a new password opens it again.",
    description:
      "For somebody who has left: password, app passwords, passkeys, second factor, sessions and tokens end, and open connections with them. What it has put off (mail that waits for its time) is taken back. Mail to it is taken and kept, and what forwards and answers it goes on. A new password opens it again.",
    area: "accounts",
    who: "domain",
    params: { account: theAccount },
    answer: Account,
    refuses: ["conflict"],
    run: async ({ actor, account }, world) => {
      if (account.id === actor.account.id) return conflict("You cannot lock yourself out.");
      const locked = await lockPerson(world, account);
      return locked.kind === "locked" ? shownAccount(account) : conflict(locked.why);
    },
  }),
];
