/** Mail that waits for its time, as it is kept: an EmailSubmission (RFC 8621 §7) whose message lies beside it until it is handed over (`jmap/outbox.ts`). */
import { isObject, type JsonObject } from "../../protocol/jmap/types.ts";
import type { AppPassword } from "../store/security-store.ts";
import type { AccountId, Instant, Store } from "../store/store.ts";

export const submissionName = "EmailSubmission";

/**
 * Of several nodes one hands over what was kept until its time, and nobody takes it back meanwhile. Where it dies, the next one asks the journey
 * of the message whether it was taken: that stands in one transaction with the message.
 */
export type Leaving = { readonly by: string; readonly until: Instant; readonly trace: string };

/** How it is kept: what the client sees, and beside it what only we need. */
export type Submission = {
  readonly identityId: string;
  readonly emailId: string;
  readonly threadId: string;
  readonly envelope: JsonObject;
  readonly sendAt: string;
  readonly undoStatus: "pending" | "final" | "canceled";
  readonly deliveryStatus: { readonly [address: string]: JsonObject };
  /** Content of the message, kept as an upload, until it is handed over. */
  readonly blobId?: string;
  /** Who hands it over now. */
  readonly leaving?: Leaving;
  /** The queued message. */
  readonly queueId?: string;
  /** Who has sent it, where that is not whose account it is in. */
  readonly by?: AccountId;
  /** The app password that it came by, whose limits hold when it leaves. */
  readonly appPassword?: AppPassword;
  /** Of the message, without angle brackets; and the state of mail when it was sent: what comes later may be about it. */
  readonly messageId?: string;
  readonly since?: string;
  readonly dsnBlobIds?: readonly string[];
  readonly mdnBlobIds?: readonly string[];
};

export const isSubmission = (data: unknown): data is Submission =>
  isObject(data) && typeof data["undoStatus"] === "string";

/** Taken back before its time. */
export function canceledSubmission({ blobId: _, queueId: __, leaving: ___, ...rest }: Submission): Submission {
  const status = { smtpReply: "250 2.0.0 taken back", delivered: "no", displayed: "unknown" };
  const deliveryStatus = Object.fromEntries(Object.keys(rest.deliveryStatus).map((address) => [address, status]));
  return { ...rest, undoStatus: "canceled", deliveryStatus };
}

export type Scheduled = {
  readonly id: string;
  /** RFC 3339. */
  readonly sendAt: string;
  readonly to: readonly string[];
};

type ObjectStore = Pick<Store, "objects" | "objectsPut">;

const isWaiting = ({ undoStatus, blobId }: Submission): boolean => undoStatus === "pending" && blobId !== undefined;

/** What of an account's mail waits for its time, the next to go first. */
export async function scheduledOf(store: Pick<Store, "objects">, account: AccountId): Promise<readonly Scheduled[]> {
  const { objects } = await store.objects(account, submissionName, undefined);
  return objects
    .flatMap(({ id, data }) =>
      isSubmission(data) && isWaiting(data) ? [{ id, sendAt: data.sendAt, to: Object.keys(data.deliveryStatus) }] : [],
    )
    .sort((one, other) => (one.sendAt < other.sendAt ? -1 : 1));
}

/** What changes beside it is looked at again so often. */
const maxTries = 10;

/**
 * Takes back all of an account's mail that waits for its time, as the person could: the letters stay in its mailboxes. What is being handed over goes.
 * @returns how much was taken back
 */
export async function takeBackScheduled(store: ObjectStore, account: AccountId, now: Instant): Promise<number> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { objects, state } = await store.objects(account, submissionName, undefined);
    const edits = objects.flatMap(({ id, data }) =>
      isSubmission(data) && isWaiting(data) && (data.leaving === undefined || data.leaving.until <= now)
        ? [{ id, data: canceledSubmission(data) }]
        : [],
    );
    if (edits.length === 0) return 0;
    if (typeof (await store.objectsPut(account, submissionName, edits, state)) !== "string") return edits.length;
  }
  throw new Error("The mail that waits for its time changes all the while: try again.");
}
