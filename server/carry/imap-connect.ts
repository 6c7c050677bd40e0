/** A way into somebody's mailboxes on another server, by IMAP: to a host that was looked at first, and with sentences for what fails. */
import type { ImapFlow } from "imapflow";
import type { Log } from "../base/log.ts";
import type { Guard } from "../net/guard.ts";
import { whyNotReached } from "../net/why-not-reached.ts";
import type { ImportSettings } from "../store/carry-store.ts";
import { CannotCarry } from "./put.ts";

export type ImapServer = Pick<ImportSettings, "host" | "port" | "tls" | "user" | "anyCertificate">;
/** A password, or a token of OAuth 2 (RFC 7628). */
export type ImapSecret = string | { readonly accessToken: string };

const connectMs = 30_000;
const timeoutMs = 60_000;

/** Rejects with `CannotCarry`. `guard` undefined: whoever asks may reach what this machine can. `maxBytes`: of one literal. */
export async function connected(
  { host, port, tls, user, anyCertificate }: ImapServer,
  secret: ImapSecret,
  { guard, log, maxBytes }: { readonly guard: Guard | undefined; readonly log: Log; readonly maxBytes: number },
): Promise<ImapFlow> {
  const guarded = await guard?.host(host);
  if (guarded?.kind === "refused") throw new CannotCarry(guarded.why);
  const { ImapFlow } = await import("imapflow");
  const client = new ImapFlow({
    // The address that was looked at, whatever DNS says next.
    host: guarded?.addresses[0] ?? host,
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    port,
    secure: tls === "implicit",
    doSTARTTLS: tls === "starttls",
    auth: typeof secret === "string" ? { user, pass: secret } : { user, ...secret },
    logger: false,
    disableAutoIdle: true,
    maxLiteralSize: maxBytes,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    socketTimeout: timeoutMs,
    tls: anyCertificate ? { rejectUnauthorized: false } : {},
  });
  // What breaks while nobody waits: the next command says so.
  client.on("error", (error: unknown) =>
    log.debug({ error: wordsOf(error) }, "connection to another server's mailboxes"),
  );
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.close();
    const failed = error as { readonly authenticationFailed?: boolean };
    throw new CannotCarry(
      failed.authenticationFailed === true
        ? `${host} refuses the name or the password (${wordsOf(error)}). Some providers want an app password.`
        : `${host} port ${port} cannot be reached: ${why(error)}.`,
    );
  }
}

const noTls = "it does not begin with TLS; choose starttls, or the port for TLS (993)";
const why = (error: unknown): string =>
  (error as { readonly code?: string }).code === "ERR_SSL_WRONG_VERSION_NUMBER"
    ? noTls
    : (whyNotReached(error) ?? wordsOf(error));

export const wordsOf = (error: unknown): string => {
  const { responseText, message } = error as { readonly responseText?: string; readonly message?: string };
  return (responseText ?? message ?? String(error)).replace(/[\x00-\x1f\x7f]/g, " ").slice(0, 300);
};
