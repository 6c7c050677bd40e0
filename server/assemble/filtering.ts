/** The assembly of the spam filter: its judge, what it knows of people, and its learning. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { mailboxesOf } from "../../protocol/mime/fields/address.ts";
import { decodeWords } from "../../protocol/mime/fields/encoded-word.ts";
import { headerValue, splitHeader } from "../../protocol/mime/header.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import { type Campaign, Campaigns } from "../judge/content/campaigns.ts";
import { makeContentJudge } from "../judge/content/content-judge.ts";
import { DomainLists } from "../judge/content/domain-lists.ts";
import { type Asked, oddsOf, type Reading } from "../judge/content/filter.ts";
import type { FilterSettings } from "../judge/content/filter-settings.ts";
import type { ModelState } from "../judge/content/model.ts";
import { readModel, shippedModel } from "../judge/content/model-file.ts";
import { makeOutboundJudge, type OutboundJudgePorts } from "../judge/content/outbound-judge.ts";
import { layered, type People, type Preferences, type Thresholds } from "../judge/content/people.ts";
import { filterPrefixes } from "../judge/content/preference-keys.ts";
import { Reported, type ReportedDomain } from "../judge/content/reported.ts";
import type { PartialJudge } from "../judge/judge.ts";
import { Correspondents } from "../learn/correspondents.ts";
import { Learner } from "../learn/learner.ts";
import { Lessons } from "../learn/lessons.ts";
import { Tenants } from "../learn/tenants.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Received } from "../receive/received.ts";
import { instead } from "../store/instead.ts";
import type { Acceptance, Accepted, Account, AccountId, Store } from "../store/store.ts";
import type { WorkPool } from "../work/pool.ts";
import { byDomain } from "./by-domain.ts";
import { makeColleagues } from "./colleagues.ts";

export type FilteringParts = {
  readonly store: Store;
  /** Whom people write to. */
  readonly correspondents: Correspondents;
  readonly directory: Pick<Directory, "resolve">;
  readonly pool: WorkPool;
  readonly resolver: Pick<Resolver, "a">;
  readonly settings: FilterSettings;
  readonly dataDir: string;
  /** Hears what is thought of each message of an account of ours, and of links in it that a list names. */
  readonly outbound?: OutboundJudgePorts["read"];
  readonly listedLink?: ((account: Account, domain: string) => void) | undefined;
  /** Load tests must not pay for judging harmless text. */
  readonly skipHarmless: boolean;
  /** See `LearnerPorts.moved`; `isTheirs`: an address of that person. */
  readonly moved?:
    | ((message: Uint8Array, spam: boolean, isTheirs: (address: string) => Promise<boolean>) => Promise<void>)
    | undefined;
  readonly now: () => number;
  readonly log: Log;
};

export type Filtering = {
  /** None where the filter is switched off. */
  readonly judges: readonly PartialJudge[];
  /** The store, with an eye on what teaches the filter. */
  readonly watched: Store;
  /** What a person says of a message that was kept back. */
  learn(account: AccountId, bytes: Uint8Array, kind: "good" | "bad"): Promise<void>;
  /** Forgets what a person taught, for themselves and for others. */
  forget(account: AccountId): Promise<void>;
  /** Remembers whom a person writes to; call it when the message was taken. */
  submitted(mail: Received): void;
  /** Lists of bad domains, and how they are. */
  lists(): readonly { readonly list: string; readonly kind: "domains"; readonly health: string }[];
} & Disposable;

const rereadMs = 5_000;
const checkListsMs = 60 * 60 * 1000;
const campaignsKey = "filter.campaigns";
const reportedKey = "filter.reported";
/** Addresses of a message that one of us sends whose names are remembered. */
const maxNamed = 100;

