/** People as they are written in lists and headers. */
import type { EmailAddress, EmailHead } from "../jmap/types.ts";
import { withoutTurns } from "../trust/turns.ts";

export function nameOf({ name, email }: EmailAddress): string {
  const plain = withoutTurns(name ?? "")
    .trim()
    .replace(/^["']+|["']+$/g, "");
  return plain === "" ? email : plain;
}

const firstName = (person: EmailAddress): string => {
  const name = nameOf(person);
  return name.includes("@") ? (name.split("@")[0] ?? name) : (name.split(/[\s,]+/)[0] ?? name);
};

/** The people of a conversation, in the order they spoke: "Ann, Bob, me". */
export function speakers(emails: readonly EmailHead[], own: ReadonlySet<string>, me: string): string {
  const seen = new Map<string, EmailAddress>();
  for (const { from } of emails) for (const person of from ?? []) seen.set(person.email.toLowerCase(), person);
  const all = [...seen];
  if (all.length === 1) {
    const [[address, person]] = all as [[string, EmailAddress]];
    return own.has(address) ? me : nameOf(person);
  }
  return all.map(([address, person]) => (own.has(address) ? me : firstName(person))).join(", ");
}

export function recipients(emails: readonly EmailHead[]): string {
  const seen = new Map<string, string>();
  for (const { to } of emails) for (const person of to ?? []) seen.set(person.email.toLowerCase(), nameOf(person));
  return [...seen.values()].join(", ");
}

/** A colour that a person keeps: one of eight that white reads well on. */
export function hueOf(address: string): number {
  let hash = 0;
  for (const char of address.toLowerCase()) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return (hash % 8) * 45 + 12;
}

export const initialOf = (person: EmailAddress): string => {
  const [first = "?"] = nameOf(person).replace(/[^\p{L}\p{N}]/gu, "");
  return first.toUpperCase();
};
