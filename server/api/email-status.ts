/** What became of an email, as the API shows it, and who may see it. */
import { z } from "zod";
import { type EmailStatus, type RecipientState, recipientStates } from "../inject/status.ts";
import { type Actor, isTest } from "./actor.ts";
import { domainOf } from "./params.ts";
import { type ApiWorld, at, type Param, time } from "./route.ts";
import { tenantsOf } from "./sending-tenant.ts";

const summary = {
  id: z.string(),
  created_at: time,
  from: z.string(),
  to: z.array(z.string()).describe("Everybody that this message is for."),
  subject: z.string().nullable(),
  sandbox: z.boolean().describe("Sent with a test token: nobody got it."),
  scheduled_at: time.nullable(),
  stream: z.string().nullable(),
  campaign: z.string().nullable(),
  tags: z.unknown(),
  metadata: z.unknown(),
  status: z.enum(recipientStates).describe("Of the recipient with the most yet to come."),
  recipients: z.array(z.object({ address: z.string(), status: z.enum(recipientStates), reply: z.string().nullable() })),
} as const;

/** Without its story: for lists. */
export const EmailSummary = z.object(summary).meta({ id: "EmailSummary" });

export const WholeEmail = z
  .object({
    ...summary,
    events: z
      .array(
        z.object({
          at: time,
          type: z.string(),
          recipient: z.string().nullable(),
          detail: z.record(z.string(), z.unknown()).describe("Reply, host, class, when it is tried again."),
        }),
      )
      .describe("What happened, the oldest first."),
  })
  .meta({ id: "Email" });

const rank: readonly RecipientState[] = [
  "scheduled",
  "deferred",
  "queued",
  "bounced",
  "expired",
  "complained",
  "unsubscribed",
  "delivered",
  "canceled",
  "suppressed",
];

/** Of the recipient with the most yet to come. */
export const stateOf = ({ recipients }: EmailStatus): RecipientState =>
  [...recipients].sort((one, other) => rank.indexOf(one.state) - rank.indexOf(other.state))[0]?.state ?? "queued";

export const shownSummary = (id: string, email: EmailStatus): z.input<typeof EmailSummary> => ({
  id,
  created_at: at(email.at),
  from: email.from,
  to: email.recipients.map(({ address }) => address),
  subject: email.subject ?? null,
  sandbox: isOfTest(email),
  scheduled_at: email.sendAt === undefined ? null : at(email.sendAt),
  stream: email.stream ?? null,
  campaign: email.campaign ?? null,
  tags: email.about["tags"] ?? {},
  metadata: email.about["metadata"] ?? {},
  status: stateOf(email),
  recipients: email.recipients.map(({ address, state, reply }) => ({ address, status: state, reply: reply ?? null })),
});

export const shownEmail = (id: string, email: EmailStatus): z.input<typeof WholeEmail> => ({
  ...shownSummary(id, email),
  events: email.steps.map(({ at: when, type, recipient, detail }) => ({
    at: at(when),
    type,
    recipient: recipient ?? null,
    detail,
  })),
});

const isOfTest = ({ about }: EmailStatus): boolean => about["sandbox"] === true;

/** Tests see tests alone: they take back nobody's mail. */
export const mayBeSeen = (email: EmailStatus, actor: Pick<Actor, "scopes">): boolean =>
  !isTest(actor) || isOfTest(email);

async function isTheirs({ account, domain, tenant }: EmailStatus, actor: Actor, world: ApiWorld): Promise<boolean> {
  if (account === actor.account.name || actor.within.kind === "all") return true;
  if ((await domainOf(domain, actor, world)) !== undefined) return true;
  return tenant !== undefined && actor.role !== "user" && (await tenantsOf(actor, world))?.has(tenant) === true;
}

/** An email that the actor's account has sent, or one of an account or a tenant that they administer. */
export const theEmail: Param<{ readonly id: string; readonly email: EmailStatus }> = {
  schema: z
    .string()
    .regex(/^[0-9a-z]{8,40}$/)
    .describe("The id of an email."),
  find: async (id, actor, world) => {
    const email = await world.injection?.status(id);
    if (email === undefined || !mayBeSeen(email, actor)) return undefined;
    return (await isTheirs(email, actor, world)) ? { id, email } : undefined;
  },
};
