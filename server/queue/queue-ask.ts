/** What the queue at work needs of the rest of the server. */
import type { Log } from "../base/log.ts";
import type { Outcome } from "../send/classify.ts";
import type { Send } from "../send/send.ts";
import type { QueuedMessage, Store } from "../store/store.ts";
import type { Dispatching } from "./dispatching.ts";
import type { QueueNotices } from "./finish.ts";
import type { DeliverHere } from "./here.ts";
import type { QueueSettings } from "./settings.ts";

export type QueueAsk = {
  readonly store: Pick<
    Store,
    | "claim"
    | "settle"
    | "renewLeases"
    | "releaseLeases"
    | "queueAct"
    | "queueList"
    | "content"
    | "subscribe"
    | "parkLanes"
    | "parkNext"
    | "wakeParks"
    | "claimExpired"
  >;
  readonly send: Send;
  readonly notices: QueueNotices;
  readonly settings: QueueSettings;
  /** Sending at volume; undefined: one source, and everything goes when it is due. */
  readonly dispatch?: Dispatching | undefined;
  /** Makes the message of a recipe (`Copies`); undefined: there are none. */
  readonly makeCopy?: ((message: QueuedMessage, recipe: Uint8Array) => Promise<Uint8Array>) | undefined;
  /** What is done against accounts of our own. */
  readonly restrain?: {
    /** Not for now: it is looked at again later. */
    mayNotSend(message: QueuedMessage): boolean;
    /** What became of recipients. */
    heard(message: QueuedMessage, outcomes: readonly Outcome[]): void;
  };
  /** Nothing leaves for now: what comes stays in the store. */
  readonly withheld?: (() => boolean) | undefined;
  /** Delivers what waited for its time to people here. */
  readonly deliverHere?: DeliverHere | undefined;
  /** Name of this node: the same after a restart, another for each node. */
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly log: Log;
};

/** The message as it is sent. */
export async function bytesOf(
  message: QueuedMessage,
  { store, makeCopy }: Pick<QueueAsk, "store" | "makeCopy">,
): Promise<Uint8Array | undefined> {
  const bytes = await store.content(message.content);
  if (bytes === undefined || message.template === undefined) return bytes;
  if (makeCopy === undefined) throw new Error("nobody makes messages of recipes here");
  return makeCopy(message, bytes);
}
