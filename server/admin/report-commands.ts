/** What other servers report about our domains, and the reports that we send. */
import { dayOf } from "../report/daily.ts";
import {
  type DomainSummary,
  failureSentence,
  listFailures,
  maxFailures,
  type ShownFailure,
  summarizeDmarc,
} from "../report/dmarc-words.ts";
import { summarizeTls, type TlsSummary } from "../report/tls-words.ts";
import { type Command, command, done, no, type Outcome, time, type World } from "./command.ts";
import { badDomain, findDomain, noDomain, readDomain } from "./names.ts";

const domain = { type: "text", placed: true, help: "the domain; all of them where none is named" } as const;
const days = { type: "number", help: "how many days back, 30 by default" } as const;
const maxDays = 400;

type Span = { readonly names: readonly string[]; readonly from: number; readonly to: number };

async function spanOf(
  { store, now }: World,
  typed: string | undefined,
  back: number | undefined,
): Promise<Span | Outcome> {
  if (back !== undefined && (!Number.isInteger(back) || back < 1 || back > maxDays))
    return no(`--days must be a number from 1 to ${maxDays}.`);
  const to = dayOf(now());
  const from = to - (back ?? 30);
  if (typed === undefined) {
    const all = await store.domains();
    return { names: all.filter(({ kind }) => kind === "local").map(({ name }) => name), from, to };
  }
  const name = readDomain(typed);
  if (name === undefined) return badDomain(typed);
  return (await findDomain(store, name)) === undefined ? noDomain(name) : { names: [name], from, to };
}

const inWords = (
  summaries: readonly Pick<DomainSummary | TlsSummary, "domain" | "from" | "to" | "sentences">[],
): string =>
  summaries.length === 0
    ? "There are no domains."
    : summaries
        .map(
          ({ domain, from, to, sentences }) =>
            `${domain}, ${from} to ${to}\n${sentences.map((one) => `  ${one}`).join("\n")}`,
        )
        .join("\n\n");

type Told = Omit<ShownFailure, "at"> & { readonly at: string | undefined; readonly sentence: string };

const failuresInWords = (found: readonly Told[]): string =>
  found.length === 0
    ? "Nobody has reported a single message that failed. Few receivers send such reports, and only where the _dmarc record has ruf=."
    : found.map(({ at, sentence, messageId }) => `${at}  ${sentence}  ${messageId}`.trimEnd()).join("\n");

export const reportCommands: readonly Command[] = [
  command(
    "report dmarc",
    "What others report of mail that is sent as your domains: by source and day, and in words.",
    { domain, days },
    async ({ domain, days }, world) => {
      const span = await spanOf(world, domain, days);
      if ("kind" in span) return span;
      const summaries: DomainSummary[] = [];
      for (const name of span.names) summaries.push(await summarizeDmarc(world.store, name, span.from, span.to));
      return done(summaries);
    },
    inWords,
  ),
  command(
    "report tls",
    "What others report of the encryption of mail to your domains: in figures, and in words.",
    { domain, days },
    async ({ domain, days }, world) => {
      const span = await spanOf(world, domain, days);
      if ("kind" in span) return span;
      const summaries: TlsSummary[] = [];
      for (const name of span.names) summaries.push(await summarizeTls(world.store, name, span.from, span.to));
      return done(summaries);
    },
    inWords,
  ),
  command(
    "report failures",
    "Single messages whose failure others have reported (ruf).",
    { domain, days },
    async ({ domain, days }, world) => {
      const span = await spanOf(world, domain, days);
      if ("kind" in span) return span;
      const found: Told[] = [];
      for (const name of span.names)
        for (const { at, ...rest } of await listFailures(world.store, name, span.from, span.to, maxFailures))
          found.push({ at: time(at), ...rest, sentence: failureSentence({ at, ...rest }) });
      return done(found);
    },
    failuresInWords,
  ),
  command(
    "report send",
    "Send the reports that are due now (the server does it every day).",
    { today: { type: "flag", help: "also of the day that is not over" } },
    async ({ today }, { reports }) =>
      reports === undefined
        ? no("Reports are sent by the running server: start it first.")
        : done(await reports.send(today === true)),
  ),
];
