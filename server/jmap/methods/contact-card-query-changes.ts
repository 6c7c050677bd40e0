import { cardRules, cardType } from "../contacts.ts";
import { queryChangedObjects } from "../object-query.ts";

/** RFC 9610 §3.4. */
export const contactCardQueryChanges = queryChangedObjects(cardType, cardRules);