export async function startFiltering(parts: FilteringParts): Promise<Filtering> {
  const { store, correspondents, directory, pool, settings, now, log } = parts;
  const notRemembered = (error: unknown): void => log.error({ error }, "correspondents not remembered");
  if (!settings.enabled)
    return {
      judges: [],
      watched: store,
      learn: async () => undefined,
      forget: (account) => new Lessons(store, []).forget(account),
      submitted: (mail) => {
        if (mail.account === undefined) return;
        correspondents.add(mail.account.id, addressesOf(mail), () => namesIn(mail)).catch(notRemembered);
      },
      lists: () => [],
      [Symbol.dispose]: () => undefined,
    };
  const model = await modelOf(parts);
  const taught = (await store.settings(filterPrefixes.lessons)).map(({ key }) =>
    Number(key.slice(key.lastIndexOf(".") + 1)),
  );
  const lessons = new Lessons(store, taught);
  const campaigns = new Campaigns(((await store.setting(campaignsKey)) as Campaign[] | undefined) ?? []);
  const reported = new Reported(((await store.setting(reportedKey)) as ReportedDomain[] | undefined) ?? []);
  const tenants = new Tenants(store);
  for (const account of [...campaigns.voters(), ...reported.voters()]) await tenants.of(account);
  const senders = new Correspondents("from", store, now, notRemembered);
  const preferences = await watchPreferences(store, settings, log);
  const read = (bytes: Uint8Array, reading: Reading): Promise<Asked> => pool.run("spam-read", { bytes, reading });

  let saving: NodeJS.Timeout | undefined;
  const opinionsChanged = (): void => {
    saving ??= setTimeout(() => {
      saving = undefined;
      Promise.all([
        store.putSetting(campaignsKey, campaigns.all()),
        store.putSetting(reportedKey, reported.all()),
      ]).catch((error: unknown) => log.error({ error }, "what people say of campaigns is not kept"));
    }, 1000).unref();
  };
  const learner = new Learner({
    store,
    lessons,
    campaigns,
    reported,
    tenants,
    opinionsChanged,
    model: () => model,
    threshold: (account) => {
      const junk = Math.min(0.999, preferences.of(account, "").junk ?? preferences.defaults().junk);
      return oddsOf(junk, model === undefined ? 0 : model.ham + model.spam);
    },
    read,
    moved: async (account, bytes, spam) => {
      await parts.moved?.(bytes, spam, async (address) => {
        const mailbox = parseMailbox(address);
        return mailbox !== undefined && (await people.accountsOf([mailbox])).has(account);
      });
    },
    now,
    log,
  });
  const unsubscribe = store.subscribe((changes) => learner.changed(changes));

  const people: People = {
    async accountsOf(recipients) {
      const accounts = new Map<AccountId, string>();
      for (const { local, domain } of recipients) {
        const answer = directory.resolve(local, domain);
        const resolution = answer instanceof Promise ? await answer : answer;
        if (resolution.kind === "local") for (const account of resolution.accounts) accounts.set(account, domain);
      }
      return accounts;
    },
    taught: (account) => lessons.taught(account),
    tenants,
    preferences: preferences.of,
    wroteTo: (account, address) => correspondents.knows(account, address),
    contacts: (account) => correspondents.contacts(account),
    hasSeen: (account, address) => senders.knows(account, address),
    saw: (account, address) => senders.addSoon(account, address),
    colleagues: makeColleagues(store),
  };
  const lists = new DomainLists(settings.domainLists, parts.resolver, log);
  const checkLists = (): void => {
    lists.check().catch((error: unknown) => log.error({ error }, "lists of bad domains could not be checked"));
  };
  if (lists.zones.length > 0) checkLists();
  const checking = lists.zones.length > 0 ? setInterval(checkLists, checkListsMs).unref() : undefined;
  const judge = makeContentJudge({
    people,
    model: () => model,
    campaigns,
    reported,
    thresholds: preferences.defaults,
    weights: preferences.weights,
    readLarge: read,
    badDomains: lists.zones.length === 0 ? undefined : (domains) => lists.find(domains),
    skipHarmless: parts.skipHarmless,
  });
  const outboundJudge = makeOutboundJudge({
    model: () => model,
    weights: preferences.weights,
    readLarge: read,
    skipHarmless: parts.skipHarmless,
    read:
      parts.outbound &&
      ((account, seen) => {
        parts.outbound?.(account, seen);
        // Nothing waits for the lists.
        if (lists.zones.length > 0 && seen.domains.length > 0)
          lists
            .find(seen.domains)
            .then((bad) => bad[0] !== undefined && parts.listedLink?.(account, bad[0]))
            .catch((error: unknown) => log.warn({ error }, "lists of bad domains could not be asked"));
      }),
    threshold: settings.outboundPercent / 100,
  });
  return {
    judges: settings.outboundPercent === 0 ? [judge] : [judge, outboundJudge],
    watched: watching(store, learner),
    async forget(account) {
      await lessons.forget(account);
      campaigns.forget(account);
      reported.forget(account);
      opinionsChanged();
    },
    learn: (account, bytes, kind) => learner.told(account, bytes, kind === "bad"),
    submitted: (mail) => {
      if (mail.account === undefined) return;
      const addresses = addressesOf(mail);
      correspondents.add(mail.account.id, addresses, () => namesIn(mail)).catch(notRemembered);
      lessons.forgive(mail.account.id, addresses).catch(notRemembered);
    },
    lists: () => lists.zones.map(({ name, health }) => ({ list: name, kind: "domains", health })),
    [Symbol.dispose]() {
      clearTimeout(saving);
      clearInterval(checking);
      unsubscribe();
      preferences[Symbol.dispose]();
      senders[Symbol.dispose]();
    },
  };
}

const addressesOf = ({ recipients }: Received): string[] =>
  recipients.map(({ local, domain }) => `${local}@${domain}`.toLowerCase());

