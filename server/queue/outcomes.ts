/** What becomes of recipients without a word of the other side. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Outcome } from "../send/classify.ts";

export function later(reply: Reply, why: "network" | "tls" | "system", delayMs?: number): Outcome {
  return { kind: "later", reply, why, delayMs };
}

export const unread = later(reply(451, "4.3.0", "The message could not be read from the store"), "system");
export const noWayYet = later(reply(451, "4.3.0", "Internal error while looking for the way"), "system");
export const waitedTooLong: Outcome = {
  kind: "failed",
  why: "rate",
  reply: reply(554, "4.4.7", "The message waited too long for its turn and was given up"),
  ours: true,
};
export const returnedByHand: Outcome = {
  kind: "failed",
  why: "policy",
  reply: reply(554, "5.7.0", "Returned by the administrator"),
};
