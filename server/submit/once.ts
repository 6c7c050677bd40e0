/** What is handed in again with the same `X-Angarium-Idempotency-Key` is answered as the first time, and sent once; as the API has it. */
import { createHash } from "node:crypto";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Received } from "../receive/received.ts";
import type { AccountId, Instant, Store } from "../store/store.ts";

/** How long a key is remembered. */
const keptForMs = 24 * 60 * 60 * 1000;
/** Nobody waits longer for the reply to a message (RFC 5321 §4.5.3.2.6): what has none by then was cut off by a crash, and is taken when it comes again. */
const brokenOffAfterMs = 10 * 60 * 1000;

export type Once = (
  account: AccountId,
  key: string,
  mail: Pick<Received, "envelopeFrom" | "recipients">,
  send: () => Promise<readonly Reply[]>,
) => Promise<readonly Reply[]>;

const digest = (...parts: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex");

export const makeOnce =
  ({ store, now }: { readonly store: Pick<Store, "beginRequest" | "endRequest">; readonly now: () => Instant }): Once =>
  async (account, key, { envelopeFrom, recipients }, send) => {
    const hash = digest("smtp", account, key);
    // Who hands it in again may write it anew, with another date and another Message-ID: it is the same where it goes to the same people.
    const people = recipients.map(({ local, domain }) => `${local}@${domain}`.toLowerCase()).sort();
    const at = now();
    const found = await store.beginRequest(
      hash,
      account,
      digest(envelopeFrom, people),
      at,
      at + keptForMs,
      brokenOffAfterMs,
    );
    switch (found.kind) {
      case "answered":
        return JSON.parse(Buffer.from(found.answer).toString()) as Reply[];
      case "begun":
        return [
          reply(451, "4.3.0", "A message with this X-Angarium-Idempotency-Key is being taken: look what came of it"),
        ];
      case "other":
        return [reply(550, "5.6.0", "This X-Angarium-Idempotency-Key was used for other recipients: take a new one")];
      case "full":
        return [
          reply(451, "4.3.0", "Too many X-Angarium-Idempotency-Keys were used in a day: send without one, or later"),
        ];
      case "fresh":
        break;
      default:
        return found satisfies never;
    }
    let replies: readonly Reply[] | undefined;
    try {
      replies = await send();
      return replies;
    } finally {
      // What was refused may be mended and sent again with the same key.
      const isTaken = replies?.every(({ code }) => code < 400) === true;
      await store.endRequest(hash, isTaken ? Buffer.from(JSON.stringify(replies)) : undefined);
    }
  };
