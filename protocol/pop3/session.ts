/** A POP3 session as a value: what may come next, and what an answer makes of it. RFC 1939 §4-6, RFC 2595 §4, RFC 6856. */
import type { Command } from "./command.ts";
import { err, type Reply } from "./reply.ts";

export type Session = {
  readonly state: "authorization" | "transaction" | "over";
  readonly tls: boolean;
  /** STLS may still be asked for. */
  readonly startTls: boolean;
  /** USER and PASS may be used here. */
  readonly passwords: boolean;
  /** SASL mechanisms that may be used here. */
  readonly mechanisms: readonly string[];
  /** Named by USER, waiting for PASS. */
  readonly user: string | undefined;
  readonly utf8: boolean;
};

export function newSession(where: Pick<Session, "tls" | "startTls" | "passwords" | "mechanisms">): Session {
  return { ...where, state: "authorization", user: undefined, utf8: false };
}

const already = err("Already logged in");
const first = err("Log in first");
const needsTls = err("Use STLS first");
const noUser = err("USER first");
const noMechanism = err("Mechanism is not available");
const noStls = err("STLS is not available");
const utf8Late = err("UTF8 comes before login");

/** The answer to a command that may not come now. */
export function outOfTurn(session: Session, command: Command): Reply | undefined {
  const before = session.state === "authorization";
  switch (command.verb) {
    case "USER":
      return before ? (session.passwords ? undefined : needsTls) : already;
    case "PASS":
      if (!before) return already;
      return session.passwords ? (session.user === undefined ? noUser : undefined) : needsTls;
    case "AUTH":
      if (!before) return already;
      if (command.mechanism === undefined || session.mechanisms.includes(command.mechanism)) return undefined;
      return session.mechanisms.length === 0 && session.startTls ? needsTls : noMechanism;
    case "STLS":
      return before ? (session.startTls ? undefined : noStls) : already;
    case "UTF8":
      return before ? undefined : utf8Late;
    case "STAT":
    case "LIST":
    case "UIDL":
    case "RETR":
    case "DELE":
    case "TOP":
    case "RSET":
    case "NOOP":
      return before ? first : undefined;
    case "CAPA":
    case "LANG":
    case "QUIT":
      return undefined;
    default:
      return command satisfies never;
  }
}

/** A refused command changes nothing, but for PASS, which needs a new USER (RFC 1939 §7). */
export function advance(session: Session, command: Command, reply: Reply): Session {
  switch (command.verb) {
    case "USER":
      return reply.ok ? { ...session, user: command.user } : session;
    case "PASS":
      return { ...session, user: undefined, state: reply.ok ? "transaction" : session.state };
    case "AUTH":
      return reply.ok && command.mechanism !== undefined
        ? { ...session, user: undefined, state: "transaction" }
        : session;
    case "UTF8":
      return reply.ok ? { ...session, utf8: true } : session;
    case "QUIT":
      return { ...session, state: "over" };
    // STLS: the driver makes a new session, because TLS changes what may be offered (RFC 2595 §4: nothing is remembered).
    default:
      return session;
  }
}

export type CapabilitySettings = {
  readonly loginDelaySeconds: number;
  /** RFC 2449 §6.7: days that read mail is kept; undefined: for ever. */
  readonly expireDays: number | undefined;
  readonly implementation: string;
};

/** Lines of CAPA without CRLF. RFC 2449 §6: the same before and after login where they may be. */
export function capabilities(session: Session, settings: CapabilitySettings): string[] {
  const lines = ["TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "UTF8 USER", "LANG"];
  const before = session.state === "authorization";
  if (session.passwords) lines.push("USER");
  if (session.mechanisms.length > 0) lines.push(`SASL ${session.mechanisms.join(" ")}`);
  if (before && session.startTls) lines.push("STLS");
  if (settings.loginDelaySeconds > 0) lines.push(`LOGIN-DELAY ${settings.loginDelaySeconds}`);
  lines.push(`EXPIRE ${settings.expireDays ?? "NEVER"}`, `IMPLEMENTATION ${settings.implementation}`);
  return lines;
}