/** By which names a message that one of us sends calls its recipients. */
function namesIn({ bytes }: Received): Map<string, string> {
  const header = splitHeader(bytes, 0, bytes.length);
  const names = new Map<string, string>();
  for (const field of ["to", "cc"])
    for (const { name, local, domain } of mailboxesOf(headerValue(header, field) ?? "", maxNamed))
      names.set(`${local}@${domain}`.toLowerCase(), decodeWords(name));
  return names;
}

/**
 * The administrator's model (the file that is set, or "filter.model" in the data folder where there is one), else the one that is shipped.
 * A load test has neither.
 */
async function modelOf({ settings, dataDir, skipHarmless, log }: FilteringParts): Promise<ModelState | undefined> {
  if (settings.model === "none") return undefined;
  const own = settings.model === "" ? join(dataDir, "filter.model") : settings.model;
  for (const path of skipHarmless ? [own] : [own, shippedModel]) {
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (error) {
      if (settings.model !== "") log.error({ path, error }, "the filter's model cannot be read");
      continue;
    }
    const model = readModel(bytes, true);
    if (typeof model !== "string") return model;
    log.error({ path }, `the filter's model is not used: ${model}`);
  }
  return undefined;
}

/** Operations that mark messages, and deliveries into Junk, are told to the learner; the rest is the store's own. */
function watching(store: Store, learner: Learner): Store {
  const isMark = (keyword: string): boolean => /^\$?(?:not|non)?junk$/i.test(keyword);
  const noteFiled = ({ placements }: Acceptance, { placed }: Accepted): void => {
    for (const [index, one] of placed.entries()) {
      const target = placements[index]?.target;
      const role = target !== undefined && "role" in target ? target.role : undefined;
      if (one.kind === "placed" && role !== "inbox") learner.filed(one.account, one.email, role === "junk");
    }
  };
  const accept: Store["accept"] = async (acceptance) => {
    const accepted = await store.accept(acceptance);
    noteFiled(acceptance, accepted);
    return accepted;
  };
  const settle: Store["settle"] = async (request) => {
    const result = await store.settle(request);
    for (const [index, accepted] of result.accepted.entries()) noteFiled(request.notices[index]!, accepted);
    return result;
  };
  const setFlags: Store["setFlags"] = async (account, mailbox, change) => {
    const result = await store.setFlags(account, mailbox, change);
    if (result.kind === "done" && change.marks.keywords.some(isMark)) learner.look(account, result.modseq);
    return result;
  };
  const emailsSet: Store["emailsSet"] = async (account, edits, destroy, ifState) => {
    const result = await store.emailsSet(account, edits, destroy, ifState);
    if (result.kind === "done" && /junk/i.test(JSON.stringify(edits))) learner.look(account, result.state.modseq);
    return result;
  };
  return instead(store, { accept, settle, setFlags, emailsSet });
}

type WatchedPreferences = {
  of(account: AccountId, domain: string): Preferences;
  defaults(): Thresholds;
  weights(): ReadonlyMap<string, number> | undefined;
} & Disposable;

const never = 2;
const share = (percent: number): number => (percent <= 0 ? never : percent / 100);

/** What administrators and people have set; read again every few seconds, for another process may have changed it. */
async function watchPreferences(store: Store, settings: FilterSettings, log: Log): Promise<WatchedPreferences> {
  const defaults: Thresholds = {
    junk: share(settings.junkPercent),
    quarantine: share(settings.quarantinePercent),
    refuse: share(settings.refusePercent),
  };
  const nothing: Preferences = {};
  let accounts = new Map<string, Preferences>();
  let domains = new Map<string, Preferences>();
  let tenants = new Map<string, Preferences>(); // by the domains they have
  let weights: ReadonlyMap<string, number> | undefined;
  const mapOf = async (prefix: string): Promise<Map<string, Preferences>> =>
    new Map((await store.settings(prefix)).map(({ key, value }) => [key.slice(prefix.length), value as Preferences]));
  const read = async (): Promise<void> => {
    [accounts, domains, tenants] = await Promise.all([
      mapOf(filterPrefixes.account),
      mapOf(filterPrefixes.domain),
      mapOf(filterPrefixes.tenant).then((set) => byDomain(set, store)),
    ]);
    const changed = (await store.setting(filterPrefixes.rules)) as { readonly [name: string]: number } | undefined;
    weights = changed === undefined ? undefined : new Map(Object.entries(changed));
  };
  await read();
  const timer = setInterval(() => {
    read().catch((error: unknown) =>
      log.error({ error }, "the filter's settings cannot be read; the former ones stay"),
    );
  }, rereadMs).unref();
  return {
    of(account, domain) {
      if (accounts.size === 0 && domains.size === 0 && tenants.size === 0) return nothing;
      return layered([tenants.get(domain), domains.get(domain), accounts.get(String(account))]);
    },
    defaults: () => defaults,
    weights: () => weights,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
