/** AUTH: carries one SASL exchange between the peer and `Login`. RFC 4954. */
import { type AuthCommand, decodeBase64 } from "../../protocol/smtp/command.ts";
import { formatReply, type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { AskClient, Login, LoginOutcome } from "../access/login.ts";
import type { Connection } from "../net/connection.ts";
import type { Input } from "./input.ts";

const success = reply(235, "2.7.0", "Authentication successful");
const refusals = {
  credentials: reply(535, "5.7.8", "Authentication credentials invalid"),
  // RFC 4954 §6 with the enhanced code of RFC 5248: the words that programs of today show.
  "app-password": reply(534, "5.7.9", "This account has a second factor: use an app password"),
  scope: reply(535, "5.7.8", "This app password is not for sending mail"),
  throttled: reply(454, "4.7.0", "Too many failed attempts, try again later"),
  "needs-tls": reply(538, "5.7.11", "Encryption required for this mechanism"),
  mechanism: reply(504, "5.5.4", "Mechanism is not offered"),
  malformed: reply(501, "5.5.2", "Authentication exchange is malformed"),
  cancelled: reply(501, "5.7.0", "Authentication cancelled"),
  unavailable: reply(454, "4.7.0", "Temporary authentication failure"),
} satisfies Record<Exclude<(LoginOutcome & { kind: "refused" })["reason"], "closed">, Reply>;

export type Authenticated = { readonly reply: Reply; readonly outcome: LoginOutcome } | "closed";

/** Runs the exchange. The reply is not sent yet; "closed": the peer went away in the middle. */
export async function authenticate(
  connection: Connection,
  input: Input,
  login: Login,
  command: AuthCommand,
): Promise<Authenticated> {
  const ask: AskClient = async (challenge) => {
    connection.write(formatReply(reply(334, undefined, challenge.toString("base64"))));
    for (;;) {
      const line = input.line();
      if (line === undefined) {
        if ((await input.fill()) !== undefined) return "closed";
      } else if (typeof line === "string") return "malformed";
      else {
        const text = line.toString("latin1");
        return text === "*" ? "cancelled" : (decodeBase64(text) ?? "malformed");
      }
    }
  };
  const outcome = await login.sasl(command.mechanism, command.initial, ask, { protocol: "smtp", connection });
  if (outcome.kind === "ok") return { reply: success, outcome };
  return outcome.reason === "closed" ? "closed" : { reply: refusals[outcome.reason], outcome };
}
