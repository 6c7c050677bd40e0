/** Mail to `abuse@` becomes a ticket, and to `postmaster@` where it is a report by its form. Whoever reads these mailboxes gets it all the same. */
import {
  type AbuseReport,
  isAnswerOfProgram,
  looksLikeAbuseReport,
  readAbuseReport,
} from "../../protocol/mime/abuse-report.ts";
import { splitHeader } from "../../protocol/mime/header.ts";
import type { Log } from "../base/log.ts";
import type { ReportReader } from "../report/incoming.ts";
import type { Instant, Store } from "../store/store.ts";
import type { Concerned, TicketReport } from "../store/tickets-store.ts";
import { type ConcernedAsk, concernedOf } from "./concerned.ts";

export type IntakeAsk = ConcernedAsk & {
  readonly store: Pick<Store, "openTicket">;
  /** A domain whose mail is kept here. */
  readonly isLocal: (domain: string) => Promise<boolean>;
  readonly now: () => Instant;
  readonly log: Log;
};

/** What is said of a report stands in front. */
const maxReadBytes = 256 * 1024;
/** Kept of what a person wrote, and of the header of the message that it is about. */
const maxTextChars = 4_000;
const maxHeaderChars = 6_000;
/** Letters of one domain that become tickets in a day; more are in the mailbox. Reports in a form of their own are not counted. */
const maxLettersPerDay = 100;
const maxDomains = 10_000;
const dayMs = 86_400_000;

export function makeIntake(ask: IntakeAsk): ReportReader {
  const { store, now, log } = ask;
  let day = 0;
  const letters = new Map<string, number>();
  const mayOpen = (domain: string): boolean => {
    const today = Math.floor(now() / dayMs);
    if (today !== day || letters.size >= maxDomains) letters.clear();
    day = today;
    const before = letters.get(domain) ?? 0;
    letters.set(domain, before + 1);
    return before < maxLettersPerDay;
  };

  return async ({ id, bytes, recipients, authentic, junk }) => {
    const to = await deskOf(recipients, ask.isLocal);
    if (to === undefined) return false;
    const header = splitHeader(bytes, 0, bytes.length);
    if (isAnswerOfProgram(header) || (to === "postmaster" && !looksLikeAbuseReport(header))) return false;
    const report = readAbuseReport(bytes.subarray(0, maxReadBytes));
    const concerned = await concernedOf(report, ask);
    if (report.form === "letter") {
      // Strangers who look for any address write to this one too.
      if (junk === true && concerned.message === "") return false;
      if (!mayOpen(report.reporter.slice(report.reporter.lastIndexOf("@") + 1))) return false;
    }
    const kept = keptOf(report, { id, at: now(), authentic });
    const opened = await store.openTicket({ about: aboutOf(report, concerned, id), concerned, report: kept });
    if (opened === undefined) {
      log.warn({ id }, "there are too many tickets of abuse@: close some (angarium abuse list)");
      return false;
    }
    log.info({ id, ticket: opened.id, form: report.form, tenant: concerned.tenant }, "a ticket of abuse@");
    return true;
  };
}

/** Which of its addresses here a mail is to; abuse@ goes before. */
async function deskOf(
  recipients: readonly { readonly local: string; readonly domain: string }[],
  isLocal: IntakeAsk["isLocal"],
): Promise<"abuse" | "postmaster" | undefined> {
  let found: "postmaster" | undefined;
  for (const { local, domain } of recipients) {
    const name = local.toLowerCase();
    if ((name !== "abuse" && name !== "postmaster") || !(await isLocal(domain.toLowerCase()))) continue;
    if (name === "abuse") return name;
    found = name;
  }
  return found;
}

/** Reports of one message are one ticket, else those of one case of a reporter, else letters of one person under one subject. */
export function aboutOf(
  { form, reporter, reference, subject }: AbuseReport,
  { message }: Concerned,
  id: string,
): string {
  if (message !== "") return `message:${message}`;
  const domain = reporter.slice(reporter.lastIndexOf("@") + 1);
  if (reference !== undefined)
    return `case:${form}:${form === "spamcop" || form === "spamhaus" ? form : domain}:${reference}`;
  const bare = subject
    .replace(/^(?:\s*(?:re|aw|fw|fwd|sv|antw)\s*:)+/i, "")
    .trim()
    .toLowerCase();
  return reporter === "" || bare === "" ? `mail:${id}` : `letter:${reporter}:${bare}`;
}

const keptOf = (
  report: AbuseReport,
  { id, at, authentic }: { readonly id: string; readonly at: Instant; readonly authentic: boolean | undefined },
): TicketReport => ({
  at,
  id,
  form: report.form,
  kind: report.kind,
  reporter: report.reporter,
  reference: report.reference,
  subject: report.subject,
  authentic,
  sourceIp: report.sourceIp,
  text: report.text.trim().slice(0, maxTextChars),
  returned: report.returned.slice(0, maxHeaderChars),
});
