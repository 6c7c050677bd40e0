import { identityType } from "../identity.ts";
import { getObjects } from "../objects.ts";

/** RFC 8621 §6.1. */
export const identityGet = getObjects(identityType);
