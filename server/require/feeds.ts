/** Postmaster pages that are asked by themselves: with what login, when, and what came of it. */
import { z } from "zod";
import type { Log } from "../base/log.ts";
import type { FeedbackBook } from "../dispatch/feedback.ts";
import type { Model } from "../dispatch/model.ts";
import type { OAuthClient, Token } from "../fetch/access-token.ts";
import { googleTokenUrl, makePostmasterTools, postmasterUrl } from "../fetch/postmaster-tools.ts";
import type { Ask } from "../fetch/resource.ts";
import { fetchSnds, sndsUrl } from "../fetch/snds.ts";
import type { Instant, Store } from "../store/store.ts";

const url = z
  .string()
  .max(500)
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "must be a URL");
const secret = z.string().min(1).max(4_000);

export const feedSchema = z.discriminatedUnion("kind", [
  /** Gmail's Postmaster Tools, with a refresh token of the scope postmaster.traffic.readonly. */
  z.strictObject({
    kind: z.literal("postmaster"),
    clientId: z.string().min(1).max(500),
    clientSecret: z.string().max(4_000).default(""),
    refreshToken: secret,
    tokenUrl: url.default(googleTokenUrl),
    apiUrl: url.default(postmasterUrl),
  }),
  /** Microsoft's SNDS, with the key of "Automated Data Access". */
  z.strictObject({ kind: z.literal("snds"), key: secret, apiUrl: url.default(sndsUrl) }),
]);
export type Feed = z.infer<typeof feedSchema>;
export type FeedState = {
  readonly askedAt?: Instant;
  /** When it last said something. */
  readonly takenAt?: Instant;
  /** In one sentence what it said, or what went wrong. */
  readonly said?: string;
  readonly failed?: boolean;
};
export type KnownFeed = Feed & FeedState & { readonly name: string };

const feedKind = "feed";
const stateKind = "feed-state";
export const maxFeeds = 20;
/** Domains of one account that are asked about. */
const maxDomains = 500;
/** Their figures are of whole days and come a day or two late. */
const everyMs = 6 * 3_600_000;
const retryMs = 3_600_000;
const nameForm = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;

export type FeedPorts = {
  readonly store: Pick<Store, "sendingRows" | "putSendingRows">;
  readonly feedback: Pick<FeedbackBook, "takePostmaster" | "takeSnds" | "takeCompliance">;
  readonly model: () => Model;
  readonly tokens: (client: OAuthClient) => Promise<Token>;
  readonly ask: Ask;
  readonly now: () => Instant;
  readonly log: Log;
};

export class Feeds {
  readonly #ports: FeedPorts;
  #asking = new Map<string, Promise<FeedState>>();

  constructor(ports: FeedPorts) {
    this.#ports = ports;
  }

  async all(): Promise<readonly KnownFeed[]> {
    const rows = await this.#ports.store.sendingRows([feedKind, stateKind]);
    const states = new Map(rows.filter(({ kind }) => kind === stateKind).map(({ name, value }) => [name, value]));
    return rows
      .filter(({ kind }) => kind === feedKind)
      .map(({ name, value }) => ({ ...(value as Feed), ...(states.get(name) as FeedState | undefined), name }));
  }

