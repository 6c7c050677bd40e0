/** What a mailing list is where nothing is said. */

import type { ListSettings } from "../store/lists-store.ts";
import type { Address, Store } from "../store/store.ts";

export const defaultListSettings: ListSettings = {
  displayName: "",
  description: "",
  posting: "members",
  others: "hold",
  moderated: false,
  subscribing: "open",
  subjectTag: "",
  replyTo: "author",
  archive: true,
  publicArchive: false,
  footer: "",
  maxBounces: 3,
  maxMessageBytes: 10 * 1024 * 1024,
};

export type List = {
  readonly address: string;
  readonly local: string;
  readonly domain: string;
  readonly settings: ListSettings;
};

/** The list at an address, or undefined where there is none. */
export async function listAt(store: Pick<Store, "addresses">, address: string): Promise<List | undefined> {
  const cut = address.lastIndexOf("@");
  const row = (await store.addresses({ local: address.slice(0, cut), domain: address.slice(cut + 1) }))[0];
  return row === undefined ? undefined : listOf(row);
}

export function listOf({ local, domain, about }: Address): List | undefined {
  if (about?.kind !== "list") return undefined;
  const { kind: _, ...settings } = about;
  return { address: `${local}@${domain}`, local, domain, settings: { ...defaultListSettings, ...settings } };
}

/** One of its other addresses: team-owner@example.org. */
export const partAddress = ({ local, domain }: Pick<List, "local" | "domain">, part: string, token = ""): string =>
  `${local}-${part}${token === "" ? "" : `+${token}`}@${domain}`;
