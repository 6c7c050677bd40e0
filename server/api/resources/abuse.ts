/** The abuse desk: what people write to abuse@ about mail of ours, and strikes against tenants (docs/abuse.md). */
import { z } from "zod";
import { followed } from "../../admin/abuse-commands.ts";
import { type Ticket as StoredTicket, ticketStates } from "../../store/tickets-store.ts";
import { defaultAbuseSettings } from "../../uphold/settings.ts";
import { type ShownTicket, shownStrike, shownTicket } from "../../uphold/ticket-words.ts";
import { conflict, notFound } from "../problem.ts";
import { type ApiWorld, Created, list, type Param, page, paged, type Route, route, time } from "../route.ts";
import { sendingIsOff } from "../sending-tenant.ts";

const state = z.enum(ticketStates);
const reason = z.string().min(1).max(400).describe("Why, for the tenant to read.");

const Ticket = z
  .object({
    id: z.int(),
    state,
    late: z.boolean().describe("It waits for longer than it should."),
    subject: z.string(),
    sender: z.string().describe("Tenant and account that it is about, as far as they are known."),
    form: z.string().describe("arf, x-arf, spamcop, spamhaus or letter."),
    kind: z.string().describe("What the reporter calls it."),
    reporter: z.string(),
    reference: z.string().nullable().describe("The reporter's number of the case."),
    openedAt: time,
    answerBy: time.nullable().describe("null: it has been answered."),
    latestAt: time,
    count: z.int().describe("How many reports came."),
    tenant: z.string(),
    account: z.string(),
    recipient: z.string(),
    campaign: z.string(),
    message: z.string().describe("GET /journeys/{journey}; empty where it was not found."),
    sentAt: time.nullable(),
    proof: z.string().describe("How it is known whose mail it is."),
    strike: z.int().nullable().describe("The strike that it led to."),
    notes: z.array(z.object({ at: time, by: z.string(), text: z.string() })),
    evidence: z
      .array(
        z.object({
          at: time,
          mail: z.string().describe("Our id of the mail to abuse@."),
          form: z.string(),
          kind: z.string(),
          reporter: z.string(),
          authentic: z.boolean().nullable().describe("The reporter's domain stands for it; null: not checked."),
          sourceIp: z.string().nullable(),
          reference: z.string().nullable(),
          subject: z.string(),
          text: z.string(),
          header: z.string().describe("Of the message that it is about."),
        }),
      )
      .describe("The first reports that came."),
  })
  .meta({ id: "Ticket" });
const Listed = Ticket.omit({ notes: true, evidence: true }).meta({ id: "ListedTicket" });
const Strike = z
  .object({
    id: z.int(),
    tenant: z.string(),
    state: z.enum(["in force", "expired", "lifted"]),
    at: time,
    expiresAt: time,
    reason: z.string(),
    by: z.string(),
    ticket: z.int().nullable(),
    liftedBy: z.string().nullable(),
    liftedBecause: z.string().nullable(),
  })
  .meta({ id: "Strike" });
const Followed = z
  .object({
    strikes: z.int().describe("In force now."),
    measure: z.enum(["none", "warn", "limit", "suspend"]),
    sentence: z.string().describe("What the tenant reads."),
    told: z.array(z.string()).describe("Who got a letter."),
    warning: z.string().optional(),
  })
  .meta({ id: "StrikeFollowed" });
const Given = Followed.extend({ strike: z.int() }).meta({ id: "StrikeGiven" });

const shown = (ticket: StoredTicket, { desk, now }: ApiWorld): ShownTicket =>
  shownTicket(ticket, desk?.answerWithinMs ?? defaultAbuseSettings.answerWithinMs, now());
