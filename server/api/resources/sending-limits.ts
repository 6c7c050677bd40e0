/** How much accounts may send from their own mailboxes; what a domain's and a tenant's accounts may send together. */
import { z } from "zod";
import { changeLimits, type Limited, limitSentence, limitsOf } from "../../admin/sending-limits.ts";
import { stopOfAccount } from "../../admin/stopped-senders.ts";
import { type OwnLimits, sendingClasses } from "../../restrain/limits.ts";
import { limitPrefixes } from "../../restrain/restraints.ts";
import { sumOf } from "../../restrain/score.ts";
import { stopSentence } from "../../restrain/stop.ts";
import type { HostedAccount } from "../../store/hosting.ts";
import { theAccount, theDomain, theTenant } from "../params.ts";
import { type ApiWorld, type Route, route } from "../route.ts";
import { boundOf } from "../sending-bound.ts";

const bound = (what: string) => boundOf(what, "0: no limit. Empty: as its class has it.");
const together = (what: string) => boundOf(`${what}, of all accounts together`, "Empty or 0: no limit.");
const classOf = (whose: string) => z.enum(sendingClasses).nullable().describe(whose);

const ofAccount = {
  class: classOf("What it is taken for. Empty: what its domain or tenant says, else by its age."),
  messagesPerHour: bound("Messages within an hour"),
  recipientsPerDay: bound("Recipients in 24 hours"),
  newRecipientsPerDay: bound("Recipients in 24 hours that it has not written to before"),
  recipientsPerMessage: bound("Recipients of one message"),
};
const ofGroup = {
  class: classOf(
    "What its accounts are taken for, where nothing is said of one. Empty: what is said further up, else by age.",
  ),
  messagesPerHour: together("Messages within an hour"),
  recipientsPerDay: together("Recipients in 24 hours"),
  newRecipientsPerDay: together("Recipients in 24 hours that the account has not written to before"),
  recipientsPerMessage: boundOf("Recipients of one message", "Empty or 0: no limit of its own."),
};

const count = z.int();
const AccountLimits = z
  .object({
    stopped: z.string().nullable().describe("Why it may not send now; null: it may."),
    says: z.string().describe("What holds now, and what of it is used, in a sentence."),
    ...ofAccount,
    holds: z
      .object({
        messagesPerHour: count,
        recipientsPerDay: count,
        newRecipientsPerDay: count,
        recipientsPerMessage: count,
      })
      .nullable()
      .describe("What holds now; 0: no limit. null: nothing is limited or counted on this server."),
    used: z
      .object({ messagesLastHour: count, recipientsLastDay: count, newRecipientsLastDay: count })
      .nullable()
      .describe("Of its own mail; a tenant's mail at volume has quotas of its own."),
  })
  .meta({ id: "AccountSendingLimits" });
const GroupLimits = z.object(ofGroup).meta({ id: "GroupSendingLimits" });

const shownOwn = (own: OwnLimits): z.input<typeof GroupLimits> => ({
  class: own.class ?? null,
  messagesPerHour: own.messagesPerHour ?? null,
  recipientsPerDay: own.recipientsPerDay ?? null,
  newRecipientsPerDay: own.newRecipientsPerDay ?? null,
  recipientsPerMessage: own.recipientsPerMessage ?? null,
});

const limited = (account: HostedAccount): Limited => ({ kind: "account", name: account.name, account });

async function readAccount(account: HostedAccount, world: ApiWorld): Promise<z.input<typeof AccountLimits>> {
  const { own, now } = await limitsOf(limited(account), world);
  const stop = await stopOfAccount(account.id, world);
  return {
    stopped: stop === undefined ? null : stopSentence(stop),
    says: limitSentence(now, world),
    ...shownOwn(own),
    holds: now === undefined ? null : { ...now.standing.bounds },
    used: now === undefined ? null : { ...now.used },
  };
}

const readGroup = async (of: Limited, world: ApiWorld) => shownOwn((await limitsOf(of, world)).own);

async function changeGroup(of: Limited, body: z.output<typeof GroupChange>, world: ApiWorld) {
  await changeLimits(of, body, world);
  return readGroup(of, world);
}

const GroupChange = z.strictObject(ofGroup).partial();
const ofDomain = (name: string): Limited => ({ kind: "domain", name, key: limitPrefixes.domain + name });
const ofTenant = (name: string, id: number): Limited => ({ kind: "tenant", name, key: limitPrefixes.tenant + id });

const Score = z
  .object({
    points: z.int().describe("All together."),
    freezesAt: z.int().describe("From so many on the account may hand in nothing. 0: never."),
    signals: z.array(z.object({ says: z.string(), points: z.int(), signal: z.string() })),
  })
  .meta({ id: "SendingScore" });

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/accounts/{account}/sending-score",
    summary: "What was seen lately of how an account sends, and speaks for its being in wrong hands.",
    area: "accounts",
    who: "user",
    params: { account: theAccount },
    answer: Score,
    run: async ({ account }, { restraining }) => {
      const { signals = [], freezeAt = 0 } = restraining?.score(account) ?? {};
      return {
        points: sumOf(signals),
        freezesAt: freezeAt,
        signals: signals.map(({ says, points, signal }) => ({ says, points, signal })),
      };
    },
  }),
  route({
    method: "GET",
    path: "/accounts/{account}/sending-limits",
    summary: "How much an account may send from its own mailbox, and has sent.",
    area: "accounts",
    who: "user",
    params: { account: theAccount },
    answer: AccountLimits,
    run: ({ account }, world) => readAccount(account, world),
  }),
  route({
    method: "PATCH",
    path: "/accounts/{account}/sending-limits",
    summary: "Change how much an account may send from its own mailbox.",
    area: "accounts",
    who: "platform",
    params: { account: theAccount },
    body: z.strictObject(ofAccount).partial(),
    answer: AccountLimits,
    run: async ({ account, body }, world) => {
      await changeLimits(limited(account), body, world);
      return readAccount(account, world);
    },
  }),
  route({
    method: "GET",
    path: "/domains/{domain}/sending-limits",
    summary: "How much the accounts of a domain may send together.",
    area: "domains",
    who: "domain",
    params: { domain: theDomain },
    answer: GroupLimits,
    run: ({ domain }, world) => readGroup(ofDomain(domain.name), world),
  }),
  route({
    method: "PATCH",
    path: "/domains/{domain}/sending-limits",
    summary: "Change how much the accounts of a domain may send together, and what they are taken for.",
    area: "domains",
    who: "platform",
    params: { domain: theDomain },
    body: GroupChange,
    answer: GroupLimits,
    run: ({ domain, body }, world) => changeGroup(ofDomain(domain.name), body, world),
  }),
  route({
    method: "GET",
    path: "/tenants/{tenant}/sending-limits",
    summary: "How much the accounts of a tenant may send together.",
    area: "tenants",
    who: "tenant",
    params: { tenant: theTenant },
    answer: GroupLimits,
    run: ({ tenant }, world) => readGroup(ofTenant(tenant.name, tenant.id), world),
  }),
  route({
    method: "PATCH",
    path: "/tenants/{tenant}/sending-limits",
    summary: "Change how much the accounts of a tenant may send together, and what they are taken for.",
    area: "tenants",
    who: "platform",
    params: { tenant: theTenant },
    body: GroupChange,
    answer: GroupLimits,
    run: ({ tenant, body }, world) => changeGroup(ofTenant(tenant.name, tenant.id), body, world),
  }),
];
