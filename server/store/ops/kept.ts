/** What operations take in place of a message's bytes: the bytes encoded, and on disk already where they are a blob. */
import type { MessageFacts } from "../../../protocol/mime/facts.ts";
import type { NewSendingEvent, Told } from "../sending.ts";
import type { Acceptance, Copies, JourneyEntry, Marks, Settlement, SettleRequest } from "../store.ts";
import type { StoredBytes } from "./tx.ts";

export type KeptMessage = {
  readonly stored: StoredBytes;
  readonly facts: MessageFacts;
  readonly delivered?: boolean | undefined;
};
/** What a row keeps of it is a text already. */
export type KeptTold = Pick<Told, "tenant" | "n"> & { readonly text: string };
/** `detail` may be the text of its JSON already. */
export type KeptJourneyEntry = Omit<JourneyEntry, "detail" | "told"> & {
  readonly detail: JourneyEntry["detail"] | string;
  readonly told?: Told | KeptTold;
};
export type KeptSendingEvent = Omit<NewSendingEvent, "detail"> & {
  readonly detail: NewSendingEvent["detail"] | string;
};
export type KeptAcceptance = Omit<Acceptance, "message" | "journey" | "events"> & {
  readonly message: KeptMessage;
  readonly journey: readonly KeptJourneyEntry[];
  readonly events?: readonly KeptSendingEvent[];
};
export type KeptCopies = Omit<Copies, "template" | "copies"> & {
  readonly template: KeptMessage;
  readonly copies: readonly KeptAcceptance[];
};
export type KeptAppend = KeptMessage & { readonly marks: Marks; readonly receivedAt: number };
export type KeptSettlement = Omit<Settlement, "event"> & { readonly event?: KeptSendingEvent };
export type KeptSettleRequest = Omit<SettleRequest, "settlements" | "notices" | "journey"> & {
  readonly settlements: readonly KeptSettlement[];
  readonly notices: readonly KeptAcceptance[];
  readonly journey: readonly KeptJourneyEntry[];
};
