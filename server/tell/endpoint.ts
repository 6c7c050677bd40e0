/** Where a tenant's events are sent to: a webhook endpoint, what is known of it, and when what failed is tried again. Pure. */
import { createHmac } from "node:crypto";
import type { Instant } from "../store/store.ts";

export type Secret = {
  /** "whsec_" and base64. */
  readonly secret: string;
  /** Signs until then; undefined: it is the newest. */
  readonly until?: Instant;
};

export type Endpoint = {
  readonly id: string;
  /** "": events of everybody. */
  readonly tenant: string;
  readonly url: string;
  readonly description: string;
  /** Dotted types; none: all. */
  readonly types: readonly string[];
  /** Events in one request; 1: each by itself. */
  readonly batch: number;
  /** One request after another: while one fails, nothing later is sent. */
  readonly ordered?: boolean;
  readonly secrets: readonly Secret[];
  readonly state: "active" | "paused" | "disabled";
  /** Why it is disabled. */
  readonly reason: string;
  readonly createdAt: Instant;
};

/** Events that failed together and are tried together. */
export type Retry = {
  readonly events: readonly number[];
  /** How often they were tried. */
  readonly attempts: number;
  readonly firstAt: Instant;
  readonly nextAt: Instant;
  readonly why: string;
};

export type Progress = {
  /** All events up to this one are delivered or among `retries`. */
  readonly cursor: number;
  readonly retries: readonly Retry[];
  readonly lastOkAt: Instant | undefined;
  /** Events given up so far. */
  readonly givenUp: number;
};

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
/** Standard Webhooks' advice: waits after the first, second … attempt. */
export const retryDelaysMs: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** When something that has been tried so often is tried again; undefined: it is given up. `random` in 0..1 spreads them by a tenth. */
export function nextTry(attempts: number, now: Instant, random: number): Instant | undefined {
  const delay = retryDelaysMs[attempts - 1];
  return delay === undefined ? undefined : Math.round(now + delay * (1 + random / 10));
}

/** Requests of an endpoint that wait to be tried again; with more nothing new is begun: events wait in the store. */
export const maxRetries = 200;
/** So many failures in a row, and an endpoint gets nothing new until one of what failed succeeds. */
export const troubleAfter = 5;
export const maxBatch = 500;
/** An old secret signs beside the new one. */
export const rotationMs = 24 * hour;

/** Headers of Standard Webhooks 1.0 for a body. */
export function signedHeaders(
  id: string,
  body: string,
  secrets: readonly Secret[],
  now: Instant,
): { readonly [name: string]: string } {
  const seconds = String(Math.floor(now / 1000));
  const signatures = secrets
    .filter(({ until }) => until === undefined || until > now)
    .map(({ secret }) => {
      const key = Buffer.from(secret.slice("whsec_".length), "base64");
      return `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`;
    });
  return { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signatures.join(" ") };
}
