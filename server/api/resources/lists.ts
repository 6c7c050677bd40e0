/** Mailing lists: for administrators of their domain, and for those who look after them. */
import { z } from "zod";
import { findList, keepList, putMembers, removeList } from "../../admin/list-kinds.ts";
import { listOf, type List as MailingList } from "../../distribute/settings.ts";
import type { Member as ListMember, ListPost, ListRequest } from "../../store/lists-store.ts";
import { type Actor, atLeast } from "../actor.ts";
import { addressPage, addressQuery, addressText, inDomains } from "../alias.ts";
import { displayName } from "../display-name.ts";
import { refusal } from "../outcome.ts";
import { domainOf } from "../params.ts";
import { conflict, forbidden, notFound, wrongField } from "../problem.ts";
import { type ApiWorld, at, Created, list, type Param, page, paged, type Route, route, time } from "../route.ts";

const settings = {
  displayName: displayName.describe("Its name for people."),
  description: z.string().max(2000).describe("What it is for."),
  posting: z.enum(["members", "anyone", "moderators"]).describe("Who may post."),
  others: z.enum(["hold", "refuse", "discard"]).describe("What becomes of what others post."),
  moderated: z.boolean().describe("All posts wait for a moderator, those of moderators excepted."),
  subscribing: z
    .enum(["open", "approved", "closed"])
    .describe("How people join: whoever confirms; a moderator decides then; only by those who look after it."),
  subjectTag: z.string().max(40).describe("Put before subjects, as [team]."),
  replyTo: z.enum(["author", "list"]).describe("Where answers go."),
  archive: z.boolean().describe("Posts are kept for its members."),
  publicArchive: z
    .boolean()
    .describe(
      "Everybody may read the archive, at /lists/archive/ and the address; without the domains of people's addresses.",
    ),
  footer: z
    .string()
    .max(2000)
    .describe("Below each post. {list}, {name}, {leave} and {archive} stand for what they say."),
  maxBounces: z.int().min(1).max(100).describe("Hard bounces after which a member is paused."),
  maxMessageBytes: z.int().min(1000).max(100_000_000).describe("The largest post."),
} as const;
const MailList = z.object({ address: z.string(), ...settings }).meta({ id: "MailingList" });
const member = {
  displayName,
  role: z.enum(["member", "moderator", "owner"]),
  delivery: z
    .enum(["each", "daily", "weekly", "none"])
    .describe("daily, weekly: posts come together; none: posts and reads the archive, and is sent nothing."),
} as const;
const Member = z
  .object({ address: z.string(), ...member, paused: z.boolean(), bounces: z.int(), since: time })
  .meta({ id: "ListMember" });
const Post = z
  .object({
    id: z.int(),
    state: z.enum(["held", "archived", "daily", "weekly"]),
    author: z.string(),
    subject: z.string(),
    why: z.string().describe("Why it waits."),
    at: time,
    sizeBytes: z.int(),
    message: z.string().optional().describe("Its bytes as they are, where one post was asked for."),
  })
  .meta({ id: "ListPost" });
const Wish = z
  .object({
    id: z.int(),
    address: z.string(),
    displayName: z.string(),
    action: z
      .enum(["subscribe", "unsubscribe", "each", "daily", "weekly", "none"])
      .describe("each, daily, weekly, none: to join, and get the posts so."),
    state: z.enum(["unconfirmed", "waiting"]),
    at: time,
    expiresAt: time,
  })
  .meta({ id: "ListRequest" });

type Hosted = MailingList & { readonly tenant: number };

/** A list of a domain that the actor administers, or in which they have such a part. */
const theList = (part: readonly ListMember["role"][]): Param<Hosted> => ({
  schema: addressText,
  find: async (text, actor, world) => {
    const found = await findList(world, text);
    if ("why" in found) return undefined;
    const domain = atLeast(actor.role, "domain") ? await domainOf(found.domain, actor, world) : undefined;
    if (domain !== undefined) return { ...found, tenant: domain.tenant };
    const [own] = await world.store.listMembers({ list: found.address, address: actor.account.name });
    if (own === undefined) return undefined;
    if (!part.includes(own.role)) return forbidden("This is for those who look after the list.");
    return { ...found, tenant: actor.tenant };
  },
});
const everyone = theList(["member", "moderator", "owner"]);
const keepers = theList(["moderator", "owner"]);
const owners = theList(["owner"]);

