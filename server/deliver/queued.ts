/** A message as it goes into the queue. */
import { fieldValue, type Header } from "../../protocol/mime/header.ts";
import type { Queue } from "../queue/queue.ts";
import type { Received } from "../receive/received.ts";
import { ofTenant, type Writable, withTurn } from "../store/queued.ts";
import type { NewQueued, NewRecipient } from "../store/store.ts";

export function queuedOf(
  mail: Received,
  header: Header,
  recipients: readonly NewRecipient[],
  queue: Pick<Queue, "leaseForNew">,
  settings: { readonly queueLifetimeMs: number },
  held: boolean,
): NewQueued {
  const notBefore = Math.max(mail.notBefore ?? mail.at, mail.at);
  const { sending } = mail;
  const queued: Writable<NewQueued> = {
    envelopeFrom: mail.envelopeFrom,
    recipients:
      sending === undefined
        ? recipients
        : recipients.map(({ address, domain, orcpt, notify, toldAs }) =>
            withTurn({ address, domain, orcpt, notify }, sending.park, sending.rankOf(address), toldAs),
          ),
    envid: mail.envid,
    ret: mail.ret,
    smtputf8: mail.smtputf8,
    body: mail.body,
    requireTls: mail.requireTls,
    account: mail.account?.id,
    stream: sending?.stream ?? "default",
    createdAt: mail.at,
    notBefore,
    expiresAt: notBefore + (sending?.lifetimeMs ?? settings.queueLifetimeMs),
    held,
    // What takes turns waits in the store.
    lease: held || notBefore > mail.at || sending?.park !== undefined ? undefined : queue.leaseForNew(),
  };
  if (!mail.requireTls && isTlsOptional(header)) queued.tlsOptional = true;
  const counted = sending?.tracking === undefined ? undefined : true;
  return ofTenant(queued, sending?.tenant, sending?.campaign, sending?.author, counted);
}

/** RFC 8689 §5: one field "TLS-Required: No"; anything else says nothing. */
function isTlsOptional(header: Header): boolean {
  const fields = header.fields.filter(({ name }) => name === "tls-required");
  return fields.length === 1 && /^no$/i.test(fieldValue(header, fields[0]!));
}
