/** What sending at volume does now, and what a person may do about it: warm-ups, throttles, rules, events (docs/sending.md). */
import type { Sending } from "../assemble/running-sending.ts";
import { maxEventRows } from "../store/sending.ts";
import { type Command, command, done, misused, no, type Outcome, time, type World } from "./command.ts";

const needsSending = "Sending at volume is switched off: set enabled = true in [sending].";
const plan = {
  subject: { type: "text", placed: true, required: true, help: "the source, or the sending domain" },
  provider: { type: "text", placed: true, required: true, help: "the provider, such as gmail" },
  domain: { type: "flag", help: "it is a sending domain's warm-up" },
} as const;

function withSending(run: (sending: Sending) => Promise<Outcome> | Outcome): (world: World) => Promise<Outcome> {
  return async ({ sending }) => (sending === undefined ? no(needsSending) : run(sending));
}

const verbs = [
  ["resume", "Lets a paused warm-up go on, with a probe."],
  ["pause", "Stops a source (or domain) at a provider for a while, and steps back."],
  [
    "assert",
    "Says that it is warm already: its quota is the planned volume at once. Shown as asserted, never as proven.",
  ],
] as const;

type ShownStatus = {
  readonly summary: string;
  readonly subject: string;
  readonly scope: string;
  readonly providers: readonly ShownProvider[];
};
type ShownProvider = {
  readonly title: string;
  readonly state: string;
  readonly step: number;
  readonly steps: number;
  readonly percent: number;
  readonly capacityPercent: number;
  readonly today: { readonly used: number; readonly cap: number };
  readonly bound?: string;
  readonly because: string;
  readonly advice?: string;
  readonly daysLeft?: readonly [number, number];
  readonly asserted: boolean;
};

function statusText(all: readonly ShownStatus[]): string {
  if (all.length === 0)
    return "Nothing is being warmed up. Begin with: angarium source set NAME --warmup normal --targets gmail=20000";
  return all
    .map(({ scope, subject, summary, providers }) => {
      const lines = providers.map((one) => {
        const [from, until] = one.daysLeft ?? [];
        const left = from === undefined ? "–" : from === until ? `about ${from} days` : `${from} to ${until} days`;
        const head = `  ${one.title}: step ${one.step} of ${one.steps} · ${one.percent} % · can carry ${one.capacityPercent} % of the planned volume${one.asserted ? " · asserted, not proven" : ""}`;
        const today = `    ${one.state}; ${one.state === "paused" ? `${one.today.used} sent today before that` : `${one.today.used} of ${one.today.cap} sent today`}${one.bound === undefined ? "" : ` (${one.bound})`}; until warm: ${left}; ${one.because}`;
        return one.advice === undefined ? `${head}\n${today}` : `${head}\n${today}\n    What to do: ${one.advice}`;
      });
      return `${scope} ${subject}: ${summary}\n${lines.join("\n")}`;
    })
    .join("\n\n");
}

