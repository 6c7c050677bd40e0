import { identityType } from "../identity.ts";
import { changedObjects } from "../objects.ts";

/** RFC 8621 §6.2. */
export const identityChanges = changedObjects(identityType);
