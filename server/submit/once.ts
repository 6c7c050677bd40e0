/** What is handed in again with the same `X-Angarium-Idempotency-Key` is answered as the first time, and sent once; as the API has it. */
import { createHash } from "node:crypto";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import { takenAs } from "../deliver/deliver.ts";
import type { Requests } from "../inject/requests.ts";
import type { Received } from "../receive/received.ts";
import type { AccountId } from "../store/store.ts";

export type Once = (
  account: AccountId,
  key: string,
  mail: Pick<Received, "envelopeFrom" | "recipients">,
  send: (as: Pick<Received, "id" | "under">) => Promise<readonly Reply[]>,
) => Promise<readonly Reply[]>;

const digest = (...parts: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex");

export const makeOnce =
  (requests: Requests): Once =>
  async (account, key, { envelopeFrom, recipients }, send) => {
    // Who hands it in again may write it anew, with another date and another Message-ID: it is the same where it goes to the same people.
    const people = recipients.map(({ local, domain }) => `${local}@${domain}`.toLowerCase()).sort();
    const found = await requests.begin({
      hash: digest("smtp", account, key),
      account,
      request: digest(envelopeFrom, people),
      resumable: true,
    });
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
    const id = found.idOf("");
    let replies: readonly Reply[] | undefined;
    try {
      replies = (await found.taken(id)) === undefined ? await send({ id, under: found.under }) : [takenAs(id)];
    } finally {
      if (replies === undefined) await found.leave();
    }
    // What was refused may be mended and sent again with the same key.
    const isTaken = replies.every(({ code }) => code < 400);
    await found.end(isTaken ? Buffer.from(JSON.stringify(replies)) : undefined);
    return replies;
  };
