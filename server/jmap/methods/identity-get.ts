import { getObjects } from "../objects.ts";
import { identityType } from "../shared-sending.ts";

/** RFC 8621 §6.1. */
export const identityGet = getObjects(identityType);