export const warmupCommands: readonly Command[] = [
  command(
    "warmup status",
    "How warm each source and sending domain is, what holds it up, and what to do.",
    { subject: { type: "text", placed: true, help: "only this source or domain" } },
    async ({ subject }, world) =>
      withSending((sending) =>
        done(
          sending
            .warmups()
            .filter((one) => subject === undefined || one.subject === subject)
            .map((one) => ({
              ...one,
              providers: one.providers.map((each) => ({ ...each, pausedUntil: time(each.pausedUntil) })),
            })),
        ),
      )(world),
    statusText,
  ),
  ...verbs.map(([verb, help]) =>
    command(`warmup ${verb}`, help, plan, async ({ subject, provider, domain }, world) =>
      withSending(async (sending) => {
        const of = { scope: domain === true ? ("domain" as const) : ("source" as const), subject, provider };
        return (await sending.changePlan(of, verb, "an administrator"))
          ? done(sending.warmups().find((one) => one.scope === of.scope && one.subject === subject)?.summary)
          : no(`${subject} has no warm-up at ${provider}. See them all: angarium warmup status`);
      })(world),
    ),
  ),
  command(
    "shaping test",
    "Which rule a reply would hit, and what would be done about it. Nothing is done.",
    {
      reply: { type: "text", placed: true, required: true, help: 'like "421 4.7.28 unusual rate of mail"' },
      to: { type: "text", help: "the provider, or a recipient's domain; everybody else by default" },
    },
    async ({ reply, to }, world) =>
      withSending((sending) => {
        const { provider, class: found, rule, actions, sentence } = sending.classify(reply, to ?? "other");
        return done({
          provider,
          class: found,
          rule: rule?.id,
          says: sentence,
          does: actions,
          advice: rule?.fix,
          reactions: rule?.reaction.map(({ scope, hits, within, suspend, for: lasting, ...rest }) => ({
            scope,
            after: hits === 1 ? "the first" : `${hits} within ${within / 60_000} min`,
            ...(suspend === undefined ? {} : { suspendMinutes: suspend / 60_000 }),
            ...(lasting === undefined ? {} : { forMinutes: lasting / 60_000 }),
            ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== false && value !== undefined)),
          })),
        });
      })(world),
  ),
  command(
    "shaping reload",
    "Reads the shaping file again, as SIGHUP does; where it is wrong, all stays as it was.",
    {},
    async (_, world) =>
      withSending((sending) => {
        const wrong = sending.rereadShaping();
        return wrong === undefined ? done({ reloaded: true }) : no(wrong);
      })(world),
  ),
  command("shaping throttles", "What is slowed or suspended now: why, since when, until when.", {}, async (_, world) =>
    withSending((sending) =>
      done(sending.throttles().map((one) => ({ ...one, since: time(one.since), until: time(one.until) }))),
    )(world),
  ),
  command(
    "shaping release",
    "Takes throttles back before their time.",
    {
      rule: { type: "text", help: "only this rule's" },
      subject: { type: "text", help: "only this source's, domain's, tenant's or campaign's" },
      provider: { type: "text", help: "only at this provider" },
      all: { type: "flag", help: "all" },
    },
    async ({ rule, subject, provider, all }, world) =>
      withSending(async (sending) => {
        if (rule === undefined && subject === undefined && provider === undefined && all !== true)
          return misused("Say which: --rule, --subject, --provider, or --all.");
        return done({
          released: await sending.cancelThrottles(
            (one) =>
              (rule === undefined || one.rule === rule) &&
              (subject === undefined || one.subject === subject) &&
              (provider === undefined || one.provider === provider),
          ),
        });
      })(world),
  ),
  command("shaping alerts", "Replies that want somebody's attention, latest first.", {}, async (_, world) =>
    withSending((sending) => done(sending.alerts().map((one) => ({ ...one, at: time(one.at) }))))(world),
  ),
  command("queue parks", "Where tenants' mail waits for its turn, and why.", {}, async (_, world) =>
    withSending(async (sending) =>
      done((await sending.waiting()).map(({ nextAt, ...one }) => ({ ...one, nextAt: time(nextAt) }))),
    )(world),
  ),
  command(
    "sending events",
    "What became of tenants' mail, from a cursor on (the id of the last event seen).",
    {
      after: { type: "number", help: "only later than this event" },
      tenant: { type: "text", help: "only this tenant's" },
      message: { type: "text", help: "only of this queue id" },
      limit: { type: "number", help: `how many at most, 100 by default, ${maxEventRows} at most` },
    },
    async ({ after, tenant, message, limit }, { store }) => {
      const events = await store.sendingEvents({
        limit: limit ?? 100,
        ...(after === undefined ? {} : { after }),
        ...(tenant === undefined ? {} : { tenant }),
        ...(message === undefined ? {} : { message }),
      });
      return done(events.map((one) => ({ ...one, at: time(one.at) })));
    },
  ),
];
