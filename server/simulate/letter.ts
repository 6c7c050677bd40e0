/** The letter that simulations send. */
import { plainTransit } from "../store/queued.ts";
import type { Acceptance, Instant, NewMessage, NewQueued } from "../store/store.ts";
import { dayMs } from "../warm/plan.ts";

export function letter(author: string, to: string): NewMessage {
  const bytes = Buffer.from(
    `From: news@${author}\r\nTo: ${to}\r\nSubject: news\r\nMessage-ID: <${to}>\r\n\r\nNews.\r\n`,
  );
  return {
    bytes,
    facts: {
      headerBytes: bytes.indexOf("\r\n\r\n") + 4,
      envelope: "",
      structure: "",
      subject: "news",
      sentAt: undefined,
      messageId: to,
      references: [],
      hasAttachment: false,
      signature: new Uint8Array(0),
    },
  };
}

/** That letter as it is taken for the queue, for a day. */
export function queuedLetter(given: {
  readonly from: string;
  readonly author: string;
  readonly address: string;
  readonly tenant: string;
  readonly stream: string;
  readonly rank: number;
  /** Where it waits for its turn; undefined: it goes when it is due. */
  readonly park: string | undefined;
  readonly lease: NewQueued["lease"];
  readonly at: Instant;
}): Acceptance {
  const { from, author, address, tenant, stream, rank, park, lease, at } = given;
  return {
    message: letter(author, address),
    placements: [],
    journey: [],
    queue: {
      envelopeFrom: from,
      recipients: [
        {
          address,
          domain: address.slice(address.indexOf("@") + 1),
          orcpt: undefined,
          notify: undefined,
          urgency: rank,
          ...(park === undefined ? {} : { park }),
        },
      ],
      ...plainTransit,
      stream,
      tenant,
      author,
      createdAt: at,
      notBefore: at,
      expiresAt: at + dayMs,
      lease,
    },
  };
}
