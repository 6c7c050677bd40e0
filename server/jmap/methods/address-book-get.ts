import { addressBookType } from "../contacts.ts";
import { getObjects } from "../objects.ts";

/** RFC 9610 §2.1. */
export const addressBookGet = getObjects(addressBookType);
