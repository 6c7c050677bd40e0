import { identityType } from "../identity.ts";
import { setObjects } from "../objects.ts";

/** RFC 8621 §6.3. */
export const identitySet = setObjects(identityType);
