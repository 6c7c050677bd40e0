/** A letter that waited on this device and that the server would not take (a full mailbox): it is open again as it was written, and kept here. */
import type { Email } from "../jmap/types.ts";
import { shapeOf } from "../secure/shape.ts";
import { letters, offerSealed, openLetter } from "./letters.svelte.ts";
import { keepReturned } from "./sealed-here.ts";
import { resumeDraft } from "./start.ts";

/** Done when it is kept. */
export async function giveBack(email: Email): Promise<void> {
  const there = letters.open.find(({ emailId }) => emailId === email.id);
  if (there !== undefined) {
    there.emailId = undefined;
    there.touch();
  } else if (/-encrypted$/.test(shapeOf(email)?.kind ?? "")) {
    // Its key may have to be unlocked: not before somebody asks for it.
    offerSealed([await keepReturned(email)]);
  } else openLetter({ ...resumeDraft(email), emailId: undefined }).touch();
}
