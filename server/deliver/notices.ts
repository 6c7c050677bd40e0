/** Delivery status notifications that a delivery here may cause; made by `server/report`, committed by `server/deliver`. */
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Received, ReceivedRecipient } from "../receive/received.ts";
import type { Acceptance } from "../store/store.ts";

/** Each answers the notice to accept, or undefined where none is due (null sender, NOTIFY=NEVER …). RFC 3461, RFC 3464. */
export type Notices = {
  /** Recipients with NOTIFY=SUCCESS whose mail has been filed here, or handed on to all whom they stand for. */
  successNotice(
    mail: Received,
    done: readonly { readonly recipient: ReceivedRecipient; readonly action: "delivered" | "expanded" }[],
  ): Promise<Acceptance | undefined>;
  /** Recipients that the final 250 covers although their mail could not be filed (quota used up between RCPT and the end of the data). */
  failureNotice(
    mail: Received,
    failed: readonly { readonly recipient: ReceivedRecipient; readonly reply: Reply }[],
  ): Promise<Acceptance | undefined>;
};
