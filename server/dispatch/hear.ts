/** What receivers' replies mean beyond the message: for limits, warm-ups, suppression, campaigns, and for a person who should see to it. */
import { replyText } from "../../protocol/smtp/reply.ts";
import type { Heard } from "../queue/dispatching.ts";
import type { Outcome } from "../send/classify.ts";
import type { OpenFailure } from "../send/session.ts";
import type { Path } from "../send/site.ts";
import type { Effect, Parties } from "../shape/overrides.ts";
import { gateCountOf, type ReplyClass, suppressionOf } from "../shape/reply-class.ts";
import { codeOf, codesOf } from "../shape/reply-code.ts";
import { classifyReply, type Shaping } from "../shape/shaping.ts";
import { toldAsOf } from "../store/queued.ts";
import type { Strike, Suppression } from "../store/sending.ts";
import type { Instant, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import { type Counts, noCounts } from "../warm/account.ts";
import { hold, pause, react } from "../warm/plan.ts";
import type { ShapingBook } from "./limits.ts";
import { defaultName } from "./model.ts";
import { partiesOf, providerFor } from "./parties.ts";
import type { SuppressionBook } from "./suppression.ts";
import type { Warmups } from "./warmups.ts";

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

export type HearingParts = {
  readonly shaping: Shaping;
  readonly warmups: Warmups;
  readonly limits: ShapingBook;
  readonly suppression: SuppressionBook;
  /** Stops a campaign for good, and says why. */
  readonly stopCampaign: (name: string, reason: string) => void;
  readonly alert: (alert: Alert) => void;
  /** Hears what became of tenants' messages (`conduct.ts`). */
  readonly conduct: { note(message: QueuedMessage, kind: "delivered" | "hard" | "other", count: number): void };
  /** Hears where tenants' messages came (`interest.ts`). */
  readonly interest: { delivered(message: QueuedMessage, parties: Parties, count: number): void };
  readonly now: () => Instant;
};

const dayMs = 86_400_000;

/** Deliveries of which the books keep the same. */
type Alike = { readonly message: QueuedMessage; readonly parties: Parties; count: number };

export class Hearing {
  readonly #parts: HearingParts;
  /** What was heard of in this turn of the event loop and is not counted yet: the books are opened once for all of it. */
  #alike: Alike | undefined;
  #settling = false;

  constructor(parts: HearingParts) {
    this.#parts = parts;
  }

  /** As `Dispatching.heard`. */
  heard(
    message: QueuedMessage,
    recipients: readonly QueuedRecipient[],
    outcomes: readonly Outcome[],
    path: Path,
  ): Heard {
    const { tenant } = message;
    if (tenant === undefined && path.provider === undefined) return { outcomes, suppress: [], strikes: [] };
    const source = path.egress?.name ?? defaultName;
    const provider = providerFor(this.#parts.shaping, path, recipients[0]!.domain);
    if (outcomes.every(({ kind }) => kind === "delivered")) {
      this.#delivered(message, source, provider, outcomes.length);
      return { outcomes, suppress: [], strikes: [] };
    }
    // What went well before comes first: it says how much the rest weighs.
    this.settle();
    const parties = partiesOf(message, source, provider);
    const counts: { -readonly [name in keyof Counts]: number } = { ...noCounts };
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
      if (tenant !== undefined) this.#suppression(tenant, recipients[index]!, name, permanent, text, suppress, strikes);
      const named = { class: name, rule: rule?.id };
      if (outcome.kind === "failed") return { ...outcome, named };
      const retry = Math.max(0, ...effects.map((effect) => (effect.kind === "retry" ? effect.afterMs : 0)));
      return { ...outcome, named, delayMs: retry === 0 ? outcome.delayMs : Math.max(outcome.delayMs ?? 0, retry) };
    });
    this.#count(message, parties, counts);
    if (tenant !== undefined) {
      const { conduct } = this.#parts;
      if (hard > 0) conduct.note(message, "hard", hard);
      if (other > 0) conduct.note(message, "other", other);
    }
    return { outcomes: after, suppress, strikes };
  }

  /** Counts what was heard of and is not counted yet: whoever keeps the books asks for it. */
  settle(): void {
    const alike = this.#alike;
    if (alike === undefined) return;
    this.#alike = undefined;
    const { message, parties, count } = alike;
    this.#count(message, parties, { ...noCounts, attempts: count, delivered: count });
  }

  #delivered(message: QueuedMessage, source: string, provider: string, count: number): void {
    const alike = this.#alike;
    if (alike !== undefined && isAlike(alike, message, source, provider)) {
      alike.count += count;
      return;
    }
    this.settle();
    this.#alike = { message, parties: partiesOf(message, source, provider), count };
    if (this.#settling) return;
    this.#settling = true;
    setImmediate(() => {
      this.#settling = false;
      this.settle();
    });
  }

  #count(message: QueuedMessage, parties: Parties, counts: Counts): void {
    const { warmups, conduct, interest, now } = this.#parts;
    if (counts.attempts > 0 && warmups.counts(parties)) warmups.book.note(parties, counts, now());
    if (message.tenant === undefined || counts.delivered === 0) return;
    conduct.note(message, "delivered", counts.delivered);
    interest.delivered(message, parties, counts.delivered);
  }

  #suppression(
    tenant: string,
    recipient: QueuedRecipient,
    name: ReplyClass,
    permanent: boolean,
    said: string,
    suppress: Suppression[],
    strikes: Strike[],
  ): void {
    const { suppression, now } = this.#parts;
    // What an address of ours forwards to is between the two: the tenant writes to that address.
    const address = toldAsOf(recipient);
    if (address === "") return;
    const evidence = recipient.toldAs === undefined ? said : codesOf(said);
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
                : change[effect.do](plan, `rule ${effect.rule}: ${codeOf(reply)}`, at),
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

function isAlike({ message, parties }: Alike, other: QueuedMessage, source: string, provider: string): boolean {
  return (
    message.author !== undefined &&
    message.author === other.author &&
    message.tenant === other.tenant &&
    message.campaign === other.campaign &&
    message.counted === other.counted &&
    parties.provider === provider &&
    parties.source === source
  );
}
