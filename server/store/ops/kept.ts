/** What operations take in place of a message's bytes: the bytes encoded, and on disk already where they are a blob. */
import type { MessageFacts } from "../../../protocol/mime/facts.ts";
import type { Acceptance, JourneyEntry, Marks, SettleRequest } from "../store.ts";
import type { StoredBytes } from "./tx.ts";

export type KeptMessage = { readonly stored: StoredBytes; readonly facts: MessageFacts };
export type KeptAcceptance = Omit<Acceptance, "message"> & { readonly message: KeptMessage };
export type KeptAppend = KeptMessage & { readonly marks: Marks; readonly receivedAt: number };
export type KeptSettleRequest = Omit<SettleRequest, "notices"> & {
  readonly notices: readonly KeptAcceptance[];
  readonly journey: readonly JourneyEntry[];
};
