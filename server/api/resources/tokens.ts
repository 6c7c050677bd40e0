/** Tokens of programs, and sessions of browsers. */
import { z } from "zod";
import { defaultTokenDays, makeToken, scopeForm, sessionsOf, shownSession } from "../../admin/access.ts";
import type { WebSession } from "../../store/jmap.ts";
import { hasLimits, mayHandOn, mayWithdraw, outgrown } from "../actor.ts";
import { displayName } from "../display-name.ts";
import { refusal } from "../outcome.ts";
import { theAccount } from "../params.ts";
import { forbidden, notFound, wrongField } from "../problem.ts";
import { Created, list, type Param, page, pagedByTime, type Route, route, time } from "../route.ts";

const Session = z
  .object({
    id: z.string(),
    label: z.string(),
    scopes: z.array(z.string()).nullable().describe("null: all that the account may."),
    test: z.boolean().describe("For tests: what is sent with it goes to nobody."),
    remote: z.string().describe("Where it was made."),
    createdAt: time,
    usedAt: time.nullable(),
    expiresAt: time,
  })
  .meta({ id: "Session" });

const theId: Param<string> = {
  schema: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .describe("The id of a token or session."),
  find: async (text) => text,
};

const kinds: readonly {
  readonly kind: WebSession["kind"];
  readonly path: string;
  readonly many: string;
  readonly one: string;
}[] = [
  { kind: "token", path: "tokens", many: "Tokens of an account (not what they are).", one: "Withdraw a token." },
  { kind: "cookie", path: "sessions", many: "Where somebody is logged in with a browser.", one: "Log a browser out." },
];

export const routes: readonly Route[] = [
  ...kinds.flatMap(({ kind, path, many, one }) => [
    route({
      method: "GET",
      path: `/accounts/{account}/${path}`,
      summary: many,
      area: path,
      who: "user",
      params: { account: theAccount },
      query: z.object(page),
      answer: list(Session),
      run: async ({ account, actor, query }, world) => {
        const all = await sessionsOf(world, account.id, kind);
        const seen = all.filter(({ scopes }) => mayWithdraw(actor, account.id, scopes));
        return pagedByTime(seen, query, {
          order: "newest first",
          at: ({ createdAt }) => createdAt,
          id: ({ id }) => id,
          shown: shownSession,
        });
      },
    }),
    route({
      method: "DELETE",
      path: `/accounts/{account}/${path}/{id}`,
      summary: one,
      area: path,
      who: "user",
      params: { account: theAccount, id: theId },
      run: async ({ account, actor, id }, world) => {
        const found = (await sessionsOf(world, account.id, kind)).find((session) => session.id === id);
        if (found === undefined || !mayWithdraw(actor, account.id, found.scopes)) return notFound();
        await world.endSession(found.hash);
        return undefined;
      },
    }),
  ]),
  route({
    method: "POST",
    path: "/accounts/{account}/tokens",
    summary: "Make a token; it is told once.",
    description: "Its scopes cannot be more than those of the token or app password that asks for it.",
    area: "tokens",
    who: "user",
    params: { account: theAccount },
    body: z.strictObject({
      label: displayName.min(1),
      scopes: z
        .array(z.string().regex(scopeForm, "Write accounts:read, domains:write, mail, *:read or *."))
        .min(1)
        .max(50)
        .nullable()
        .optional()
        .describe("Such as accounts:read, domains:write, mail or *:read; null, or nothing: all that the account may."),
      test: z
        .boolean()
        .default(false)
        .describe("For tests of sending: all is as in reality, but nobody gets it; the sandbox plays every receiver."),
      expiresInDays: z.int().min(1).max(3650).default(defaultTokenDays),
    }),
    answer: Session.extend({ token: z.string() }),
    status: 201,
    refuses: ["conflict"],
    run: async ({ actor, account, body }, world) => {
      if (account.id !== actor.account.id) return forbidden("Everybody makes their own tokens.");
      if (body.expiresInDays > world.maxTokenDays)
        return wrongField("/expiresInDays", `A token can be valid for ${world.maxTokenDays} days here.`);
      const scopes = body.scopes ?? undefined;
      if (!mayHandOn(actor, scopes))
        return wrongField("/scopes", "A token or an app password cannot make a token that may more than itself.");
      if (await hasLimits(actor, world.store)) return forbidden(outgrown);
      const made = await makeToken(world, account, {
        label: body.label,
        test: body.test,
        scopes,
        days: body.expiresInDays,
        remote: actor.remote,
      });
      if ("why" in made) return refusal(made);
      const shown = { ...shownSession({ ...made.session, id: made.id }), token: made.secret };
      return new Created(shown, `/accounts/${encodeURIComponent(account.name)}/tokens/${made.id}`);
    },
  }),
];
