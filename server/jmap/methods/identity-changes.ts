import { changedObjects } from "../objects.ts";
import { identityType } from "../shared-sending.ts";

/** RFC 8621 §6.2. */
export const identityChanges = changedObjects(identityType);
