/** Aliases: addresses whose mail goes to others, here or elsewhere. */
import { z } from "zod";
import { keepAlias, maxTargets, readTargets } from "../../admin/alias-kinds.ts";
import { namesOf } from "../../admin/names.ts";
import type { Address } from "../../store/store.ts";
import type { Actor } from "../actor.ts";
import { addressOf, addressPage, addressQuery, addressText, inDomains, theAlias } from "../alias.ts";
import { refusal } from "../outcome.ts";
import { accountOf, domainOf } from "../params.ts";
import { type Problem, wrongField } from "../problem.ts";
import { type ApiWorld, Created, list, type Route, route } from "../route.ts";

const addresses = z.array(addressText).max(maxTargets);

const Alias = z
  .object({
    address: z.string(),
    targets: z.array(z.string()).describe("Where its mail goes."),
    senders: z.array(z.string()).describe("Accounts that may send as it, besides a single target."),
    onBehalf: z.array(z.string()).describe("Accounts that may send with it in From and their own address in Sender."),
  })
  .meta({ id: "Alias" });

async function shown(row: Address, { store }: ApiWorld): Promise<z.input<typeof Alias>> {
  return {
    address: addressOf(row),
    targets: [...row.targets],
    senders: [...(await namesOf(store, row.senders))],
    onBehalf: [...(await namesOf(store, row.onBehalf ?? []))],
  };
}

/** Accounts that this actor administers, by their addresses. */
async function accountsOf(
  field: string,
  typed: readonly string[],
  actor: Actor,
  world: ApiWorld,
): Promise<readonly number[] | Problem<"validation">> {
  const ids = new Set<number>();
  for (const [index, text] of typed.entries()) {
    const account = await accountOf(text, actor, world);
    if (account === undefined) return wrongField(`/${field}/${index}`, `There is no account ${text}.`);
    ids.add(account.id);
  }
  return [...ids];
}

async function keep(
  typed: string,
  body: { readonly [Field in "targets" | "senders" | "onBehalf"]: readonly string[] },
  actor: Actor,
  world: ApiWorld,
  over: boolean,
): Promise<Address | Problem<"conflict" | "validation">> {
  if ((await inDomains(typed, actor, world)) === undefined)
    return wrongField("/address", "This is no address of a domain that is here.");
  const targets = readTargets(body.targets, "targets");
  if ("why" in targets) return refusal(targets);
  const senders = await accountsOf("senders", body.senders, actor, world);
  if ("status" in senders) return senders;
  const onBehalf = await accountsOf("onBehalf", body.onBehalf, actor, world);
  if ("status" in onBehalf) return onBehalf;
  const kept = await keepAlias(world, typed, { targets, senders, onBehalf, kind: undefined }, over);
  return "why" in kept ? refusal(kept) : kept;
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/aliases",
    summary: "Aliases, by domain and name.",
    area: "aliases",
    who: "domain",
    query: addressQuery,
    answer: list(Alias),
    refuses: ["not-found"],
    run: async ({ actor, query }, world) => {
      const found = await addressPage(query, actor, world, "alias");
      if ("status" in found) return found;
      return { ...found, items: await Promise.all(found.items.map((row) => shown(row, world))) };
    },
  }),
  route({
    method: "POST",
    path: "/aliases",
    summary: "Make an alias.",
    area: "aliases",
    who: "domain",
    body: z.strictObject({
      address: addressText,
      targets: addresses.min(1),
      senders: addresses.default([]),
      onBehalf: addresses.default([]),
    }),
    answer: Alias,
    status: 201,
    refuses: ["conflict"],
    run: async ({ actor, body, audit }, world) => {
      const kept = await keep(body.address, body, actor, world, false);
      if ("status" in kept) return kept;
      audit.target = addressOf(kept);
      audit.tenant = (await domainOf(kept.domain, actor, world))?.tenant;
      return new Created(await shown(kept, world), `/aliases/${encodeURIComponent(addressOf(kept))}`);
    },
  }),
  route({
    method: "GET",
    path: "/aliases/{alias}",
    summary: "One alias.",
    area: "aliases",
    who: "domain",
    params: { alias: theAlias(undefined) },
    answer: Alias,
    run: async ({ alias }, world) => shown(alias, world),
  }),
  route({
    method: "PATCH",
    path: "/aliases/{alias}",
    summary: "Change where the mail of an alias goes, or who sends as it.",
    area: "aliases",
    who: "domain",
    params: { alias: theAlias(undefined) },
    body: z.strictObject({ targets: addresses.min(1), senders: addresses, onBehalf: addresses }).partial(),
    answer: Alias,
    refuses: ["conflict"],
    run: async ({ actor, alias, body }, world) => {
      const before = await shown(alias, world);
      const kept = await keep(
        before.address,
        {
          targets: body.targets ?? before.targets,
          senders: body.senders ?? before.senders,
          onBehalf: body.onBehalf ?? before.onBehalf,
        },
        actor,
        world,
        true,
      );
      return "status" in kept ? kept : shown(kept, world);
    },
  }),
  route({
    method: "DELETE",
    path: "/aliases/{alias}",
    summary: "Remove an alias.",
    area: "aliases",
    who: "domain",
    params: { alias: theAlias(undefined) },
    run: async ({ alias }, { store }) => {
      await store.removeAddress(alias.local, alias.domain);
      return undefined;
    },
  }),
];
