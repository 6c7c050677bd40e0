/** Whether DNS blocklists name our own addresses and sending domains: looked at by itself, told when it changes, and felt by the warm-ups. */
import type { Blocklists, Listing } from "../door/blocklists.ts";
import type { Resolver } from "../net/resolver.ts";

/** One of ours that is on lists. */
export type Listed = {
  readonly kind: "address" | "domain";
  readonly subject: string;
  readonly lists: readonly Pick<Listing, "zone" | "code" | "text">[];
};
export type Change = Listed & { readonly now: "listed" | "clean" };

/** Addresses and domains that are asked about in one round. */
export const maxAsked = 1_000;
/** Asked about at a time. */
const atOnce = 8;

export class Listings {
  readonly #addressLists: Pick<Blocklists, "find" | "check">;
  readonly #domainLists: readonly string[];
  readonly #dns: Pick<Resolver, "a" | "txt">;
  #listed = new Map<string, Listed>();
  #looked = false;

  constructor(
    addressLists: Pick<Blocklists, "find" | "check">,
    domainLists: readonly string[],
    dns: Pick<Resolver, "a" | "txt">,
  ) {
    this.#addressLists = addressLists;
    this.#domainLists = domainLists.map((name) => name.toLowerCase().replace(/^\.|\.$/g, ""));
    this.#dns = dns;
  }

  /** By address or domain; undefined: not looked at yet. */
  all(): ReadonlyMap<string, Listed> | undefined {
    return this.#looked ? this.#listed : undefined;
  }

  /** As it was before a restart: what is the same still is no news. */
  remember(listed: readonly Listed[]): void {
    this.#listed = new Map(listed.map((one) => [one.subject, one]));
  }

  /** Asks about all; answers what has changed since the last time. */
  async look(ours: {
    readonly addresses: readonly string[];
    readonly domains: readonly string[];
  }): Promise<readonly Change[]> {
    await this.#addressLists.check();
    const asked = [
      ...ours.addresses.map((subject) => ({ kind: "address", subject }) as const),
      ...ours.domains.map((subject) => ({ kind: "domain", subject }) as const),
    ].slice(0, maxAsked);
    const next = new Map<string, Listed>();
    for (let at = 0; at < asked.length; at += atOnce) {
      const found = await Promise.all(
        asked.slice(at, at + atOnce).map(async (one) => ({
          ...one,
          lists:
            one.kind === "address"
              ? (await this.#addressLists.find(one.subject)).blocked
              : await this.#byDomain(one.subject),
        })),
      );
      for (const one of found) if (one.lists.length > 0) next.set(one.subject, one);
    }
    const before = this.#listed;
    this.#listed = next;
    this.#looked = true;
    const zones = ({ lists }: Listed): string =>
      lists
        .map(({ zone }) => zone)
        .sort()
        .join();
    return [
      ...[...next.values()]
        .filter((one) => before.get(one.subject) === undefined || zones(before.get(one.subject)!) !== zones(one))
        .map((one): Change => ({ ...one, now: "listed" })),
      ...[...before.values()]
        .filter(({ subject }) => !next.has(subject))
        .map((one): Change => ({ ...one, now: "clean" })),
    ];
  }

  /** RFC 5782 §3: the domain below the list's name. Answers beyond 127.0.0.0/8, and refusals, say nothing. */
  async #byDomain(domain: string): Promise<Listed["lists"]> {
    const found = await Promise.all(
      this.#domainLists.map(async (zone) => {
        const answer = await this.#dns.a(`${domain}.${zone}`);
        const code = answer.kind === "found" ? answer.records[0] : undefined;
        if (code === undefined || !code.startsWith("127.") || code.startsWith("127.255.255.")) return undefined;
        const text = await this.#dns.txt(`${domain}.${zone}`);
        return {
          zone,
          code,
          text: text.kind === "found" ? text.records[0]?.replace(/[^ -~]/g, "?").slice(0, 200) : undefined,
        };
      }),
    );
    return found.filter((one) => one !== undefined);
  }
}
