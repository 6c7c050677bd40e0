/** Who the client is and what it can do: LOGIN, AUTHENTICATE, ID, ENABLE. RFC 9051 §6.2, RFC 2971, RFC 4959, RFC 5161. */
import { enables } from "../../../protocol/imap/capability.ts";
import type { Command } from "../../../protocol/imap/command.ts";
import { decodeBase64 } from "../../../protocol/imap/command-access.ts";
import { enabledLine, idLine } from "../../../protocol/imap/response.ts";
import type { AskClient, Login, LoginContext, LoginOutcome } from "../../access/login.ts";
import { type Answer, bad, no, ok } from "../answer.ts";
import type { Input } from "../input.ts";
import type { Output } from "../output.ts";
import type { Session } from "../session.ts";

/** PLAIN and LOGIN stand or fall together: both show the password to who listens. */
export function mayLogin(login: Pick<Login, "mechanisms">, where: LoginContext): boolean {
  return login.mechanisms(where).includes("PLAIN");
}

export async function authenticate(
  command: Extract<Command, { name: "AUTHENTICATE" | "LOGIN" }>,
  ask: { readonly login: Login; readonly where: LoginContext; readonly input: Input; readonly out: Output },
): Promise<LoginOutcome> {
  const { login, where } = ask;
  if (command.name === "LOGIN") {
    if (!mayLogin(login, where)) return { kind: "refused", reason: "needs-tls" };
    return login.password(command.user, command.password, where);
  }
  return login.sasl(command.mechanism, command.initial, challenger(ask.input, ask.out), where);
}

function challenger(input: Input, out: Output): AskClient {
  return async (challenge) => {
    out.line(`+ ${challenge.toString("base64")}`);
    const step = await input.line();
    if (step.kind !== "line") return "closed";
    if (step.line === "*") return "cancelled";
    return decodeBase64(step.line) ?? "malformed";
  };
}

/** What a refused login is answered; undefined where nobody is left to answer. */
export function refusedLogin(reason: Extract<LoginOutcome, { kind: "refused" }>["reason"]): Answer | undefined {
  switch (reason) {
    case "credentials":
      return no("AUTHENTICATIONFAILED", "Authentication failed");
    case "app-password":
      return no("AUTHORIZATIONFAILED", "This account has a second factor: use an app password");
    case "scope":
      return no("AUTHORIZATIONFAILED", "This app password is not for IMAP");
    case "throttled":
      return no("UNAVAILABLE", "Too many attempts, try again later");
    case "needs-tls":
      return no("PRIVACYREQUIRED", "Use TLS first");
    case "mechanism":
      return no("CANNOT", "That mechanism is not offered");
    case "malformed":
      return bad("That is no answer to the challenge");
    case "cancelled":
      return bad("Authentication cancelled");
    case "unavailable":
      return no("UNAVAILABLE", "Logins cannot be checked now, try again later");
    case "closed":
      return undefined;
    default:
      return reason satisfies never;
  }
}

export function id(session: Session): Answer {
  session.out.text(idLine([["name", "Angarium"]]));
  return ok("ID completed");
}

/** RFC 5161: what is not known is not answered. */
export function enable(session: Session, command: Extract<Command, { name: "ENABLE" }>): Answer {
  const enabled: string[] = [];
  const hadCondstore = session.condstore;
  for (const asked of command.capabilities) {
    const all = enables(asked);
    if (all === undefined) continue;
    enabled.push(all[0]!);
    for (const one of all) {
      switch (one) {
        case "CONDSTORE":
          session.condstore = true;
          break;
        case "QRESYNC":
          session.qresync = true;
          break;
        case "UTF8=ACCEPT":
          session.utf8 = true;
          break;
        case "IMAP4rev2":
          // RFC 9051 §5.1: names and texts are UTF-8 then.
          session.rev2 = true;
          session.utf8 = true;
          break;
        case "UIDONLY":
          session.uidOnly = true;
          break;
        default:
          one satisfies never;
      }
    }
  }
  session.out.text(enabledLine(enabled));
  // RFC 7162 §3.1: the open mailbox too is then one with mod-sequences.
  if (session.condstore && !hadCondstore && session.selected !== undefined) {
    session.out.line(`* OK [HIGHESTMODSEQ ${session.selected.modseq}] Highest mod-sequence`);
  }
  return ok("ENABLE completed");
}
