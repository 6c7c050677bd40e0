/** Addresses that may not connect. */
import { z } from "zod";
import { performed } from "../outcome.ts";
import { conflict, notFound, Problem } from "../problem.ts";
import { Created, list, type Param, page, paged, type Route, route, time } from "../route.ts";

const Ban = z
  .object({
    address: z.string().describe("An IP address, an IPv4 /24 or an IPv6 /64."),
    why: z.string(),
    by: z.string(),
    at: time,
    until: time,
  })
  .meta({ id: "Ban" });
type Shown = z.input<typeof Ban>;

const theBan: Param<string> = {
  schema: z.string().min(2).max(60).describe("The address of a ban."),
  find: async (text) => text,
};

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/bans",
    summary: "Who may not connect, and why.",
    area: "bans",
    who: "platform",
    query: z.object(page),
    answer: list(Ban),
    refuses: ["conflict"],
    run: async ({ query: { limit, cursor } }, world) => {
      const answer = await performed(world, "ban list", {});
      if (answer instanceof Problem) return conflict(answer.detail);
      const rows = (answer.result as Shown[]).sort((one, other) => (one.address < other.address ? -1 : 1));
      const left = rows.filter(({ address }) => address > (cursor ?? ""));
      return paged(
        left.slice(0, limit + 1),
        limit,
        ({ address }) => address,
        (row) => row,
      );
    },
  }),
  route({
    method: "POST",
    path: "/bans",
    summary: "Keep an address or a network out of every protocol for a while.",
    area: "bans",
    who: "platform",
    body: z.strictObject({
      address: z.string().min(2).max(60),
      for: z
        .string()
        .regex(/^\d+(?:\.\d+)?(?:m|h|d)$/, 'Write "30m", "12h" or "7d".')
        .optional()
        .describe("A day where nothing is said."),
      reason: z.string().max(200).optional(),
    }),
    answer: z.object({ address: z.string(), until: time }),
    status: 201,
    refuses: ["conflict"],
    run: async ({ body, audit }, world) => {
      const answer = await performed(world, "ban add", body);
      if (answer instanceof Problem) return answer;
      const made = answer.result as { address: string; until: string };
      audit.target = made.address;
      return new Created(made, `/bans/${encodeURIComponent(made.address)}`);
    },
  }),
  route({
    method: "DELETE",
    path: "/bans/{address}",
    summary: "Let an address or a network come again.",
    area: "bans",
    who: "platform",
    params: { address: theBan },
    run: async ({ address }, world) => {
      const answer = await performed(world, "ban lift", { address });
      return answer instanceof Problem ? notFound(answer.detail) : undefined;
    },
  }),
];
