/** EmailSubmission as objects are set: made (and sent), canceled, forgotten. */
import { numberOf } from "../../protocol/jmap/ids.ts";
import { stateText } from "../../protocol/jmap/state.ts";
import { invalidProperties, type JsonObject, type SetError, setError } from "../../protocol/jmap/types.ts";
import { type Header, headerValue } from "../../protocol/mime/header.ts";
import { canceledSubmission, type Submission, submissionName } from "../scheduled/scheduled.ts";
import type { AccountId } from "../store/store.ts";
import { readableEmails } from "./access.ts";
import { upload } from "./blobs.ts";
import { type Call, createdId } from "./call.ts";
import { submission } from "./capabilities.ts";
import { maySendAs } from "./identity.ts";
import { type Accepted, forCaller, type ObjectType } from "./object-type.ts";
import { allObjects } from "./objects.ts";
import type { Outbox } from "./outbox.ts";
import { bareId } from "./returned.ts";
import { identityType } from "./shared-sending.ts";
import {
  authorsOf,
  firstStatus,
  handOver,
  headerOf,
  readEnvelope,
  sendAtText,
  sendTime,
  shownSubmission,
  waitingStatus,
} from "./submission.ts";

const error = (type: string, description: string, more: JsonObject = {}): { readonly error: SetError } => ({
  error: setError(type, description, more),
});

export const submissionType = (outbox: Outbox): ObjectType => ({
  name: submissionName,
  capability: submission,
  properties: [
    "id",
    "identityId",
    "emailId",
    "threadId",
    "envelope",
    "sendAt",
    "undoStatus",
    "deliveryStatus",
    "dsnBlobIds",
    "mdnBlobIds",
  ],
  serverSet: ["identityId", "emailId", "threadId", "envelope", "sendAt", "deliveryStatus", "dsnBlobIds", "mdnBlobIds"],
  show: shownSubmission,
  accept: (after, before, call, id, account) => {
    if (before !== undefined)
      return cancel(after, before as unknown as Submission, () =>
        outbox.cancel(account, id, before as unknown as Submission),
      );
    return make(after, call, account);
  },
  // RFC 8621 §7.5: the record may go, what it stands for may not: this one is all that there is of it yet.
  keep: ({ undoStatus, blobId }) =>
    undoStatus === "pending" && blobId !== undefined
      ? setError("forbidden", "It waits for its time: take it back first, or let it go.")
      : undefined,
  guest: {
    shares: "sending",
    // Of what is sent from another's account each sees their own; its owner sees all.
    as: ({ account }) => ({ ...submissionType(outbox), sees: (data) => data["by"] === account.id }),
  },
});

async function cancel(after: JsonObject, before: Submission, takeBack: () => Promise<boolean>): Promise<Accepted> {
  const { undoStatus } = after;
  if (undoStatus === before.undoStatus) return { data: before as unknown as JsonObject };
  if (undoStatus !== "canceled")
    return { error: invalidProperties(["undoStatus"], 'undoStatus: it can only be set to "canceled".') };
  if (!(await takeBack())) return error("cannotUnsend", "It is on its way already.");
  return { data: canceledSubmission(before) as unknown as JsonObject };
}

