import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { AccountId, Address, StoreReader } from "../store/store.ts";
import { type Command, command, done, no, type Refused } from "./command.ts";
import {
  badAddress,
  badDomain,
  findAccount,
  findDomain,
  namesOf,
  noAccount,
  noDomain,
  readAddress,
  readDomain,
} from "./names.ts";

const address = { type: "text", placed: true, required: true, help: "the address, like info@example.org" } as const;
const onlyDomain = { domain: { type: "text", help: "only this domain" } } as const;
const maxTargets = 1_000;

async function listed(
  store: StoreReader,
  kind: Address["kind"],
  only: string | undefined,
): Promise<readonly Address[]> {
  const rows = await store.addresses(only === undefined ? {} : { domain: only });
  return rows.filter((row) => row.kind === kind);
}

/** Accounts by their ids, and those that were typed; or that one of these is not there. */
async function withAccounts(
  store: StoreReader,
  before: readonly AccountId[] = [],
  typed: readonly string[],
): Promise<readonly AccountId[] | Refused> {
  const all = new Set(before);
  for (const text of typed) {
    const account = await findAccount(store, text);
    if (account === undefined) return noAccount(text);
    all.add(account.id);
  }
  return [...all];
}

async function shown(store: Pick<StoreReader, "accounts">, row: Address) {
  return {
    address: `${row.local}@${row.domain}`,
    targets: row.targets,
    senders: await namesOf(store, row.senders),
    onBehalf: await namesOf(store, row.onBehalf ?? []),
  };
}

export const addressCommands: readonly Command[] = [
  command(
    "alias add",
    "Send the mail of an address to others, here or elsewhere; an alias that exists gets the targets added.",
    {
      address,
      targets: { type: "list", placed: true, help: "addresses its mail goes to" },
      senders: { type: "list", help: "accounts that may send as this address, besides a single target" },
      onBehalf: { type: "list", help: "accounts that may send with this address in From and their own in Sender" },
    },
    async ({ address, targets = [], senders = [], onBehalf = [] }, { store }) => {
      const alias = readAddress(address);
      if (alias === undefined) return badAddress(address);
      if ((await findDomain(store, alias.domain)) === undefined) return noDomain(alias.domain);
      const before = (await store.addresses(alias))[0];
      if (before !== undefined && before.kind !== "alias") {
        return no(`${address} is ${before.kind === "account" ? "an account" : "a relay recipient"}, not an alias.`);
      }
      const isList = before?.about?.kind === "list";
      if (isList && targets.length > 0)
        return no(`${address} is a mailing list: angarium list-member add ${address} anna@example.org`);
      const all = new Set(before?.targets ?? []);
      for (const target of targets) {
        const read = readAddress(target);
        if (read === undefined) return badAddress(target);
        if (formatMailbox(read) === formatMailbox(alias)) return no(`${address} cannot be an alias of itself.`);
        all.add(formatMailbox(read));
      }
      if (all.size === 0 && !isList)
        return no(`An alias needs a target: angarium alias add ${address} anna@example.org`);
      if (all.size > maxTargets) return no(`An alias has at most ${maxTargets} targets.`);
      const may = await withAccounts(store, before?.senders, senders);
      if ("why" in may) return may;
      const named = await withAccounts(store, before?.onBehalf, onBehalf);
      if ("why" in named) return named;
      const row: Address = {
        ...alias,
        kind: "alias",
        account: undefined,
        targets: [...all],
        senders: may,
        onBehalf: named,
        // A group stays one.
        ...(before?.about === undefined ? {} : { about: before.about }),
      };
      const answer = await store.putAddress(row);
      if (answer === "no-domain") return noDomain(alias.domain);
      if (answer !== "done") return no(`${address} cannot become an alias (${answer}).`);
      return done(await shown(store, row));
    },
  ),
  command("alias list", "All aliases, or those of one domain.", onlyDomain, async ({ domain }, { store }) => {
    const only = domain === undefined ? undefined : readDomain(domain);
    if (domain !== undefined && only === undefined) return badDomain(domain);
    const rows = await listed(store, "alias", only);
    return done(await Promise.all(rows.map((row) => shown(store, row))));
  }),
  command(
    "alias remove",
    "Remove an alias, or only some of its targets.",
    { address, targets: { type: "list", placed: true, help: "only these targets" } },
    async ({ address, targets = [] }, { store }) => {
      const alias = readAddress(address);
      if (alias === undefined) return badAddress(address);
      const before = (await store.addresses(alias))[0];
      if (before?.kind !== "alias") return no(`There is no alias ${address}. See them all: angarium alias list`);
      if (before.about?.kind === "list") return no(`${address} is a mailing list: angarium list remove ${address}`);
      const gone = new Set<string>();
      for (const target of targets) {
        const read = readAddress(target);
        const written = read === undefined ? target : formatMailbox(read);
        if (!before.targets.includes(written)) return no(`${address} does not go to ${target}.`);
        gone.add(written);
      }
      const left = before.targets.filter((target) => !gone.has(target));
      if (gone.size > 0 && left.length > 0) {
        const row = { ...before, targets: left };
        await store.putAddress(row);
        return done(await shown(store, row));
      }
      const answer = await store.removeAddress(alias.local, alias.domain);
      return answer === "done" ? done({ removed: address }) : no(`${address} cannot be removed (${answer}).`);
    },
  ),
  command(
    "recipient add",
    "List recipients of a relay domain whose relayRecipients is listed.",
    { addresses: { type: "list", placed: true, required: true, help: "addresses, like anna@example.org" } },
    async ({ addresses }, { store }, progress) => {
      let added = 0;
      for (const text of addresses) {
        const read = readAddress(text);
        if (read === undefined) return badAddress(text);
        const domain = await findDomain(store, read.domain);
        if (domain?.kind !== "relay")
          return no(`${read.domain} is no relay domain. Make it one: angarium domain add ${read.domain} --relay`);
        const answer = await store.putAddress({ ...read, kind: "relay", account: undefined, targets: [], senders: [] });
        if (answer !== "done") return no(`${text} cannot be added (${answer}); ${added} were.`);
        if (++added % 100 === 0) progress(`${added} of ${addresses.length}`);
      }
      return done({ added });
    },
  ),
  command("recipient list", "Listed recipients of relay domains.", onlyDomain, async ({ domain }, { store }) => {
    const only = domain === undefined ? undefined : readDomain(domain);
    if (domain !== undefined && only === undefined) return badDomain(domain);
    return done((await listed(store, "relay", only)).map((row) => ({ address: `${row.local}@${row.domain}` })));
  }),
  command(
    "recipient remove",
    "Take a recipient off a relay domain's list.",
    { address },
    async ({ address }, { store }) => {
      const read = readAddress(address);
      const row = read === undefined ? undefined : (await store.addresses(read))[0];
      if (read === undefined || row?.kind !== "relay")
        return no(`${address} is not listed. See them all: angarium recipient list`);
      await store.removeAddress(read.local, read.domain);
      return done({ removed: address });
    },
  ),
];
