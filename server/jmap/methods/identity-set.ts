import { setObjects } from "../objects.ts";
import { identityType } from "../shared-sending.ts";

/** RFC 8621 §6.3. */
export const identitySet = setObjects(identityType);
