/** Mailing lists. */
import type { List } from "../distribute/settings.ts";
import type { ListPost, Member } from "../store/lists-store.ts";
import { type Command, command, done, no, time } from "./command.ts";
import { findList, keepList, putMembers, removeList } from "./list-kinds.ts";
import { readAddress } from "./names.ts";

const address = { type: "text", placed: true, required: true, help: "the address of the list" } as const;
const members = { type: "list", placed: true, required: true, help: "addresses of members" } as const;
const id = { type: "number", placed: true, required: true, help: 'a number, as "list-post list" shows it' } as const;
const maxListed = 10_000;
const yesNo = ["yes", "no"] as const;
const flag = (text: string | undefined): boolean | undefined => (text === undefined ? undefined : text === "yes");

const settings = {
  displayName: { type: "text", help: "its name for people" },
  description: { type: "text", help: "what it is for" },
  posting: { type: "text", choices: ["members", "anyone", "moderators"], help: "who may post" },
  others: { type: "text", choices: ["hold", "refuse", "discard"], help: "what becomes of what others post" },
  moderated: { type: "text", choices: yesNo, help: "whether all posts wait for a moderator" },
  subscribing: { type: "text", choices: ["open", "approved", "closed"], help: "how people join" },
  subjectTag: { type: "text", help: 'put before subjects, as "[team]"' },
  replyTo: { type: "text", choices: ["author", "list"], help: "where answers go" },
  archive: { type: "text", choices: yesNo, help: "whether posts are kept" },
  publicArchive: { type: "text", choices: yesNo, help: "whether everybody may read the archive, without signing in" },
  footer: { type: "text", help: "below each post; {list}, {name}, {leave} and {archive} stand for what they say" },
  maxBounces: { type: "number", help: "hard bounces after which a member is paused" },
  maxMessageBytes: { type: "bytes", help: "the largest post" },
} as const;

type Typed = { readonly [name: string]: unknown };
const changeOf = ({ moderated, archive, publicArchive, ...rest }: Typed) => ({
  ...Object.fromEntries(Object.keys(settings).flatMap((name) => (name in rest ? [[name, rest[name]]] : []))),
  moderated: flag(moderated as string | undefined),
  archive: flag(archive as string | undefined),
  publicArchive: flag(publicArchive as string | undefined),
});

const shownList = (list: List) => ({ address: list.address, ...list.settings });
export const shownMember = ({ address, displayName, role, delivery, paused, bounces, since }: Member) => ({
  address,
  displayName,
  role,
  delivery,
  paused,
  bounces,
  since: time(since),
});
const shownPost = ({ id, author, subject, why, at, sizeBytes, state, content }: ListPost) => ({
  id,
  state,
  author,
  subject,
  why,
  at: time(at),
  sizeBytes,
  trace: `m${content}`,
});

