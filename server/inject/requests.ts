/**
 * Requests with a key: done once, and answered again as the first time. What is taken under a key has ids that follow from it, so that after a crash
 * whoever asks again finds what was taken, by the journey that was committed with it, and only the rest is taken. Whose turn it is to work on one is
 * kept in the store, and looked at in each transaction that takes something: two never do the same.
 */
import { createHash, randomUUID } from "node:crypto";
import { takenBefore } from "../deliver/taken-before.ts";
import type { RequestTurn } from "../store/hosting.ts";
import type { AccountId, Instant, JourneyEntry, Store } from "../store/store.ts";

/** How long a key is remembered. */
export const keptForMs = 24 * 60 * 60 * 1000;
export const maxKeyChars = 256;
/** Nobody works longer on a request without being asked again; another node then goes on with it. */
const leaseMs = 2 * 60 * 1000;

/** A request whose turn is ours. */
export type Begun = {
  readonly kind: "fresh";
  /** For what is taken for it (`Received.under`). */
  readonly under: RequestTurn & { readonly resumed: boolean };
  /** The id of the message that stands at a place of the request: each time the same. */
  readonly idOf: (place: string) => string;
  /** What a journey says of a message that was taken before a crash. */
  readonly taken: (id: string) => Promise<JourneyEntry | undefined>;
  /** Keeps the answer; undefined: it was refused, and may be mended and sent again. */
  readonly end: (answer: Uint8Array | undefined) => Promise<void>;
  /** It broke: whoever asks again goes on where it was. */
  readonly leave: () => Promise<void>;
};

export type Requests = {
  readonly begin: (asked: {
    readonly hash: string;
    readonly account: AccountId;
    /** Hash of what is asked: a key is for one thing. */
    readonly request: string;
    /** All that it does can be found again. */
    readonly resumable: boolean;
  }) => Promise<
    Begun | { readonly kind: "begun" | "other" | "full" } | { readonly kind: "answered"; readonly answer: Uint8Array }
  >;
};

export function makeRequests({
  store,
  node,
  now,
}: {
  readonly store: Pick<Store, "beginRequest" | "endRequest" | "leaveRequest" | "trace">;
  /** The same after a restart, another for each node. */
  readonly node: string;
  readonly now: () => Instant;
}): Requests {
  const run = randomUUID();
  return {
    async begin({ resumable, ...asked }) {
      const at = now();
      const turn = { hash: asked.hash, turn: randomUUID() };
      const by = resumable ? { node, run, leasedUntil: at + leaseMs } : undefined;
      const found = await store.beginRequest({ ...asked, ...turn, now: at, expiresAt: at + keptForMs, by });
      if (found.kind !== "fresh") return found;
      const { seed, resumed } = found;
      const leave = () => store.leaveRequest(turn);
      return {
        kind: "fresh",
        under: { ...turn, resumed },
        idOf: (place) =>
          createHash("sha256")
            .update(JSON.stringify(["message", asked.hash, seed, place]))
            .digest("hex")
            .slice(0, 16),
        taken: async (id) => (resumed ? takenBefore(store, id) : undefined),
        // What was taken before a crash was taken, whatever is refused now.
        end: (answer) => (answer === undefined && resumed ? leave() : store.endRequest(turn, answer)),
        leave,
      };
    },
  };
}
