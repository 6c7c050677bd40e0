/**
 * Asks the server behind a relay domain whether it takes a recipient, before we do: no mail is taken that would bounce.
 * Only a clear no refuses. Where nobody can be asked the recipient is taken: a backup MX is there for when the primary is not.
 */
import { type Reply, type ReplyParser, reply } from "../../protocol/smtp/reply.ts";
import type { Log } from "../base/log.ts";
import type { PathResult } from "./send.ts";
import { openSession, type Session, type SessionAsk } from "./session.ts";
import type { TlsWish } from "./strongest.ts";

export type CalloutSettings = {
  /** How long a yes and a no are remembered. */
  readonly calloutYesMs: number;
  readonly calloutNoMs: number;
  /** For how long a domain is not asked again once nobody could be asked there. */
  readonly calloutSilenceMs: number;
  /** How long a sender waits for the answer; then the recipient is taken. */
  readonly calloutTimeoutMs: number;
  /** Recipients (and domains that could not be asked) remembered. */
  readonly maxCalloutsRemembered: number;
  /** Questions under way at once; more are answered with "later". */
  readonly maxCallouts: number;
};
export const defaultCalloutSettings: CalloutSettings = {
  calloutYesMs: 3_600_000,
  calloutNoMs: 600_000,
  calloutSilenceMs: 60_000,
  calloutTimeoutMs: 10_000,
  maxCalloutsRemembered: 20_000,
  maxCallouts: 50,
};

export type CalloutAsk = {
  readonly settings: CalloutSettings;
  readonly session: SessionAsk;
  readonly path: (domain: string, sender: string, wish: TlsWish) => PathResult | Promise<PathResult>;
  readonly log: Log;
};

export type Callout = {
  /** Undefined where the recipient is taken, otherwise the reply to give. `address` is "local@domain" for RCPT. Never rejects. */
  ask(address: string, domain: string): Promise<Reply | undefined>;
  /** Forgets all answers: domains or routes have changed. */
  forget(): void;
};

/** "silence": nobody could be asked, and why; "unsure": asked, and no clear answer. */
type Answer =
  | { readonly kind: "yes" | "unsure" }
  | { readonly kind: "no"; readonly reply: Reply }
  | { readonly kind: "silence"; readonly why: string };

/** Hosts that are tried for one question. */
const maxHosts = 3;
const busy = reply(451, "4.4.5", "Too many recipients are being checked, try again later");
const needsUtf8 = reply(550, "5.6.7", "The recipient's server does not take internationalised addresses");

export function makeCallout(ask: CalloutAsk): Callout {
  const { settings, log } = ask;
  const known = new Map<string, { readonly refusal: Reply | undefined; readonly until: number }>();
  const silent = new Map<string, number>();
  const asking = new Map<string, Promise<Reply | undefined>>();

  async function find(address: string, domain: string): Promise<Answer> {
    const found = await ask.path(domain, "", "default");
    if (found.kind === "none") {
      const { kind, reply } = found.outcome;
      return kind === "failed" ? { kind: "no", reply } : { kind: "silence", why: reply.lines.join(" ") };
    }
    let why = "it has no hosts";
    for (const host of found.path.hosts.slice(0, maxHosts)) {
      const session = await openSession(found.path, host, host.addresses[0]!, ask.session);
      if (session.kind !== "session") {
        why = session.reply.lines.join(" ");
        continue;
      }
      const said = await question(session, address, settings.calloutTimeoutMs);
      session.connection.write("QUIT\r\n");
      session.connection.end().catch(() => session.connection.destroy());
      if (said !== undefined) return verdict(said);
      why = `${host.name} gave no answer to RCPT`;
    }
    return { kind: "silence", why };
  }

  /** Asks, and remembers what came of it. */
  async function learn(address: string, domain: string): Promise<Reply | undefined> {
    let answer: Answer;
    try {
      answer = await find(address, domain);
    } catch (error) {
      log.error({ err: error, domain }, "callout broke");
      return undefined;
    }
    const now = ask.session.monotonic();
    const refusal = answer.kind === "no" ? answer.reply : undefined;
    if (answer.kind === "silence") {
      log.info({ domain, why: answer.why }, "recipients cannot be checked and are taken unchecked");
      put(silent, domain, now + settings.calloutSilenceMs);
    } else if (answer.kind !== "unsure")
      put(known, address, {
        refusal,
        until: now + (refusal === undefined ? settings.calloutYesMs : settings.calloutNoMs),
      });
    return refusal;
  }

  function put<V>(map: Map<string, V>, key: string, value: V): void {
    map.delete(key);
    if (map.size >= settings.maxCalloutsRemembered) map.delete(map.keys().next().value!);
    map.set(key, value);
  }

  return {
    async ask(address, domain) {
      const now = ask.session.monotonic();
      const before = known.get(address);
      if (before !== undefined && now < before.until) return before.refusal;
      if (now < (silent.get(domain) ?? 0)) return undefined;
      let answer = asking.get(address);
      if (answer === undefined) {
        if (asking.size >= settings.maxCallouts) return busy;
        answer = learn(address, domain).finally(() => asking.delete(address));
        asking.set(address, answer);
      }
      // The question goes on when the sender has waited enough: its answer serves the next one.
      const { promise: late, resolve } = Promise.withResolvers<undefined>();
      const timer = setTimeout(resolve, settings.calloutTimeoutMs, undefined);
      try {
        return await Promise.race([answer, late]);
      } finally {
        clearTimeout(timer);
      }
    },
    forget() {
      known.clear();
      silent.clear();
    },
  };
}

/** A 5xx is a no, in its own words; what is temporary is for the queue to see through. */
function verdict(said: Reply): Answer {
  if (said.code < 300) return { kind: "yes" };
  if (said.code < 500) return { kind: "unsure" };
  const enhanced = said.enhanced?.startsWith("5.") === true ? said.enhanced : "5.1.1";
  return {
    kind: "no",
    reply: reply(
      550,
      enhanced,
      `The recipient's server says: ${said.lines[0] ?? ""}`,
      ...said.lines.slice(1, maxLines),
    ),
  };
}
/** Lines of the other server's reply that are passed on. */
const maxLines = 4;

/** The reply to RCPT; undefined where the session broke or the null sender is refused. */
async function question(session: Session, address: string, timeoutMs: number): Promise<Reply | undefined> {
  const { connection, parser, capabilities } = session;
  const international = /[^ -~]/.test(address);
  if (international && !capabilities.smtputf8) return needsUtf8;
  connection.setTimeout(timeoutMs);
  for (const command of [`MAIL FROM:<>${international ? " SMTPUTF8" : ""}`, `RCPT TO:<${address}>`]) {
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
