/** Kept in quarantine for everybody it was for; the sender hears what others hear. */
import type { Header } from "../../protocol/mime/header.ts";
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Taken } from "../judge/judge.ts";
import type { Waited } from "../queue/here.ts";
import type { Received } from "../receive/received.ts";
import { type Acceptances, underOf } from "./acceptances.ts";
import type { Commit } from "./commit.ts";
import type { Destinations } from "./destinations.ts";
import { acceptedEntry, entry } from "./entries.ts";
import { isLmtp } from "./outcomes.ts";
import type { DeliverPorts } from "./ports.ts";
import { quarantineRows } from "./quarantined.ts";
import { takenAs } from "./replies.ts";
import { traced } from "./traced.ts";

export function makeKeep(
  { factsOf, settings, log }: Pick<DeliverPorts, "factsOf" | "settings" | "log">,
  message: Acceptances["message"],
  commit: Commit["one"],
) {
  return async (
    mail: Received,
    header: Header,
    to: Destinations,
    verdict: Taken,
    waited: Waited | undefined,
  ): Promise<readonly Reply[]> => {
    const bytes = traced(mail, header, to.accounts.size > 0, verdict);
    const kept =
      verdict.unopened === true
        ? { bytes, facts: factsOf(bytes.subarray(0, bytes.length - (mail.bytes.length - header.end))) }
        : await message(bytes);
    const rows = quarantineRows(mail, header, to, verdict, settings.quarantineMs);
    const accounts = [...to.accounts.keys()];
    const journey = [
      acceptedEntry(mail, kept.facts, verdict),
      entry(mail, "quarantined", { accounts, untilAt: mail.at + settings.quarantineMs }),
    ];
    await commit({ message: kept, placements: [], quarantine: rows, ...underOf(mail), journey }, waited);
    const { id, envelopeFrom: from, remote } = mail;
    log.info({ id, from, remote: remote.address, notes: verdict.notes, reasons: verdict.reasons }, "quarantined");
    const taken = takenAs(id);
    return isLmtp(mail) ? to.each.map((one) => (one.kind === "refused" ? one.reply : taken)) : [taken];
  };
}
