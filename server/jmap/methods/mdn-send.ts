import * as is from "../../../protocol/jmap/check.ts";
import { numberOf } from "../../../protocol/jmap/ids.ts";
import { type Mdn, mdnShape, writeMdn } from "../../../protocol/jmap/mdn.ts";
import {
  failed,
  invalidProperties,
  type Json,
  type JsonObject,
  type SetError,
  setError,
} from "../../../protocol/jmap/types.ts";
import { mailboxesOf } from "../../../protocol/mime/fields/address.ts";
import { fieldValue, headerValue } from "../../../protocol/mime/header.ts";
import { formatMailbox, parseMailbox } from "../../../protocol/smtp/address.ts";
import type { AccountId } from "../../store/store.ts";
import { type Answer, type Call, createdId, method } from "../call.ts";
import { mdn } from "../capabilities.ts";
import { forCaller } from "../object-type.ts";
import { allObjects } from "../objects.ts";
import { identityType } from "../shared-sending.ts";
import { handOver, headerOf, standsFor } from "../submission.ts";
import { emailSet } from "./email-set.ts";

const shape = is.object({
  accountId: is.id,
  identityId: is.idOrCreation,
  send: is.map(is.id, is.anyObject),
  onSuccessUpdateEmail: is.maybe(is.map(is.idOrCreation, is.anyObject)),
});
const sentKeyword = "$mdnsent";
const reportingUA = "Angarium";

/** RFC 9007 §2.1. */
export const mdnSend = method(mdn, shape, send, "sending");

async function send(args: is.Of<typeof shape>, call: Call, account: AccountId): Promise<Answer> {
  if (Object.keys(args.send).length > call.ports.settings.maxObjectsInSet) return failed("requestTooLarge");
  const { objects } = await allObjects(forCaller(identityType, call), call, account);
  const identity = objects.find(({ id }) => id === createdId(call, args.identityId))?.data as JsonObject | undefined;
  if (identity === undefined)
    return failed("invalidArguments", "/identityId: there is no such identity.", { pointer: "/identityId" });
  const sent: { [id: string]: Json } = {};
  const notSent: { [id: string]: SetError } = {};
  const update: { [id: string]: Json } = {};
  for (const [creation, object] of Object.entries(args.send)) {
    const checked = mdnShape(object, "");
    const done =
      checked instanceof is.Mismatch
        ? invalidProperties([checked.pointer.split("/")[1] ?? ""], `${checked.pointer}: expected ${checked.expected}.`)
        : await sendOne(checked, identity, call, account);
    if ("type" in done) {
      notSent[creation] = done;
      continue;
    }
    sent[creation] = done.shown;
    const patch = args.onSuccessUpdateEmail?.[`#${creation}`];
    update[done.emailId] = { [`keywords/${sentKeyword}`]: true, ...(patch as JsonObject | undefined) };
  }
  const ok = { accountId: args.accountId, sent, notSent };
  if (Object.keys(update).length === 0) return { ok };
  return { ok, also: [["Email/set", await emailSet.run({ accountId: args.accountId, update }, call)]] };
}

async function sendOne(
  wanted: Mdn,
  identity: JsonObject,
  call: Call,
  account: AccountId,
): Promise<{ readonly emailId: string; readonly shown: JsonObject } | SetError> {
  const { ports, access } = call;
  const emailId = wanted.forEmailId === undefined ? undefined : createdId(call, wanted.forEmailId);
  const email = emailId === undefined ? undefined : numberOf("M", emailId);
  const row = email === undefined ? undefined : (await ports.store.emailRows(account, [email], "all")).rows[0];
  const places = row?.mailboxes.filter((mailbox) => access.reads(mailbox)) ?? [];
  if (emailId === undefined || row?.bytes === undefined || places.length === 0)
    return setError("notFound", "forEmailId: there is no such email.");
  // Where it cannot be noted that it was sent it would be sent again.
  if (!places.every((mailbox) => access.may(mailbox, "w")))
    return setError("forbidden", "forEmailId: you may not set its keywords, as a notification does.");
  if (row.marks.keywords.includes(sentKeyword)) return setError("mdnAlreadySent");
  const asked = headerValue(headerOf(row.bytes), "disposition-notification-to");
  const to = asked === undefined ? undefined : mailboxesOf(asked, 2)[0];
  const mailbox = to && parseMailbox(formatMailbox(to));
  if (mailbox === undefined) return setError("noRecipients", "The email asks for no notification.");
  const address = formatMailbox(mailbox);
  const from = recipientOf(row.bytes, identity["email"] as string);
  if (from === undefined)
    return setError(
      "forbiddenFrom",
      `The email was to none of ${identity["email"]}: send the receipt as who it was to.`,
    );
  const bytes = writeMdn(wanted, {
    from: { name: identity["name"] as string, address: from },
    to: address,
    original: row.bytes,
    at: ports.now(),
    messageId: `${ports.random(12)}@${ports.ourHost}`,
    boundary: `=_${ports.random(16)}`,
    reportingUA,
  });
  // RFC 8098 §3: nobody is to answer a notification.
  const envelope = {
    from: "",
    parameters: {},
    to: [{ ...mailbox, text: address, orcpt: undefined, notify: undefined }],
    shown: {},
  };
  const handed = await handOver(ports, call, bytes, envelope, { address: "127.0.0.1", port: 0 });
  if (!handed.accepted) return setError("forbiddenToSend", handed.reply);
  return {
    emailId,
    shown: {
      finalRecipient: `rfc822; ${from}`,
      originalMessageId: headerValue(headerOf(row.bytes), "message-id") ?? null,
    },
  };
}

/** As whom the receipt is sent; of an identity of all addresses of a domain, the one that the email was to. */
function recipientOf(bytes: Uint8Array, identityEmail: string): string | undefined {
  if (!identityEmail.startsWith("*@")) return identityEmail;
  const header = headerOf(bytes);
  const recipients = header.fields
    .filter(({ name }) => name === "to" || name === "cc")
    .flatMap((field) => mailboxesOf(fieldValue(header, field), 100));
  return recipients.map(formatMailbox).find((address) => standsFor(identityEmail, address));
}
