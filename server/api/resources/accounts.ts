/** Accounts: people with a password and mailboxes. */
import { z } from "zod";
import type { HostedAccount } from "../../store/hosting.ts";
import { domainOf, theAccount } from "../params.ts";
import { notFound } from "../problem.ts";
import { at, list, page, paged, type Route, route, time } from "../route.ts";

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
      search: z.string().max(200).optional().describe("Part of an address or of a person's name."),
    }),
    answer: list(Account),
    run: async ({ actor, query }, world) => {
      const { limit, cursor, search } = query;
      const domain = query.domain === undefined ? undefined : await domainOf(query.domain, actor, world);
      if (query.domain !== undefined && domain === undefined) return notFound("This domain is not here.");
      const rows = await world.store.hostedAccounts(actor.within, {
        limit: limit + 1,
        after: cursor,
        search,
        domain: domain?.name,
      });
      return paged(rows, limit, ({ name }) => name, shownAccount);
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
];
