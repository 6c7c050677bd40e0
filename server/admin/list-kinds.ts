/** Mailing lists as administrators make and change them, for the command line and the API alike. */
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { putMember } from "../distribute/members.ts";
import { defaultListSettings, type List, listOf } from "../distribute/settings.ts";
import type { ListSettings, Member } from "../store/lists-store.ts";
import { no, type Refused, type World } from "./command.ts";
import { badAddress, findDomain, noDomain, readAddress } from "./names.ts";

export type Change<T> = { readonly [N in keyof T]?: T[N] | undefined };

const given = <T extends object>(change: T): Partial<T> =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<T>;

/** Makes a list at an address that is free (`over` false), or changes the one that is there. */
export async function keepList(
  { store }: Pick<World, "store">,
  typed: string,
  change: Change<ListSettings>,
  over: boolean,
): Promise<List | Refused> {
  const read = readAddress(typed);
  if (read === undefined) return { ...badAddress(typed), field: "address" };
  if ((await findDomain(store, read.domain))?.kind !== "local") return { ...noDomain(read.domain), field: "address" };
  const row = (await store.addresses(read))[0];
  const before = row === undefined ? undefined : listOf(row);
  if (row !== undefined && (before === undefined || !over)) return no(`${typed} is taken.`, "address");
  if (row === undefined && over) return noList(typed);
  const settings = { ...(before?.settings ?? defaultListSettings), ...given(change) } as ListSettings;
  const answer = await store.putAddress({
    ...read,
    kind: "alias",
    account: undefined,
    targets: [],
    senders: row?.senders ?? [],
    onBehalf: row?.onBehalf,
    about: { kind: "list", ...settings },
  });
  return answer === "done" ? { ...read, address: formatMailbox(read), settings } : no(`${typed} is taken.`, "address");
}

export const noList = (typed: string): Refused => no(`There is no list ${typed}. See them all: angarium list list`);

export async function findList({ store }: Pick<World, "store">, typed: string): Promise<List | Refused> {
  const read = readAddress(typed);
  const row = read === undefined ? undefined : (await store.addresses(read))[0];
  return (row === undefined ? undefined : listOf(row)) ?? noList(typed);
}

/** With all that belongs to it. */
export async function removeList({ store }: Pick<World, "store">, { local, domain, address }: List): Promise<void> {
  await store.removeAddress(local, domain);
  await store.forgetList(address);
}

/** Adds people, or changes those who are there. A list is no member of another: groups may hold several lists. */
export async function putMembers(
  { store, now }: Pick<World, "store" | "now">,
  list: List,
  typed: readonly string[],
  about: Change<Pick<Member, "displayName" | "role" | "delivery">>,
): Promise<readonly Member[] | Refused> {
  const members: Member[] = [];
  for (const [index, text] of typed.entries()) {
    const read = readAddress(text);
    if (read === undefined) return { ...badAddress(text), field: `members/${index}` };
    const row = (await store.addresses(read))[0];
    if (row?.about?.kind === "list") return no(`${text} is a list itself.`, `members/${index}`);
    const address = formatMailbox(read);
    const put = await putMember({ store, now }, list, address, about);
    if (put.kind === "full") return no("The list is full.", "members");
    members.push(put.member);
  }
  return members;
}
