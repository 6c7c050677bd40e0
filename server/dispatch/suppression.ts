/** Addresses that are not written to, and for whom: the platform, a tenant, one of its streams or lists (docs/sending.md). */
import { createHmac, randomBytes } from "node:crypto";
import type { Suppression } from "../store/sending.ts";
import type { Instant, Store } from "../store/store.ts";

export type SuppressionStore = Pick<
  Store,
  "setting" | "putSetting" | "suppressed" | "suppressions" | "suppress" | "unsuppress" | "anySuppression" | "subscribe"
>;

/** Who writes. */
export type Writer = {
  readonly tenant?: string | undefined;
  readonly stream?: string | undefined;
  readonly list?: string | undefined;
  /** Its stream is marketing: complaints count. */
  readonly marketing?: boolean;
};

/** Why addresses are on a list. */
export const suppressionReasons = [
  "bounced",
  "inactive",
  "repeated-failure",
  "complained",
  "unsubscribed",
  "trap",
  "manual",
] as const;
export type SuppressionReason = (typeof suppressionReasons)[number];

const secretSetting = "suppression";
/** Addresses asked about or changed at once. */
export const maxAtOnce = 10_000;

/** "platform", "tenant:T", "marketing:T" (all marketing streams of T), "stream:T/S", "list:T/L". */
export function isScope(text: string): boolean {
  return (
    text === "platform" ||
    /^(?:tenant|marketing):[a-z0-9._-]{1,64}$|^(?:stream|list):[a-z0-9._-]{1,64}\/[A-Za-z0-9._-]{1,64}$/.test(text)
  );
}

export function scopesOf({ tenant, stream, list, marketing }: Writer): readonly string[] {
  if (tenant === undefined) return ["platform"];
  return [
    "platform",
    `tenant:${tenant}`,
    ...(marketing === true ? [`marketing:${tenant}`] : []),
    ...(stream === undefined ? [] : [`stream:${tenant}/${stream}`]),
    ...(list === undefined ? [] : [`list:${tenant}/${list}`]),
  ];
}

export class SuppressionBook {
  readonly #store: SuppressionStore;
  readonly #key: Buffer;
  readonly #now: () => Instant;
  readonly #unsubscribe: () => void;
  /** Those that are suppressed whatever the lists say. */
  readonly #always: (address: string) => Suppression | undefined;
  /** Nobody is suppressed: nothing needs to be asked. */
  #empty: boolean;

  private constructor(
    store: SuppressionStore,
    key: Buffer,
    empty: boolean,
    now: () => Instant,
    always: (address: string) => Suppression | undefined,
  ) {
    this.#always = always;
    this.#store = store;
    this.#key = key;
    this.#empty = empty;
    this.#now = now;
    this.#unsubscribe = store.subscribe((changes) => {
      if (changes.some((change) => change.kind === "sending" && change.of.includes("suppression"))) this.#empty = false;
    });
  }

  /** Makes the secret of the hashes the first time. */
  static async open(
    store: SuppressionStore,
    now: () => Instant,
    always: (address: string) => Suppression | undefined = () => undefined,
  ): Promise<SuppressionBook> {
    const read = async () => (await store.setting(secretSetting)) as { readonly secret: string } | undefined;
    if ((await read()) === undefined)
      await store.putSetting(secretSetting, { secret: randomBytes(32).toString("base64") });
    const key = Buffer.from((await read())?.secret ?? "", "base64");
    return new SuppressionBook(store, key, !(await store.anySuppression()), now, always);
  }

  hash(address: string): string {
    return createHmac("sha256", this.#key).update(address.trim().toLowerCase()).digest("base64url").slice(0, 24);
  }

  /** Those of the addresses that may not be written to, with the reason; undefined where there is none. Asks the store only where somebody is suppressed at all. */
  suppressed(
    addresses: readonly string[],
    writer: Writer,
  ): undefined | Promise<ReadonlyMap<string, Suppression> | undefined> {
    const always = addresses.flatMap((address): [string, Suppression][] => {
      const row = this.#always(address);
      return row === undefined ? [] : [[address, row]];
    });
    if (this.#empty || addresses.length === 0)
      return always.length === 0 ? undefined : Promise.resolve(new Map(always));
    return this.#ask(addresses, writer, always);
  }

  async #ask(
    addresses: readonly string[],
    writer: Writer,
    always: readonly [string, Suppression][],
  ): Promise<ReadonlyMap<string, Suppression> | undefined> {
    const byHash = new Map(addresses.map((address) => [this.hash(address), address]));
    const found = await this.#store.suppressed(scopesOf(writer), [...byHash.keys()], this.#now());
    const all = [...found.map((row): [string, Suppression] => [byHash.get(row.hash)!, row]), ...always];
    return all.length === 0 ? undefined : new Map(all);
  }

  row(
    scope: string,
    address: string,
    reason: SuppressionReason,
    given: { readonly evidence?: string; readonly expiresAt?: Instant | undefined } = {},
  ): Suppression {
    // Whoever asks for a row means to keep it: from now on the store is asked.
    this.#empty = false;
    return {
      scope,
      hash: this.hash(address),
      // The platform's list must not be a list of people.
      address: scope === "platform" ? "" : address.trim().toLowerCase(),
      reason,
      evidence: given.evidence ?? "",
      at: this.#now(),
      expiresAt: given.expiresAt,
    };
  }

  async add(
    scope: string,
    addresses: readonly string[],
    reason: SuppressionReason,
    given: { readonly evidence?: string; readonly expiresAt?: Instant | undefined } = {},
  ): Promise<void> {
    await this.#store.suppress(addresses.map((address) => this.row(scope, address, reason, given)));
  }

  list(scope: string, given: { readonly address?: string; readonly after?: string; readonly limit?: number } = {}) {
    const { address, ...rest } = given;
    return this.#store.suppressions({ scope, ...rest, ...(address === undefined ? {} : { hash: this.hash(address) }) });
  }

  remove(scope: string, addresses: readonly string[]): Promise<number> {
    return this.#store.unsuppress(
      scope,
      addresses.map((address) => this.hash(address)),
    );
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }
}
