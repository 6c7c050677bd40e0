/** Links to unsubscribe with one click (RFC 8058): what they say, that nobody else can make one, and what following one does. */
import { timingSafeEqual } from "node:crypto";
import { findField, type Header, headerValue, splitHeader } from "../../protocol/mime/header.ts";
import type { Mac } from "../../protocol/return-path/srs.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { unsubscribeLocal } from "../access/sending-addresses.ts";
import type { Sender } from "../dispatch/sender.ts";
import type { SuppressionBook } from "../dispatch/suppression.ts";
import type { Received } from "../receive/received.ts";
import type { Instant, Store } from "../store/store.ts";

/** Who leaves what. */
export type Leaving = {
  readonly tenant: string;
  readonly stream: string;
  readonly list: string;
  readonly campaign: string;
  /** Our id of the message that the link came with. */
  readonly id: string;
  readonly address: string;
};

export const unsubscribePath = "/unsubscribe/";
const macChars = 22;
const macForm = /^[A-Za-z0-9_-]{22}$/;
const maxTokenChars = 1500;

const macOf = (payload: string, mac: Mac): string =>
  Buffer.from(mac(`unsubscribe ${payload}`))
    .toString("base64url")
    .slice(0, macChars);

export function leavingToken({ tenant, stream, list, campaign, id, address }: Leaving, mac: Mac): string {
  const payload = Buffer.from(JSON.stringify([tenant, stream, list, campaign, id, address])).toString("base64url");
  return `${payload}.${macOf(payload, mac)}`;
}

/** What a link says, or undefined where it is none of ours. */
export function readLeaving(token: string, mac: Mac): Leaving | undefined {
  const [payload = "", given = "", more] = token.split(".");
  if (token.length > maxTokenChars || more !== undefined || !macForm.test(given)) return undefined;
  if (!timingSafeEqual(Buffer.from(given), Buffer.from(macOf(payload, mac)))) return undefined;
  const [tenant, stream, list, campaign, id, address] = JSON.parse(
    Buffer.from(payload, "base64url").toString("utf8"),
  ) as string[];
  return { tenant: tenant!, stream: stream!, list: list!, campaign: campaign!, id: id!, address: address! };
}

/** The fields that marketing mail to one person is given where it brings no List-Unsubscribe of its own; RFC 8058 §3.1. */
export function unsubscribeFields(
  sender: Sender,
  { id, recipients }: Pick<Received, "id" | "recipients">,
  header: Header,
  { mac, base, mailHost }: { readonly mac: Mac; readonly base: string; readonly mailHost: string },
): string {
  const [only, ...more] = recipients;
  if (!sender.marketing || only === undefined || more.length > 0) return "";
  if (findField(header, "list-unsubscribe") !== undefined) return "";
  const { tenant, stream, list = "", campaign = "" } = sender;
  const token = leavingToken({ tenant, stream, list, campaign, id, address: formatMailbox(only) }, mac);
  // By mail too, where bounces of it come back to us (RFC 2369 §3.2): some programs know no other way.
  const byMail = mailHost === "" ? "" : `,\r\n <mailto:${unsubscribeLocal}@${mailHost}?subject=${token}>`;
  return `List-Unsubscribe: <${base}${unsubscribePath}${token}>${byMail}\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n`;
}

/** Takes mail to `unsubscribe@` a return path whose subject is the token of a link; false where it is none. */
export async function leaveByMail(
  { bytes, recipients }: Pick<Received, "bytes" | "recipients">,
  { mac, ...parts }: Parameters<typeof leave>[1] & { readonly mac: Mac },
): Promise<boolean> {
  if (!recipients.some(({ local }) => local.toLowerCase() === unsubscribeLocal)) return false;
  const subject = headerValue(splitHeader(bytes, 0, bytes.length), "subject") ?? "";
  const leaving = readLeaving(/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/.exec(subject.replaceAll(/\s/g, ""))?.[0] ?? "", mac);
  if (leaving === undefined) return false;
  await leave(leaving, parts);
  return true;
}

/** Suppresses the address for the list, or else for the stream; the same again changes nothing. */
export async function leave(
  leaving: Leaving,
  parts: {
    readonly suppression: SuppressionBook;
    readonly store: Pick<Store, "addSendingEvents" | "trace">;
    readonly now: () => Instant;
  },
): Promise<void> {
  const { tenant, stream, list, campaign, id, address } = leaving;
  const scope = list === "" ? `stream:${tenant}/${stream}` : `list:${tenant}/${list}`;
  const known = await parts.suppression.list(scope, { address });
  if (known.some(({ reason }) => reason === "unsubscribed")) return;
  await parts.suppression.add(scope, [address], "unsubscribed", { evidence: `one click, message ${id}` });
  const message = (await parts.store.trace(id, 10)).find(({ stage }) => stage === "queued")?.trace ?? "";
  await parts.store.addSendingEvents([
    {
      at: parts.now(),
      type: "unsubscribed",
      tenant,
      stream,
      campaign,
      message,
      recipient: address,
      detail: { id, ...(list === "" ? {} : { list }) },
    },
  ]);
}
