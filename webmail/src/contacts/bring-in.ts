/** vCards become contacts: of a file, or of one that came with mail. */
import { toast } from "../../../ui/toasts.svelte.ts";
import type { Id } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";
import { t } from "../words.ts";
import type { Card } from "./card.ts";
import { cards, loadCards, reloadCards } from "./cards.svelte.ts";
import { readVcards, vcardText } from "./vcard.ts";

const atOnce = 100;

/** The address book that new contacts go to; made where there is none. */
export async function bookId(): Promise<Id> {
  const { list } = (await session.client.one("AddressBook/get", { ids: null })) as {
    list: { id: Id; isDefault: boolean }[];
  };
  const there = list.find(({ isDefault }) => isDefault) ?? list[0];
  if (there !== undefined) return there.id;
  const made = await session.client.set("AddressBook/set", { create: { book: { name: t("go.contacts") } } });
  return made.created.book.id;
}

/** Google gives its cards no names of their own: what says the same is the same. */
const saying = (card: Pick<Card, "name" | "emails" | "phones">): string =>
  JSON.stringify([
    card.name?.full,
    Object.values(card.emails ?? {}).map(({ address }) => address),
    Object.values(card.phones ?? {}).map(({ number }) => number),
  ]);

/** Those that are not there yet; how many they were is told. */
export async function bringIn(file: Blob): Promise<void> {
  const read = readVcards(vcardText(new Uint8Array(await file.arrayBuffer())));
  if (read.length === 0) {
    toast(t("contacts.noVcards"), { kind: "problem" });
    return;
  }
  await loadCards();
  const book = await bookId();
  const known = new Set(cards.list.map(({ uid }) => uid));
  const said = new Set(cards.list.map(saying));
  const fresh = read.filter((card) => !known.has(card.uid) && (card.kind === "group" || !said.has(saying(card))));
  for (let i = 0; i < fresh.length; i += atOnce)
    await session.client.set("ContactCard/set", {
      create: Object.fromEntries(
        fresh.slice(i, i + atOnce).map((one, n) => [`c${n}`, { ...one, addressBookIds: { [book]: true } }]),
      ),
    });
  await reloadCards();
  toast(t("contacts.imported", { n: fresh.length }));
}
