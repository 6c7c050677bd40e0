/** Emails that were sent: looking through them, and sending those that still wait at another time. */
import { z } from "zod";
import { maxDelayMs } from "../../dispatch/sender.ts";
import { type EmailStatus, recipientStates } from "../../inject/status.ts";
import type { JourneyQuery, ProgramQuery } from "../../store/hosting.ts";
import { type Actor, isTest } from "../actor.ts";
import { EmailSummary, mayBeSeen, shownEmail, shownSummary, stateOf, theEmail, WholeEmail } from "../email-status.ts";
import { conflict, wrongField } from "../problem.ts";
import { type ApiWorld, list, page, type Route, route } from "../route.ts";
import { sendingIsOff, tenantsOf } from "../sending-tenant.ts";

/** Of one page. */
const maxPage = 100;
/** Emails that one request looks at for those in a state: a page may be short, and have a next one. */
const maxLookedAt = 1000;
/** Emails whose stories are read at a time. */
const atOnce = 25;

const moment = z.iso.datetime({ offset: true });
const name = z.string().min(1).max(64).optional();
const address = z.string().min(1).max(330).optional();

const Query = z.object({
  limit: z.coerce.number().int().min(1).max(maxPage).default(25),
  cursor: page.cursor,
  status: z.enum(recipientStates).optional().describe("Where it, or one of its recipients, is now."),
  recipient: address.describe("One of those it was for."),
  from: address.describe("Its sender."),
  tag: z.string().min(1).max(600).optional().describe("The name of a tag, or name:value."),
  stream: name,
  campaign: name,
  since: moment.optional().describe("Handed over at this time or later."),
  until: moment.optional().describe("Handed over at this time or before."),
});

/** Whose emails this actor sees; undefined: everybody's. */
async function whose(actor: Actor, world: ApiWorld): Promise<ProgramQuery["by"]> {
  const { within, account, role } = actor;
  if (within.kind === "all") return undefined;
  if (role === "user") return { account: account.name };
  const domains = await world.store.hostedDomains(within, { limit: 100_000 });
  return { domains: domains.map(({ name }) => name), tenants: [...((await tenantsOf(actor, world)) ?? [])] };
}

const time = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));

type Found = { readonly id: string; readonly email: EmailStatus };

/** Reads on until a page is full, all was seen, or enough was looked at. */
async function emailsOf(
  first: JourneyQuery,
  limit: number,
  state: EmailStatus["recipients"][number]["state"] | undefined,
  actor: Actor,
  { store, injection }: ApiWorld,
): Promise<{ readonly found: readonly Found[]; readonly before: number | undefined }> {
  const found: Found[] = [];
  let before = first.before;
  for (let looked = 0; looked < maxLookedAt; looked += atOnce) {
    const { heads, before: next } = await store.journeys({
      ...first,
      before,
      limit: state === undefined && !isTest(actor) ? limit - found.length : atOnce,
    });
    const emails = await Promise.all(
      heads.map(async (head) => {
        const id = String(head.detail["id"]);
        return { id, entry: head.id, email: await injection?.status(id) };
      }),
    );
    for (const { id, email, entry } of emails) {
      if (email === undefined || !mayBeSeen(email, actor)) continue;
      if (state !== undefined && stateOf(email) !== state && !email.recipients.some((one) => one.state === state))
        continue;
      found.push({ id, email });
      // What comes after it on this page is read again.
      if (found.length === limit) return { found, before: entry };
    }
    if (next === undefined) return { found, before: undefined };
    before = next;
  }
  return { found, before };
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/emails",
    summary: "List emails, the newest first.",
    description:
      "Your own, what a tenant sent by SMTP among them; of administrators those of the accounts and tenants that they administer. A page may be short, or empty, and have a next one.",
    area: "emails",
    who: "user",
    query: Query,
    answer: list(EmailSummary),
    refuses: ["sending-off"],
    run: async ({ actor, query }, world) => {
      if (world.injection === undefined) return sendingIsOff();
      const { limit, cursor, status, recipient, from, tag, stream, campaign, since, until } = query;
      const by = await whose(actor, world);
      const own = by !== undefined && "account" in by ? by.account : undefined;
      const { found, before } = await emailsOf(
        {
          key: recipient ?? own ?? from,
          since: time(since),
          until: time(until),
          before: cursor === undefined ? undefined : Number(cursor) || 0,
          limit,
          program: { ...(by === undefined ? {} : { by }), from, recipient, tag, stream, campaign },
        },
        limit,
        status,
        actor,
        world,
      );
      return {
        items: found.map(({ id, email }) => shownSummary(id, email)),
        next: before === undefined ? null : Buffer.from(String(before)).toString("base64url"),
      };
    },
  }),
  route({
    method: "PATCH",
    path: "/emails/{email}",
    summary: "Send an email that waits for its time at another one.",
    description: "A time that has passed sends it now. 409 where its time has come, or where it is taken back.",
    area: "emails",
    who: "user",
    params: { email: theEmail },
    body: z
      .strictObject({ send_at: moment.optional(), scheduled_at: moment.optional().describe("The same as send_at.") })
      .refine(({ send_at, scheduled_at }) => (send_at === undefined) !== (scheduled_at === undefined), {
        message: "Say in send_at when it is to be sent.",
        path: ["send_at"],
      }),
    answer: WholeEmail,
    refuses: ["conflict", "sending-off"],
    run: async ({ email: { id, email }, body }, world) => {
      if (world.injection === undefined) return sendingIsOff();
      const now = Date.now();
      const sendAt = Date.parse(body.send_at ?? body.scheduled_at ?? "");
      if (sendAt > now + maxDelayMs)
        return wrongField(
          body.send_at === undefined ? "/scheduled_at" : "/send_at",
          "Mail can wait for 30 days at most.",
        );
      const moved =
        email.queue === undefined ? 0 : await world.injection.reschedule(email.queue, Math.max(sendAt, now));
      if (moved === 0)
        return conflict(
          "It does not wait for its time any more: it is on its way, taken back, or has come to its end.",
        );
      const after = await world.injection.status(id);
      return shownEmail(id, after ?? email);
    },
  }),
];
