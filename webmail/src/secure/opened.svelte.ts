/** What has been opened in this page: for the subject of the conversation, and to be quoted in answers. Gone with the page. */
import { SvelteMap } from "svelte/reactivity";
import type { Email, Id } from "../jmap/types.ts";
import { withoutTurns } from "../trust/turns.ts";
import type { Within } from "./open.ts";

/** Older ones are opened again when they are looked at. */
const maxOpened = 50;
const opened = new SvelteMap<Id, Within & { readonly encrypted: boolean }>();

export const openedOf = (id: Id): (Within & { readonly encrypted: boolean }) | undefined => opened.get(id);

export function rememberOpened(email: Pick<Email, "id">, what: Within, encrypted: boolean): void {
  opened.set(email.id, { ...what, encrypted });
  for (const id of opened.keys()) {
    if (opened.size <= maxOpened) break;
    opened.delete(id);
  }
}

/** What stands in the place of a subject that is within (RFC 9788 §3.2.1, and what came before it). */
export const isObscured = (subject: string | null | undefined): boolean =>
  subject === "[...]" || subject === "..." || subject === "Encrypted Message";

/** The subject as it was within, where it was. */
export function subjectOf(email: Pick<Email, "id" | "subject">): string | null {
  const subject = opened.get(email.id)?.subject ?? email.subject;
  return subject === null ? null : withoutTurns(subject);
}