async function make(object: JsonObject, call: Call, accountId: AccountId): Promise<Accepted> {
  const { ports, account, appPassword, access } = call;
  const unknown = Object.keys(object).filter((name) => !["identityId", "emailId", "envelope"].includes(name));
  // What the server sets may come back unchanged from a client that copies an object; it is nothing to go by.
  if (unknown.length > 0) return { error: invalidProperties(unknown, `These cannot be set: ${unknown.join(", ")}.`) };
  const identityId = typeof object["identityId"] === "string" ? createdId(call, object["identityId"]) : undefined;
  const { objects: identities } = await allObjects(forCaller(identityType, call), call, accountId);
  const identity = identities.find((one) => one.id === identityId)?.data as JsonObject | undefined;
  if (identityId === undefined || identity === undefined)
    return { error: invalidProperties(["identityId"], "identityId: there is no such identity.") };
  const emailId = typeof object["emailId"] === "string" ? createdId(call, object["emailId"]) : undefined;
  const email = emailId === undefined ? undefined : numberOf("M", emailId);
  const isSeen =
    email !== undefined && (access.own || (await readableEmails(ports.store, accountId, [email], access)).has(email));
  const found = isSeen ? (await ports.store.emailRows(accountId, [email], "all")).rows[0] : undefined;
  if (emailId === undefined || found?.bytes === undefined)
    return { error: invalidProperties(["emailId"], "emailId: there is no such email.") };
  const { bytes } = found;
  if (bytes.length > ports.settings.maxAttachmentsBytes)
    return error("tooLarge", "The email is too large to be sent.", { maxSize: ports.settings.maxAttachmentsBytes });
  const header = headerOf(bytes);
  const fault = senderFault(header);
  if (fault !== undefined) return error("invalidEmail", fault.why, { properties: [fault.property] });
  const envelope = readEnvelope(object["envelope"], header, identity["email"] as string);
  if ("type" in envelope) return { error: envelope };
  if (envelope.from.startsWith("*@"))
    return error("forbiddenMailFrom", `${envelope.from} stands for every address of a domain: write as one of them.`);
  if (envelope.from !== "" && !(await maySendAs(ports, account, envelope.from, "named")))
    return error("forbiddenMailFrom", `You may not send mail from ${envelope.from}.`);
  for (const author of authorsOf(header))
    if (!(await ports.mayFrom(account, author.local, author.domain.toLowerCase(), "named")))
      return error("forbiddenFrom", `You may not write as ${author.local}@${author.domain}.`);
  const now = ports.now();
  const at = sendTime(envelope, now, ports.settings.maxDelayedSendSeconds);
  if (typeof at !== "number") return { error: at };
  const messageId = bareId(headerValue(header, "message-id"));
  const known = {
    ...(messageId === undefined ? {} : { messageId, since: stateText(await ports.store.mailState(accountId)) }),
    ...(access.own ? {} : { by: account.id }),
    ...(appPassword === undefined ? {} : { appPassword: { id: appPassword.id, label: appPassword.label } }),
    identityId,
    emailId,
    threadId: `T${found.thread}`,
    envelope: envelope.shown,
    sendAt: sendAtText(at),
  };
  if (at > now) {
    // Kept by itself, by who sends it: the email may be changed or go meanwhile.
    const neededMs = at - now + ports.settings.uploadLifetimeMs;
    const kept = await upload(ports, account.id, bytes, "message/rfc822", neededMs);
    if (kept === "over-quota") return error("overQuota", "There is no room to keep it until then.");
    return { data: { ...known, undoStatus: "pending", blobId: kept.id, deliveryStatus: waitingStatus(envelope) } };
  }
  const handed = await handOver(ports, call, bytes, envelope, { address: "127.0.0.1", port: 0 });
  if (!handed.accepted) return error("forbiddenToSend", handed.reply);
  const isWhollyQueued = handed.queueId !== undefined && handed.queued.size === envelope.to.length;
  return {
    data: {
      ...known,
      undoStatus: isWhollyQueued ? "pending" : "final",
      ...(handed.queueId === undefined ? {} : { queueId: handed.queueId }),
      deliveryStatus: firstStatus(envelope, handed),
    },
  };
}

/** RFC 8621 §7, RFC 5322 §3.6.2: one From, one Sender at most, which several authors need. */
function senderFault(header: Header): { readonly property: "from" | "sender"; readonly why: string } | undefined {
  const count = (field: string) => header.fields.filter(({ name }) => name === field).length;
  if (count("from") !== 1) return { property: "from", why: `The email has ${count("from")} From fields, not one.` };
  if (count("sender") > 1) return { property: "sender", why: "The email has more than one Sender." };
  if (count("sender") === 0 && authorsOf(header).length > 1)
    return { property: "sender", why: "An email of several authors says in Sender who of them sends it." };
  return undefined;
}
