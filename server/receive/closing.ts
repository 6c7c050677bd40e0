/** The last words of a session that ends before QUIT. RFC 5321 §3.8: 421 says that the connection closes. */
import { formatReply, reply } from "../../protocol/smtp/reply.ts";

export const closing = {
  injected: reply(554, "5.5.1", "Nothing may follow STARTTLS before the handshake"),
  bareLineEnd: reply(521, "5.5.2", "Lines end with CRLF and nothing else; closing"),
  tooManyErrors: reply(421, "4.7.0", "Too many errors, closing"),
  tooManyCommands: reply(421, "4.7.0", "Too many commands without a message, closing"),
  tooManyFailures: reply(421, "4.7.0", "Too many failed authentications, closing"),
  idleTooLong: reply(421, "4.4.2", "Idle for too long, closing"),
  sessionTooLong: reply(421, "4.4.2", "This session has lasted too long, closing"),
  flooded: reply(421, "4.3.4", "Far more data than this server takes, closing"),
  shuttingDown: reply(421, "4.3.2", "Service is shutting down, closing"),
};

/** What a peer hears where the listener turns it away, as wire bytes. */
export function smtpTurnAway(ourHost: string, why: "too-many-connections" | "too-many-from-address"): string {
  const text = why === "too-many-connections" ? "Too many connections" : "Too many connections from your address";
  return formatReply(reply(421, "4.7.0", `${ourHost} ${text}, try again later`));
}
