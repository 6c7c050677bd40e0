/** The sections of the configuration about dangerous attachments and about the scanners that are asked too. */
import { z } from "zod";
import { type Danger, dangers } from "../judge/attachments/finding.ts";
import { type Action, type AttachmentPolicy, actions, defaultAttachmentPolicy } from "../judge/attachments/policy.ts";
import { type DownPolicy, downPolicies } from "../judge/scanners/scanner.ts";
import { socketAddress, url } from "./checks.ts";
import { section } from "./schema.ts";

const action = (danger: Danger): z.ZodType<Action> =>
  z
    .enum(actions, { error: `must be one of ${actions.join(", ")}` })
    .default(defaultAttachmentPolicy[danger])
    .meta({ description: `What ${dangers[danger]}.` }) as unknown as z.ZodType<Action>;

export const attachments = z
  .strictObject(Object.fromEntries((Object.keys(dangers) as Danger[]).map((danger) => [danger, action(danger)])))
  .prefault({})
  .meta({
    description:
      "What is done with mail by what its attachments are; a tenant or a domain may differ (`angarium attachments set`). `mark` only says so in the header, `strip` takes the attachment out and leaves a note.",
  }) as unknown as z.ZodType<AttachmentPolicy>;

export type ScannerSettings = {
  readonly clamav: string;
  readonly rspamd: string;
  readonly rspamdPassword: string;
  readonly milters: readonly string[];
  readonly whenDown: DownPolicy;
  readonly timeoutMs: number;
  readonly maxBytes: number;
};

const plain = section<Omit<ScannerSettings, "whenDown">>(
  { clamav: "", rspamd: "", rspamdPassword: "", milters: [], timeoutMs: 30_000, maxBytes: 64 * 1024 * 1024 },
  {
    clamav: 'clamd, as "unix:/run/clamav/clamd.ctl" or "tcp:127.0.0.1:3310"; "" asks nobody.',
    rspamd: 'Rspamd, as "http://127.0.0.1:11333"; "" asks nobody.',
    rspamdPassword: "Its password, where it wants one.",
    milters: 'Milters, as "unix:/run/x.sock" or "tcp:127.0.0.1:8891".',
    timeoutMs: "How long a scanner may take.",
    maxBytes: "How much of a message scanners get to see.",
  },
  { clamav: socketAddress, rspamd: url("http", "https"), milters: socketAddress },
) as unknown as { readonly def: { readonly innerType: z.ZodObject } };

export const scanners = plain.def.innerType
  .extend({
    whenDown: z
      .enum(downPolicies, { error: `must be one of ${downPolicies.join(", ")}` })
      .default("later")
      .meta({ description: "What happens to mail while a scanner cannot be asked." }),
  })
  .prefault({})
  .meta({ description: "Other programs that are asked about each message." }) as unknown as z.ZodType<ScannerSettings>;

export type OutboundSettings = { readonly attachments: boolean; readonly holdSpam: boolean };
export const outbound = section<OutboundSettings>(
  { attachments: true, holdSpam: true },
  {
    attachments: "Refuse programs, scripts and other dangerous attachments from our own people too.",
    holdSpam: "Hold mail of our own people that looks like spam in the queue, and tell an administrator.",
  },
);
