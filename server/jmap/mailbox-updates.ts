/**
 * Updates of one Mailbox/set: "The final state MUST be valid after the /set is finished" (RFC 8620 §5.3), so that two mailboxes may change their
 * names, places or roles with each other.
 */
import type { MailboxFields } from "../store/jmap.ts";
import type { MailboxId } from "../store/store.ts";

/** Where a mailbox lies and what it is called, or what is wanted of that. */
export type Place = { readonly parent: MailboxId | undefined; readonly name: string };

export type Update<Outcome> = {
  readonly key: string;
  readonly mailbox: MailboxId;
  readonly now: Place;
  readonly wanted: Place;
  /** Does it; `blocked` where another mailbox has the name or the role. */
  readonly run: () => Promise<{ readonly outcome: Outcome; readonly blocked: boolean }>;
};

const placeKey = ({ parent, name }: Place): string => `${parent ?? ""}/${name}`;

/**
 * Runs the updates in their order. What is blocked is tried again once others have been done; where they block each other, one goes by
 * a name in between, and has its own again where it could not be changed in the end.
 */
export async function runUpdates<Outcome>(
  updates: readonly Update<Outcome>[],
  rename: (mailbox: MailboxId, fields: Pick<MailboxFields, "name">) => Promise<unknown>,
  nameBetween: () => string,
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const aside = new Set<Update<Outcome>>();
  for (let waiting = updates; waiting.length > 0; ) {
    const blocked: Update<Outcome>[] = [];
    for (const update of waiting) {
      const { outcome, blocked: again } = await update.run();
      outcomes.set(update.key, outcome);
      if (again) blocked.push(update);
      else aside.delete(update);
    }
    if (blocked.length === waiting.length) {
      const wanted = new Set(blocked.map((update) => placeKey(update.wanted)));
      const next = blocked.find((update) => !aside.has(update) && wanted.has(placeKey(update.now)));
      if (next === undefined) break;
      await rename(next.mailbox, { name: nameBetween() });
      aside.add(next);
    }
    waiting = blocked;
  }
  for (const { mailbox, now } of aside) await rename(mailbox, { name: now.name });
  return outcomes;
}
