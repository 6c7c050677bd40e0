/** Lanes that share a bound: the ways of one source to one provider, or to the domains of one site. */
import { type RateState, unpaced } from "./rate.ts";
import type { Path } from "./site.ts";

export type Group<Lane> = {
  /** Connections of all its lanes, those being opened and the idle ones included. */
  connections: number;
  /** Lanes with work that wait until another of the group gives up a connection, first come first served. */
  readonly waiting: Set<Lane>;
  readonly rate: RateState;
};

export class Groups<Lane> {
  readonly #known = new Map<string, Group<Lane>>();

  /** The group of the path's source and provider, where it has one. */
  ofProvider({ egress, provider }: Path): Group<Lane> | undefined {
    return provider === undefined ? undefined : this.#of(`provider ${egress?.name ?? ""} ${provider}`);
  }

  /** The group of a site whose domains have lanes of their own. */
  ofSite({ siteKey }: Path): Group<Lane> | undefined {
    return siteKey === undefined ? undefined : this.#of(`site ${siteKey}`);
  }

  /** Forgets those that are not among `used`. */
  keepOnly(used: ReadonlySet<Group<Lane>>): void {
    for (const [key, group] of this.#known) if (!used.has(group)) this.#known.delete(key);
  }

  #of(key: string): Group<Lane> {
    let group = this.#known.get(key);
    if (group === undefined) {
      group = { connections: 0, waiting: new Set(), rate: unpaced() };
      this.#known.set(key, group);
    }
    return group;
  }
}
