/** vCards become contacts: of a file, or of one that came with mail. */
import { toast } from "../../../ui/toasts.svelte.ts";
import type { Id } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";
import { t } from "../words.ts";
import { cards, loadCards, reloadCards } from "./cards.svelte.ts";
import { readVcards } from "./vcard.ts";

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

/** Those that are not there yet; how many they were is told. */
export async function bringIn(text: string): Promise<void> {
  const read = readVcards(text);
  if (read.length === 0) {
    toast(t("contacts.noVcards"), { kind: "problem" });
    return;
  }
  await loadCards();
  const book = await bookId();
  const known = new Set(cards.list.map(({ uid }) => uid));
  const fresh = read.filter(({ uid }) => !known.has(uid));
  for (let i = 0; i < fresh.length; i += atOnce)
    await session.client.set("ContactCard/set", {
      create: Object.fromEntries(
        fresh.slice(i, i + atOnce).map((one, n) => [`c${n}`, { ...one, addressBookIds: { [book]: true } }]),
      ),
    });
  await reloadCards();
  toast(t("contacts.imported", { n: fresh.length }));
}
