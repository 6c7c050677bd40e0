/** Tickets as people and programs see them, the same in commands and in the API. Pure. */
import type { Instant } from "../store/store.ts";
import type { Strike, Ticket } from "../store/tickets-store.ts";

/** By what it is known whose mail it is. */
const proofs: { readonly [by: string]: string } = {
  "return-path": "the message was found by its return path, which only who has it knows",
  reference: "the message was found by our reference in it, which only who has it knows",
  received: "the message was found by our Received field in it",
  "message-id": "the message was found by its Message-ID, which many may know",
  "feedback-id": "the report names the tenant (Feedback-ID); the message was not found",
  domain: "the report names the domain; the message was not found",
  "": "nobody knows yet: neither the message nor its sender was found",
};

/** When it should have been answered, where it has not been. */
export const answerBy = ({ state, openedAt }: Ticket, withinMs: number): Instant | undefined =>
  state === "new" || state === "seen" ? openedAt + withinMs : undefined;

const at = (instant: Instant): string => new Date(instant).toISOString();
const sender = ({ tenant, account }: Ticket["concerned"]): string =>
  [tenant, account].filter((one) => one !== "").join(", ") || "unknown";

export function shownTicket(ticket: Ticket, withinMs: number, now: Instant) {
  const { id, state, concerned, openedAt, latestAt, count, reports, notes, strike } = ticket;
  const first = reports[0];
  const due = answerBy(ticket, withinMs);
  return {
    id,
    state,
    late: due !== undefined && due < now,
    subject: first?.subject ?? "",
    sender: sender(concerned),
    form: first?.form ?? "letter",
    kind: first?.kind ?? "abuse",
    reporter: first?.reporter ?? "",
    reference: first?.reference ?? null,
    openedAt: at(openedAt),
    answerBy: due === undefined ? null : at(due),
    latestAt: at(latestAt),
    count,
    tenant: concerned.tenant,
    account: concerned.account,
    recipient: concerned.recipient,
    campaign: concerned.campaign,
    message: concerned.message,
    sentAt: concerned.sentAt === undefined ? null : at(concerned.sentAt),
    proof: proofs[concerned.by] ?? "",
    strike: strike ?? null,
    notes: notes.map((one) => ({ at: at(one.at), by: one.by, text: one.text })),
    evidence: reports.map((one) => ({
      at: at(one.at),
      mail: one.id,
      form: one.form,
      kind: one.kind,
      reporter: one.reporter,
      authentic: one.authentic ?? null,
      sourceIp: one.sourceIp ?? null,
      reference: one.reference ?? null,
      subject: one.subject,
      text: one.text,
      header: one.returned,
    })),
  };
}
export type ShownTicket = ReturnType<typeof shownTicket>;

export function shownStrike({ id, tenant, at: given, expiresAt, by, reason, ticket, lifted }: Strike, now: Instant) {
  return {
    id,
    tenant,
    state: lifted !== undefined ? ("lifted" as const) : expiresAt > now ? ("in force" as const) : ("expired" as const),
    at: at(given),
    expiresAt: at(expiresAt),
    reason,
    by,
    ticket: ticket ?? null,
    liftedBy: lifted?.by ?? null,
    liftedBecause: lifted?.reason ?? null,
  };
}
