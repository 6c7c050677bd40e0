/** One figure of how much may be sent. */
import { z } from "zod";

export const boundOf = (what: string, unset: string) =>
  z.int().min(0).max(1_000_000_000).nullable().describe(`${what}. ${unset}`);
