/** What people write to abuse@ about our own people's mail, and strikes against tenants (docs/abuse.md). */
import { ticketStates } from "../store/tickets-store.ts";
import type { Given, Refusal, Told } from "../uphold/desk.ts";
import { defaultAbuseSettings } from "../uphold/settings.ts";
import { sentenceOf } from "../uphold/strikes.ts";
import { type ShownTicket, shownStrike, shownTicket } from "../uphold/ticket-words.ts";
import { type Command, command, done, no, type Outcome, type World } from "./command.ts";
import { typedBy } from "./noted.ts";

const id = { type: "number", placed: true, required: true, help: "its number" } as const;
const tenant = { type: "text", help: "only of this tenant" } as const;
const because = { type: "text", help: "why, for the tenant to read" } as const;
const by = { type: "text", help: "who does it" } as const;
const defaultLimit = 50;
const maxLimit = 1000;
const notRunning = "Strikes are given by the running server, with sending at volume switched on: start it first.";
const noTicket = (given: number): Outcome => no(`There is no ticket ${given}. See them all: angarium abuse list`);

const within = ({ desk }: World): number => desk?.answerWithinMs ?? defaultAbuseSettings.answerWithinMs;
const rowOf = ({ id: number, state, late, subject, sender, form, kind, reporter, openedAt, count }: ShownTicket) => ({
  id: number,
  state: late ? `${state}, late` : state,
  since: openedAt,
  sender,
  form,
  kind,
  reporter,
  reports: count,
  subject,
});
/** What a strike, or the end of one, has led to. */
export const followed = ({ standing, told, warning }: Told) => ({
  strikes: standing.inForce.length,
  measure: standing.measure,
  sentence: sentenceOf(standing),
  told: [...told],
  ...(warning === undefined ? {} : { warning }),
});
const struck = (answer: Given | Refusal): Outcome =>
  "why" in answer ? no(answer.why) : done({ strike: answer.strike, ...followed(answer) });

export const abuseCommands: readonly Command[] = [
  command(
    "abuse list",
    "Tickets of what was written to abuse@, the newest first.",
    {
      state: { type: "text", choices: [...ticketStates], help: "only these" },
      tenant,
      before: { type: "number", help: "only older ones than this number" },
      limit: { type: "number", help: `how many at most, ${defaultLimit} by default` },
    },
    async ({ state, tenant: whose, before, limit }, world) => {
      const found = await world.store.tickets({
        limit: Math.min(limit ?? defaultLimit, maxLimit),
        ...(state === undefined ? {} : { state: state as (typeof ticketStates)[number] }),
        ...(whose === undefined ? {} : { tenant: whose }),
        ...(before === undefined ? {} : { before }),
      });
      return done(found.map((one) => rowOf(shownTicket(one, within(world), world.now()))));
    },
  ),
  command(
    "abuse show",
    "One ticket with all that is known, and the evidence.",
    { id },
    async ({ id: number }, world) => {
      const [found] = await world.store.tickets({ id: number, limit: 1 });
      return found === undefined ? noTicket(number) : done(shownTicket(found, within(world), world.now()));
    },
  ),
  command(
    "abuse set",
    "Says how a ticket stands, whose mail it is about, or notes something.",
    {
      id,
      state: { type: "text", choices: [...ticketStates], help: "new, seen, answered or closed" },
      tenant: { type: "text", help: "whose mail it is about" },
      account: { type: "text", help: "the account that sent it" },
      note: { type: "text", help: "what was found or done" },
      by,
    },
    async ({ id: number, state, tenant: whose, account, note, by: who }, world) => {
      if (state === undefined && whose === undefined && account === undefined && note === undefined)
        return no("Say what changes: --state, --tenant, --account or --note.");
      const change = {
        state: state as (typeof ticketStates)[number] | undefined,
        tenant: whose,
        account,
        note,
        by: who ?? typedBy(world.by),
      };
      return (await world.store.changeTicket(number, change, world.now())) ? done({ id: number }) : noTicket(number);
    },
  ),
  command(
    "abuse uphold",
    "The ticket is right: its tenant gets a strike, and it is closed.",
    { id, because, by },
    async ({ id: number, because: reason, by: who }, { desk, by: typed }) =>
      desk === undefined ? no(notRunning) : struck(await desk.uphold(number, { reason, by: who ?? typedBy(typed) })),
  ),
  command(
    "strike add",
    "Gives a tenant a strike: one warns, two limit its sending, three suspend it.",
    {
      tenant: { type: "text", placed: true, required: true, help: "whose sending" },
      because: { ...because, required: true },
      by,
    },
    async ({ tenant: whose, because: reason, by: who }, { desk, by: typed }) =>
      desk === undefined ? no(notRunning) : struck(await desk.strike(whose, { reason, by: who ?? typedBy(typed) })),
  ),
  command(
    "strike lift",
    "Takes a strike back; what it led to ends where no others ask for it.",
    { id, because: { ...because, required: true }, by },
    async ({ id: number, because: reason, by: who }, { desk, by: typed }) => {
      if (desk === undefined) return no(notRunning);
      const answer = await desk.lift(number, { reason, by: who ?? typedBy(typed) });
      return answer === undefined
        ? no(`There is no strike ${number} in force. See them all: angarium strike list`)
        : done(followed(answer));
    },
  ),
  command("strike list", "Strikes, the latest first.", { tenant }, async ({ tenant: whose }, { store, now }) =>
    done(
      (await store.strikes({ limit: maxLimit, ...(whose === undefined ? {} : { tenant: whose }) })).map((one) =>
        shownStrike(one, now()),
      ),
    ),
  ),
];
