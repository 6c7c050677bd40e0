/**
 * Lists of bad domains over DNS (RFC 5782 §2.2), asked about the links of a message. A list that answers for everything, or that refuses
 * us, is not believed until it is well again.
 */
import type { Log } from "../../base/log.ts";
import type { Resolver } from "../../net/resolver.ts";
import { domainOf } from "./links.ts";
import { freeMail } from "./rules/hosts.ts";

export type DomainListHealth = "ok" | "answers for everything" | "refuses us" | "does not answer";
type Zone = { readonly name: string; health: DomainListHealth };

export class DomainLists {
  readonly zones: readonly Zone[];
  readonly #dns: Pick<Resolver, "a">;
  readonly #log: Log;

  constructor(names: readonly string[], dns: Pick<Resolver, "a">, log: Log) {
    this.zones = names.map((name) => ({ name: name.toLowerCase().replace(/^\.|\.$/g, ""), health: "ok" }));
    this.#dns = dns;
    this.#log = log;
  }

  /** RFC 5782 §5: "invalid" is listed nowhere. Not every list has the entry "test", so that its absence says nothing. */
  async check(): Promise<void> {
    await Promise.all(
      this.zones.map(async (zone) => {
        const answer = await this.#dns.a(`invalid.${zone.name}`);
        if (answer.kind === "trouble") this.#turn(zone, "does not answer");
        else if (answer.kind === "none") zone.health = "ok";
        else this.#turn(zone, answer.records.some(refuses) ? "refuses us" : "answers for everything");
      }),
    );
  }

  /** Those of the domains that one of the lists names. */
  async find(domains: readonly string[]): Promise<string[]> {
    const wanted = new Set(domains.map(domainOf).filter((domain) => !freeMail.has(domain) && !/^[\d.]+$/.test(domain)));
    const zones = this.zones.filter(({ health }) => health === "ok");
    const found = await Promise.all(
      [...wanted].map(async (domain) => {
        const said = await Promise.all(zones.map((zone) => this.#lists(domain, zone)));
        return said.includes(true) ? domain : undefined;
      }),
    );
    return found.filter((domain) => domain !== undefined);
  }

  async #lists(domain: string, zone: Zone): Promise<boolean> {
    const answer = await this.#dns.a(`${domain}.${zone.name}`);
    if (answer.kind !== "found") return false;
    if (answer.records.some(refuses)) {
      this.#turn(zone, "refuses us");
      return false;
    }
    // A name that was sold answers with the address of a shop.
    if (!answer.records.every((address) => address.startsWith("127."))) {
      this.#turn(zone, "answers for everything");
      return false;
    }
    // Spamhaus: 127.0.1.255 says that the question was wrong.
    return answer.records.some((address) => /^127\.0\.[01]\.\d+$/.test(address) && address !== "127.0.1.255");
  }

  #turn(zone: Zone, health: DomainListHealth): void {
    if (zone.health !== health)
      this.#log.warn({ list: zone.name, health }, "a DNS list of domains is not used: it does not behave");
    zone.health = health;
  }
}

/** 127.255.255.x is what lists tell public resolvers and heavy users; 127.0.0.1 is URIBL's way to say so. */
function refuses(address: string): boolean {
  return address.startsWith("127.255.255.") || address === "127.0.0.1";
}
