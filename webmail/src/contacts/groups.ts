/** Groups of the address books, as recipients. */
import type { EmailAddress } from "../jmap/types.ts";
import { addressesOf, cards, nameOfCard } from "./cards.svelte.ts";

export type Group = { readonly name: string; readonly people: readonly EmailAddress[] };

export const suggestGroups = (typed: string): readonly Group[] =>
  cards.list
    .filter((card) => card.kind === "group" && nameOfCard(card).toLowerCase().startsWith(typed.toLowerCase()))
    .map((card) => ({ name: nameOfCard(card), people: addressesOf(card) }))
    .filter(({ people }) => people.length > 0);