const shown = ({ address, settings }: MailingList): z.input<typeof MailList> => ({ address, ...settings });
const shownMember = ({ since, id: _, list: __, bouncedAt: ___, ...rest }: ListMember): z.input<typeof Member> => ({
  ...rest,
  since: at(since),
});
const shownPost = ({ id, state, author, subject, why, at: when, sizeBytes }: ListPost): z.input<typeof Post> => ({
  id,
  state,
  author,
  subject,
  why,
  at: at(when),
  sizeBytes,
});
const shownWish = ({ secret: _, list: __, at: when, expiresAt, ...rest }: ListRequest): z.input<typeof Wish> => ({
  ...rest,
  at: at(when),
  expiresAt: at(expiresAt),
});

const theNumber: Param<number> = {
  schema: z.string().regex(/^\d{1,15}$/),
  find: async (text) => Number(text),
};
const theMember: Param<string> = { schema: addressText, find: async (text) => text.toLowerCase() };

async function ofActor(actor: Actor, world: ApiWorld): Promise<readonly MailingList[]> {
  const mine = await world.store.listMembers({ address: actor.account.name, limit: 500 });
  const found = await Promise.all(mine.map(({ list: address }) => findList(world, address)));
  return found.flatMap((one) => ("why" in one ? [] : [one]));
}

