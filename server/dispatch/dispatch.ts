/**
 * Sending at volume at work: by which source a message leaves, whether it may leave now (quotas of warm-ups, suspended parties,
 * tenants and campaigns that are stopped), and what a receiver's reply means for all that.
 */
import type { Admission, Dispatching, Heard, Opening } from "../queue/dispatching.ts";
import type { Schedule } from "../queue/schedule.ts";
import type { Outcome } from "../send/classify.ts";
import type { Shaper } from "../send/rate.ts";
import type { OpenFailure } from "../send/session.ts";
import type { Egress, Host, Path } from "../send/site.ts";
import { otherProvider, providerOf } from "../shape/shaping.ts";
import type { Instant, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import { type Found, find, grouped } from "./find.ts";
import type { Fullness } from "./fullness.ts";
import { Hearing, type HearingParts } from "./hear.ts";
import { allPrivate } from "./inside.ts";
import { Lookups } from "./lookups.ts";
import { defaultName, type Model } from "./model.ts";
import { openingOf } from "./opening.ts";
import { parkKey, parkName } from "./parks.ts";
import { partiesOf, providerFor, rankOf, stoppedBecause, stoppedMs } from "./parties.ts";
import type { Sampling } from "./sampling.ts";
import { sandboxOutcome, sandboxRole } from "./sandbox.ts";
import type { Stream } from "./schema.ts";
import { EgressPaths } from "./sources.ts";

export type DispatchParts = HearingParts & {
  readonly model: () => Model;
  readonly whenChanged?: ((listener: () => void) => void) | undefined;
  readonly hours?: Shaper["hours"] | undefined;
  /** The return path of a token at a host. */
  readonly returnPath: (token: string, host: string) => string | undefined;
  readonly sandbox: {
    /** "" for none. */
    readonly domain: string;
    /** Somebody there has got this message, and does not want it. */
    readonly complains: (message: QueuedMessage, recipient: QueuedRecipient) => void;
  };
  /** Samples of campaigns; undefined: none are taken. */
  readonly sampling?: Sampling | undefined;
  /** Is told whose a domain's hosts are. */
  readonly fullness?: Pick<Fullness, "note"> | undefined;
};

export class Dispatcher implements Dispatching {
  readonly #parts: DispatchParts;
  readonly #hearing: Hearing;
  readonly #paths = new EgressPaths();
  #lookups: Lookups | undefined;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    this.#hearing = new Hearing(parts);
  }

  get #current(): Lookups {
    const model = this.#parts.model();
    if (model !== this.#lookups?.model) this.#lookups = new Lookups(model);
    return this.#lookups;
  }

  whenChanged(listener: () => void): void {
    this.#parts.whenChanged?.(listener);
  }

  // ---------------------------------------------------------------- before sending

  /** For `makeSend`: the provider of a domain with these hosts. Sites of nobody known that lie in our own network are not slowed. */
  provider(domain: string, hosts: readonly Pick<Host, "name" | "addresses">[]): string | undefined {
    const names = hosts.map(({ name }) => name.toLowerCase().replace(/\.$/, ""));
    const found = providerOf(this.#parts.shaping, domain, names);
    if (found === otherProvider && allPrivate(hosts)) return undefined;
    this.#parts.fullness?.note(domain, found);
    return found;
  }

  simulated(message: QueuedMessage, recipient: QueuedRecipient): Outcome | undefined {
    const { sandbox } = this.#parts;
    // Of a test it plays everybody: their mail is queued for it.
    if (recipient.domain !== sandbox.domain || sandbox.domain === "") return undefined;
    const role = sandboxRole(recipient.address, sandbox.domain) ?? "delivered";
    if (role === "complained") sandbox.complains(message, recipient);
    return sandboxOutcome(role, recipient);
  }

  insistsOnTls({ tenant }: QueuedMessage): boolean {
    return tenant !== undefined && this.#current.model.tenant.get(tenant)?.tls === "required";
  }

  get shaper(): Shaper {
    const { limits, hours } = this.#parts;
    return { limits: ({ egress, provider }) => limits.ofSource(egress?.name ?? defaultName, provider!), hours };
  }

  admit(
    message: QueuedMessage,
    recipients: readonly QueuedRecipient[],
    path: Path,
  ): readonly Admission[] | Promise<readonly Admission[]> {
    const found = this.#current;
    const { tenant } = message;
    if (tenant === undefined && (found.plain || path.protocol === "lmtp" || path.fixed)) {
      const until = path.provider === undefined ? undefined : this.heldUntil(message, path);
      return [
        until === undefined
          ? { kind: "go", recipients, path }
          : { kind: "wait", recipients, until, park: undefined, because: "suspended" },
      ];
    }
    const stream = found.stream(tenant ?? "", message.stream) ?? found.stream("", defaultName)!;
    const stopped = stoppedBecause(found.model, message, stream);
    const provider = providerFor(this.#parts.shaping, path, recipients[0]!.domain);
    const park = (): string | undefined => (tenant === undefined ? undefined : this.#parkName(message, provider));
    if (stopped !== undefined) {
      // In its park it waits until that opens, which is at once when a person lets it go on.
      const until = tenant === undefined ? this.#parts.now() + stoppedMs : this.#parts.now();
      return [{ kind: "wait", recipients, until, park: park(), because: stopped }];
    }
    const sources = found.sources(stream, message.id);
    // Its provider was not known before. Where a quota holds it waits for its turn with the others: those before it may want their mail more.
    if (tenant !== undefined && isUnplaced(recipients) && this.#isCounted(message, sources, provider))
      return [{ kind: "wait", recipients, until: this.#parts.now(), park: park(), because: "its turn comes" }];
    const { limits, warmups, now } = this.#parts;
    const ports = { limits, warmups, now, paths: this.#paths };
    const results = recipients.map((recipient) =>
      find({ message, rank: rankOf(recipient), path, provider, sources, stream }, ports),
    );
    if (results.some((one) => one instanceof Promise))
      return Promise.all(results).then((all) => this.#released(message, stream, grouped(recipients, all, park)));
    return this.#released(message, stream, grouped(recipients, results as Found[], park));
  }

  /** Counts what goes of a campaign's sample. */
  #released(
    { tenant, campaign }: QueuedMessage,
    stream: Stream,
    admissions: readonly Admission[],
  ): readonly Admission[] {
    const { sampling } = this.#parts;
    if (sampling === undefined || campaign === undefined || stream.kind !== "marketing") return admissions;
    for (const { kind, recipients } of admissions)
      if (kind === "go") sampling.released(`${tenant}/${campaign}`, recipients.length);
    return admissions;
  }

  heldUntil(message: QueuedMessage, path: Path): Instant | undefined {
    const { limits, now } = this.#parts;
    const { tenant } = message;
    if (tenant === undefined && path.provider === undefined) return undefined;
    if (tenant !== undefined) {
      const { model } = this.#current;
      const stream = this.#current.stream(tenant, message.stream);
      // Back into its park, which is closed.
      if (stream !== undefined && stoppedBecause(model, message, stream) !== undefined) return now();
    }
    if (limits.calm) return undefined;
    const provider = path.provider ?? providerFor(this.#parts.shaping, path, message.recipients[0]?.domain ?? "");
    return limits.suspended(partiesOf(message, path.egress?.name ?? defaultName, provider))?.until;
  }

  maxRecipients(path: Path): number | undefined {
    if (path.provider === undefined) return undefined;
    return this.#parts.limits.ofSource(path.egress?.name ?? defaultName, path.provider).recipientsPerMessage;
  }

  returnPath(
    { id, tenant, stream, author, envelopeFrom }: QueuedMessage,
    recipient: QueuedRecipient,
  ): string | undefined {
    // RFC 3834 §3.3, RFC 5321 §4.5.5: an answer or a notice stays without a return path.
    if (tenant === undefined || author === undefined || envelopeFrom === "") return undefined;
    const found = this.#current;
    const host = found.model.domain.get(author)?.returnPath ?? "";
    const { kind, verp } = found.stream(tenant, stream) ?? {};
    // People read themselves what comes back of their letters.
    if (host === "" || verp === false || kind === "mailbox") return undefined;
    return this.#parts.returnPath(`${id}.${recipient.id}`, host);
  }

  schedule(message: QueuedMessage): Schedule | undefined {
    const found = this.#current;
    const stream = found.stream(message.tenant ?? "", message.stream);
    return stream === undefined ? undefined : found.schedule(stream);
  }

  // ---------------------------------------------------------------- where mail waits

  parkOf(message: QueuedMessage, path: Path | undefined): string | undefined {
    const { tenant, stream } = message;
    if (tenant === undefined || this.#current.stream(tenant, stream)?.kind !== "marketing") return undefined;
    const provider =
      path === undefined ? "" : providerFor(this.#parts.shaping, path, message.recipients[0]?.domain ?? "");
    return this.#parkName(message, provider);
  }

  #parkName({ tenant = "", stream, campaign = "", author = "" }: QueuedMessage, provider: string): string {
    const counted = provider !== "" && this.#parts.warmups.book.account("domain", author, provider) !== undefined;
    return parkName({ tenant, stream, campaign, provider, domain: counted ? author : "" });
  }

  /** A warm-up counts it, whichever of the sources it takes. */
  #isCounted(message: QueuedMessage, sources: readonly Egress[], provider: string): boolean {
    return sources.every(({ name }) => this.#parts.warmups.counts(partiesOf(message, name, provider)));
  }

  opening(park: string, urgency: number, now: Instant): Opening {
    const { limits, warmups, sampling } = this.#parts;
    return openingOf(park, urgency, now, { limits, warmups, model: this.#current.model, sampling });
  }

  shareOf(park: string): { readonly tenant: string; readonly weight: number; readonly order: number } {
    const { tenant, stream } = parkKey(park);
    const found = this.#current;
    const owner = found.model.tenant.get(tenant);
    const weight = (owner?.weight ?? 1) * (owner?.state === "limited" ? 0.5 : 1);
    return { tenant, weight, order: found.stream(tenant, stream)?.kind === "marketing" ? 1 : 0 };
  }

  // ---------------------------------------------------------------- after sending

  heard(
    message: QueuedMessage,
    recipients: readonly QueuedRecipient[],
    outcomes: readonly Outcome[],
    path: Path,
  ): Heard {
    return this.#hearing.heard(message, recipients, outcomes, path);
  }

  /** Counts what was heard of in this turn of the event loop: before the books are kept. */
  settle(): void {
    this.#hearing.settle();
  }

  unreachable(path: Path, failures: readonly OpenFailure[]): void {
    this.#hearing.unreachable(path, failures);
  }

  untried(message: QueuedMessage, recipients: readonly QueuedRecipient[], path: Path): void {
    if (message.campaign !== undefined)
      this.#parts.sampling?.released(`${message.tenant}/${message.campaign}`, -recipients.length);
    if (this.#parts.warmups.idle || path.egress === undefined) return;
    const provider = providerFor(this.#parts.shaping, path, recipients[0]?.domain ?? "");
    const parties = partiesOf(message, path.egress.name, provider);
    for (const recipient of recipients) this.#parts.warmups.refund(parties, rankOf(recipient), path.site);
  }
}

/** They come out of a park whose provider was not known. */
function isUnplaced(recipients: readonly QueuedRecipient[]): boolean {
  const park = recipients[0]?.park;
  return park !== undefined && parkKey(park).provider === "";
}
