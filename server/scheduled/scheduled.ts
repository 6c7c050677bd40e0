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
  /** Whose mailbox it is in, and who has put it off. */
  readonly mailbox: AccountId;
  readonly by: AccountId;
};

type ObjectStore = Pick<Store, "objects" | "objectsPut" | "objectsOfAll">;

const isWaiting = ({ undoStatus, blobId }: Submission): boolean => undoStatus === "pending" && blobId !== undefined;

async function waitingOf(
  store: Pick<Store, "objectsOfAll">,
  which: (data: Submission, mailbox: AccountId) => boolean,
): Promise<readonly (Scheduled & { readonly data: Submission })[]> {
  return (await store.objectsOfAll(submissionName)).flatMap(({ account, id, data }) =>
    isSubmission(data) && isWaiting(data) && which(data, account)
      ? [
          {
            id,
            sendAt: data.sendAt,
            to: Object.keys(data.deliveryStatus),
            mailbox: account,
            by: data.by ?? account,
            data,
          },
        ]
      : [],
  );
}

/** Mail of somebody: in their mailbox, whoever has put it off there, and what they have put off in mailboxes of others. */
const isOf = (account: AccountId) => (data: Submission, mailbox: AccountId) =>
  mailbox === account || data.by === account;

/** What of somebody's mail waits for its time, the next to go first. */
export async function scheduledOf(
  store: Pick<Store, "objectsOfAll">,
  account: AccountId,
): Promise<readonly Scheduled[]> {
  const found = await waitingOf(store, isOf(account));
  return found.map(({ data: _, ...shown }) => shown).sort((one, other) => (one.sendAt < other.sendAt ? -1 : 1));
}

/**
 * Takes back all of somebody's mail that waits for its time, as they could: the letters stay in their mailboxes. What is being handed over goes.
 * @returns how much was taken back
 */
export function takeBackScheduled(store: ObjectStore, account: AccountId, now: Instant): Promise<number> {
  return takeBack(store, isOf(account), now);
}

/** Mail of everybody that waits for its time, and how much of it should be gone already. */
export async function putOffOf(
  store: Pick<Store, "objectsOfAll">,
  now: Instant,
): Promise<{ readonly all: number; readonly due: number }> {
  const found = await waitingOf(store, () => true);
  return { all: found.length, due: found.filter(({ data }) => isDue(data, now)).length };
}

/** Takes back what should be gone already. */
export function takeBackDue(store: ObjectStore, now: Instant): Promise<number> {
  return takeBack(store, (data) => isDue(data, now), now);
}

const isDue = ({ sendAt }: Submission, now: Instant): boolean => Date.parse(sendAt) <= now;

/** What changes beside it is looked at again so often. */
const maxTries = 10;

async function takeBack(
  store: ObjectStore,
  which: (data: Submission, mailbox: AccountId) => boolean,
  now: Instant,
): Promise<number> {
  let count = 0;
  for (const mailbox of new Set((await waitingOf(store, which)).map((one) => one.mailbox)))
    count += await takeBackIn(store, mailbox, (data) => which(data, mailbox), now);
  return count;
}

async function takeBackIn(
  store: ObjectStore,
  mailbox: AccountId,
  which: (data: Submission) => boolean,
  now: Instant,
): Promise<number> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { objects, state } = await store.objects(mailbox, submissionName, undefined);
    const edits = objects.flatMap(({ id, data }) =>
      isSubmission(data) && isWaiting(data) && which(data) && (data.leaving === undefined || data.leaving.until <= now)
        ? [{ id, data: canceledSubmission(data) }]
        : [],
    );
    if (edits.length === 0) return 0;
    if (typeof (await store.objectsPut(mailbox, submissionName, edits, state)) !== "string") return edits.length;
  }
  throw new Error("The mail that waits for its time changes all the while: try again.");
}
