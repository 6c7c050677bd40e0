/** The answer to EHLO and LHLO, from what the session is. RFC 5321 §4.1.1.1. */
import { type Reply, reply } from "./reply.ts";
import type { Session } from "./session.ts";

/** `greeting` names us first on the line; `maxHoldUntil` is an instant (ms since 1970) for FUTURERELEASE. */
export function helloReply(
  session: Session,
  ourHost: string,
  verb: "ehlo" | "helo" | "lhlo",
  maxHoldUntil: number,
): Reply {
  return verb === "helo"
    ? reply(250, undefined, ourHost)
    : reply(250, undefined, ourHost, ...extensions(session, maxHoldUntil));
}

function extensions(session: Session, maxHoldUntil: number): readonly string[] {
  const { offer, tls, authenticated, mechanisms } = session;
  const found = ["PIPELINING", `SIZE ${offer.maxMessageBytes}`];
  if (offer.startTls && !tls) found.push("STARTTLS");
  if (mechanisms.length > 0 && !authenticated) found.push(`AUTH ${mechanisms.join(" ")}`);
  found.push("ENHANCEDSTATUSCODES", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8", "DSN");
  if (tls) found.push("REQUIRETLS"); // RFC 8689 §2: only over TLS
  if (offer.maxHoldSeconds > 0)
    found.push(`FUTURERELEASE ${offer.maxHoldSeconds} ${new Date(maxHoldUntil).toISOString().replace(/\.\d+Z$/, "Z")}`);
  const mailMax = offer.maxMessages > 0 ? `MAILMAX=${offer.maxMessages} ` : "";
  found.push(`LIMITS ${mailMax}RCPTMAX=${offer.maxRecipients}`); // RFC 9422
  return found;
}
