import { cardType } from "../contacts.ts";
import { setObjects } from "../objects.ts";

/** RFC 9610 §3.5. */
export const contactCardSet = setObjects(cardType);
