/** Why an account may not send now, and what is said of it. Pure. */

/** What was seen of an account that speaks for its being in wrong hands. */
export type Signal = { readonly signal: string; readonly points: number; readonly says: string };

/**
 * braked: its mail to others is taken and held, for too much of it was refused. frozen: it may hand in nothing, for it looks stolen. Either ends when an
 * administrator says so.
 */
export type Stop = {
  readonly kind: "braked" | "frozen";
  readonly at: number;
  /** A sentence without its end. */
  readonly why: string;
  /** An administrator did it. */
  readonly byHand?: true;
  /** Administrators were told again that it waits for them. */
  readonly reminded?: true;
  readonly signals: readonly Signal[];
};

/** What stands in the store, which another version may have written. */
export function stopOf(value: unknown): Stop | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, at, why, signals, byHand, reminded } = value as { readonly [name: string]: unknown };
  if ((kind !== "braked" && kind !== "frozen") || typeof at !== "number") return undefined;
  const read: Stop = { kind, at, why: String(why ?? ""), signals: Array.isArray(signals) ? signals : [] };
  return { ...read, ...(byHand === true ? { byHand } : {}), ...(reminded === true ? { reminded } : {}) };
}

const contact = "Ask your administrator, who can let it go on.";

/** What the sender reads of the whole, in one sentence or two. */
export function stopSentence({ kind, why, byHand }: Stop): string {
  if (byHand) return `An administrator has stopped what this account sends: ${why}. ${contact}`;
  return kind === "braked"
    ? `Your mail to others is held for a look at it: ${why}. ${contact}`
    : `This account may not send for now, because it looks as if somebody else used it: ${why}. Change your password, then ask your administrator.`;
}

export type Letter = { readonly subject: string; readonly lines: readonly string[] };

const listed = (signals: readonly Signal[]): readonly string[] =>
  signals.length === 0 ? [] : ["", ...signals.map(({ says, points }) => `- ${says} (${points})`)];

/** For the person of the account. */
export function letterToOwner({ kind, why, signals, byHand }: Stop, held: number): Letter {
  const waits =
    held === 0
      ? []
      : [
          `${held === 1 ? "One message waits" : `Messages to ${held} recipients wait`} in the queue until then; nothing is lost.`,
        ];
  if (kind === "braked")
    return {
      subject: "Your mail to others is held",
      lines: [
        `Much of what your account sent could not be delivered: ${why}.`,
        "What you send to others from now on is taken, but waits until an administrator of this mail server has looked at it.",
        ...waits,
        "",
        "If you write to an old list of addresses, take out those that came back. If you did not send this mail, change your password at once.",
        contact,
      ],
    };
  return {
    subject: "Your account may not send mail for now",
    lines: [
      byHand
        ? `An administrator of this mail server has stopped what your account sends: ${why}.`
        : `It looks as if somebody else used your account to send mail: ${why}.`,
      ...listed(signals),
      "",
      "You can read your mail as before, but send nothing. You have been signed out everywhere, and your app passwords are no longer valid.",
      ...waits,
      "",
      byHand ? contact : "Change your password now, then tell your administrator, who lets your account go on.",
    ],
  };
}

/** For administrators, a day later. */
export function reminder(name: string, { why }: Stop, held: number): Letter {
  return {
    subject: `${name} still may not send: it waits for you`,
    lines: [
      `Since yesterday nobody has looked at the account ${name}, which was stopped: ${why}.`,
      `Messages of it that are held in the queue: ${held}. They stay there until you decide.`,
      `Let it go on: angarium limit release ${name} (with --mail keep or delete: without its mail), or in the console, under "Stopped senders".`,
    ],
  };
}

/** For administrators. */
export function letterToAdministrator(name: string, { kind, why, signals, byHand }: Stop, held: number): Letter {
  const release = `Let it go on, with what is held: angarium limit release ${name} (or in the console, under "Stopped senders"). Without it: --mail delete.`;
  const waits = `Its mail in the queue is held (${held} recipients): angarium queue list --sender ${name} --state held`;
  if (kind === "braked")
    return {
      subject: `Mail of ${name} is held: too much of it was refused`,
      lines: [`Of the mail of ${name} too much could not be delivered: ${why}.`, waits, release],
    };
  return {
    subject: byHand ? `${name} may not send: it was stopped by hand` : `${name} may not send: it looks stolen`,
    lines: [
      `The account ${name} was stopped: ${why}.`,
      ...listed(signals),
      "",
      "It may read, and send nothing. Its sessions, tokens and app passwords are withdrawn.",
      waits,
      release,
    ],
  };
}
