/** Emails come into being: made of a JMAP object, imported from a blob, copied. */

import * as is from "../../protocol/jmap/check.ts";
import { blobsMissing, readDraft, writeDraft } from "../../protocol/jmap/email-create.ts";
import { emailBlobId, idOf, numberOf } from "../../protocol/jmap/ids.ts";
import { invalidProperties, isObject, type JsonObject, type SetError, setError } from "../../protocol/jmap/types.ts";
import { writtenChars } from "../../protocol/jmap/written.ts";
import { type AccountId, Flag, type MailboxId, type Marks } from "../store/store.ts";
import { type Access, blobFor } from "./access.ts";
import { type Call, createdId } from "./call.ts";
import { tellFiled } from "./client-scripts.ts";
import { marksOf } from "./emails.ts";

/** Messages up to this size are written and analysed on the spot. */
const maxQuickBytes = 128 * 1024;

export type Place = {
  readonly mailboxes: readonly MailboxId[];
  readonly marks: Marks;
  readonly receivedAt: number | undefined;
};

/** mailboxIds, keywords and receivedAt of an object, or what is wrong with them. */
export function readPlace(object: { readonly [name: string]: unknown }, call: Call): Place | SetError {
  const { mailboxIds, keywords, receivedAt } = object;
  if (!isObject(mailboxIds) || Object.keys(mailboxIds).length === 0)
    return invalidProperties(["mailboxIds"], "mailboxIds: an email is in at least one mailbox.");
  const mailboxes: MailboxId[] = [];
  for (const [key, value] of Object.entries(mailboxIds)) {
    const id = createdId(call, key);
    const mailbox = id === undefined ? undefined : numberOf("F", id);
    if (value !== true || mailbox === undefined)
      return invalidProperties(
        ["mailboxIds"],
        `mailboxIds/${is.escapePointer(key)}: there is no such mailbox, or its value is not true.`,
      );
    if (!mailboxes.includes(mailbox)) mailboxes.push(mailbox);
  }
  let marks: Marks = { flags: 0, keywords: [] };
  if (keywords !== undefined && keywords !== null) {
    if (!isObject(keywords) || !Object.values(keywords).every((value) => value === true))
      return invalidProperties(["keywords"], "keywords: expected an object of keywords, each with the value true.");
    const read = marksOf(Object.keys(keywords));
    if ("bad" in read)
      return invalidProperties(["keywords"], `keywords/${is.escapePointer(read.bad)}: this is no keyword.`);
    marks = read;
  }
  let at: number | undefined;
  if (receivedAt !== undefined && receivedAt !== null) {
    const checked = is.utcDate(receivedAt, "");
    if (checked instanceof is.Mismatch)
      return invalidProperties(["receivedAt"], `receivedAt: expected ${checked.expected}.`);
    at = Date.parse(checked);
  }
  return { mailboxes, marks, receivedAt: at };
}

/** The place, unless it is in another's account and a mailbox there takes nothing from the caller, or not so marked. */
export function mayFile(place: Place | SetError, access: Access): Place | SetError {
  if ("type" in place || access.own) return place;
  if (!place.mailboxes.every((mailbox) => access.may(mailbox, "i")))
    return setError("forbidden", "mailboxIds: you may not add emails to all of these mailboxes.");
  const needs = neededForMarks(place.marks);
  return place.mailboxes.every((mailbox) => access.may(mailbox, needs))
    ? place
    : setError("forbidden", "keywords: you may not set these in all of the mailboxes.");
}

/** RFC 4314 §4: "s" for $seen, "w" for all others. */
export const neededForMarks = ({ flags, keywords }: Marks): string =>
  `${(flags & Flag.seen) !== 0 ? "s" : ""}${(flags & ~Flag.seen) !== 0 || keywords.length > 0 ? "w" : ""}`;

/** A header field at the beginning; an mbox "From " line before it is none. */
export const looksLikeMessage = (bytes: Uint8Array): boolean =>
  /^[!-9;-~]+[ \t]*:/.test(Buffer.from(bytes.subarray(0, 1000)).toString("latin1"));

/** Files the bytes; answers what the client is told of the new email. */
export async function fileEmail(
  bytes: Uint8Array,
  place: Place,
  call: Call,
  account: AccountId,
): Promise<{ readonly made: JsonObject } | SetError> {
  const { store, factsOf, factsOfLarge, now } = call.ports;
  const facts = bytes.length <= maxQuickBytes ? factsOf(bytes) : await factsOfLarge(bytes);
  const added = await store.emailAdd(
    account,
    { bytes, facts },
    place.mailboxes,
    place.marks,
    place.receivedAt ?? now(),
  );
  switch (added.kind) {
    case "done":
      await tellFiled(call, account, added.email, place.mailboxes);
      return {
        made: {
          id: idOf("M", added.email),
          blobId: emailBlobId(added.email),
          threadId: idOf("T", added.thread),
          size: added.sizeBytes,
        },
      };
    case "no-mailbox":
      return invalidProperties(["mailboxIds"], "mailboxIds: one of the mailboxes is not there.");
    case "over-quota":
      return setError("overQuota", "The account has no room for it.");
    case "too-many-keywords":
      return setError("tooManyKeywords");
    default:
      return added satisfies never;
  }
}

/** Email/set create. */
export async function makeEmail(
  object: JsonObject,
  call: Call,
  account: AccountId,
): Promise<{ readonly made: JsonObject } | SetError> {
  const place = mayFile(readPlace(object, call), call.access);
  if ("type" in place) return place;
  const draft = readDraft(object);
  if ("type" in draft) return draft;
  const blobs = new Map<string, Uint8Array>();
  const missing: string[] = [];
  let total = 0;
  for (const id of draft.blobIds) {
    const blob = await blobFor(call, account, createdId(call, id) ?? "");
    if (blob === undefined) missing.push(id);
    else {
      total += blob.bytes.length;
      blobs.set(id, blob.bytes);
    }
  }
  if (missing.length > 0) return blobsMissing(missing);
  const { settings, random, ourHost, now } = call.ports;
  if (total > settings.maxAttachmentsBytes)
    return setError("tooLarge", `The parts of an email may have ${settings.maxAttachmentsBytes} bytes together.`);
  const defaults = { at: now(), messageId: `${random(12)}@${ourHost}`, boundary: `=_${random(16)}_`, blobs };
  const bytes =
    total + writtenChars(object, maxQuickBytes) <= maxQuickBytes
      ? writeDraft(draft, defaults)
      : await call.ports.pool.run("jmap-compose", { draft, defaults });
  return fileEmail(bytes, place, call, account);
}