export const listCommands: readonly Command[] = [
  command("list add", "Make a mailing list.", { address, ...settings }, async (given, world) => {
    const kept = await keepList(world, given.address, changeOf(given), false);
    return "why" in kept ? kept : done(shownList(kept));
  }),
  command("list change", "Change what a mailing list is.", { address, ...settings }, async (given, world) => {
    const kept = await keepList(world, given.address, changeOf(given), true);
    return "why" in kept ? kept : done(shownList(kept));
  }),
  command("list list", "All mailing lists.", {}, async (_, { store }) => {
    const rows = await store.hostedAddresses({ kind: "all" }, { limit: maxListed, sort: "list" });
    return done(
      rows.map(({ local, domain, about }) => ({
        address: `${local}@${domain}`,
        ...(about?.kind === "list" ? { displayName: about.displayName, posting: about.posting } : {}),
      })),
    );
  }),
  command("list show", "One mailing list with its members.", { address }, async (given, world) => {
    const list = await findList(world, given.address);
    if ("why" in list) return list;
    const found = await world.store.listMembers({ list: list.address });
    return done({ ...shownList(list), members: found.map(shownMember) });
  }),
  command("list remove", "Remove a mailing list, its members and its archive.", { address }, async (given, world) => {
    const list = await findList(world, given.address);
    if ("why" in list) return list;
    await removeList(world, list);
    return done({ removed: list.address });
  }),
  command(
    "list-member add",
    "Add members to a mailing list, or change those who are there.",
    {
      address,
      members,
      role: { type: "text", choices: ["member", "moderator", "owner"], help: "member where nothing is said" },
      delivery: {
        type: "text",
        choices: ["each", "daily", "weekly", "none"],
        help: "how posts are sent to them: each by itself where nothing is said",
      },
      displayName: { type: "text", help: "the name of one member" },
    },
    async (given, world) => {
      const list = await findList(world, given.address);
      if ("why" in list) return list;
      const about = { role: given.role, delivery: given.delivery, displayName: given.displayName };
      const put = await putMembers(world, list, given.members, about as Parameters<typeof putMembers>[3]);
      return "why" in put ? put : done(put.map(shownMember));
    },
  ),
  command("list-member list", "The members of a mailing list.", { address }, async (given, world) => {
    const list = await findList(world, given.address);
    if ("why" in list) return list;
    return done((await world.store.listMembers({ list: list.address })).map(shownMember));
  }),
  command("list-member remove", "Take members out of a mailing list.", { address, members }, async (given, world) => {
    const list = await findList(world, given.address);
    if ("why" in list) return list;
    let count = 0;
    for (const text of given.members) {
      const read = readAddress(text);
      if (read === undefined) continue;
      const gone = await world.store.removeListMember(list.address, `${read.local}@${read.domain}`);
      if (gone === "done") count++;
    }
    return done({ removed: count });
  }),
  command(
    "list-member resume",
    "Send again to members that were paused.",
    { address, members },
    async (given, world) => {
      const list = await findList(world, given.address);
      if ("why" in list) return list;
      let count = 0;
      for (const text of given.members)
        if ((await world.store.resumeListMember(list.address, text.toLowerCase())) === "done") count++;
      return done({ resumed: count });
    },
  ),
  command(
    "list-post list",
    "Posts that wait for a moderator, or those of the archive; the newest first.",
    {
      address,
      state: { type: "text", choices: ["held", "archived"], help: "held where nothing is said" },
      limit: { type: "number", help: "how many at most, 100 by default" },
      before: { type: "number", help: "continue before this number" },
    },
    async (given, world) => {
      const list = await findList(world, given.address);
      if ("why" in list) return list;
      const state = (given.state ?? "held") as ListPost["state"];
      const limit = Math.min(given.limit ?? 100, 1000);
      const before = given.before === undefined ? {} : { before: given.before };
      return done((await world.store.listPosts({ list: list.address, state, limit, ...before })).map(shownPost));
    },
  ),
  command("list-post show", "One post with its bytes.", { address, id }, async (given, world) => {
    const list = await findList(world, given.address);
    if ("why" in list) return list;
    const post = (await world.store.listPosts({ list: list.address, id: given.id, limit: 1 }))[0];
    const bytes = post && (await world.store.content(post.content));
    if (post === undefined || bytes === undefined) return no(`There is no post ${given.id}.`);
    return done({ ...shownPost(post), message: Buffer.from(bytes).toString("latin1") });
  }),
  command(
    "list-post digest",
    "Send now what waits to go out together.",
    { address, period: { type: "text", choices: ["daily", "weekly"], help: "daily where nothing is said" } },
    async (given, world) => {
      if (world.mailingLists === undefined) return no("This needs the running server. Start it first.");
      const list = await findList(world, given.address);
      if ("why" in list) return list;
      const period = given.period === "weekly" ? "weekly" : "daily";
      return done({ posts: await world.mailingLists.sendDigest(list, period) });
    },
  ),
  ...(["approve", "reject"] as const).map((verb) =>
    command(
      `list-post ${verb}`,
      verb === "approve" ? "Let a post that waits through." : "Remove a post that waits.",
      { address, id, reason: { type: "text", help: "told to the author of what is rejected" } },
      async (given, world) => {
        if (world.mailingLists === undefined) return no("This needs the running server. Start it first.");
        const list = await findList(world, given.address);
        if ("why" in list) return list;
        const yes = verb === "approve";
        const found = await world.mailingLists.moderate(list, given.id, yes, "the administrator", given.reason);
        return found === "done" ? done({ [verb]: given.id }) : no(`There is no post ${given.id} that waits.`);
      },
    ),
  ),
];
