/** Groups: an address whose mail goes to all members. */
import { z } from "zod";
import { keepAlias, maxTargets, readTargets } from "../../admin/alias-kinds.ts";
import type { Address } from "../../store/store.ts";
import type { Actor } from "../actor.ts";
import { addressOf, addressPage, addressQuery, addressText, inDomains, theAlias } from "../alias.ts";
import { displayName } from "../display-name.ts";
import { refusal } from "../outcome.ts";
import { domainOf } from "../params.ts";
import { conflict, notFound, type Problem, wrongField } from "../problem.ts";
import { type ApiWorld, Created, list, type Route, route } from "../route.ts";

const postings = ["anyone", "people", "members"] as const;
const postingWords = "Who may write to it: anyone, people of its domain who have logged in, or members.";

const Group = z
  .object({
    address: z.string(),
    displayName: z.string(),
    description: z.string(),
    members: z.array(z.string()),
    posting: z.enum(postings).describe(postingWords),
  })
  .meta({ id: "Group" });

const body = {
  displayName,
  description: z.string().max(2000),
  members: z.array(addressText).min(1).max(maxTargets),
  posting: z.enum(postings).describe(postingWords),
} as const;

const shown = (row: Address): z.input<typeof Group> => {
  const about = row.about?.kind === "group" ? row.about : { displayName: "", description: "" };
  const { displayName, description, posting = "anyone" } = about as Extract<Address["about"], { kind: "group" }>;
  return { address: addressOf(row), displayName, description, members: [...row.targets], posting };
};

async function keep(
  given: z.input<typeof Group>,
  { senders, onBehalf }: Pick<Address, "senders" | "onBehalf">,
  actor: Actor,
  world: ApiWorld,
  over: boolean,
): Promise<Address | Problem<"validation" | "conflict">> {
  if ((await inDomains(given.address, actor, world)) === undefined)
    return wrongField("/address", "This is no address of a domain that is here.");
  const targets = readTargets(given.members, "members");
  if ("why" in targets) return refusal(targets);
  const { displayName, description, posting } = given;
  const kind = { kind: "group", displayName, description, ...(posting === "anyone" ? {} : { posting }) } as const;
  const kept = await keepAlias(world, given.address, { targets, senders, onBehalf, kind }, over);
  return "why" in kept ? refusal(kept, { targets: "members" }) : kept;
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/groups",
    summary: "Groups, by domain and name.",
    area: "groups",
    who: "domain",
    query: addressQuery,
    answer: list(Group),
    refuses: ["not-found"],
    run: async ({ actor, query }, world) => {
      const found = await addressPage(query, actor, world, "group");
      if ("status" in found) return found;
      return { ...found, items: found.items.map(shown) };
    },
  }),
  route({
    method: "POST",
    path: "/groups",
    summary: "Make a group.",
    area: "groups",
    who: "domain",
    body: z.strictObject({
      ...body,
      address: addressText,
      displayName: body.displayName.default(""),
      description: body.description.default(""),
      posting: body.posting.default("anyone"),
    }),
    answer: Group,
    status: 201,
    refuses: ["conflict"],
    run: async ({ actor, body, audit }, world) => {
      const kept = await keep(body, { senders: [] }, actor, world, false);
      if ("status" in kept) return kept;
      audit.target = addressOf(kept);
      audit.tenant = (await domainOf(kept.domain, actor, world))?.tenant;
      return new Created(shown(kept), `/groups/${encodeURIComponent(addressOf(kept))}`);
    },
  }),
  route({
    method: "GET",
    path: "/groups/{group}",
    summary: "One group.",
    area: "groups",
    who: "domain",
    params: { group: theAlias("group") },
    answer: Group,
    run: async ({ group }) => shown(group),
  }),
  route({
    method: "PATCH",
    path: "/groups/{group}",
    summary: "Change a group.",
    area: "groups",
    who: "domain",
    params: { group: theAlias("group") },
    body: z.strictObject(body).partial(),
    answer: Group,
    refuses: ["conflict"],
    run: async ({ actor, group, body }, world) => {
      const change = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      const kept = await keep({ ...shown(group), ...change }, group, actor, world, true);
      return "status" in kept ? kept : shown(kept);
    },
  }),
  route({
    method: "DELETE",
    path: "/groups/{group}",
    summary: "Remove a group.",
    area: "groups",
    who: "domain",
    params: { group: theAlias("group") },
    run: async ({ group }, { store }) => {
      await store.removeAddress(group.local, group.domain);
      return undefined;
    },
  }),
  route({
    method: "POST",
    path: "/groups/{group}/members",
    summary: "Add members to a group.",
    area: "groups",
    who: "domain",
    params: { group: theAlias("group") },
    body: z.strictObject({ members: body.members }),
    answer: Group,
    refuses: ["conflict"],
    run: async ({ actor, group, body }, world) => {
      const before = shown(group);
      const members = [...new Set([...before.members, ...body.members])];
      const kept = await keep({ ...before, members }, group, actor, world, true);
      return "status" in kept ? kept : shown(kept);
    },
  }),
  route({
    method: "DELETE",
    path: "/groups/{group}/members/{member}",
    summary: "Take a member out of a group.",
    area: "groups",
    who: "domain",
    params: {
      group: theAlias("group"),
      member: { schema: addressText, find: async (text: string) => text.toLowerCase() },
    },
    answer: Group,
    refuses: ["conflict"],
    run: async ({ group, member }, { store }) => {
      const targets = group.targets.filter((target) => target.toLowerCase() !== member);
      if (targets.length === group.targets.length) return notFound("This is no member.");
      if (targets.length === 0) return conflict("This is the last member: remove the group.");
      const { tenant: _, ...row } = group;
      await store.putAddress({ ...row, targets });
      return shown({ ...row, targets });
    },
  }),
];
