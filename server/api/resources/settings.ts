/** Settings that are kept in the store and hold at once; the configuration file has the others. */
import { z } from "zod";
import { withhold } from "../../admin/outgoing-commands.ts";
import { parseRoutes, routeMistakeWords, tlsModes } from "../../send/route.ts";
import { auditDays, auditDaysSetting } from "../../store/ops/audit.ts";
import { journeyDays, journeyDaysSetting } from "../../store/tidy.ts";
import { withheldOf, withheldSetting } from "../../store/withheld.ts";
import { Problem } from "../problem.ts";
import { type ApiWorld, type Route, route } from "../route.ts";

const days = z.int().min(1).max(4000);
const mailRoute = {
  to: z.string().max(400).describe("smtp:HOST[:PORT], smtps:HOST[:PORT], lmtp:HOST[:PORT], mx, or mx:DOMAIN."),
  domain: z
    .string()
    .max(255)
    .optional()
    .describe("Only mail to it (example.org), or to it and all below it (.example.org)."),
  sender: z
    .string()
    .max(330)
    .optional()
    .describe('Only mail of this address, of a domain (@example.org), or bounces ("<>").'),
  tls: z.enum(tlsModes).optional(),
  user: z.string().max(255).optional(),
  password: z.string().max(1000).optional().describe("Not told: … stands for the one that is there."),
  cleartextAuth: z.boolean().optional().describe("Sign in without TLS too."),
};

const outgoingHeld = z
  .boolean()
  .describe(
    "Nothing leaves this server by itself: mail, webhooks, pushes, reports, DNS updates, orders of certificates. So it is in a copy that was restored with --hold, until somebody lets it go.",
  );

const Settings = z
  .object({
    journeyDays: days.describe("How long it is kept what happened to each message."),
    auditDays: days.describe("How long the audit log is kept."),
    outgoingHeld,
    routes: z.array(z.object(mailRoute)).describe("Routes of outbound mail, as docs/relay.md says."),
  })
  .meta({ id: "Settings" });

/** As `parseRoutes` took it. */
type RawRoute = z.output<z.ZodObject<typeof mailRoute>>;
const untold = "…";

async function read({ store }: ApiWorld): Promise<z.input<typeof Settings>> {
  const [journeys, audit, routes, withheld] = await Promise.all([
    store.setting(journeyDaysSetting),
    store.setting(auditDaysSetting),
    store.setting("routes"),
    store.setting(withheldSetting),
  ]);
  const shown = (Array.isArray(routes) ? (routes as RawRoute[]) : []).map(({ password, ...rest }) =>
    password === undefined ? rest : { ...rest, password: untold },
  );
  return {
    journeyDays: typeof journeys === "number" ? journeys : journeyDays,
    auditDays: typeof audit === "number" ? audit : auditDays,
    outgoingHeld: withheldOf(withheld) !== undefined,
    routes: shown,
  };
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/settings",
    summary: "Settings of the server that hold at once.",
    area: "settings",
    who: "platform",
    answer: Settings,
    run: async (_, world) => read(world),
  }),
  route({
    method: "PATCH",
    path: "/settings",
    summary: "Change settings of the server.",
    area: "settings",
    who: "platform",
    body: z
      .strictObject({
        journeyDays: days,
        auditDays: days,
        outgoingHeld,
        routes: z
          .array(z.strictObject(mailRoute))
          .max(1000)
          .describe("Other ways than by MX: the first that fits is taken, those that name a domain before the others."),
      })
      .partial(),
    answer: Settings,
    run: async ({ body }, world) => {
      const { store } = world;
      if (body.routes !== undefined) {
        // A password that was not told stays what it is.
        const before = (await store.setting("routes")) as readonly RawRoute[] | undefined;
        const after = body.routes.map((one) =>
          one["password"] === untold
            ? {
                ...one,
                password: before?.find(({ to, user }) => to === one["to"] && user === one["user"])?.["password"] ?? "",
              }
            : one,
        );
        const { mistakes } = parseRoutes(after);
        if (mistakes.length > 0) {
          const errors = mistakes.map((mistake) => ({
            pointer: ["#/routes", mistake.index, mistake.field].filter((part) => part !== undefined).join("/"),
            detail: routeMistakeWords(mistake),
          }));
          return new Problem("validation", errors[0]?.detail ?? "", errors);
        }
        await store.putSetting("routes", after);
      }
      if (body.journeyDays !== undefined) await store.putSetting(journeyDaysSetting, body.journeyDays);
      if (body.auditDays !== undefined) await store.putSetting(auditDaysSetting, body.auditDays);
      if (body.outgoingHeld !== undefined)
        await (body.outgoingHeld
          ? withhold(world, "an administrator wants it so")
          : store.putSetting(withheldSetting, undefined));
      return read(world);
    },
  }),
];
