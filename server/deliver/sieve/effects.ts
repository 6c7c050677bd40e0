/** What the scripts of one account want done with one message, in the words of delivery. */

import type { Received } from "../../receive/received.ts";
import type { Remembered } from "../../store/sieve-store.ts";
import type { Marks, Target } from "../../store/store.ts";

/** `bytes`: the message as the script made it; undefined where it is as it came. */
export type Filed = { readonly target: Target; readonly marks: Marks; readonly bytes: Buffer | undefined };

/** `inPlaceOfKeeping`: where nobody takes it, the message is kept here after all. */
export type Sent = { readonly mail: Received; readonly inPlaceOfKeeping: boolean };

export type AccountEffects = {
  readonly filed: readonly Filed[];
  /** Mail that goes out for it: redirected, answers, notifications. Not judged, and no scripts run for it. */
  readonly sent: readonly Sent[];
  /** Copies of what was sent (RFC 8580). */
  readonly copies: readonly { readonly target: Target; readonly marks: Marks; readonly bytes: Buffer }[];
  /** Why the message is not taken: RFC 5429 ereject. */
  readonly refused: string | undefined;
  readonly remember: readonly Remembered[];
  /** Short words for the journey. */
  readonly notes: readonly string[];
};
