/** Groups and masked addresses: aliases with something more, for the command line and the API alike. */
import { randomInt } from "node:crypto";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Account, Address } from "../store/store.ts";
import { no, type Refused, type World } from "./command.ts";
import { badAddress, findDomain, noDomain, readAddress } from "./names.ts";

export const maxTargets = 1_000;
/** Masked addresses of one account. */
export const maxMasked = 500;
const maskedLetters = "abcdefghjkmnpqrstuvwxyz23456789";
const maskedChars = 10;

/** Addresses as they are kept, each once, or what is wrong with the first that is none. */
export function readTargets(typed: readonly string[], field: string): readonly string[] | Refused {
  const found = new Set<string>();
  for (const [index, text] of typed.entries()) {
    const read = readAddress(text);
    if (read === undefined) return { ...badAddress(text), field: `${field}/${index}` };
    found.add(formatMailbox(read));
  }
  return found.size > maxTargets ? no(`At most ${maxTargets} addresses.`, field) : [...found];
}

/** Keeps an alias of any kind at an address that is free, or that has one of this kind already (`over`). */
export async function keepAlias(
  { store }: Pick<World, "store">,
  typed: string,
  about: Pick<Address, "targets" | "senders" | "onBehalf"> & { readonly kind: Address["about"] },
  over: boolean,
): Promise<Address | Refused> {
  const read = readAddress(typed);
  if (read === undefined) return { ...badAddress(typed), field: "address" };
  if ((await findDomain(store, read.domain)) === undefined) return { ...noDomain(read.domain), field: "address" };
  const before = (await store.addresses(read))[0];
  if (before !== undefined && (!over || before.kind !== "alias" || before.about?.kind !== about.kind?.kind))
    return no(`${typed} is taken: it is ${wordFor(before)}.`, "address");
  if (about.targets.length === 0) return no("There must be an address that its mail goes to.", "targets");
  const { kind, ...rest } = about;
  const row: Address = {
    ...read,
    kind: "alias",
    account: undefined,
    ...rest,
    ...(kind === undefined ? {} : { about: kind }),
  };
  const answer = await store.putAddress(row);
  if (answer === "done") return row;
  return answer === "no-domain" ? noDomain(read.domain) : no(`${typed} is taken.`, "address");
}

const wordFor = ({ kind, about }: Address): string =>
  kind === "account"
    ? "an account's"
    : kind === "relay"
      ? "a relay recipient"
      : about === undefined
        ? "an alias"
        : `a ${about.kind} address`.replace("group address", "group");

/** A new address that nobody knows, for one account: given to one shop, switched off when the shop has sold it. */
export async function makeMasked(
  world: Pick<World, "store" | "now">,
  account: Account,
  label: string,
  domain: string,
): Promise<Address | Refused> {
  const { store, now } = world;
  const mine = await store.hostedAddresses({ kind: "all" }, { limit: maxMasked, sort: "masked", owner: account.id });
  if (mine.length >= maxMasked) return no(`An account has at most ${maxMasked} masked addresses: remove old ones.`);
  for (let tries = 0; tries < 5; tries++) {
    const local = Array.from({ length: maskedChars }, () => maskedLetters[randomInt(maskedLetters.length)]).join("");
    if ((await store.addresses({ local, domain })).length > 0) continue;
    const kind = { kind: "masked", owner: account.id, label, createdAt: now(), off: false } as const;
    return keepAlias(world, `${local}@${domain}`, { targets: [account.name], senders: [], kind }, false);
  }
  return no("No free address was found: try again.");
}
