/** The OpenPGP keys that people of the domains hosted here publish: found by domain and the name that the Web Key Directory gives them. */
import { wkdHash } from "../../protocol/openpgp/wkd.ts";
import type { AccountId, Instant, Store } from "../store/store.ts";

/** Objects of `server/jmap/public-key.ts`. */
export type PublicKeyData = { readonly email: string; readonly key: string };
export const publicKeyType = "PublicKey";

/** What another process has published is seen after so long. */
const rememberedMs = 60_000;

type Place = { readonly account: AccountId; readonly id: string; readonly email: string };

export type PublishedPorts = {
  readonly store: Pick<Store, "objects" | "objectsOfAll">;
  readonly now: () => Instant;
  /** Whether the account has the address still. */
  readonly has: (account: AccountId, local: string, domain: string) => Promise<boolean>;
};

export class PublishedKeys {
  readonly #ask: PublishedPorts;
  #places: Promise<ReadonlyMap<string, Place>> | undefined;
  #until = 0;

  constructor(ask: PublishedPorts) {
    this.#ask = ask;
  }

  /** Something was published or withdrawn here. */
  changed(): void {
    this.#until = 0;
  }

  /** The key in binary; undefined where none is published. */
  async of(domain: string, hash: string): Promise<Buffer | undefined> {
    const now = this.#ask.now();
    if (this.#places === undefined || now >= this.#until) {
      this.#until = now + rememberedMs;
      this.#places = this.#load();
      // What failed is asked again.
      this.#places.catch(() => this.changed());
    }
    const place = (await this.#places).get(`${domain} ${hash}`);
    if (place === undefined) return undefined;
    const at = place.email.lastIndexOf("@");
    if (!(await this.#ask.has(place.account, place.email.slice(0, at), domain))) return undefined;
    const { objects } = await this.#ask.store.objects(place.account, publicKeyType);
    const found = objects.find(({ id }) => id === place.id)?.data as PublicKeyData | undefined;
    return found === undefined ? undefined : Buffer.from(found.key, "base64");
  }

  async #load(): Promise<ReadonlyMap<string, Place>> {
    const places = new Map<string, Place>();
    for (const { account, id, data } of await this.#ask.store.objectsOfAll(publicKeyType)) {
      const { email } = data as PublicKeyData;
      const at = email.lastIndexOf("@");
      places.set(`${email.slice(at + 1).toLowerCase()} ${wkdHash(email.slice(0, at))}`, { account, id, email });
    }
    return places;
  }
}
