/** People as they are written in lists and headers. */
import type { EmailAddress, EmailHead } from "../jmap/types.ts";
import { writerFor } from "../reading/behalf.ts";
import { shortened, shown } from "../trust/turns.ts";

export function nameOf({ name, email }: EmailAddress): string {
  return shortened(shown(shown(name)?.replace(/^["']+|["']+$/g, "")) ?? email);
}

const firstName = (person: EmailAddress): string => {
  const name = nameOf(person);
  return name.includes("@") ? (name.split("@")[0] ?? name) : (name.split(/[\s,]+/)[0] ?? name);
};

/** Words of the page: for the reader, and for mail that somebody wrote for somebody else. */
export type Said = { readonly me: string; readonly onBehalf: (who: string, whom: string) => string };

/** The people of a conversation, in the order they spoke: "Ann, Bob, me". */
export function speakers(emails: readonly EmailHead[], own: ReadonlySet<string>, { me, onBehalf }: Said): string {
  const seen = new Map<string, { readonly author: EmailAddress; readonly writer: EmailAddress | undefined }>();
  for (const email of emails) {
    const writer = writerFor(email);
    for (const author of email.from ?? [])
      seen.set(`${author.email} ${writer?.email ?? ""}`.toLowerCase(), { author, writer });
  }
  const brief = seen.size === 1 ? nameOf : firstName;
  const named = (person: EmailAddress) => (own.has(person.email.toLowerCase()) ? me : brief(person));
  // Whom one writes for is no "me", whoever else may write as they.
  return [...seen.values()]
    .map(({ author, writer }) => (writer === undefined ? named(author) : onBehalf(named(writer), brief(author))))
    .join(", ");
}

/** What the reader wrote of a conversation; all of it where that is nothing. */
export function ownOf(emails: readonly EmailHead[], own: ReadonlySet<string>): readonly EmailHead[] {
  const found = emails.filter(({ from }) => from?.some(({ email }) => own.has(email.toLowerCase())));
  return found.length > 0 ? found : emails;
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
