/** Read receipts that were asked for (RFC 8098), sent when the reader says so (RFC 9007), and only once ($mdnsent, RFC 3503). */
import { toast } from "../../../ui/toasts.svelte.ts";
import { identityFor } from "../compose/writer.ts";
import { troubleOf } from "../jmap/trouble.ts";
import type { Email } from "../jmap/types.ts";
import { patchHead } from "../state/heads.svelte.ts";
import { session } from "../state/session.svelte.ts";
import { t } from "../words.ts";

export async function sendReceipt(email: Email): Promise<void> {
  const identity = identityFor([...(email.to ?? []), ...(email.cc ?? [])]);
  const answer = await session.client.one("MDN/send", {
    identityId: identity?.id,
    send: {
      receipt: {
        forEmailId: email.id,
        disposition: { actionMode: "manual-action", sendingMode: "mdn-sent-manually", type: "displayed" },
      },
    },
    onSuccessUpdateEmail: { "#receipt": { "keywords/$mdnsent": true } },
  });
  const refused = answer.notSent?.receipt as { type: string; description?: string } | undefined;
  if (refused !== undefined) throw troubleOf(refused.type, refused.description);
  patchHead(email.id, { "keywords/$mdnsent": true });
  toast(t("receipt.sent"));
}
