/** What postmaster pages of receivers say of our domains and addresses: kept, shown, and felt by the warm-ups they are about. */
import type { Instant, Store } from "../store/store.ts";
import type { Signals } from "../warm/account.ts";
import type { Plan } from "../warm/plan.ts";
import { readPostmaster, readSnds, type SndsDay, type SpamDay } from "./feedback-read.ts";
import type { Model } from "./model.ts";

const kind = "feedback";
const gmail = "gmail";
const outlook = "microsoft-consumer";
/** Older days say nothing any more. */
const freshMs = 7 * 86_400_000;

export type Feedback = {
  /** "gmail" or "microsoft-consumer" */
  readonly provider: string;
  /** A domain, or an address of ours. */
  readonly subject: string;
  readonly day: string;
  readonly rate?: number;
  readonly colour?: SndsDay["colour"];
  readonly traps?: number;
  readonly complaints?: string;
  /** How Google says that a domain stands to what it asks of senders: "SPF": "COMPLIANT". */
  readonly compliance?: { readonly [requirement: string]: string };
};
export type FeedbackTaken = { readonly taken: readonly Feedback[] } | { readonly why: string };

export type FeedbackBook = {
  /** Takes over what a file says of a domain: the latest day counts. */
  takePostmaster(domain: string, text: string): Promise<FeedbackTaken>;
  /** Of addresses that are sources'; the latest day of each counts. */
  takeSnds(text: string): Promise<FeedbackTaken>;
  takeCompliance(domain: string, compliance: NonNullable<Feedback["compliance"]>): Promise<void>;
  all(): Promise<readonly Feedback[]>;
  spamRate(domain: string): Promise<{ readonly rate: number; readonly day: string } | undefined>;
  /** Forgets what is too old to say anything. */
  expire(): Promise<void>;
};

export function makeFeedback(ask: {
  readonly store: Pick<Store, "sendingRows" | "putSendingRows">;
  readonly model: () => Model;
  readonly signal: (matches: (plan: Plan) => boolean, signals: Partial<Signals>) => Promise<void>;
  readonly now: () => Instant;
}): FeedbackBook {
  const { store, model, signal, now } = ask;
  const isFresh = ({ day }: { readonly day: string }): boolean => now() - Date.parse(day) <= freshMs;
  const nameOf = ({ provider, subject }: Feedback): string => `${provider}/${subject}`;
  const rows = async (): Promise<readonly Feedback[]> =>
    (await store.sendingRows([kind])).map(({ value }) => value as Feedback);

  /** What Gmail says of a domain. */
  const of = async (domain: string): Promise<Feedback | undefined> =>
    (await rows()).find(({ provider, subject }) => provider === gmail && subject === domain);

  /** Those plans that it is about. */
  const about = ({ provider, subject }: Feedback): ((plan: Plan) => boolean) => {
    const sources = new Set([...model().source].filter(([, { address }]) => address === subject).map(([name]) => name));
    return (plan) =>
      plan.provider === provider &&
      (provider === gmail
        ? plan.scope === "domain" && plan.subject === subject
        : plan.scope === "source" && sources.has(plan.subject));
  };
  const signalsOf = ({ rate, colour, traps = 0 }: Feedback): Partial<Signals> =>
    rate === undefined ? (colour === undefined ? {} : { snds: { colour, traps } }) : { spamRate: rate };
  const take = async (all: readonly Feedback[]): Promise<void> => {
    await store.putSendingRows(all.map((value) => ({ kind, name: nameOf(value), value })));
    for (const one of all) await signal(about(one), signalsOf(one));
  };

  return {
    async takePostmaster(domain, text) {
      const days = readPostmaster(text);
      if (typeof days === "string") return { why: days };
      const { day, rate } = days.at(-1) as SpamDay;
      if (!isFresh({ day }))
        return { why: `Its latest day is ${day}: more than a week ago, which says nothing of today.` };
      const { compliance } = (await of(domain)) ?? {};
      const taken = [
        { provider: gmail, subject: domain, day, rate, ...(compliance === undefined ? {} : { compliance }) },
      ];
      await take(taken);
      return { taken };
    },
    async takeSnds(text) {
      const days = readSnds(text);
      if (typeof days === "string") return { why: days };
      const latest = new Map(days.filter(isFresh).map((one) => [one.address, one]));
      const ours = new Set([...model().source.values()].map(({ address }) => address));
      const taken = [...latest.values()]
        .filter(({ address }) => ours.has(address))
        .map(({ address, ...one }): Feedback => ({ provider: outlook, subject: address, ...one }));
      if (taken.length === 0)
        return { why: "Nothing in it is of the last week and about an address of a source: angarium source list" };
      await take(taken);
      return { taken };
    },
    async takeCompliance(domain, compliance) {
      const known = await of(domain);
      const today = new Date(now()).toISOString().slice(0, 10);
      const value = known !== undefined && isFresh(known) ? known : { provider: gmail, subject: domain, day: today };
      await store.putSendingRows([{ kind, name: nameOf(value), value: { ...value, compliance } }]);
    },
    all: rows,
    async spamRate(domain) {
      const found = await of(domain);
      return found?.rate === undefined || !isFresh(found) ? undefined : { rate: found.rate, day: found.day };
    },
    async expire() {
      for (const old of (await rows()).filter((one) => !isFresh(one))) {
        await store.putSendingRows([{ kind, name: nameOf(old), value: undefined }]);
        await signal(
          about(old),
          (old.rate === undefined ? { snds: undefined } : { spamRate: undefined }) as unknown as Partial<Signals>,
        );
      }
    },
  };
}
