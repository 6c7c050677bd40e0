/**
 * Sending at volume at work: by which source a message leaves, whether it may leave now (quotas of warm-ups, suspended parties,
 * tenants and campaigns that are stopped), and what a receiver's reply means for all that.
 */
import { replyText } from "../../protocol/smtp/reply.ts";
import type { Log } from "../log.ts";
import type { Admission, Dispatching, Heard, Opening } from "../queue/dispatching.ts";
import { mailboxSchedule, type Schedule } from "../queue/schedule.ts";
import type { Outcome } from "../send/classify.ts";
import type { Shaper } from "../send/rate.ts";
import type { OpenFailure } from "../send/session.ts";
import { byEgress, type Egress, type Host, type Path } from "../send/site.ts";
import type { Effect, Parties } from "../shape/overrides.ts";
import { gateCountOf, type ReplyClass, suppressionOf } from "../shape/reply-class.ts";
import { classifyReply, otherProvider, providerOf, type Shaping } from "../shape/shaping.ts";
import type { Strike, Suppression } from "../store/sending.ts";
import type { Instant, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import type { Counts } from "../warm/account.ts";
import type { Rank } from "../warm/eligible.ts";
import { hold, pause, react } from "../warm/plan.ts";
import { inOrder } from "./choose.ts";
import { allPrivate } from "./inside.ts";
import type { ShapingBook } from "./limits.ts";
import { defaultName, type Model, membersOf, scheduleOf, streamOf } from "./model.ts";
import { parkKey, parkName } from "./parks.ts";
import type { Stream } from "./schema.ts";
import type { SuppressionBook } from "./suppression.ts";
import type { Ticket, Warmups } from "./warmups.ts";

export type DispatchParts = {
  readonly shaping: Shaping;
  readonly model: () => Model;
  readonly warmups: Warmups;
  readonly limits: ShapingBook;
  readonly suppression: SuppressionBook;
  /** Stops a campaign for good, and says why. */
  readonly stopCampaign: (name: string, reason: string) => void;
  readonly alert: (alert: Alert) => void;
  /** Hears what became of tenants' messages (`conduct.ts`). */
  readonly conduct: { note(message: QueuedMessage, kind: "delivered" | "hard" | "other", count: number): void };
  /** The return path of a token at a host. */
  readonly returnPath: (token: string, host: string) => string | undefined;
  readonly now: () => Instant;
  readonly log: Log;
};

/** Something that a person should see to. */
export type Alert = {
  readonly at: Instant;
  readonly rule: string;
  readonly provider: string;
  readonly source: string;
  readonly domain: string;
  readonly reply: string;
  readonly fix: string | undefined;
};

const tomorrowMs = 3_600_000;
/** Stopped tenants and campaigns are looked at again after this. */
const stoppedMs = 60_000;
const dayMs = 86_400_000;
/** Recipients of a park claimed at a time where nothing bounds them. */
const parkPortion = 200;
const anybody: Rank = 1;

type Found =
  | { readonly kind: "go"; readonly path: Path }
  | { readonly kind: "wait"; readonly until: Instant; readonly because: string };

export class Dispatcher implements Dispatching {
  readonly #parts: DispatchParts;
  /** Ways by each source, by the way of the default one: the same object each time. */
  readonly #paths = new WeakMap<Path, Map<string, Path>>();
  #model: Model | undefined;
  #schedules = new Map<string, Schedule | undefined>();
  #plain = true;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
  }

  get #current(): Model {
    const model = this.#parts.model();
    if (model !== this.#model) {
      this.#model = model;
      this.#schedules = new Map();
      this.#plain = !model.pool.has(defaultName);
    }
    return model;
  }

  // ---------------------------------------------------------------- before sending

  /** For `makeSend`: the provider of a domain with these hosts. Sites of nobody known that lie in our own network are not slowed. */
  provider(domain: string, hosts: readonly Pick<Host, "name" | "addresses">[]): string | undefined {
    const names = hosts.map(({ name }) => name.toLowerCase().replace(/\.$/, ""));
    const found = providerOf(this.#parts.shaping, domain, names);
    if (found !== otherProvider) return found;
    return allPrivate(hosts) ? undefined : found;
  }

  insistsOnTls({ tenant }: QueuedMessage): boolean {
    return tenant !== undefined && this.#current.tenant.get(tenant)?.tls === "required";
  }

  get shaper(): Shaper {
    const { limits } = this.#parts;
    return { limits: ({ egress, provider }) => limits.ofSource(egress?.name ?? defaultName, provider!) };
  }

  admit(
    message: QueuedMessage,
    recipients: readonly QueuedRecipient[],
    path: Path,
  ): readonly Admission[] | Promise<readonly Admission[]> {
    const model = this.#current;
    const { tenant } = message;
    if (tenant === undefined && (this.#plain || path.protocol === "lmtp" || path.fixed)) {
      const until = path.provider === undefined ? undefined : this.heldUntil(message, path);
      return [
        until === undefined
          ? { kind: "go", recipients, path }
          : { kind: "wait", recipients, until, park: undefined, because: "suspended" },
      ];
    }
    const stream = streamOf(model, tenant ?? "", message.stream) ?? streamOf(model, "", defaultName)!;
    const stopped = this.#stopped(message, stream);
    const provider = this.#providerFor(path, recipients[0]!.domain);
    const park = tenant === undefined ? undefined : this.#parkName(message, provider);
    if (stopped !== undefined)
      return [{ kind: "wait", recipients, until: this.#parts.now() + stoppedMs, park, because: stopped }];
    const sources = this.#sourcesOf(stream, message.id);
    // Its provider was not known before. Where a quota holds it waits for its turn with the others: those before it may want their mail more.
    if (park !== undefined && isUnplaced(recipients) && this.#isCounted(message, sources, provider))
      return [{ kind: "wait", recipients, until: this.#parts.now(), park, because: "its turn comes" }];
    const results: (Found | Promise<Found>)[] = recipients.map((recipient) =>
      this.#find(message, rankOf(recipient), path, provider, sources, stream, 0, undefined),
    );
    if (results.some((one) => one instanceof Promise))
      return Promise.all(results).then((found) => grouped(recipients, found, park));
    return grouped(recipients, results as Found[], park);
  }

  /** The sources that may carry a stream's mail, in the order in which they are asked for one message. */
  #sourcesOf(stream: Stream, seed: string): readonly Egress[] {
    const model = this.#current;
    const found: Egress[] = [];
    const seen = new Set<string>();
    let pool = model.pool.get(stream.pool);
    if (pool === undefined) return [plainEgress];
    for (let name = stream.pool; pool !== undefined && !seen.has(name); ) {
      seen.add(name);
      for (const member of inOrder(membersOf(pool.sources), seed)) {
        const source = model.source.get(member);
        if (source?.state !== "active" || found.some((one) => one.name === member)) continue;
        found.push({ name: member, address: source.address, ehlo: source.ehlo, proxy: source.proxy });
      }
      if (stream.overflow === "hold" || stream.overflow === "exceed") break;
      name = pool.overflow;
      pool = model.pool.get(name);
    }
    return found;
  }

  #find(
    message: QueuedMessage,
    rank: Rank,
    path: Path,
    provider: string,
    sources: readonly Egress[],
    stream: Stream,
    at: number,
    refused: Found | undefined,
  ): Found | Promise<Found> {
    const { limits, warmups, now } = this.#parts;
    let wait = refused;
    for (let index = at; index < sources.length; index++) {
      const egress = sources[index]!;
      const parties = this.#parties(message, egress.name, provider);
      const suspended = limits.suspended(parties);
      if (suspended !== undefined) {
        wait = sooner(wait, {
          kind: "wait",
          until: suspended.until,
          because: `${suspended.by.rule}: ${suspended.by.sample}`,
        });
        continue;
      }
      if (!warmups.counts(parties)) return { kind: "go", path: this.#by(path, egress) };
      const ticket = warmups.ticket(parties, rank);
      if (ticket instanceof Promise)
        return ticket.then((answer) =>
          answer.granted
            ? { kind: "go", path: this.#by(path, egress) }
            : this.#find(message, rank, path, provider, sources, stream, index + 1, sooner(wait, waiting(answer))),
        );
      if (ticket.granted) return { kind: "go", path: this.#by(path, egress) };
      wait = sooner(wait, waiting(ticket));
    }
    if (stream.overflow === "exceed")
      for (const egress of sources) {
        const parties = this.#parties(message, egress.name, provider);
        if (limits.suspended(parties) === undefined && warmups.exceed(parties))
          return { kind: "go", path: this.#by(path, egress) };
      }
    return wait ?? { kind: "wait", until: now() + tomorrowMs, because: "no source of its pool is active" };
  }

  #by(path: Path, egress: Egress): Path {
    if (egress === plainEgress || path.protocol === "lmtp") return path;
    let known = this.#paths.get(path);
    if (known === undefined) {
      known = new Map();
      this.#paths.set(path, known);
    }
    const found = known.get(egress.name);
    const same = found?.egress;
    if (
      found !== undefined &&
      same?.address === egress.address &&
      same.ehlo === egress.ehlo &&
      same.proxy === egress.proxy
    )
      return found;
    const made = byEgress(path, egress);
    known.set(egress.name, made);
    return made;
  }

  #providerFor(path: Path, domain: string): string {
    return path.provider ?? (path.fixed ? providerOf(this.#parts.shaping, domain, []) : otherProvider);
  }

  #parties({ tenant, campaign, author, envelopeFrom }: QueuedMessage, source: string, provider: string): Parties {
    return {
      source,
      domain: author ?? envelopeFrom.slice(envelopeFrom.lastIndexOf("@") + 1).toLowerCase(),
      tenant: tenant ?? "",
      campaign: campaign === undefined ? "" : `${tenant}/${campaign}`,
      provider,
    };
  }

  /** Why nothing of a tenant, or of a campaign, goes now. */
  #stopped({ tenant, campaign }: Pick<QueuedMessage, "tenant" | "campaign">, stream: Stream): string | undefined {
    if (tenant === undefined) return undefined;
    const model = this.#current;
    const state = model.tenant.get(tenant)?.state ?? "active";
    if (state === "suspended") return `the tenant ${tenant} is suspended`;
    if (state === "paused" && stream.kind === "marketing") return `marketing of the tenant ${tenant} is paused`;
    const mailing = campaign === undefined ? undefined : model.campaign.get(`${tenant}/${campaign}`)?.state;
    return mailing === "paused" || mailing === "stopped" ? `the campaign ${campaign} is ${mailing}` : undefined;
  }

  heldUntil(message: QueuedMessage, path: Path): Instant | undefined {
    const { limits, now } = this.#parts;
    const { tenant } = message;
    if (tenant === undefined && path.provider === undefined) return undefined;
    if (tenant !== undefined) {
      const stream = streamOf(this.#current, tenant, message.stream);
      if (stream !== undefined && this.#stopped(message, stream) !== undefined) return now() + stoppedMs;
    }
    if (limits.calm) return undefined;
    const provider = path.provider ?? this.#providerFor(path, message.recipients[0]?.domain ?? "");
    return limits.suspended(this.#parties(message, path.egress?.name ?? defaultName, provider))?.until;
  }

  maxRecipients(path: Path): number | undefined {
    if (path.provider === undefined) return undefined;
    return this.#parts.limits.ofSource(path.egress?.name ?? defaultName, path.provider).recipientsPerMessage;
  }

  returnPath({ id, tenant, stream, author }: QueuedMessage, recipient: QueuedRecipient): string | undefined {
    if (tenant === undefined || author === undefined) return undefined;
    const model = this.#current;
    const host = model.domain.get(author)?.returnPath ?? "";
    if (host === "" || streamOf(model, tenant, stream)?.verp === false) return undefined;
    return this.#parts.returnPath(`${id}.${recipient.id}`, host);
  }

  schedule(message: QueuedMessage): Schedule | undefined {
    const model = this.#current;
    const key = `${message.tenant ?? ""}/${message.stream}`;
    if (this.#schedules.has(key)) return this.#schedules.get(key);
    const stream = streamOf(model, message.tenant ?? "", message.stream);
    const own = stream === undefined ? undefined : scheduleOf(stream);
    const schedule = own === undefined ? undefined : { ...mailboxSchedule, ...own };
    this.#schedules.set(key, schedule);
    return schedule;
  }

  // ---------------------------------------------------------------- where mail waits

  parkOf(message: QueuedMessage, path: Path | undefined): string | undefined {
    const { tenant, stream } = message;
    if (tenant === undefined || streamOf(this.#current, tenant, stream)?.kind !== "marketing") return undefined;
    const provider = path === undefined ? "" : this.#providerFor(path, message.recipients[0]?.domain ?? "");
    return this.#parkName(message, provider);
  }

  #parkName({ tenant = "", stream, campaign = "", author = "" }: QueuedMessage, provider: string): string {
    const counted = provider !== "" && this.#parts.warmups.book.account("domain", author, provider) !== undefined;
    return parkName({ tenant, stream, campaign, provider, domain: counted ? author : "" });
  }

  /** A warm-up counts it, whichever of the sources it takes. */
  #isCounted(message: QueuedMessage, sources: readonly Egress[], provider: string): boolean {
    return sources.every(({ name }) => this.#parts.warmups.counts(this.#parties(message, name, provider)));
  }

  opening(park: string, urgency: number, now: Instant): Opening {
    const { limits, warmups } = this.#parts;
    const { tenant, stream: name, campaign, provider, domain } = parkKey(park);
    const stream = streamOf(this.#current, tenant, name) ?? streamOf(this.#current, "", defaultName)!;
    if (this.#stopped({ tenant, ...(campaign === "" ? {} : { campaign }) }, stream) !== undefined)
      return { kind: "closed", until: now + stoppedMs };
    if (provider === "") return { kind: "open", count: parkPortion, budgets: [] };
    let until = Number.POSITIVE_INFINITY;
    let room = 0;
    for (const { name: source } of this.#sourcesOf(stream, park)) {
      const mailing = campaign === "" ? "" : `${tenant}/${campaign}`;
      const parties = { source, domain, tenant, campaign: mailing, provider };
      const suspended = limits.suspended(parties);
      if (suspended !== undefined) {
        until = Math.min(until, suspended.until);
        continue;
      }
      const found = warmups.room(parties, rankOf({ urgency }), now);
      if (found === undefined) return { kind: "open", count: parkPortion, budgets: [] };
      if ("room" in found) room += found.room;
      else until = Math.min(until, found.until);
      if (stream.overflow === "exceed") room += warmups.beyond(parties);
    }
    if (room === 0) return { kind: "closed", until: Number.isFinite(until) ? until : now + stoppedMs };
    const budgets = [{ key: `${stream.pool}/${provider}`, room }];
    if (domain !== "") budgets.push({ key: `@${domain}/${provider}`, room });
    return { kind: "open", count: Math.min(room, parkPortion), budgets };
  }

  shareOf(park: string): { readonly tenant: string; readonly weight: number; readonly order: number } {
    const { tenant, stream } = parkKey(park);
    const model = this.#current;
    const found = model.tenant.get(tenant);
    const weight = (found?.weight ?? 1) * (found?.state === "limited" ? 0.5 : 1);
    return { tenant, weight, order: streamOf(model, tenant, stream)?.kind === "marketing" ? 1 : 0 };
  }

  // ---------------------------------------------------------------- after sending

  heard(
    message: QueuedMessage,
    recipients: readonly QueuedRecipient[],
    outcomes: readonly Outcome[],
    path: Path,
  ): Heard {
    const { tenant } = message;
    if (tenant === undefined && path.provider === undefined) return { outcomes, suppress: [], strikes: [] };
    const source = path.egress?.name ?? defaultName;
    const provider = this.#providerFor(path, recipients[0]!.domain);
    const parties = this.#parties(message, source, provider);
    const counts: { -readonly [name in keyof Counts]: number } = {
      attempts: 0,
      delivered: 0,
      rateDeferrals: 0,
      hardBounces: 0,
      blockBounces: 0,
      complaints: 0,
      authFailures: 0,
    };
    const suppress: Suppression[] = [];
    const strikes: Strike[] = [];
    let hard = 0;
    let other = 0;
    const after = outcomes.map((outcome, index): Outcome => {
      if (outcome.kind === "delivered") {
        counts.attempts++;
        counts.delivered++;
        return outcome;
      }
      if (outcome.ours === true) return outcome;
      counts.attempts++;
      const permanent = outcome.kind === "failed";
      const text = replyText(outcome.reply);
      const { class: name, rule } = classifyReply(this.#parts.shaping, provider, text);
      const gate = gateCountOf(name, permanent);
      if (name === "authentication") counts.authFailures++;
      else if (gate === "deferral") counts.rateDeferrals++;
      else if (gate === "hard") counts.hardBounces++;
      else if (gate === "block") counts.blockBounces++;
      if (gate === "hard") hard++;
      else other++;
      const effects = rule === undefined ? [] : this.#parts.limits.hit(rule, parties, text);
      this.#apply(effects, parties, text);
      if (tenant !== undefined)
        this.#suppression(tenant, recipients[index]!.address, name, permanent, text, suppress, strikes);
      const named = { class: name, rule: rule?.id };
      if (outcome.kind === "failed") return { ...outcome, named };
      const retry = Math.max(0, ...effects.map((effect) => (effect.kind === "retry" ? effect.afterMs : 0)));
      return { ...outcome, named, delayMs: retry === 0 ? outcome.delayMs : Math.max(outcome.delayMs ?? 0, retry) };
    });
    if (counts.attempts > 0 && this.#parts.warmups.counts(parties))
      this.#parts.warmups.book.note(parties, counts, this.#parts.now());
    if (tenant !== undefined) {
      const { conduct } = this.#parts;
      if (counts.delivered > 0) conduct.note(message, "delivered", counts.delivered);
      if (hard > 0) conduct.note(message, "hard", hard);
      if (other > 0) conduct.note(message, "other", other);
    }
    return { outcomes: after, suppress, strikes };
  }

  #suppression(
    tenant: string,
    address: string,
    name: ReplyClass,
    permanent: boolean,
    evidence: string,
    suppress: Suppression[],
    strikes: Strike[],
  ): void {
    const { suppression, now } = this.#parts;
    const scope = `tenant:${tenant}`;
    switch (suppressionOf(name, permanent)) {
      case "at-once":
        suppress.push(
          name === "inactive-mailbox"
            ? suppression.row(scope, address, "inactive", { evidence, expiresAt: now() + 180 * dayMs })
            : suppression.row(scope, address, "bounced", { evidence }),
        );
        break;
      case "when-repeated": {
        const full = name === "quota";
        const row = suppression.row(scope, address, "repeated-failure", { evidence, expiresAt: now() + 30 * dayMs });
        strikes.push({ ...row, needed: full ? 5 : 3, gapMs: full ? 0 : dayMs, spanMs: full ? 15 * dayMs : 2 * dayMs });
        break;
      }
      case undefined:
        break;
    }
  }

  #apply(effects: readonly Effect[], parties: Parties, reply: string): void {
    const { warmups, now, alert, stopCampaign } = this.#parts;
    for (const effect of effects)
      switch (effect.kind) {
        case "warm-up": {
          const change = { hold, back: (plan, why, at) => react(plan, "back", why, at), pause } as const satisfies {
            readonly [what in typeof effect.do]: typeof hold;
          };
          const at = now();
          // A block for a list that is known to be bad is no reason to stop the others at its address.
          const scope = warmups.book.isBlamed(parties.domain, parties.provider, at) ? "domain" : effect.scope;
          const of = { scope, subject: parties[scope], provider: parties.provider };
          warmups.book.change(
            of,
            (plan) =>
              plan.state === "paused" || plan.state === "probing"
                ? plan
                : change[effect.do](plan, `rule ${effect.rule}`, at),
            at,
          );
          break;
        }
        case "stop-campaign":
          if (parties.campaign !== "") stopCampaign(parties.campaign, `${effect.rule}: ${reply}`);
          break;
        case "alert": {
          const { source, domain, provider } = parties;
          alert({ at: now(), rule: effect.rule, provider, source, domain, reply, fix: effect.fix });
          break;
        }
        case "retry":
          break;
        default:
          effect satisfies never;
      }
  }

  untried(message: QueuedMessage, recipients: readonly QueuedRecipient[], path: Path): void {
    if (this.#parts.warmups.idle || path.egress === undefined) return;
    const provider = this.#providerFor(path, recipients[0]?.domain ?? "");
    const parties = this.#parties(message, path.egress.name, provider);
    for (const recipient of recipients) this.#parts.warmups.refund(parties, rankOf(recipient));
  }

  unreachable(path: Path, failures: readonly OpenFailure[]): void {
    const last = failures.at(-1);
    if (path.provider === undefined || last?.fromServer !== true) return;
    const text = replyText(last.reply);
    const { rule } = classifyReply(this.#parts.shaping, path.provider, text);
    if (rule === undefined) return;
    const parties = {
      source: path.egress?.name ?? defaultName,
      domain: "",
      tenant: "",
      campaign: "",
      provider: path.provider,
    };
    this.#apply(this.#parts.limits.hit(rule, parties, text), parties, text);
  }
}

/** Mail leaves as the server itself. */
const plainEgress: Egress = { name: defaultName, address: "", ehlo: "", proxy: "" };

/** They come out of a park whose provider was not known. */
function isUnplaced(recipients: readonly QueuedRecipient[]): boolean {
  const park = recipients[0]?.park;
  return park !== undefined && parkKey(park).provider === "";
}

function rankOf({ urgency = 0 }: Pick<QueuedRecipient, "urgency">): Rank {
  return urgency === 0 ? anybody : (urgency as Rank);
}

function waiting(ticket: Ticket): Found {
  return ticket.granted
    ? { kind: "wait", until: 0, because: "" }
    : { kind: "wait", until: ticket.until, because: ticket.because };
}

/** Of two reasons to wait the one that is over first. */
function sooner(one: Found | undefined, other: Found): Found {
  return one === undefined || one.kind === "go" || (other.kind === "wait" && other.until < one.until) ? other : one;
}

/** Recipients that go the same way, or wait for the same, together. */
function grouped(
  recipients: readonly QueuedRecipient[],
  found: readonly Found[],
  park: string | undefined,
): readonly Admission[] {
  if (recipients.length === 1) {
    const only = found[0]!;
    return [only.kind === "go" ? { kind: "go", recipients, path: only.path } : { ...only, recipients, park }];
  }
  const groups = new Map<string, { readonly found: Found; readonly recipients: QueuedRecipient[] }>();
  for (const [index, one] of found.entries()) {
    const key = one.kind === "go" ? one.path.key : `${one.until}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { found: one, recipients: [recipients[index]!] });
    else group.recipients.push(recipients[index]!);
  }
  return [...groups.values()].map(({ found: one, recipients: some }) =>
    one.kind === "go" ? { kind: "go", recipients: some, path: one.path } : { ...one, recipients: some, park },
  );
}
