/** Postmaster pages of receivers that are asked by themselves (docs/sending.md). */
import { z } from "zod";
import { feedSchema, type KnownFeed } from "../../require/feeds.ts";
import { Problem, wrongField } from "../problem.ts";
import { type ApiWorld, at, type Param, type Route, route, time } from "../route.ts";
import { sendingIsOff } from "../sending-tenant.ts";

const Shown = z
  .object({
    name: z.string(),
    kind: z.enum(["postmaster", "snds"]),
    api_url: z.string(),
    asked_at: time.nullable(),
    taken_at: time.nullable().describe("When it last said something."),
    said: z.string().nullable().describe("In one sentence what it said, or what went wrong."),
    failed: z.boolean(),
  })
  .meta({ id: "PostmasterFeed" });
const shown = ({ name, kind, apiUrl, askedAt, takenAt, said, failed }: KnownFeed): z.input<typeof Shown> => ({
  name,
  kind,
  api_url: apiUrl,
  asked_at: askedAt === undefined ? null : at(askedAt),
  taken_at: takenAt === undefined ? null : at(takenAt),
  said: said ?? null,
  failed: failed === true,
});
const name = z.string().min(1).max(64).describe("Its name.");
const theFeed: Param<KnownFeed> = {
  schema: name,
  find: async (text, _actor, { requiring }) => (await requiring?.feeds.all())?.find((one) => one.name === text),
};
const area = "sending";
const feedsOf = ({ requiring }: ApiWorld) => requiring?.feeds ?? sendingIsOff();

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/sending/feeds",
    summary: "Postmaster pages that are asked by themselves, and what they said.",
    area,
    who: "platform",
    answer: z.object({ items: z.array(Shown) }),
    refuses: ["sending-off"],
    run: async (_given, world) => {
      const feeds = feedsOf(world);
      return feeds instanceof Problem ? feeds : { items: (await feeds.all()).map(shown) };
    },
  }),
  route({
    method: "PUT",
    path: "/sending/feeds/{feed}",
    summary: "Ask Gmail's Postmaster Tools or Microsoft's SNDS every six hours; what is secret is shown to nobody.",
    area,
    who: "platform",
    params: {
      feed: { schema: name, find: async (text) => ({ name: text }) } satisfies Param<{ readonly name: string }>,
    },
    body: feedSchema,
    answer: Shown,
    refuses: ["sending-off"],
    run: async ({ feed, body }, world) => {
      const feeds = feedsOf(world);
      if (feeds instanceof Problem) return feeds;
      const wrong = await feeds.put(feed.name, body);
      if (wrong !== undefined) return wrongField("", wrong);
      return shown({ ...body, name: feed.name });
    },
  }),
  route({
    method: "POST",
    path: "/sending/feeds/{feed}/ask",
    summary: "Ask it now.",
    area,
    who: "platform",
    params: { feed: theFeed },
    answer: Shown,
    refuses: ["sending-off"],
    run: async ({ feed }, world) => {
      const feeds = feedsOf(world);
      return feeds instanceof Problem ? feeds : shown({ ...feed, ...(await feeds.askNow(feed)) });
    },
  }),
  route({
    method: "DELETE",
    path: "/sending/feeds/{feed}",
    summary: "Ask it no more, and forget its secrets.",
    area,
    who: "platform",
    params: { feed: theFeed },
    run: async ({ feed }, { requiring }) => {
      await requiring?.feeds.remove(feed.name);
      return undefined;
    },
  }),
];
