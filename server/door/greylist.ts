/** Greylisting (RFC 6647): who is unknown is asked to come again; who comes again after the delay is known from then on. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Instant } from "../store/store.ts";
import type { PeerBook } from "./peer-book.ts";

/** `passed`: came again in time, and is known until the entry ends. */
export type Grey = { readonly first: Instant; readonly passed: boolean };

export type GreySettings = { readonly delayMs: number; readonly windowMs: number; readonly knownMs: number };

export type GreyAnswer =
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "pass"; readonly entry: Grey; readonly expiresAt: Instant };

/** What is due for an entry that is known, or for none. Pure. */
export function decideGrey(
  entry: Grey | undefined,
  now: Instant,
  { delayMs, windowMs, knownMs }: GreySettings,
): GreyAnswer & { readonly entry: Grey; readonly expiresAt: Instant } {
  if (entry === undefined)
    return {
      kind: "wait",
      seconds: Math.ceil(delayMs / 1000),
      entry: { first: now, passed: false },
      expiresAt: now + windowMs,
    };
  if (!entry.passed && now - entry.first < delayMs)
    return {
      kind: "wait",
      seconds: Math.ceil((entry.first + delayMs - now) / 1000),
      entry,
      expiresAt: entry.first + windowMs,
    };
  return { kind: "pass", entry: { first: entry.first, passed: true }, expiresAt: now + knownMs };
}

/** The reply to an unknown one, or undefined. `key`: network, sender and recipient. */
export function greylisted(book: PeerBook<Grey>, key: string, now: Instant, settings: GreySettings): Reply | undefined {
  const known = book.get(key);
  const answer = decideGrey(known, now, settings);
  if (known !== answer.entry) book.set(key, answer.entry, answer.expiresAt);
  if (answer.kind === "pass") return undefined;
  return reply(451, "4.7.1", `You are not known here yet: greylisted, try again in ${answer.seconds} seconds`);
}
