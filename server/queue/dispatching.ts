/** What the queue asks of sending at volume (`server/dispatch`): who may go now and from where, and what is learnt from the answers. */

import type { Outcome } from "../send/classify.ts";
import type { OpenFailure } from "../send/session.ts";
import type { Path } from "../send/site.ts";
import type { Strike, Suppression } from "../store/sending.ts";
import type { Instant, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import type { Schedule } from "./schedule.ts";

/** What becomes of some recipients of a message that could go by a path. */
export type Admission =
  | { readonly kind: "go"; readonly recipients: readonly QueuedRecipient[]; readonly path: Path }
  | {
      readonly kind: "wait";
      readonly recipients: readonly QueuedRecipient[];
      readonly until: Instant;
      /** Where they wait; undefined: nowhere, they are due at `until`. */
      readonly park: string | undefined;
      readonly because: string;
    };

/** What the replies to one transaction mean beyond it. */
export type Heard = {
  readonly outcomes: readonly Outcome[];
  readonly suppress: readonly Suppression[];
  readonly strikes: readonly Strike[];
};

/** How many of one urgency of a park may be claimed now. */
export type Opening =
  | {
      readonly kind: "open";
      readonly count: number;
      /** What others draw on too: of each no more may be claimed by all of them than there is room. */
      readonly budgets: readonly Budget[];
    }
  | { readonly kind: "closed"; readonly until: Instant; readonly because: string };
export type Budget = { readonly key: string; readonly room: number };

export interface Dispatching {
  /** What becomes of a recipient of the sandbox, which is not sent to; undefined: it is none. */
  simulated(message: QueuedMessage, recipient: QueuedRecipient): Outcome | undefined;
  /** Its tenant's mail never goes in the clear. */
  insistsOnTls(message: QueuedMessage): boolean;
  /** The path is that of the default source. */
  admit(
    message: QueuedMessage,
    recipients: readonly QueuedRecipient[],
    path: Path,
  ): readonly Admission[] | Promise<readonly Admission[]>;
  /** Whom to tell when streams, campaigns or tenants are others than before: what they closed may be open. */
  whenChanged?(listener: () => void): void;
  /** When an item that was admitted may go after all that was heard since; undefined: now. */
  heldUntil(message: QueuedMessage, path: Path): Instant | undefined;
  /** One outcome for each recipient; `byServer`: a server's replies, not our own words. */
  heard(
    message: QueuedMessage,
    recipients: readonly QueuedRecipient[],
    outcomes: readonly Outcome[],
    path: Path,
  ): Heard;
  /** Admitted, and never tried: what they took of a quota is free again. */
  untried(message: QueuedMessage, recipients: readonly QueuedRecipient[], path: Path): void;
  /** No session came about. */
  unreachable(path: Path, failures: readonly OpenFailure[]): void;
  /** Recipients of one transaction; undefined: no bound of its own. */
  maxRecipients(path: Path): number | undefined;
  /** The return path of one recipient, which then has a transaction of its own; undefined: the message's. */
  returnPath(message: QueuedMessage, recipient: QueuedRecipient): string | undefined;
  /** Undefined: as all mail. */
  schedule(message: QueuedMessage): Schedule | undefined;
  /** Where a recipient waits for its next attempt; undefined: nowhere. */
  parkOf(message: QueuedMessage, path: Path | undefined): string | undefined;
  opening(park: string, urgency: number, now: Instant): Opening;
  /** Who shares turns with others, and its share. Lower `order` goes first. */
  shareOf(park: string): { readonly tenant: string; readonly weight: number; readonly order: number };
}
