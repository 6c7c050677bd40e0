/** Groups, and masked addresses. */
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Address } from "../store/store.ts";
import { keepAlias, makeMasked, readTargets } from "./alias-kinds.ts";
import { type Command, command, done, no, time } from "./command.ts";
import { badDomain, findAccount, noAccount, readAddress, readDomain } from "./names.ts";

const address = { type: "text", placed: true, required: true, help: "the address of the group" } as const;
const members = { type: "list", placed: true, help: "addresses of members" } as const;
const maxListed = 10_000;
type GroupPolicy = "anyone" | "people" | "members";

const shownGroup = (row: Address) => ({
  address: `${row.local}@${row.domain}`,
  displayName: row.about?.kind === "group" ? row.about.displayName : "",
  description: row.about?.kind === "group" ? row.about.description : "",
  members: row.targets,
  posting: (row.about?.kind === "group" ? row.about.posting : undefined) ?? "anyone",
});
const shownMasked = (row: Address) => ({
  address: `${row.local}@${row.domain}`,
  label: row.about?.kind === "masked" ? row.about.label : "",
  off: row.about?.kind === "masked" && row.about.off,
  createdAt: time(row.about?.kind === "masked" ? row.about.createdAt : undefined),
});

export const groupCommands: readonly Command[] = [
  command(
    "group add",
    "Make a group, or add members to it: its mail goes to all of them.",
    {
      address,
      members,
      displayName: { type: "text", help: "its name for people" },
      description: { type: "text", help: "what it is for" },
      posting: {
        type: "text",
        choices: ["anyone", "people", "members"],
        help: "who may write to it: anyone, people of its domain, or members",
      },
    },
    async (given, world) => {
      const typed = readTargets(given.members ?? [], "members");
      if ("why" in typed) return typed;
      const read = readAddress(given.address);
      const before = read === undefined ? undefined : (await world.store.addresses(read))[0];
      const about = before?.about?.kind === "group" ? before.about : { displayName: "", description: "" };
      const posting = (given.posting as GroupPolicy | undefined) ?? ("posting" in about ? about.posting : undefined);
      const kind = {
        ...(posting === undefined || posting === "anyone" ? {} : { posting }),
        kind: "group",
        displayName: given.displayName ?? about.displayName,
        description: given.description ?? about.description,
      } as const;
      const targets = [...new Set([...(before?.about?.kind === "group" ? before.targets : []), ...typed])];
      const grants = { senders: before?.senders ?? [], onBehalf: before?.onBehalf };
      const kept = await keepAlias(world, given.address, { targets, ...grants, kind }, true);
      return "why" in kept ? kept : done(shownGroup(kept));
    },
  ),
  command("group list", "All groups, with their members.", {}, async (_, { store }) =>
    done((await store.hostedAddresses({ kind: "all" }, { limit: maxListed, sort: "group" })).map(shownGroup)),
  ),
  command(
    "group remove",
    "Remove a group, or only some of its members.",
    { address, members },
    async (given, { store }) => {
      const read = readAddress(given.address);
      const before = read === undefined ? undefined : (await store.addresses(read))[0];
      if (before?.about?.kind !== "group")
        return no(`There is no group ${given.address}. See them all: angarium group list`);
      const gone = readTargets(given.members ?? [], "members");
      if ("why" in gone) return gone;
      const targets = before.targets.filter((target) => !gone.includes(target));
      if (gone.length > 0 && targets.length > 0) {
        await store.putAddress({ ...before, targets });
        return done(shownGroup({ ...before, targets }));
      }
      await store.removeAddress(before.local, before.domain);
      return done({ removed: formatMailbox(before) });
    },
  ),
  command(
    "masked add",
    "Make a one-off address for an account.",
    {
      account: { type: "text", placed: true, required: true, help: "whose mail it is" },
      label: { type: "text", placed: true, required: true, help: "whom it is given to" },
      domain: { type: "text", help: "the account's own by default" },
    },
    async (given, world) => {
      const account = await findAccount(world.store, given.account);
      if (account === undefined) return noAccount(given.account);
      const own = account.name.slice(account.name.lastIndexOf("@") + 1);
      const domain = readDomain(given.domain ?? own);
      if (domain === undefined) return badDomain(given.domain ?? own);
      const made = await makeMasked(world, account, given.label, domain);
      return "why" in made ? made : done(shownMasked(made));
    },
  ),
  command(
    "masked list",
    "The one-off addresses of an account.",
    { account: { type: "text", placed: true, required: true, help: "whose they are" } },
    async (given, { store }) => {
      const account = await findAccount(store, given.account);
      if (account === undefined) return noAccount(given.account);
      const rows = await store.hostedAddresses(
        { kind: "all" },
        { limit: maxListed, sort: "masked", owner: account.id },
      );
      return done(rows.map(shownMasked));
    },
  ),
  ...(["off", "on", "remove"] as const).map((verb) =>
    command(
      `masked ${verb}`,
      verb === "off" ? "Take no more mail for it." : verb === "on" ? "Take mail for it again." : "Forget it.",
      { address: { type: "text", placed: true, required: true, help: "the one-off address" } },
      async (given, { store }) => {
        const read = readAddress(given.address);
        const before = read === undefined ? undefined : (await store.addresses(read))[0];
        if (before?.about?.kind !== "masked") return no(`${given.address} is no masked address.`);
        if (verb === "remove") await store.removeAddress(before.local, before.domain);
        else await store.putAddress({ ...before, about: { ...before.about, off: verb === "off" } });
        return done({ address: given.address, [verb]: true });
      },
    ),
  ),
];