const decided = (answer: "done" | "missing" | "full") =>
  answer === "done"
    ? undefined
    : answer === "full"
      ? conflict("The list is full.")
      : notFound("Nothing of this number waits.");

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/lists",
    summary: "Mailing lists: of what you administer, else those that you are a member of.",
    area: "lists",
    who: "user",
    query: addressQuery,
    answer: list(MailList),
    refuses: ["not-found"],
    run: async ({ actor, query }, world) => {
      if (!atLeast(actor.role, "domain"))
        return paged(await ofActor(actor, world), query.limit, (one) => one.address, shown);
      const found = await addressPage(query, actor, world, "list");
      if ("status" in found) return found;
      return { ...found, items: found.items.map((row) => shown(listOf(row)!)) };
    },
  }),
  route({
    method: "POST",
    path: "/lists",
    summary: "Make a mailing list.",
    area: "lists",
    who: "domain",
    body: z.strictObject({ address: addressText, ...z.object(settings).partial().shape }),
    answer: MailList,
    status: 201,
    refuses: ["conflict"],
    run: async ({ actor, body: { address, ...about }, audit }, world) => {
      const domain = await inDomains(address, actor, world);
      if (domain === undefined) return wrongField("/address", "This is no address of a domain that is here.");
      const kept = await keepList(world, address, about, false);
      if ("why" in kept) return refusal(kept);
      audit.target = kept.address;
      audit.tenant = domain.tenant;
      return new Created(shown(kept), `/lists/${encodeURIComponent(kept.address)}`);
    },
  }),
  route({
    method: "GET",
    path: "/lists/{list}",
    summary: "One mailing list.",
    area: "lists",
    who: "user",
    params: { list: everyone },
    answer: MailList,
    run: async ({ list: found }) => shown(found),
  }),
  route({
    method: "PATCH",
    path: "/lists/{list}",
    summary: "Change a mailing list.",
    area: "lists",
    who: "user",
    params: { list: owners },
    body: z.strictObject(settings).partial(),
    answer: MailList,
    refuses: ["conflict"],
    run: async ({ list: found, body }, world) => {
      const kept = await keepList(world, found.address, body, true);
      return "why" in kept ? refusal(kept) : shown(kept);
    },
  }),
  route({
    method: "DELETE",
    path: "/lists/{list}",
    summary: "Remove a mailing list, its members and its archive.",
    area: "lists",
    who: "user",
    params: { list: owners },
    run: async ({ list: found }, world) => {
      await removeList(world, found);
      return undefined;
    },
  }),
  route({
    method: "GET",
    path: "/lists/{list}/membership",
    summary: "One's own membership in a mailing list.",
    area: "lists",
    who: "user",
    params: { list: everyone },
    answer: Member,
    run: async ({ list: found, actor }, { store }) => {
      const [own] = await store.listMembers({ list: found.address, address: actor.account.name });
      return own === undefined ? notFound("You are no member.") : shownMember(own);
    },
  }),
  route({
    method: "PATCH",
    path: "/lists/{list}/membership",
    summary: "Choose how one is sent the posts of a mailing list.",
    area: "lists",
    who: "user",
    params: { list: everyone },
    body: z.strictObject({ delivery: member.delivery }).partial(),
    answer: Member,
    refuses: ["conflict"],
    run: async ({ list: found, actor, body }, world) => {
      const address = actor.account.name;
      if ((await world.store.listMembers({ list: found.address, address })).length === 0)
        return notFound("You are no member.");
      const put = await putMembers(world, found, [address], body);
      return "why" in put ? refusal(put) : shownMember(put[0]!);
    },
  }),
  route({
    method: "POST",
    path: "/lists/{list}/digest",
    summary: "Send now what waits to go out together.",
    area: "lists",
    who: "user",
    params: { list: owners },
    body: z.strictObject({ period: z.enum(["daily", "weekly"]).default("daily") }),
    answer: z.object({ posts: z.int() }),
    refuses: ["conflict"],
    run: async ({ list: found, body }, { mailingLists }) =>
      mailingLists === undefined
        ? conflict("This needs the running server.")
        : { posts: await mailingLists.sendDigest(found, body.period) },
  }),
  route({
    method: "GET",
    path: "/lists/{list}/members",
    summary: "Members of a mailing list, by address.",
    area: "lists",
    who: "user",
    params: { list: keepers },
    query: z.object({ ...page }),
    answer: list(Member),
    run: async ({ list: found, query: { limit, cursor } }, { store }) =>
      paged(
        await store.listMembers({ list: found.address, limit: limit + 1, after: cursor ?? "" }),
        limit,
        ({ address }) => address,
        shownMember,
      ),
  }),
  route({
    method: "POST",
    path: "/lists/{list}/members",
    summary: "Add members to a mailing list, or change those who are there. Nobody is asked.",
    area: "lists",
    who: "user",
    params: { list: owners },
    body: z.strictObject({ members: z.array(addressText).min(1).max(1000), ...z.object(member).partial().shape }),
    answer: list(Member),
    refuses: ["conflict"],
    run: async ({ list: found, body: { members, ...about } }, world) => {
      const put = await putMembers(world, found, members, about);
      return "why" in put ? refusal(put) : { items: put.map(shownMember), next: null };
    },
  }),
  route({
    method: "PATCH",
    path: "/lists/{list}/members/{member}",
    summary: "Change a member of a mailing list.",
    area: "lists",
    who: "user",
    params: { list: owners, member: theMember },
    body: z.strictObject(member).partial(),
    answer: Member,
    refuses: ["conflict"],
    run: async ({ list: found, member: address, body }, world) => {
      if ((await world.store.listMembers({ list: found.address, address })).length === 0)
        return notFound("This is no member.");
      const put = await putMembers(world, found, [address], body);
      return "why" in put ? refusal(put) : shownMember(put[0]!);
    },
  }),
  route({
    method: "DELETE",
    path: "/lists/{list}/members/{member}",
    summary: "Take a member out of a mailing list.",
    area: "lists",
    who: "user",
    params: { list: owners, member: theMember },
    run: async ({ list: found, member: address }, { store }) =>
      (await store.removeListMember(found.address, address)) === "done" ? undefined : notFound("This is no member."),
  }),
  route({
    method: "POST",
    path: "/lists/{list}/members/{member}/resume",
    summary: "Send again to a member that was paused.",
    area: "lists",
    who: "user",
    params: { list: keepers, member: theMember },
    run: async ({ list: found, member: address }, { store }) =>
      (await store.resumeListMember(found.address, address)) === "done" ? undefined : notFound("This is no member."),
  }),
  route({
    method: "GET",
    path: "/lists/{list}/posts",
    summary: "The archive of a mailing list, the newest first.",
    area: "lists",
    who: "user",
    params: { list: everyone },
    query: z.object({ ...page }),
    answer: list(Post),
    run: async ({ list: found, query: { limit, cursor } }, { store }) => {
      const before = cursor === undefined ? {} : { before: Number(cursor) || 0 };
      const rows = await store.listPosts({ list: found.address, state: "archived", limit: limit + 1, ...before });
      return paged(rows, limit, ({ id }) => String(id), shownPost);
    },
  }),
  route({
    method: "GET",
    path: "/lists/{list}/posts/{post}",
    summary: "One post of the archive of a mailing list, with its bytes.",
    area: "lists",
    who: "user",
    params: { list: everyone, post: theNumber },
    answer: Post,
    run: async ({ list: found, post }, { store }) => {
      const row = (await store.listPosts({ list: found.address, state: "archived", id: post, limit: 1 }))[0];
      const bytes = row && (await store.content(row.content));
      if (row === undefined || bytes === undefined) return notFound("There is no such post.");
      return { ...shownPost(row), message: Buffer.from(bytes).toString("latin1") };
    },
  }),
  route({
    method: "GET",
    path: "/lists/{list}/held",
    summary: "Posts that wait for a moderator, the newest first.",
    area: "lists",
    who: "user",
    params: { list: keepers },
    query: z.object({ ...page }),
    answer: list(Post),
    run: async ({ list: found, query: { limit, cursor } }, { store }) => {
      const before = cursor === undefined ? {} : { before: Number(cursor) || 0 };
      const rows = await store.listPosts({ list: found.address, state: "held", limit: limit + 1, ...before });
      return paged(rows, limit, ({ id }) => String(id), shownPost);
    },
  }),
  ...(["approve", "reject"] as const).map((verb) =>
    route({
      method: "POST",
      path: `/lists/{list}/held/{post}/${verb}`,
      summary: verb === "approve" ? "Let a post that waits through." : "Remove a post that waits.",
      area: "lists",
      who: "user",
      params: { list: keepers, post: theNumber },
      body: z.strictObject({ reason: z.string().max(2000).optional().describe("Told to its author.") }).optional(),
      refuses: ["conflict"],
      run: async ({ list: found, post, body, actor }, { mailingLists }) => {
        const by = actor.account.name;
        const answer = await mailingLists?.moderate(found, post, verb === "approve", by, body?.reason);
        return decided(answer ?? "missing");
      },
    }),
  ),
  route({
    method: "GET",
    path: "/lists/{list}/requests",
    summary: "Who wants to join or leave a mailing list.",
    area: "lists",
    who: "user",
    params: { list: keepers },
    query: z.object({ ...page }),
    answer: list(Wish),
    run: async ({ list: found, query: { limit } }, { store, now }) =>
      paged(await store.listRequests({ list: found.address, now: now() }), limit, ({ id }) => String(id), shownWish),
  }),
  ...(["approve", "reject"] as const).map((verb) =>
    route({
      method: "POST",
      path: `/lists/{list}/requests/{request}/${verb}`,
      summary:
        verb === "approve" ? "Take somebody into a mailing list who has asked." : "Refuse a wish to join a list.",
      area: "lists",
      who: "user",
      params: { list: keepers, request: theNumber },
      refuses: ["conflict"],
      run: async ({ list: found, request }, { mailingLists }) =>
        decided((await mailingLists?.memberships.decide(found, request, verb === "approve")) ?? "missing"),
    }),
  ),
];
