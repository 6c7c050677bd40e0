import { getObjects } from "../objects.ts";
import { publicKeyType } from "../public-key.ts";

/** A method of our own: what one publishes. */
export const publicKeyGet = getObjects(publicKeyType);
