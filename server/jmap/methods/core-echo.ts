import type { Method } from "../call.ts";
import { core } from "../capabilities.ts";

/** RFC 8620 §4. */
export const coreEcho: Method = { capability: core, run: (args) => ({ ok: args }) };
