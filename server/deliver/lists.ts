/** What delivery asks of mailing lists (`server/distribute`), and what it is told to do. */
import type { Header } from "../../protocol/mime/header.ts";
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Taken } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import type { NewListPost } from "../store/lists-store.ts";
import type { Remembered } from "../store/sieve-store.ts";
import type { JourneyEntry } from "../store/store.ts";
import type { ListMail } from "./destinations.ts";

/** Done in one transaction. */
export type Spread = {
  /** The same for all or for one member each, as they are delivered; unjudged. */
  readonly copies: readonly Received[];
  /** What is kept for moderators or in the archive, and its bytes. */
  readonly posts: readonly NewListPost[];
  readonly kept: Buffer;
  readonly remember: readonly Remembered[];
  /** Of the message itself. */
  readonly journey: readonly JourneyEntry[];
  /** The posts that waited for this, the oldest first; they go with the same commit. */
  readonly letThrough?: readonly number[];
};

export type ListOutcome =
  | { readonly kind: "refused"; readonly reply: Reply }
  | ({ readonly kind: "taken" /** Once the rest is committed. */; readonly afterwards?: () => Promise<void> } & Spread);

export type Lists = {
  /** `header` is that of `mail.bytes`. */
  take(mail: Received, header: Header, to: ListMail, verdict: Taken): Promise<ListOutcome>;
  /** A notice of ours to a list's address: what it says of members is counted. */
  noticed(mail: Received, to: ListMail): Promise<void>;
  /** Nobody has taken these copies. */
  undelivered(copy: Received): Promise<void>;
};
