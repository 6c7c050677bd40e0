import { addressBookType } from "../contacts.ts";
import { changedObjects } from "../objects.ts";

/** RFC 9610 §2.2. */
export const addressBookChanges = changedObjects(addressBookType);
