import { cardRules, cardType } from "../contacts.ts";
import { queryObjects } from "../object-query.ts";

/** RFC 9610 §3.3. */
export const contactCardQuery = queryObjects(cardType, cardRules);
