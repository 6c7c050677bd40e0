/** Rspamd over HTTP: POST /checkv2, the envelope in header fields, its opinion as JSON. */
import { formatMailbox } from "../../../protocol/smtp/address.ts";
import type { Opinion, Scanner } from "./scanner.ts";

export type RspamdSettings = {
  readonly url: string;
  readonly password: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
};

type Answer = { readonly action?: unknown; readonly score?: unknown; readonly required_score?: unknown };

const maxRecipients = 50;

export function rspamd({ url, password, timeoutMs, maxBytes }: RspamdSettings): Scanner {
  const target = new URL("/checkv2", url);
  return {
    name: "Rspamd",
    ask: async (mail) => {
      const headers = new Headers({
        "Queue-Id": mail.id,
        IP: mail.remote.address,
        Helo: plain(mail.helo),
        From: plain(mail.envelopeFrom),
      });
      for (const recipient of mail.recipients.slice(0, maxRecipients))
        headers.append("Rcpt", plain(formatMailbox(recipient)));
      if (mail.remoteName !== undefined) headers.set("Hostname", plain(mail.remoteName));
      if (mail.account !== undefined) headers.set("User", plain(mail.account.name));
      if (password !== "") headers.set("Password", password);
      const body = new Uint8Array(mail.bytes.subarray(0, maxBytes));
      const answer = await fetch(target, { method: "POST", headers, body, signal: AbortSignal.timeout(timeoutMs) });
      if (!answer.ok) throw new Error(`Rspamd answers ${answer.status}`);
      return opinionOf((await answer.json()) as Answer);
    },
  };
}

function opinionOf({ action, score, required_score: needed }: Answer): Opinion {
  const points =
    typeof score === "number"
      ? ` (${score.toFixed(1)} of ${typeof needed === "number" ? needed.toFixed(1) : "?"} points)`
      : "";
  switch (action) {
    case "reject":
      return { kind: "refuse", why: `Rspamd calls this message spam${points}` };
    case "soft reject":
    case "greylist":
      return { kind: "later", why: `Rspamd wants this message to come again${points}` };
    case "quarantine":
      return { kind: "quarantine", why: `Rspamd wants this message kept back${points}` };
    case "add header":
    case "rewrite subject":
      return { kind: "junk", why: `Rspamd calls this message probable spam${points}` };
    case "no action":
      return { kind: "clean" };
    default:
      throw new Error(`Rspamd answers with the action ${JSON.stringify(action)?.slice(0, 60)}`);
  }
}

/** A header field of HTTP takes Latin letters alone. */
function plain(text: string): string {
  return text.replace(/[^ -~]/g, "?");
}
