/** Who could be meant: people of the address books first, then those one has had mail with. */
import type { EmailAddress, Id } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";
import { addressesOf, cards, loadCards } from "./cards.svelte.ts";

const maxSuggested = 8;
/** Answers are remembered while the page is open. */
const remembered = new Map<string, readonly EmailAddress[]>();
const maxRemembered = 300;

const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const matches = ({ name, email }: EmailAddress, part: string): boolean =>
  fold(`${name ?? ""} ${email}`)
    .split(/[\s.@_-]+/)
    .some((word) => word.startsWith(part)) ||
  fold(email).startsWith(part) ||
  fold(name ?? "").startsWith(part);

export async function suggestPeople(typed: string): Promise<readonly EmailAddress[]> {
  const part = fold(typed.trim());
  if (part === "") return [];
  const before = remembered.get(part);
  if (before !== undefined) return before;
  await loadCards().catch(() => {});
  const found = new Map<string, EmailAddress>();
  for (const card of cards.list)
    for (const person of addressesOf(card)) if (matches(person, part)) found.set(person.email.toLowerCase(), person);
  if (found.size < maxSuggested)
    for (const person of await fromMail(part, typed))
      if (!found.has(person.email.toLowerCase())) found.set(person.email.toLowerCase(), person);
  const people = [...found.values()].slice(0, maxSuggested);
  remembered.set(part, people);
  if (remembered.size > maxRemembered) remembered.delete(remembered.keys().next().value ?? "");
  return people;
}

async function fromMail(part: string, typed: string): Promise<readonly EmailAddress[]> {
  try {
    const answers = await session.client.all([
      [
        "Email/query",
        {
          filter: { operator: "OR", conditions: [{ from: typed }, { to: typed }] },
          sort: [{ property: "receivedAt", isAscending: false }],
          limit: 40,
        },
        "q",
      ],
      [
        "Email/get",
        { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["from", "to", "cc"] },
        "e",
      ],
    ]);
    const { list } = answers.get("e") as { list: { [field: string]: EmailAddress[] | null | Id }[] };
    const people = new Map<string, EmailAddress>();
    for (const email of list)
      for (const field of ["from", "to", "cc"])
        for (const person of (email[field] ?? []) as EmailAddress[])
          if (matches(person, part) && !people.has(person.email.toLowerCase()))
            people.set(person.email.toLowerCase(), person);
    return [...people.values()];
  } catch {
    return [];
  }
}
