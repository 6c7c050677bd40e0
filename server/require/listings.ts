/** Whether DNS blocklists name our own addresses and sending domains: looked at by itself, told when it changes, and felt by the warm-ups. */
import type { Blocklists, Listing } from "../door/blocklists.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Instant } from "../store/store.ts";

/** One of ours that is on lists. */
export type Listed = {
  readonly kind: "address" | "domain";
  readonly subject: string;
  readonly lists: readonly Pick<Listing, "zone" | "code" | "text">[];
  /** When it was seen there first; undefined: an earlier version did not keep it. */
  readonly since?: Instant | undefined;
};
/** What lists say, and which of them did not say anything. */
type Answers = { readonly lists: Listed["lists"]; readonly silent: readonly string[] };
export type Change = Listed & { readonly now: "listed" | "clean" };

/** What to do about an address or a domain that a list names. */
export const listingAdvice =
  "Stop what caused it, then ask the list to take it off; its warm-ups are paused meanwhile.";

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
  /** Lists of domains that answer for everything. */
  #broken: ReadonlySet<string> = new Set();

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

  /** Asks about all; answers what has changed since the last time. A list that says nothing now says what it said before. */
  async look(
    ours: {
      readonly addresses: readonly string[];
      readonly domains: readonly string[];
    },
    now: Instant,
  ): Promise<readonly Change[]> {
    await Promise.all([this.#addressLists.check(), this.#checkDomainLists()]);
    const asked = [
      ...ours.addresses.map((subject) => ({ kind: "address", subject }) as const),
      ...ours.domains.map((subject) => ({ kind: "domain", subject }) as const),
    ].slice(0, maxAsked);
    const before = this.#listed;
    const next = new Map<string, Listed>();
    for (let at = 0; at < asked.length; at += atOnce) {
      const found = await Promise.all(
        asked.slice(at, at + atOnce).map(async (one): Promise<Listed> => {
          const { lists, silent } = await (one.kind === "address"
            ? this.#byAddress(one.subject)
            : this.#byDomain(one.subject));
          const known = before.get(one.subject);
          const still = (known?.lists ?? []).filter(({ zone }) => silent.includes(zone));
          return { ...one, lists: [...lists, ...still], since: known === undefined ? now : known.since };
        }),
      );
      for (const one of found) if (one.lists.length > 0) next.set(one.subject, one);
    }
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

  async #byAddress(address: string): Promise<Answers> {
    const { blocked, silent = [] } = await this.#addressLists.find(address);
    return { lists: blocked, silent };
  }

  /** RFC 5782 §5: "invalid" is listed nowhere. A list that was given up, and answers for everything, would have all our domains stop. */
  async #checkDomainLists(): Promise<void> {
    const answers = await Promise.all(this.#domainLists.map((zone) => this.#dns.a(`invalid.${zone}`)));
    this.#broken = new Set(this.#domainLists.filter((_, index) => answers[index]?.kind === "found"));
  }

  /** RFC 5782 §3: the domain below the list's name. Answers beyond 127.0.0.0/8, and refusals, say nothing. */
  async #byDomain(domain: string): Promise<Answers> {
    const lists: { zone: string; code: string; text: string | undefined }[] = [];
    const silent: string[] = [];
    await Promise.all(
      this.#domainLists.map(async (zone) => {
        const answer = await this.#dns.a(`${domain}.${zone}`);
        if (answer.kind === "none") return;
        if (this.#broken.has(zone)) {
          silent.push(zone);
          return;
        }
        const code = answer.kind === "found" ? answer.records[0] : undefined;
        if (code === undefined || !code.startsWith("127.") || code.startsWith("127.255.255.")) {
          silent.push(zone);
          return;
        }
        const text = await this.#dns.txt(`${domain}.${zone}`);
        const said = text.kind === "found" ? text.records[0]?.replace(/[^ -~]/g, "?").slice(0, 200) : undefined;
        lists.push({ zone, code, text: said });
      }),
    );
    return { lists, silent };
  }
}
