/**
 * The MTA-STS policies of the domains we send to (RFC 8461): found through DNS, fetched over HTTPS, kept over restarts,
 * fetched anew when their id changes or a day has passed. A policy that is kept counts until its time is over, whatever
 * DNS or the web server says meanwhile.
 */
import { maxPolicyBytes, parsePolicy, type StsPolicy, stsId } from "../../protocol/policy/mta-sts.ts";
import type { FailureType } from "../../protocol/policy/tls-report.ts";
import type { Log } from "../base/log.ts";
import { type HttpsAsk, httpsTalk } from "../net/https-talk.ts";
import type { Resolver } from "../net/resolver.ts";
import type { KeptStsPolicy, StsStore } from "../store/sts-store.ts";

export type StsSettings = {
  /** How long the fetch of a policy file may take; mail to the domain waits for it. */
  readonly fetchTimeoutMs: number;
  /** Port of policy hosts. */
  readonly httpsPort: number;
  /** After a fetch that failed a domain is left alone for so long. */
  readonly retryMs: number;
  /** A kept policy is fetched again when it is older. */
  readonly refreshMs: number;
};

export type StsTrouble = { readonly result: FailureType; readonly why: string };
export type StsFound = {
  /** The policy in force. */
  readonly policy: StsPolicy | undefined;
  /** Why there is no newer one, where DNS says there should be. */
  readonly trouble: StsTrouble | undefined;
};

export type StsAsk = {
  readonly settings: StsSettings;
  readonly resolver: Resolver;
  readonly https: Omit<HttpsAsk, "resolver" | "timeoutMs" | "maxBytes">;
  readonly store: Pick<StsStore, "stsPolicy" | "putStsPolicy" | "stsPoliciesBefore">;
  readonly now: () => number;
  readonly log: Log;
};

/** Domains whose failed fetches are remembered. */
const maxFailures = 10_000;
/** Policies that one round of refreshing looks at. */
const maxRefreshed = 1000;
const nothing: StsFound = { policy: undefined, trouble: undefined };

export class StsPolicies {
  readonly #ask: StsAsk;
  readonly #failures = new Map<string, { readonly id: string; readonly until: number; readonly trouble: StsTrouble }>();
  readonly #fetching = new Map<string, Promise<StsFound>>();

  constructor(ask: StsAsk) {
    this.#ask = ask;
  }

  /** The policy of a domain (A-labels, lower case). Rejects only where the store is in trouble. */
  async find(domain: string): Promise<StsFound> {
    const answer = await this.#ask.resolver.txt(`_mta-sts.${domain}`);
    const id = answer.kind === "found" ? stsId(answer.records) : undefined;
    const kept = await this.#kept(domain);
    // RFC 8461 §3.1, §5.1: without a record nothing new is learnt; what is known still counts.
    if (id === undefined) return kept === undefined ? nothing : { policy: kept.policy, trouble: undefined };
    if (kept?.id === id && kept.fetchedAt > this.#ask.now() - this.#ask.settings.refreshMs)
      return { policy: kept.policy, trouble: undefined };
    const failure = this.#failures.get(domain);
    if (failure !== undefined && failure.id === id && this.#ask.now() < failure.until)
      return { policy: kept?.policy, trouble: failure.trouble };
    let fetching = this.#fetching.get(domain);
    if (fetching === undefined) {
      fetching = this.#fetch(domain, id, kept).finally(() => this.#fetching.delete(domain));
      this.#fetching.set(domain, fetching);
    }
    return fetching;
  }

  /** An administrator wants things tried now. */
  forgetFailures(): void {
    this.#failures.clear();
  }

  /** Looks at kept policies that are a day old, so that domains that get little mail stay protected (RFC 8461 §3.3). */
  async refresh(): Promise<void> {
    const { now, settings, store } = this.#ask;
    for (const { domain } of await store.stsPoliciesBefore(now() - settings.refreshMs, maxRefreshed))
      await this.find(domain);
  }

  async #kept(domain: string): Promise<KeptStsPolicy | undefined> {
    const kept = await this.#ask.store.stsPolicy(domain);
    return kept === undefined || kept.expiresAt <= this.#ask.now() ? undefined : kept;
  }

  async #fetch(domain: string, id: string, kept: KeptStsPolicy | undefined): Promise<StsFound> {
    const { now, settings, store, log } = this.#ask;
    const fetched = await this.#get(domain);
    if (!("policy" in fetched)) {
      log.info({ domain, why: fetched.why, kept: kept !== undefined }, "MTA-STS policy not fetched");
      if (this.#failures.size >= maxFailures) this.#failures.delete(this.#failures.keys().next().value!);
      this.#failures.set(domain, { id, until: now() + settings.retryMs, trouble: fetched });
      return { policy: kept?.policy, trouble: fetched };
    }
    const { policy } = fetched;
    this.#failures.delete(domain);
    await store.putStsPolicy({ domain, id, policy, fetchedAt: now(), expiresAt: now() + policy.maxAge * 1000 });
    return { policy, trouble: undefined };
  }

  async #get(domain: string): Promise<{ readonly policy: StsPolicy } | StsTrouble> {
    const { resolver, https, settings } = this.#ask;
    const host = `mta-sts.${domain}`;
    const answer = await httpsTalk(
      { host, port: settings.httpsPort, path: "/.well-known/mta-sts.txt", method: "GET" },
      { ...https, resolver, timeoutMs: settings.fetchTimeoutMs, maxBytes: maxPolicyBytes },
    );
    if (answer.kind === "failed")
      return { result: answer.what === "tls" ? "sts-webpki-invalid" : "sts-policy-fetch-error", why: answer.why };
    // RFC 8461 §3.3: 200 and nothing else; redirects are not followed.
    if (answer.status !== 200)
      return { result: "sts-policy-fetch-error", why: `${host} answered ${answer.status} instead of 200` };
    if (!/^text\/plain\s*(;|$)/i.test(answer.contentType))
      return {
        result: "sts-policy-invalid",
        why: `${host} answered with "${answer.contentType.slice(0, 60)}" instead of text/plain`,
      };
    const policy = parsePolicy(answer.body.toString("utf8"));
    return "mistake" in policy ? { result: "sts-policy-invalid", why: policy.mistake } : { policy };
  }
}
