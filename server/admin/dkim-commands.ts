/** The DKIM keys of a domain: what they are, what DNS must show, and their change. */
import { type DkimKey, type DkimKeys, ensureDkimKeys, type KeyUse, readDkimKeys } from "../sign/dkim-keys.ts";
import { type Command, command, done, no, type Outcome, time, type World } from "./command.ts";
import { dkimRecords, zoneText } from "./dns-records.ts";
import { badDomain, findDomain, noDomain, readDomain } from "./names.ts";

const name = { type: "text", placed: true, required: true, help: "the domain, like example.org" } as const;

const meaning: { readonly [S in DkimKey["state"]]: string } = {
  publish: "publish its record: it signs when DNS shows it",
  seen: "in DNS; signs when all name servers have it",
  used: "signs",
  retired: "signs no more; leave it in DNS until its time is over",
  removed: "remove it from DNS",
};

const shown = (domain: string, { keys }: DkimKeys): Outcome =>
  done(
    keys.map(({ selector, algorithm, use, record, createdAt, state, since }) => ({
      selector,
      algorithm,
      ...(use === undefined ? {} : { for: use }),
      state,
      means: meaning[state],
      since: time(since),
      createdAt: time(createdAt),
      name: `${selector}._domainkey.${domain}`,
      record,
    })),
  );

async function withKeys(
  world: World,
  typed: string,
  act: (domain: string, keys: DkimKeys) => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  const domain = readDomain(typed);
  if (domain === undefined) return badDomain(typed);
  const keys = await readDkimKeys(world.store, domain);
  if (keys === undefined) return no(`${domain} has no DKIM keys. Make them: angarium dkim make ${domain}`);
  return act(domain, keys);
}

const noKeeper = no("DNS cannot be asked here.");

const list = (typed: string, world: World): Promise<Outcome> => withKeys(world, typed, shown);

const rotate = (typed: string, world: World, use?: KeyUse): Promise<Outcome> =>
  withKeys(world, typed, async (domain) =>
    world.keys === undefined ? noKeeper : shown(domain, await world.keys.rotate(domain, use)),
  );

export const dkimCommands: readonly Command[] = [
  command("domain dkim", "The DKIM keys of a domain and their states.", { name }, ({ name }, world) =>
    list(name, world),
  ),
  command("domain dkim list", "The same.", { name }, ({ name }, world) => list(name, world)),
  command("dkim show", "The same, and the TXT records that publish them.", { name }, ({ name }, world) =>
    list(name, world),
  ),
  command(
    "domain dkim records",
    "The TXT records that publish the DKIM keys of a domain, for its zone.",
    { name },
    ({ name }, world) => withKeys(world, name, (domain, { keys }) => done(dkimRecords(domain, keys))),
    zoneText,
  ),
  command(
    "domain dkim check",
    "Look at DNS now and do what is due (the server does it every few minutes).",
    { name },
    ({ name }, world) =>
      withKeys(world, name, async (domain) => {
        if (world.keys === undefined) return noKeeper;
        return shown(domain, (await world.keys.look(domain)) ?? { keys: [] });
      }),
  ),
  command(
    "domain dkim rotate",
    "Begin to replace the DKIM keys of a domain now: publish the new records, the server does the rest.",
    { name, marketing: { type: "flag", help: "those for marketing alone ([dkim] separateMarketing)" } },
    ({ name, marketing }, world) => rotate(name, world, marketing === true ? "marketing" : undefined),
  ),
  command(
    "dkim make",
    "Make DKIM keys for a domain that has none, or (with --replace) begin to replace them, as domain dkim rotate does.",
    { name, replace: { type: "flag", help: "begin to replace the keys there are" } },
    async ({ name, replace }, world) => {
      const domain = readDomain(name);
      if (domain === undefined) return badDomain(name);
      if ((await findDomain(world.store, domain)) === undefined) return noDomain(domain);
      if ((await readDkimKeys(world.store, domain)) !== undefined) {
        if (!replace) return no(`${domain} has DKIM keys already. Show them: angarium domain dkim ${domain}`);
        const answer = await rotate(domain, world);
        if (answer.kind === "refused") return answer;
      }
      const { keys } = await ensureDkimKeys(world.store, domain, world.now());
      return done(dkimRecords(domain, keys));
    },
    zoneText,
  ),
];