const number = (what: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .describe(`The number of a ${what}.`);
const theTicket: Param<StoredTicket> = {
  schema: number("ticket"),
  find: async (text, _actor, { store }) => (await store.tickets({ id: Number(text), limit: 1 }))[0],
};
const theStrike: Param<number> = { schema: number("strike"), find: async (text) => Number(text) };

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/abuse/tickets",
    summary: "What was written to abuse@, the newest first.",
    area: "sending",
    who: "platform",
    query: z.object({
      ...page,
      state: state.optional().describe("Only these."),
      tenant: z.string().max(100).optional().describe("Only about this tenant's mail."),
    }),
    answer: list(Listed),
    run: async ({ query: { limit, cursor, state: wanted, tenant } }, world) => {
      const rows = await world.store.tickets({
        limit: limit + 1,
        ...(wanted === undefined ? {} : { state: wanted }),
        ...(tenant === undefined ? {} : { tenant }),
        ...(cursor === undefined ? {} : { before: Number(cursor) || 0 }),
      });
      return paged(
        rows,
        limit,
        ({ id }) => String(id),
        (row) => {
          const { notes: _, evidence: __, ...rest } = shown(row, world);
          return rest;
        },
      );
    },
  }),
  route({
    method: "GET",
    path: "/abuse/tickets/{ticket}",
    summary: "One ticket with all that is known, and the evidence.",
    area: "sending",
    who: "platform",
    params: { ticket: theTicket },
    answer: Ticket,
    run: async ({ ticket }, world) => shown(ticket, world),
  }),
  route({
    method: "PATCH",
    path: "/abuse/tickets/{ticket}",
    summary: "Says how a ticket stands, whose mail it is about, or notes something.",
    area: "sending",
    who: "platform",
    params: { ticket: theTicket },
    body: z
      .strictObject({
        state: state.optional(),
        tenant: z.string().max(100).optional().describe("Whose mail it is about."),
        account: z.string().max(330).optional().describe("The account that sent it."),
        note: z.string().max(2_000).optional().describe("What was found or done."),
      })
      .refine((body) => Object.keys(body).length > 0, "Say what changes."),
    answer: Ticket,
    refuses: ["not-found"],
    run: async ({ ticket, body, actor }, world) => {
      const change = { ...body, by: actor.account.name };
      if (!(await world.store.changeTicket(ticket.id, change, world.now()))) return notFound();
      return shown((await world.store.tickets({ id: ticket.id, limit: 1 }))[0] ?? ticket, world);
    },
  }),
  route({
    method: "POST",
    path: "/abuse/tickets/{ticket}/uphold",
    summary: "It is right: its tenant gets a strike, and it is closed.",
    area: "sending",
    who: "platform",
    params: { ticket: theTicket },
    body: z.strictObject({ reason: reason.optional() }),
    answer: Given,
    refuses: ["conflict", "sending-off"],
    run: async ({ ticket, body, actor, audit }, { desk }) => {
      if (desk === undefined) return sendingIsOff();
      audit.target = ticket.concerned.tenant;
      const answer = await desk.uphold(ticket.id, { reason: body.reason, by: actor.account.name });
      return "why" in answer ? conflict(answer.why) : { strike: answer.strike, ...followed(answer) };
    },
  }),
  route({
    method: "GET",
    path: "/abuse/strikes",
    summary: "Strikes against tenants, the latest first.",
    area: "sending",
    who: "platform",
    query: z.object({ tenant: z.string().max(100).optional().describe("Only against this one.") }),
    answer: z.object({ items: z.array(Strike) }),
    run: async ({ query: { tenant } }, { store, now }) => ({
      items: (await store.strikes({ limit: 1000, ...(tenant === undefined ? {} : { tenant }) })).map((one) =>
        shownStrike(one, now()),
      ),
    }),
  }),
  route({
    method: "POST",
    path: "/abuse/strikes",
    summary: "Gives a tenant a strike: one warns, two limit its sending, three suspend it.",
    area: "sending",
    who: "platform",
    body: z.strictObject({ tenant: z.string().min(1).max(100), reason }),
    answer: Given,
    status: 201,
    refuses: ["conflict", "sending-off"],
    run: async ({ body: { tenant, reason: why }, actor, audit }, { desk }) => {
      if (desk === undefined) return sendingIsOff();
      audit.target = tenant;
      const answer = await desk.strike(tenant, { reason: why, by: actor.account.name });
      if ("why" in answer) return conflict(answer.why);
      return new Created({ strike: answer.strike, ...followed(answer) }, `/abuse/strikes?tenant=${tenant}`);
    },
  }),
  route({
    method: "POST",
    path: "/abuse/strikes/{strike}/lift",
    summary: "Takes a strike back; what it led to ends where no others ask for it.",
    area: "sending",
    who: "platform",
    params: { strike: theStrike },
    body: z.strictObject({ reason }),
    answer: Followed,
    refuses: ["not-found", "sending-off"],
    run: async ({ strike, body, actor, audit }, { desk }) => {
      if (desk === undefined) return sendingIsOff();
      audit.target = `strike ${strike}`;
      const answer = await desk.lift(strike, { reason: body.reason, by: actor.account.name });
      return answer === undefined ? notFound(`There is no strike ${strike} in force.`) : followed(answer);
    },
  }),
];
