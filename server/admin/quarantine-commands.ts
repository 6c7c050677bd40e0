/** Mail that was kept back: see it, let it through, remove it. */
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { makeQuarantine, type Quarantine, type Released } from "../deliver/quarantine.ts";
import type { Quarantined } from "../store/quarantine.ts";
import { type Command, command, done, no, type Outcome, time, type World } from "./command.ts";

const defaultLimit = 100;
const maxLimit = 1000;
const by = "the administrator";
/** As an owner would: messages of others are not there. */
const as = { type: "text", help: "only if it was kept back from this account, and in its name" } as const;
const ids = { type: "list", placed: true, required: true, help: 'numbers, as "quarantine list" shows them' } as const;

const keeper = (world: World): Quarantine =>
  world.quarantine?.keeper ?? makeQuarantine({ store: world.store, factsOf, now: world.now });

async function shown(rows: readonly Quarantined[], { store }: World) {
  const names = new Map<number, string>([[0, ""]]);
  for (const { account } of rows)
    if (!names.has(account))
      names.set(account, (await store.accounts({ id: account }))[0]?.name ?? `account ${account}`);
  return rows.map((row) => ({
    id: row.id,
    account: names.get(row.account) ?? "",
    at: time(row.at),
    from: row.envelopeFrom,
    sender: row.sender,
    to: row.recipients,
    subject: row.subject,
    reasons: row.reasons,
    remote: row.remote,
    sizeBytes: row.sizeBytes,
    expiresAt: time(row.expiresAt),
    trace: `m${row.content}`,
  }));
}

/** Does it for each number; where any is wrong, says which. */
async function forEach(
  { ids: words, account }: { readonly ids: readonly string[]; readonly account?: string | undefined },
  world: World,
  work: (id: number, actor: Actor) => Promise<string | undefined>,
): Promise<Outcome> {
  const actor = await actorOf(account, world);
  if (typeof actor === "string") return no(actor);
  const wrong = words.find((word) => !/^\d{1,15}$/.test(word));
  if (wrong !== undefined) return no(`"${wrong}" is no number. See them: angarium quarantine list`);
  const refusals: string[] = [];
  let count = 0;
  for (const word of words) {
    const refusal = await work(Number(word), actor);
    if (refusal === undefined) count++;
    else refusals.push(refusal);
  }
  return refusals.length > 0 ? no(refusals.join(" ")) : done({ messages: count });
}

const missing = (id: number): string => `There is no message ${id} in quarantine.`;
const refusal = (id: number, { kind }: Released): string | undefined => {
  switch (kind) {
    case "done":
      return undefined;
    case "missing":
      return missing(id);
    case "over-quota":
      return `Message ${id} stays: the mailbox of its owner is full.`;
    case "gone":
      return `Message ${id} stays: its owner has no inbox any more.`;
    default:
      return kind satisfies never;
  }
};

/** In whose name: of an account, or (undefined) of the administrator, who may do all. */
async function actorOf(name: string | undefined, world: World): Promise<Actor | string> {
  if (name === undefined) return { by };
  const of = await accountNamed(name, world);
  return of === undefined ? `There is no account ${name}.` : { by: name.toLowerCase(), of };
}
type Actor = { readonly by: string; readonly of?: number };

async function accountNamed(name: string, { store }: World): Promise<number | undefined> {
  return (await store.accounts({ name: name.toLowerCase() }))[0]?.id;
}

export const quarantineCommands: readonly Command[] = [
  command(
    "quarantine list",
    "Mail that was kept back, the oldest first.",
    {
      account: { type: "text", help: 'only of this account; "none" for mail to elsewhere' },
      limit: { type: "number", help: `how many at most, ${defaultLimit} by default` },
      after: { type: "number", help: "continue after this number" },
    },
    async ({ account, limit, after }, world) => {
      const owner = account === undefined ? undefined : account === "none" ? 0 : await accountNamed(account, world);
      if (account !== undefined && owner === undefined) return no(`There is no account ${account}.`);
      const rows = await keeper(world).list({
        limit: Math.min(limit ?? defaultLimit, maxLimit),
        ...(after === undefined ? {} : { after }),
        ...(owner === undefined ? {} : { account: owner }),
      });
      return done(await shown(rows, world));
    },
  ),
  command(
    "quarantine show",
    "One message that was kept back, with all its bytes.",
    { id: { type: "number", placed: true, required: true, help: "its number" }, account: as },
    async ({ id, account }, world) => {
      const actor = await actorOf(account, world);
      if (typeof actor === "string") return no(actor);
      const found = await keeper(world).show(id, actor.of);
      if (found === undefined) return no(missing(id));
      const [row] = await shown([found.row], world);
      return done({ ...row, message: Buffer.from(found.bytes).toString("latin1") });
    },
  ),
  command(
    "quarantine release",
    "Delivers messages that were kept back; the filter learns that they were good.",
    { ids, account: as },
    (given, world) =>
      forEach(given, world, async (id, { by, of }) => refusal(id, await keeper(world).release(id, by, of))),
  ),
  command(
    "quarantine report",
    "Removes messages that were rightly kept back; the filter learns that they were bad.",
    { ids, account: as },
    (given, world) =>
      forEach(given, world, async (id, { by, of }) =>
        (await keeper(world).report(id, by, of)) ? undefined : missing(id),
      ),
  ),
  command("quarantine delete", "Removes messages that were kept back.", { ids, account: as }, (given, world) =>
    forEach(given, world, async (id, { by, of }) =>
      (await keeper(world).remove(id, by, of)) ? undefined : missing(id),
    ),
  ),
  command(
    "quarantine digest",
    "Tells people by mail what was kept back from them since the last time; once a day it is done without being asked.",
    { account: { type: "text", help: "tell this account alone, of all that it has" } },
    async ({ account }, world) => {
      if (world.quarantine === undefined) return no("Sending digests needs the running server. Start it first.");
      const owner = account === undefined ? undefined : await accountNamed(account, world);
      if (account !== undefined && owner === undefined) return no(`There is no account ${account}.`);
      return done({ told: await world.quarantine.digest(owner) });
    },
  ),
];
