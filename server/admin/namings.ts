/** Who else names an address, and naming another instead: for when somebody leaves; for the command line and the API alike. */
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Naming, Within } from "../store/hosting.ts";
import { no, type Refused, type World } from "./command.ts";
import { badAddress, readAddress } from "./names.ts";

/** So many are told by name. */
const maxTold = 20;

const told: { readonly [K in Naming["kind"]]: (name: string) => string } = {
  alias: (name) => `the alias ${name}`,
  group: (name) => `the group ${name}`,
  list: (name) => `the mailing list ${name}`,
  "catch-all": (name) => `the catch-all of ${name}`,
  filter: (name) => (name === "" ? "a filter of the server" : `a filter of ${name}`),
};

/** A sentence or two: "The group team@… and a filter of bob@… still name it. …"; "" where nothing does. */
export function namingsInWords(name: string, namings: readonly Naming[]): string {
  const parts = namings.slice(0, maxTold).map((one) => told[one.kind](one.name));
  if (namings.length > maxTold) parts.push(`${namings.length - maxTold} more`);
  const last = parts.pop();
  if (last === undefined) return "";
  const all = parts.length === 0 ? last : `${parts.join(", ")} and ${last}`;
  const lost = namings.filter(({ alone }) => alone).length;
  return [
    `${all.charAt(0).toUpperCase()}${all.slice(1)} still ${namings.length === 1 ? "names" : "name"} it${lost > 0 ? `; mail by ${lost === namings.length ? (lost === 1 ? "it" : "them") : `${lost} of them`} will be refused` : ""}.`,
    `To let another address stand there: angarium account hand-over ${name} ADDRESS (without ADDRESS: nobody).`,
    ...(namings.some(({ kind }) => kind === "filter") ? ["Filters are changed by whose they are."] : []),
  ].join(" ");
}

export const handedOverInWords = ({ handedOver, filters }: HandedOver): string =>
  [
    ...handedOver.map(({ kind, name }) => told[kind](name)),
    ...filters.map((name) => `${told.filter(name)}: left as it is, whose it is changes it`),
  ].join("\n") || "Nothing names it.";

export type HandedOver = { readonly handedOver: readonly Naming[]; readonly filters: readonly string[] };

/** Aliases, groups, lists and catch-alls of these domains name `to` instead of `from`, or nobody. */
export async function handOver(
  { store }: Pick<World, "store">,
  from: string,
  to: string | undefined,
  within: Within,
): Promise<HandedOver | Refused> {
  const [before, after] = [readAddress(from), to === undefined ? undefined : readAddress(to)];
  if (before === undefined) return { ...badAddress(from), field: "name" };
  if (to !== undefined && after === undefined) return { ...badAddress(to), field: "to" };
  const name = formatMailbox(before);
  const instead = after && formatMailbox(after);
  if (instead === name) return no("It is the same address.", "to");
  const namings = await store.namings(name, within);
  await store.nameInstead(name, instead, within);
  return {
    handedOver: namings.filter(({ kind }) => kind !== "filter"),
    filters: namings.filter(({ kind }) => kind === "filter").map((one) => one.name),
  };
}
