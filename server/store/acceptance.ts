/** A message that comes in: what is taken, and where it is put. A part of `Store`. */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { RequestTurn } from "./hosting.ts";
import type { AccountId, ContentId, EmailId, Instant, MailboxId, ThreadId } from "./ids.ts";
import type { JourneyEntry } from "./journey-store.ts";
import type { NewListPost } from "./lists-store.ts";
import type { Marks, SpecialUse } from "./marks.ts";
import type { NewQuarantined } from "./quarantine.ts";
import type { NewQueued, QueuedMessage } from "./queued-mail.ts";
import type { NewSendingEvent } from "./sending.ts";

export type NewMessage = {
  /** The message exactly as it will be kept (trace fields included). */
  readonly bytes: Uint8Array;
  readonly facts: MessageFacts;
  /** It came by delivery: what bears our name in its Authentication-Results is ours. Whoever appends or imports may have written anything. */
  readonly delivered?: boolean;
};

/** Where a delivery or an append puts a message: a mailbox by id, by role, or by path (made when `create`, with the special use where no other has it). */
export type Target =
  | { readonly id: MailboxId }
  | { readonly role: SpecialUse }
  | { readonly path: string; readonly create: boolean; readonly specialUse?: SpecialUse };

export type Placement = {
  readonly account: AccountId;
  readonly target: Target;
  readonly marks: Marks;
  readonly receivedAt: Instant; // INTERNALDATE
  /** Deliver even where the quota is used up (postmaster, abuse, an administrator's restore). */
  readonly overQuota?: boolean;
};

export type Placed =
  | {
      readonly kind: "placed";
      readonly account: AccountId;
      readonly mailbox: MailboxId;
      readonly uid: number;
      readonly uidValidity: number;
      readonly email: EmailId;
      readonly thread: ThreadId;
      readonly modseq: number;
    }
  | { readonly kind: "over-quota"; readonly account: AccountId }
  | { readonly kind: "no-mailbox"; readonly account: AccountId }
  | { readonly kind: "no-account"; readonly account: AccountId };

/** A message that we take responsibility for: filed for local people, queued for others, its journey noted; all or nothing, except that each placement answers for itself. Where none can take it and nothing is queued, nothing is kept: `content` is 0 and no journey is noted. */
export type Acceptance = {
  readonly message: NewMessage;
  readonly placements: readonly Placement[];
  readonly queue?: NewQueued;
  /** Kept and not shown: one row for each account, and one for the recipients elsewhere. */
  readonly quarantine?: readonly NewQuarantined[];
  /** Posts to mailing lists that wait for a moderator, or are archived. */
  readonly listPosts?: readonly NewListPost[];
  /** Rows of the quarantine that this takes the place of. */
  readonly released?: readonly number[];
  /** The request that hands it in: it is accepted in its turn alone. */
  readonly under?: RequestTurn;
  /** Noted with it. */
  readonly events?: readonly NewSendingEvent[];
  /** Recipients that are here, by the accounts that stand for them: where none of these had room, no event says that it was delivered. */
  readonly here?: readonly (readonly [recipient: string, accounts: readonly AccountId[]])[];
  readonly journey: readonly JourneyEntry[];
};
/** One message in many copies: what they have in common is kept once, as the content of nothing but the copies. */
export type Copies = {
  readonly template: NewMessage;
  /** The content that has these very bytes, of an earlier call, while anything of that waits; undefined: none is known. */
  readonly known: ContentId | undefined;
  /** Their messages are recipes: what makes of the template the message that is sent. */
  readonly copies: readonly (Acceptance & { readonly queue: NewQueued })[];
};
export type Accepted = {
  readonly content: ContentId;
  readonly placed: readonly Placed[];
  readonly queued: QueuedMessage | undefined;
};

export interface AcceptanceWriter {
  accept(acceptance: Acceptance): Promise<Accepted>;
  /** All or none; the template's content is in each answer's `queued`. */
  acceptCopies(copies: Copies): Promise<readonly Accepted[]>;
}
