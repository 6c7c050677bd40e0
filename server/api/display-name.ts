/** What people, groups, lists and tenants are called. */
import { z } from "zod";
import { isLine } from "../inject/fields.ts";

/** Embeddings, overrides and isolates (UAX #9): they turn round what stands beside them. */
const turns = /[\u202a-\u202e\u2066-\u2069]/;

export const displayName = z
  .string()
  .max(200)
  .refine((name) => isLine(name) && !turns.test(name), "A name is one line, without control characters.");
