/** How answers show what was deleted and can come back. */
import { z } from "zod";
import type { Deletion as Row } from "../store/hosting.ts";
import { at, time } from "./route.ts";

export const Deletion = z
  .object({
    id: z.int(),
    kind: z.enum(["tenant", "domain", "account"]),
    name: z.string(),
    takes: z
      .object({
        domains: z.int(),
        accounts: z.int(),
        addresses: z.int(),
        messages: z.int(),
        bytes: z.int(),
      })
      .describe("What went with it."),
    by: z.string(),
    at: time,
    purgeAt: time.describe("Until then it can come back: POST /deletions/{id}/undo."),
  })
  .meta({ id: "Deletion" });

export const shownDeletion = (row: Row): z.input<typeof Deletion> => ({
  ...row,
  at: at(row.at),
  purgeAt: at(row.purgeAt),
});
