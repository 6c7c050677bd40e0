/** As whom a letter is written. */
import type { EmailAddress, Identity } from "../jmap/types.ts";
import { identities } from "../state/identities.svelte.ts";
import { session } from "../state/session.svelte.ts";
import type { Draft } from "./draft.ts";

/** "*@example.org": every address of the domain that is nobody else's (RFC 8621 §6); which one, the writer says. */
export const isOfDomain = ({ email }: Identity): boolean => email.startsWith("*@");

export function standsFor({ email }: Identity, address: string): boolean {
  return email.startsWith("*@") && address.toLowerCase().endsWith(email.slice(1).toLowerCase());
}

type Writer = Pick<Draft, "identityId" | "from">;

export const identityOfDraft = ({ identityId }: Pick<Draft, "identityId">): Identity | undefined =>
  identities.list.find(({ id }) => id === identityId) ?? identities.list[0];

/** Undefined where the identity stands for a domain and no address of it has been said yet. */
export function addressOfDraft(draft: Writer): string | undefined {
  const identity = identityOfDraft(draft);
  if (identity === undefined) return session.username;
  if (!isOfDomain(identity)) return identity.email;
  return draft.from !== undefined && standsFor(identity, draft.from) ? draft.from : undefined;
}

/** The identity a letter came to, or the first. */
export function identityFor(people: readonly EmailAddress[]): Identity | undefined {
  const { list } = identities;
  for (const { email } of people) {
    // RFC 5233: what stands behind + is the person's own business.
    const plain = email.toLowerCase().replace(/\+[^@]*@/, "@");
    const found =
      list.find((one) => one.email.toLowerCase() === email.toLowerCase()) ??
      list.find((one) => one.email.toLowerCase() === plain);
    if (found !== undefined) return found;
  }
  const ofDomain = list.filter(isOfDomain);
  return ofDomain.find((one) => people.some(({ email }) => standsFor(one, email))) ?? list[0];
}

/** As whom one answers what came to these people. */
export function writerFor(people: readonly EmailAddress[]): Writer {
  const identity = identityFor(people);
  const from =
    identity && isOfDomain(identity) ? people.find(({ email }) => standsFor(identity, email))?.email : undefined;
  return { identityId: identity?.id, from };
}
