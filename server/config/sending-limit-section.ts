/** The sections of the configuration about how much people's own mailboxes may send: one for each class of accounts. */
import type { z } from "zod";
import type { BrakeSettings } from "../restrain/brake.ts";
import { type Bounds, defaultSendingLimitSettings, type SendingLimitSettings } from "../restrain/limits.ts";
import { percent } from "./checks.ts";
import { section } from "./schema.ts";

type Plain = "newAccountMs" | "freezeAt" | keyof BrakeSettings;

const classOf = (name: Exclude<keyof SendingLimitSettings, Plain>, who: string) =>
  section<Bounds>(defaultSendingLimitSettings[name], {
    messagesPerHour: "Messages within an hour; 0 for no limit.",
    recipientsPerDay: "Recipients of all its messages in 24 hours; 0 for no limit.",
    newRecipientsPerDay: "Of these the ones that the account has not written to before; 0 for no limit.",
    recipientsPerMessage: "Recipients of one message; 0 for no limit.",
  }).meta({ description: who });

const { newAccountMs, failuresPerHour, failurePercent, failureMinAttempts, freezeAt } = defaultSendingLimitSettings;
const plain = section<Pick<SendingLimitSettings, Plain>>(
  { newAccountMs, failuresPerHour, failurePercent, failureMinAttempts, freezeAt },
  {
    newAccountMs: "An account is new for so long after it was made; administrators are not new.",
    failuresPerHour:
      "So many recipients refused for good within an hour hold an account's mail, until an administrator has looked at it; 0: never.",
    failurePercent: "Such a share of them holds it too; 0: never.",
    failureMinAttempts: "The share counts from so many recipients on that were tried within an hour.",
    freezeAt: "An account that looks stolen may hand in nothing from so many points on (docs/sending.md); 0: never.",
  },
  { failurePercent: percent },
) as unknown as { readonly def: { readonly innerType: z.ZodObject } };

export const sendingLimits = plain.def.innerType
  .extend({
    new: classOf("new", "Accounts that were made lately."),
    normal: classOf("normal", "All others, where an administrator has said nothing else."),
    trusted: classOf("trusted", "Accounts that an administrator trusts."),
    trial: classOf("trial", "Accounts of programs that an administrator has on trial."),
  })
  .prefault({})
  .meta({
    description:
      "How much one account may send from its own mailbox, by its class (`angarium limit set`). What tenants send at volume has quotas of its own.",
  }) as unknown as z.ZodType<SendingLimitSettings>;
