/**
 * How much speaks for an account's being in wrong hands: points of what was seen of it lately, each with a sentence. Pure. What is not here is not seen.
 */
import { countryName } from "../net/countries.ts";
import type { Signal } from "./stop.ts";

/** Plain counts. "Lately" is between a quarter and half an hour. */
export type Seen = {
  /** Recipients of the last 24 hours, and of those that were written to lately. */
  readonly recipientsLastDay: number;
  /** Of 19 of 20 days of the last 30 no more than this; undefined: there are too few days. */
  readonly usualDay: number | undefined;
  readonly recipients: number;
  readonly strangers: number;
  /** Most messages lately whose texts are almost the same. */
  readonly alike: number;
  /** Times that it tried to write as somebody else lately. */
  readonly forged: number;
  /** Messages lately that the filter called spam. */
  readonly spam: number;
  /** A domain that it linked to lately and that a list names. */
  readonly listedLink: string | undefined;
  /** Messages lately whose answers go to a mailbox at a free provider that is not their author's. */
  readonly answersElsewhere: number;
  /** Wrong passwords in the hour before it sent by a mail program lately; 0 where it did not. */
  readonly failedLogins: number;
  /** It has sent by pages alone so far, and by a mail program lately. */
  readonly firstProgram: boolean;
  /** Networks (/24, /64) that it sent from in the last 24 hours. */
  readonly networks: number;
  /** Countries that it sent from in the last 24 hours; and the one of them that is new, where it has been at home elsewhere. */
  readonly countries: readonly string[];
  readonly newCountry: string | undefined;
  /** Two countries that it sent from lately, and the minutes between: nobody is so fast. */
  readonly way: readonly [from: string, to: string, minutes: number] | undefined;
  /** Messages lately at an hour at which it hardly ever writes. */
  readonly unusual: number;
  /** Recipients tried in the last hour, and those refused for good. */
  readonly tried: number;
  readonly refused: number;
  /** People who complained of its mail in the last 24 hours. */
  readonly complaints: number;
  /** A script that forwards its mail was made in the last 24 hours. */
  readonly forwards: boolean;
};

const percent = (part: number, whole: number): number => Math.round((part * 100) / whole);
/** So many recipients are many at once. */
const many = 50;

/** In the order of the table of docs/sending.md. */
const signals: readonly (readonly [signal: string, points: (seen: Seen) => number, says: (seen: Seen) => string])[] = [
  [
    "failed-logins",
    ({ failedLogins }) => (failedLogins >= 5 ? 20 : 0),
    ({ failedLogins }) => `A mail program sent after ${failedLogins} wrong passwords within an hour`,
  ],
  [
    "first-program",
    ({ firstProgram }) => (firstProgram ? 20 : 0),
    () => "It sent by a mail program for the first time; until now by web pages alone",
  ],
  [
    "volume",
    ({ recipientsLastDay, usualDay }) =>
      usualDay !== undefined && recipientsLastDay >= many && recipientsLastDay > 5 * usualDay ? 40 : 0,
    ({ recipientsLastDay, usualDay }) =>
      `It wrote to ${recipientsLastDay} recipients in 24 hours; on 19 of 20 days it was ${usualDay} at most`,
  ],
  [
    "strangers",
    ({ recipients, strangers }) => (recipients >= many && strangers > recipients * 0.9 ? 30 : 0),
    ({ recipients, strangers }) =>
      `${percent(strangers, recipients)} % of ${recipients} recipients it had never written to before`,
  ],
  ["alike", ({ alike }) => (alike >= many ? 25 : 0), ({ alike }) => `${alike} messages said almost the same`],
  [
    "forged",
    ({ forged }) => (forged > 0 ? 25 : 0),
    ({ forged }) => `It tried to write as somebody else (${forged === 1 ? "once" : `${forged} times`})`,
  ],
  ["spam", ({ spam }) => (spam >= 5 ? 40 : 0), ({ spam }) => `The filter called ${spam} of its messages spam`],
  [
    "listed-link",
    ({ listedLink }) => (listedLink === undefined ? 0 : 60),
    ({ listedLink }) => `It linked to ${listedLink}, which is listed as a domain of spam`,
  ],
  [
    "refused",
    ({ tried, refused }) => (tried >= 10 && refused > tried * 0.2 ? 40 : 0),
    ({ tried, refused }) => `${percent(refused, tried)} % of ${tried} recipients were refused for good within an hour`,
  ],
  [
    "answers-elsewhere",
    ({ answersElsewhere }) => (answersElsewhere >= 5 ? 15 : 0),
    ({ answersElsewhere }) => `Answers to ${answersElsewhere} messages go to a mailbox at a free provider`,
  ],
  [
    "complaints",
    ({ complaints }) => 20 * complaints,
    ({ complaints }) =>
      complaints === 1 ? "Somebody complained of its mail" : `${complaints} people complained of its mail`,
  ],
  [
    "forwards",
    ({ forwards, recipients }) => (forwards && recipients >= many ? 40 : 0),
    () => "A rule that forwards its mail was made in the last 24 hours, and it wrote to many at once",
  ],
  [
    "networks",
    ({ networks }) => (networks >= 8 ? 20 : 0),
    ({ networks }) => `It sent from ${networks} different networks in 24 hours`,
  ],
  [
    "countries",
    ({ countries }) => (countries.length > 3 ? 60 : 0),
    ({ countries }) =>
      `It sent from ${countries.length} countries in 24 hours: ${countries.map(countryName).join(", ")}`,
  ],
  [
    "new-country",
    ({ newCountry }) => (newCountry === undefined ? 0 : 25),
    ({ newCountry = "" }) => `It sent from ${countryName(newCountry)} for the first time`,
  ],
  [
    "too-fast",
    ({ way }) => (way === undefined ? 0 : 40),
    ({ way: [from, to, minutes] = ["", "", 0] }) =>
      `It sent from ${countryName(from)}, and ${minutes <= 1 ? "a minute" : `${minutes} minutes`} later from ${countryName(to)}: nobody is so fast`,
  ],
  [
    "unusual-hour",
    ({ unusual }) => (unusual > 0 ? 10 : 0),
    ({ unusual }) =>
      `It sent ${unusual === 1 ? "a message" : `${unusual} messages`} at an hour of the day at which it hardly ever writes`,
  ],
];

/** What counts, the weightiest first. */
export function scoreOf(seen: Seen): readonly Signal[] {
  return signals
    .flatMap(([signal, points, says]) => {
      const count = points(seen);
      return count === 0 ? [] : [{ signal, points: count, says: says(seen) }];
    })
    .sort((one, other) => other.points - one.points);
}

export const sumOf = (all: readonly Signal[]): number => all.reduce((sum, { points }) => sum + points, 0);

/** Why it is frozen, in one sentence without its end. */
export const frozenBecause = (all: readonly Signal[]): string => {
  const [first, ...others] = all.map(({ says }) =>
    says.replace(/^(?:A|It|The|Answers|Somebody)\b/, (word) => word.toLowerCase()),
  );
  return `${[first, ...others.slice(0, 2)].join("; ")}${others.length > 2 ? `; and ${others.length - 2} more` : ""}`;
};

/** The value that 19 of 20 days stay within; undefined with fewer than a week of days. `days`: recipients, also of days without any. */
export function usualOf(days: readonly number[]): number | undefined {
  if (days.length < 7) return undefined;
  const sorted = [...days].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.95) - 1)];
}
