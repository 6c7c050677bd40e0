/** What senders hear of a message that was taken: the replies, and notices where no reply says it. */
import type { Header } from "../../protocol/mime/header.ts";
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Received } from "../receive/received.ts";
import type { Commit } from "./commit.ts";
import type { NoteLeftOut, NoteRefused } from "./note-refused.ts";
import { forGood, isLmtp, type Outcome } from "./outcomes.ts";
import type { DeliverPorts } from "./ports.ts";
import { takenAs } from "./replies.ts";

/** `trace`: what joins the entries of the journey of a message that was taken. */
export type Tell = (
  mail: Received,
  header: Header,
  outcomes: readonly Outcome[],
  trace?: string,
) => Promise<readonly Reply[]>;

export function makeTell(
  { notices }: Pick<DeliverPorts, "notices">,
  notice: Commit["notice"],
  noteRefused: NoteRefused,
  noteLeftOut: NoteLeftOut,
): Tell {
  return async (mail, header, outcomes, trace = mail.id) => {
    const taken = takenAs(mail.id);
    const allRefused = outcomes.every(({ refusal }) => refusal !== undefined);
    if (allRefused) noteRefused(mail, header, { kind: "refuse", reply: outcomes[0]!.refusal!, notes: [] });
    // One reply for all said yes: who was left out is the sender's to know. LMTP says so at once, but not of a part.
    const unsaid = (one: Outcome): Reply | undefined =>
      isLmtp(mail) || allRefused ? one.partial : (one.refusal ?? one.partial);
    const left = outcomes.filter((one) => unsaid(one) !== undefined);
    if (left.length > 0) {
      const failures = left.map((one) => ({ recipient: one.recipient, reply: forGood(unsaid(one)!) }));
      await notice(mail, notices.failureNotice(mail, failures));
      // Of an alias, of which others have it, the notice alone tells.
      noteLeftOut(
        mail,
        failures.filter((_, index) => left[index]!.refusal !== undefined),
        trace,
      );
    }
    const wanting = outcomes.filter((one) => (one.filed || one.expanded) && one.recipient.notify?.success === true);
    if (wanting.length > 0) {
      const done = wanting.map(
        ({ recipient, filed }) => ({ recipient, action: filed ? "delivered" : "expanded" }) as const,
      );
      await notice(mail, notices.successNotice(mail, done));
    }
    if (isLmtp(mail)) return outcomes.map((one) => one.refusal ?? taken);
    return [allRefused ? outcomes[0]!.refusal! : taken];
  };
}
