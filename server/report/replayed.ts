/**
 * Whether others have got more mail with a signature of ours than we sent: somebody keeps a signed letter and sends it on to many (DKIM replay). Seen
 * in what DMARC reports count, beside what receivers took of us. Reports are of some receivers alone, so that less is no news; more is.
 */
import type { StoreReader } from "../store/store.ts";
import { receivedKind } from "./dmarc-in.ts";
import type { SourceRow } from "./read-dmarc.ts";

export type ReplaySettings = {
  /** So many times what was sent is an alarm; 0: nobody looks. */
  readonly ratio: number;
  /** Fewer reported messages say nothing: one letter to a mailing list comes to all its members. */
  readonly least: number;
};
export const replaySettings: ReplaySettings = { ratio: 1.3, least: 1_000 };

/** Days back that are compared: those before are older news, those after are not reported yet. */
export const replayDays = { from: 4, to: 2 } as const;
const maxRowsOfDay = 10_000;

export type Reported = {
  readonly messages: number;
  /** Those that sent most of it, the most first. */
  readonly sources: readonly { readonly source: string; readonly messages: number }[];
};

/** Mail of these days that others saw with a signature of the domain that held. */
export async function reportedFor(
  store: Pick<StoreReader, "tallyDays" | "tallyRows">,
  domain: string,
  from: number,
  to: number,
): Promise<Reported> {
  const sources = new Map<string, number>();
  for (const day of await store.tallyDays(receivedKind, { domain, from, to, limit: to - from + 1 }))
    for (const { row, count } of await store.tallyRows(day, maxRowsOfDay)) {
      const { dkim, source } = JSON.parse(row) as SourceRow;
      if (dkim) sources.set(source, (sources.get(source) ?? 0) + count);
    }
  const all = [...sources].map(([source, messages]) => ({ source, messages }));
  return {
    messages: all.reduce((sum, { messages }) => sum + messages, 0),
    sources: all.sort((one, other) => other.messages - one.messages).slice(0, 5),
  };
}

/** A sentence for whoever sees to it, where that is more than was sent; `ours`: addresses that we send from. */
export function replayOf(
  domain: string,
  { messages, sources }: Reported,
  sent: number,
  ours: ReadonlySet<string>,
  { ratio, least }: ReplaySettings = replaySettings,
): string | undefined {
  if (ratio === 0 || messages < least || messages <= ratio * sent) return undefined;
  const strangers = sources.filter(({ source }) => !ours.has(source));
  const by =
    strangers.length === 0
      ? ""
      : `; not from here: ${strangers.map(({ source, messages: n }) => `${source} (${n})`).join(", ")}`;
  return `Receivers report ${messages} messages with a signature of ${domain} that holds, and ${sent} were sent in that time${by}`;
}

export const replayAdvice = (domain: string): string =>
  `Somebody may send on a letter of yours to many, or lists do. Look at the sources (angarium report dmarc ${domain}); where it is replay, change the key (angarium domain dkim rotate ${domain}) and let signatures expire (angarium domain set ${domain} --signature-days 8).`;
