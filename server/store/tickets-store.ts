/** What is written to `abuse@` about mail of ours, as tickets, and strikes against tenants. A part of `Store`. */
import type { Instant } from "./ids.ts";

/** Kept at a time: where none of them is closed, no more are opened (the mail is in the mailbox of abuse@ all the same). */
export const maxTickets = 10_000;
/** Of one ticket: the first ones stay. */
export const maxTicketReports = 5;
export const maxTicketNotes = 50;
/** Days that closed tickets are kept, and strikes that are over. */
export const ticketDays = 400;
export const maxTicketRows = 1_000;

export const ticketStates = ["new", "seen", "answered", "closed"] as const;
export type TicketState = (typeof ticketStates)[number];

/** One report, as it came. */
export type TicketReport = {
  readonly at: Instant;
  /** Of the mail: its journey. */
  readonly id: string;
  /** "arf", "x-arf", "spamcop", "spamhaus", "letter" */
  readonly form: string;
  readonly kind: string;
  readonly reporter: string;
  readonly reference?: string | undefined;
  readonly subject: string;
  /** The reporter's domain stands for it (DKIM or SPF, aligned); undefined: that was not checked. */
  readonly authentic?: boolean | undefined;
  readonly sourceIp?: string | undefined;
  readonly text: string;
  /** Header of what it is about. */
  readonly returned: string;
};

/** Whom a ticket concerns, as far as that is known. */
export type Concerned = {
  readonly tenant: string;
  /** Account that handed the message in. */
  readonly account: string;
  /** Our id of the message, by which its journey is found; "": it was not found. */
  readonly message: string;
  readonly recipient: string;
  readonly campaign: string;
  readonly sentAt?: Instant | undefined;
  /** By what: "return-path", "reference", "received" and "message-id" lead to the message; "feedback-id" and "domain" only say whose it may be; "": by nothing. */
  readonly by: string;
};

export type TicketNote = { readonly at: Instant; readonly by: string; readonly text: string };

export type NewTicket = {
  /** What it is about: reports of the same are one ticket. */
  readonly about: string;
  readonly concerned: Concerned;
  readonly report: TicketReport;
};

export type Ticket = {
  readonly id: number;
  readonly about: string;
  readonly state: TicketState;
  readonly concerned: Concerned;
  /** Since when it waits: a closed one that is reported again waits from then. */
  readonly openedAt: Instant;
  readonly latestAt: Instant;
  /** How many came; the first are kept. */
  readonly count: number;
  readonly reports: readonly TicketReport[];
  readonly notes: readonly TicketNote[];
  /** The strike that it led to. */
  readonly strike?: number | undefined;
};

export type TicketChange = {
  readonly state?: TicketState | undefined;
  readonly tenant?: string | undefined;
  readonly account?: string | undefined;
  readonly note?: string | undefined;
  readonly strike?: number | undefined;
  readonly by: string;
};

export type Strike = {
  readonly id: number;
  readonly tenant: string;
  readonly at: Instant;
  readonly expiresAt: Instant;
  readonly by: string;
  readonly reason: string;
  readonly ticket?: number | undefined;
  /** Who took it back, and why. */
  readonly lifted?: { readonly at: Instant; readonly by: string; readonly reason: string } | undefined;
};

export interface TicketsReader {
  /** The newest first. */
  tickets(filter: {
    readonly id?: number;
    readonly state?: TicketState;
    readonly tenant?: string;
    /** Only older ones. */
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly Ticket[]>;
  /** The newest first, those that are over among them. */
  strikes(filter: { readonly tenant?: string; readonly limit: number }): Promise<readonly Strike[]>;
}

export interface TicketsWriter {
  /** A new ticket, or one more report of what there is one about; undefined: there are too many. */
  openTicket(ticket: NewTicket): Promise<{ readonly id: number; readonly isNew: boolean } | undefined>;
  changeTicket(id: number, change: TicketChange, at: Instant): Promise<boolean>;
  giveStrike(strike: Omit<Strike, "id" | "lifted">): Promise<number>;
  /** It does not count from now on; answers whose it was, undefined where none is in force. */
  liftStrike(id: number, lifted: NonNullable<Strike["lifted"]>): Promise<string | undefined>;
}

export const ticketReads = ["tickets", "strikes"] as const satisfies readonly (keyof TicketsReader)[];
export const ticketWrites = [
  "openTicket",
  "changeTicket",
  "giveStrike",
  "liftStrike",
] as const satisfies readonly (keyof TicketsWriter)[];
