import { cardType } from "../contacts.ts";
import { changedObjects } from "../objects.ts";

/** RFC 9610 §3.2. */
export const contactCardChanges = changedObjects(cardType);