  /** Keeps it in place of one of that name. A sentence where it is wrong. */
  async put(name: string, given: { readonly [field: string]: unknown }): Promise<string | undefined> {
    if (!nameForm.test(name)) return `"${name}" is no name: small letters, digits, ".", "_" and "-".`;
    const read = feedSchema.safeParse(given);
    if (!read.success) {
      const [first] = read.error.issues;
      return `${String(first?.path[0] ?? "kind")}: ${first?.message ?? "wrong"}.`;
    }
    const all = await this.all();
    if (all.length >= maxFeeds && !all.some((one) => one.name === name)) return `There may be ${maxFeeds} feeds.`;
    await this.#ports.store.putSendingRows([
      { kind: feedKind, name, value: read.data },
      { kind: stateKind, name, value: undefined },
    ]);
    return undefined;
  }

  async remove(name: string): Promise<boolean> {
    if (!(await this.all()).some((one) => one.name === name)) return false;
    await this.#ports.store.putSendingRows([
      { kind: feedKind, name, value: undefined },
      { kind: stateKind, name, value: undefined },
    ]);
    return true;
  }

  /** Asks those whose time has come. */
  async askDue(): Promise<void> {
    const now = this.#ports.now();
    for (const feed of await this.all()) {
      const { askedAt, failed } = feed;
      if (askedAt !== undefined && now - askedAt < (failed === true ? retryMs : everyMs)) continue;
      const { said, failed: trouble } = await this.askNow(feed);
      if (trouble === true) this.#ports.log.warn({ feed: feed.name, said }, "a postmaster page could not be asked");
    }
  }

  /** Joins in where it is asked already. */
  askNow(feed: KnownFeed): Promise<FeedState> {
    const running = this.#asking.get(feed.name);
    if (running !== undefined) return running;
    const asked = this.#askOne(feed).finally(() => this.#asking.delete(feed.name));
    this.#asking.set(feed.name, asked);
    return asked;
  }

  async #askOne(feed: KnownFeed): Promise<FeedState> {
    const { store, now } = this.#ports;
    const { said, failed } = feed.kind === "snds" ? await this.#snds(feed) : await this.#postmaster(feed);
    const at = now();
    const state: FeedState = {
      askedAt: at,
      said,
      failed,
      ...(failed ? (feed.takenAt === undefined ? {} : { takenAt: feed.takenAt }) : { takenAt: at }),
    };
    // It may have been removed meanwhile.
    if ((await this.all()).some(({ name }) => name === feed.name))
      await store.putSendingRows([{ kind: stateKind, name: feed.name, value: state }]);
    return state;
  }

  async #snds({ apiUrl, key }: Extract<Feed, { kind: "snds" }>): Promise<Outcome> {
    const got = await fetchSnds(apiUrl, key, this.#ports.ask);
    if (got.kind === "failed") return trouble(got.why);
    if (got.value === "") return fine("SNDS has nothing of that day: it says something from 100 messages a day on.");
    const taken = await this.#ports.feedback.takeSnds(got.value);
    return "why" in taken ? fine(taken.why) : fine(`${taken.taken.length} addresses`);
  }

  async #postmaster(feed: Extract<Feed, { kind: "postmaster" }>): Promise<Outcome> {
    const { tokens, ask, model, feedback, now } = this.#ports;
    const token = await tokens(feed);
    if (token.kind === "failed") return trouble(token.why);
    const tools = makePostmasterTools(ask, feed.apiUrl, token.token);
    const domains = await tools.domains();
    if (domains.kind === "failed") return trouble(domains.why);
    const ours = domains.value.filter((name) => model().domain.has(name)).slice(0, maxDomains);
    if (ours.length === 0)
      return fine(
        `The account sees ${domains.value.length} domains in Postmaster Tools, and none of them is a sending domain here.`,
      );
    let taken = 0;
    for (const domain of ours) {
      const rates = await tools.spamRates(domain, now());
      if (rates.kind === "failed") return trouble(`${domain}: ${rates.why}`);
      if (!("why" in (await feedback.takePostmaster(domain, rates.value)))) taken++;
      const compliance = await tools.compliance(domain);
      // It is beside the point: a domain may have rates and no verdict.
      if (compliance.kind === "said") await feedback.takeCompliance(domain, compliance.value);
    }
    return fine(`${ours.length} domains, ${taken} with a spam rate of the last week`);
  }
}

type Outcome = { readonly said: string; readonly failed: boolean };
const fine = (said: string): Outcome => ({ said, failed: false });
const trouble = (said: string): Outcome => ({ said, failed: true });
