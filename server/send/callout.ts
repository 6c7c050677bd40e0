/** Asks the server behind a relay domain whether it takes a recipient, before we do: no mail is taken that would bounce. */
import { type Reply, type ReplyParser, reply } from "../../protocol/smtp/reply.ts";
import type { PathResult } from "./send.ts";
import { openSession, type Session, type SessionAsk } from "./session.ts";

export type CalloutSettings = {
  /** How long a yes, a no, and "do not know" are remembered. */
  readonly calloutYesMs: number;
  readonly calloutNoMs: number;
  readonly calloutTroubleMs: number;
  /** Recipients remembered. */
  readonly maxCalloutsRemembered: number;
  /** Questions under way at once; more are answered with "later". */
  readonly maxCallouts: number;
};
export const defaultCalloutSettings: CalloutSettings = {
  calloutYesMs: 3_600_000,
  calloutNoMs: 600_000,
  calloutTroubleMs: 30_000,
  maxCalloutsRemembered: 20_000,
  maxCallouts: 50,
};

export type CalloutAsk = {
  readonly settings: CalloutSettings;
  readonly session: SessionAsk;
  readonly path: (domain: string, sender: string, requireTls: boolean) => PathResult | Promise<PathResult>;
};

/** Hosts that are tried for one question. */
const maxHosts = 3;
const notNow = reply(451, "4.4.1", "The recipient's server cannot be asked now, try again later");

/** The question as a function: undefined where the recipient is taken, otherwise the reply to give. `address` is "local@domain" for RCPT. */
export function makeCallout(ask: CalloutAsk): (address: string, domain: string) => Promise<Reply | undefined> {
  const { settings } = ask;
  const known = new Map<string, { readonly said: Reply | undefined; readonly until: number }>();
  const asking = new Map<string, Promise<Reply | undefined>>();

  async function find(address: string, domain: string): Promise<Reply | undefined> {
    const found = await ask.path(domain, "", false);
    if (found.kind === "none") return found.outcome.kind === "failed" ? found.outcome.reply : notNow;
    for (const host of found.path.hosts.slice(0, maxHosts)) {
      const session = await openSession(found.path, host, host.addresses[0]!, ask.session);
      if (session.kind !== "session") continue;
      const said = await question(session, address, ask.session.settings.rcptTimeoutMs);
      session.connection.write("QUIT\r\n");
      session.connection.end().catch(() => session.connection.destroy());
      if (said === undefined) continue;
      if (said.code < 300) return undefined;
      return said.code >= 500 ? said : notNow;
    }
    return notNow;
  }

  return async (address, domain) => {
    const now = ask.session.monotonic();
    const before = known.get(address);
    if (before !== undefined && now < before.until) return before.said;
    const same = asking.get(address);
    if (same !== undefined) return same;
    if (asking.size >= settings.maxCallouts) return notNow;
    const answer = find(address, domain).finally(() => asking.delete(address));
    asking.set(address, answer);
    const said = await answer;
    const keepMs =
      said === undefined ? settings.calloutYesMs : said === notNow ? settings.calloutTroubleMs : settings.calloutNoMs;
    known.delete(address);
    if (known.size >= settings.maxCalloutsRemembered) known.delete(known.keys().next().value!);
    known.set(address, { said, until: now + keepMs });
    return said;
  };
}

/** The reply to RCPT; undefined where the session broke or the null sender is refused. */
async function question(session: Session, address: string, timeoutMs: number): Promise<Reply | undefined> {
  const { connection, parser } = session;
  connection.setTimeout(timeoutMs);
  for (const command of ["MAIL FROM:<>", `RCPT TO:<${address}>`]) {
    connection.write(`${command}\r\n`, "utf8");
    const said = await next(connection, parser);
    if (said === undefined || command.startsWith("RCPT")) return said;
    if (said.code >= 300) return undefined;
  }
  return undefined;
}

async function next(connection: Session["connection"], parser: ReplyParser): Promise<Reply | undefined> {
  for (;;) {
    const said = parser.next();
    if (said !== undefined) return typeof said === "string" ? undefined : said;
    const chunk = await connection.read();
    if (typeof chunk === "string") return undefined;
    parser.push(chunk);
  }
}
