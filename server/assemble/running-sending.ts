/** What the rest of the server may ask of sending at volume (`sending.ts`). */
import type { Mac } from "../../protocol/return-path/srs.ts";
import type { Directory } from "../access/directory.ts";
import type { Flooding } from "../deliver/suppressed.ts";
import type { Judged, Tally } from "../dispatch/conduct.ts";
import type { Dispatcher } from "../dispatch/dispatch.ts";
import type { FeedbackBook } from "../dispatch/feedback.ts";
import type { Alert } from "../dispatch/hear.ts";
import type { Interest } from "../dispatch/interest.ts";
import type { LateReport, LateReports } from "../dispatch/late-reports.ts";
import type { Model, Named } from "../dispatch/model.ts";
import type { Sender } from "../dispatch/sender.ts";
import type { Throttle, WarmupStatus } from "../dispatch/status.ts";
import type { SuppressionBook } from "../dispatch/suppression.ts";
import type { Waiting } from "../dispatch/waiting.ts";
import type { Trace } from "../inject/tracking.ts";
import type { Counted } from "../inject/visits.ts";
import type { Opening } from "../queue/dispatching.ts";
import type { SendAsk } from "../send/send.ts";
import type { Meaning } from "../shape/meaning.ts";
import type { Override } from "../shape/overrides.ts";
import type { Instant, QueuedMessage } from "../store/store.ts";
import type { SubmitPorts } from "../submit/submit.ts";
import type { Counts, Signals } from "../warm/account.ts";
import type { Plan } from "../warm/plan.ts";

/** What commands and the API may ask of sending at volume. */
export type Sending = {
  /** Of the file that the configuration names. */
  readonly file: Named | undefined;
  readonly model: () => Model;
  readonly suppression: SuppressionBook;
  providers(): readonly string[];
  /** A provider's name for people. */
  title(provider: string): string;
  /** What receivers have said of a tenant's mail in the last day and week, and what that leads to. */
  conductOf(tenant: string): { readonly day: Tally; readonly week: Tally; readonly verdict: Judged };
  /** What receivers have taken of a tenant's mail on these days (since 1970, UTC); of the last week alone. */
  sentOn(tenant: string, from: number, to: number): number;
  /** Reads the shaping file again; answers what is wrong with it, and all stays as it was then. */
  rereadShaping(): string | undefined;
  /** What a reply means, by which rule, and what that would do. `to`: a provider's key, or a domain. */
  classify(reply: string, to: string): Meaning & { readonly provider: string };
  warmups(): readonly WarmupStatus[];
  throttles(): readonly Throttle[];
  /** Takes throttles back; answers how many there were. */
  cancelThrottles(matches: (one: Override) => boolean): Promise<number>;
  /** A person's doing to a plan; false where there is none. */
  changePlan(
    of: Pick<Plan, "scope" | "subject" | "provider">,
    what: "resume" | "pause" | "assert",
    by: string,
  ): Promise<boolean>;
  /** What a person should see to, latest first. */
  alerts(): readonly Alert[];
  /** Whether a park lets go what is so urgent now, and why not. */
  opening(park: string, urgency: number): Opening;
  /** Where mail waits for its turn, and why. */
  waiting(): Promise<readonly Waiting[]>;
  /** What warm-ups of sources have seen of late at a provider. */
  seenAt(provider: string): {
    readonly counts: Counts;
    readonly tellsComplaints: boolean;
    /** What people make of all that comes there. */
    readonly interest: Interest | undefined;
  };
  /** What postmaster pages of receivers say. */
  readonly feedback: FeedbackBook;
  /** Addresses whose mail is paused because too many tenants write to them at once. */
  flooded(): readonly (readonly [address: string, until: Instant])[];
  /** Lets it go on; false where it was not paused. */
  unflood(address: string): Promise<boolean>;
  /** Something that a person should see to. */
  raise(alert: Alert): void;
  /** Facts from outside (listings, postmaster pages) that these plans must heed. */
  signal(matches: (plan: Plan) => boolean, signals: Partial<Signals>): Promise<void>;
  /** A complaint about a message of a tenant, or its opposite. */
  complained(message: Pick<QueuedMessage, "tenant" | "campaign">, count: number): void;
};

export type RunningSending = Sending & {
  readonly dispatch: Dispatcher;
  /** What `makeSend` asks of it. */
  readonly forSend: Pick<SendAsk, "provider" | "shaper">;
  readonly mac: Mac;
  /** Bounces and complaints that come by mail: true where it was one. */
  readonly lateReport: (report: LateReport) => Promise<boolean>;
  /** One of our own people has put a message into Junk, or has taken it out (see `makeLateReports`). */
  readonly moved: LateReports["moved"];
  /** A person has opened a tenant's message, or followed a link of it, for the first time. */
  visited(message: Trace, what: "opened" | "clicked", of: Counted): void;
  /** A tenant's message has come to so many of our own people: it counts beside what they say of it. */
  keptHere(message: Pick<Sender, "tenant" | "campaign">, count: number): void;
  /** What is refused when it is handed in, to be sent again later. */
  readonly flooding: Flooding;
  /** The directory with the addresses at which they come. */
  readonly withAddresses: (directory: Directory) => Directory;
  /** What submission asks of it. */
  readonly forSubmit: NonNullable<SubmitPorts["sending"]>;
  /** What passing time does, once, and what has changed is kept. */
  tick(): Promise<void>;
  /** From now on time passes, and what changes is kept. */
  start(): void;
  stop(): Promise<void>;
};
