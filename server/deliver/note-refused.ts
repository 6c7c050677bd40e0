/** What is refused is noted: in its journey, to its tenant, in the log. */
import type { Header } from "../../protocol/mime/header.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, replyText } from "../../protocol/smtp/reply.ts";
import type { Log } from "../base/log.ts";
import type { Refused } from "../judge/judge.ts";
import type { Received, ReceivedRecipient } from "../receive/received.ts";
import type { Destinations } from "./destinations.ts";
import { entry } from "./entries.ts";
import type { DeliverPorts } from "./ports.ts";
import { RefusalBudget, refusedEntry } from "./refusals.ts";
import { leftOutEvents, rejectedEvents } from "./suppressed.ts";

/** `suppressed`: recipients whose refusal is told elsewhere. */
export type NoteRefused = (
  mail: Received,
  header: Header,
  verdict: Refused,
  suppressed?: Destinations["suppressed"],
) => void;

/** A flood of refused mail must not fill the journeys: beyond the bound it is in the log alone. */
export function makeNoteRefused({
  store,
  settings,
  log,
}: Pick<DeliverPorts, "store" | "settings" | "log">): NoteRefused {
  const refusals = new RefusalBudget(settings.maxRefusalsNotedPerSecond);
  return (mail, header, verdict, suppressed = []) => {
    if (!refusals.take(mail.at)) return;
    store.note([refusedEntry(mail, header, verdict)]).catch((error: unknown) => {
      log.error({ id: mail.id, error }, "journey of a refused message not noted");
    });
    // The API tells of it itself, for each recipient.
    if (mail.sending === undefined || mail.via === "API") return;
    const said = replyText(verdict.reply);
    const refused = mail.recipients
      .map((one) => ({ address: formatMailbox(one), reply: said }))
      .filter(({ address }) => suppressed.every((one) => one.address !== address));
    if (refused.length === 0) return;
    store
      .settle({ settlements: [], notices: [], journey: [], events: rejectedEvents(mail, refused) })
      .catch((error: unknown) => log.error({ id: mail.id, error }, "a tenant does not hear of a refused message"));
  };
}

export type NoteLeftOut = (
  mail: Received,
  failures: readonly { readonly recipient: ReceivedRecipient; readonly reply: Reply }[],
  trace: string,
) => void;

/** Who said yes has told the sender of it; the journey and a tenant's events say for whom it was no. */
export function makeNoteLeftOut({ store, log }: Pick<DeliverPorts, "store" | "log">): NoteLeftOut {
  return (mail, failures, trace) => {
    if (failures.length === 0) return;
    const left = failures.map(({ recipient, reply }) => ({ address: formatMailbox(recipient), reply }));
    const journey = [...Map.groupBy(left, ({ reply }) => replyText(reply))].map(([reply, some]) => ({
      ...entry(mail, "bounced", { to: some.map(({ address }) => address), reply }),
      trace,
    }));
    store
      .settle({ settlements: [], notices: [], journey, events: leftOutEvents(mail, left) })
      .catch((error: unknown) =>
        log.error({ id: mail.id, error }, "not noted for whom a message was refused after all"),
      );
  };
}

export function logRefused(log: Log, mail: Received, refusal: Reply, notes: readonly string[]): void {
  const { id, envelopeFrom: from, remote } = mail;
  log.info({ id, from, remote: remote.address, bytes: mail.bytes.length, reply: replyText(refusal), notes }, "refused");
}
