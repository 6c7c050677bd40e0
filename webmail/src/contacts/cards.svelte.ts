/** The cards of the address books (JSContact, RFC 9553, over JMAP, RFC 9610). */
import { type EmailAddress, urn } from "../jmap/types.ts";
import { session, whenPushed } from "../state/session.svelte.ts";
import { shortened, shown } from "../trust/turns.ts";
import type { Card } from "./card.ts";

/** An address book with more is shown up to here. */
export const maxCards = 5_000;

let list = $state.raw<readonly Card[]>([]);
let loaded = $state(false);
let loading: Promise<void> | undefined;
whenPushed((states) => {
  if (loading !== undefined && ("ContactCard" in states || "AddressBook" in states)) {
    loading = undefined;
    void loadCards().catch(() => {});
  }
});

export const cards = {
  get list(): readonly Card[] {
    return list;
  },
  /** Nothing is said of them before. */
  get loaded(): boolean {
    return loaded;
  },
  byUid: (uid: string): Card | undefined => list.find((card) => card.uid === uid),
};

export function loadCards(): Promise<void> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<void> {
  const { client } = session;
  if (!client.has(urn.contacts)) {
    loaded = true;
    return;
  }
  const found: Card[] = [];
  const atOnce = Math.min(500, client.limit("maxObjectsInGet", 500));
  for (let position = 0; position < maxCards; position += atOnce) {
    const answers = await client.all([
      ["ContactCard/query", { position, limit: atOnce }, "q"],
      ["ContactCard/get", { "#ids": { resultOf: "q", name: "ContactCard/query", path: "/ids" } }, "c"],
    ]);
    const { list: some } = answers.get("c") as { list: Card[] };
    found.push(...some);
    if (some.length < atOnce) break;
  }
  loaded = true;
  list = found.sort((a, b) => nameOfCard(a).localeCompare(nameOfCard(b)));
}

export async function reloadCards(): Promise<void> {
  loading = undefined;
  await loadCards();
}

export function nameOfCard(card: Card): string {
  const full = card.name?.full ?? card.name?.components?.map(({ value }) => value).join(" ");
  return shortened(
    shown(full) ??
      shown(Object.values(card.organizations ?? {})[0]?.name) ??
      Object.values(card.emails ?? {})[0]?.address ??
      "?",
  );
}

/** The addresses of a card; of a group those of its members. */
export function addressesOf(card: Card): readonly EmailAddress[] {
  if (card.kind === "group")
    return Object.keys(card.members ?? {}).flatMap((uid) => {
      const member = cards.byUid(uid);
      return member === undefined || member.kind === "group" ? [] : addressesOf(member).slice(0, 1);
    });
  const name = nameOfCard(card);
  return Object.values(card.emails ?? {}).map(({ address }) => ({
    name: name === address ? null : name,
    email: address,
  }));
}
