/** What was deleted: see it, bring it back, remove it for ever. */
import type { DeletionKind } from "../store/hosting.ts";
import { type Command, command, done, no, type Outcome, type World } from "./command.ts";
import { namingsInWords } from "./namings.ts";
import { typedBy } from "./noted.ts";
import { render } from "./render.ts";
import { bringBack, defaultUndoDays, purge, remove, shownDeletion, takesInWords } from "./tenancy.ts";

const id = { type: "number", placed: true, required: true, help: "its number in deletion list" } as const;

/** Asks first where something else would go with it. */
export async function removeByHand(
  world: World,
  kind: DeletionKind,
  name: string,
  given: { readonly yes?: boolean | undefined; readonly forever?: boolean | undefined },
): Promise<Outcome> {
  const takes = await world.store.deletionTakes(kind, name);
  const namings = kind === "account" ? await world.store.namings(name, { kind: "all" }) : [];
  if (takes === undefined) return no(`There is no ${kind} ${name}.`);
  const alone = kind === "domain" && takes.accounts === 0 && takes.addresses === 0;
  if (!given.yes && !alone)
    return no(
      `With ${name} go ${takesInWords(takes)}${given.forever ? ", for ever" : ""}. If you mean it, add --yes${given.forever ? "" : ` (it can come back for ${defaultUndoDays} days)`}.${namings.length === 0 ? "" : `\n${namingsInWords(name, namings)}`}`,
    );
  const deletion = await remove(world, kind, name, typedBy(world.by), defaultUndoDays);
  if (!("id" in deletion)) return deletion;
  const left = namings.length === 0 ? {} : { stillNamed: namingsInWords(name, namings) };
  if (given.forever) {
    await purge(world, deletion.id);
    return done({ removed: name, forever: true, ...left });
  }
  const { id, purgeAt } = shownDeletion(deletion);
  return done({ removed: name, deletion: id, undoUntil: purgeAt, ...left });
}

export const deletionCommands: readonly Command[] = [
  command(
    "deletion list",
    "What was deleted and can still come back.",
    {},
    async (_, { store }) => done((await store.deletions({ kind: "all" })).map(shownDeletion)),
    (rows: readonly ReturnType<typeof shownDeletion>[]) =>
      render(rows.map(({ takes, ...row }) => ({ ...row, takes: takesInWords(takes) }))),
  ),
  command(
    "deletion undo",
    "Bring back what was deleted, with all that went with it.",
    { id },
    async ({ id }, world) => (await bringBack(world, id)) ?? done({ back: id }),
  ),
  command(
    "deletion purge",
    "Remove for ever what was deleted.",
    { id, yes: { type: "flag", help: "really" } },
    async ({ id, yes }, world) => {
      const found = (await world.store.deletions({ kind: "all" })).find((one) => one.id === id);
      if (found === undefined) return no(`There is no deletion ${id}. See them: angarium deletion list`);
      if (!yes)
        return no(`This removes ${found.name} and ${takesInWords(found.takes)} for ever. If you mean it, add --yes.`);
      await purge(world, id);
      return done({ purged: found.name });
    },
  ),
];
