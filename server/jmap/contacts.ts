/** Address books and the cards in them: RFC 9610. */

import * as is from "../../protocol/jmap/check.ts";
import { cardFault, cardTexts, maxCardChars } from "../../protocol/jmap/contact-card.ts";
import { utcDateText } from "../../protocol/jmap/email-header.ts";
import { invalidProperties, isObject, type JsonObject, setError } from "../../protocol/jmap/types.ts";
import type { StoredObject } from "../store/jmap.ts";
import type { AccountId } from "../store/store.ts";
import { type Call, createdId } from "./call.ts";
import { contacts } from "./capabilities.ts";
import { keptMedia, shownMedia } from "./card-media.ts";
import { readShares } from "./contact-sharing.ts";
import { wordsOf } from "./email-filter.ts";
import { property, type QueryRules } from "./object-query.ts";
import type { ObjectType } from "./object-type.ts";
import { allObjects } from "./objects.ts";
import { bookRights, type SharedBooks } from "./shared-books.ts";

export const firstBookId = "B1";
export const maxAddressBooks = 100;
const rights = { mayRead: true, mayWrite: true, mayShare: true, mayDelete: true };

export const addressBookType: ObjectType = {
  name: "AddressBook",
  capability: contacts,
  guest: { shares: "books", as: ({ books }) => guestBookType(books!) },
  most: maxAddressBooks,
  properties: ["id", "name", "description", "sortOrder", "isDefault", "isSubscribed", "shareWith", "myRights"],
  serverSet: ["isDefault", "myRights"],
  first: () => [
    {
      id: firstBookId,
      data: { name: "Personal", description: null, sortOrder: 0, isDefault: true, isSubscribed: true, shareWith: null },
    },
  ],
  show: (data) => ({ shareWith: null, ...data, myRights: rights }),
  accept: async (after, before, call) => {
    const { myRights: _, shareWith, ...given } = after;
    const shares = await readShares(shareWith, before?.["shareWith"], call);
    if ("error" in shares) return shares;
    const data: JsonObject = {
      name: "",
      description: null,
      sortOrder: 0,
      isDefault: before?.["isDefault"] ?? false,
      isSubscribed: true,
      ...given,
    };
    const bad = Object.entries(data).flatMap(([name, value]) => (isBookValue(name, value) ? [] : [name]));
    if (bad.length > 0)
      return { error: invalidProperties(bad, `These cannot be set, or not to this: ${bad.join(", ")}.`) };
    if (before === undefined) {
      if (data["isDefault"] !== false)
        return { error: invalidProperties(["isDefault"], "isDefault: onSuccessSetIsDefault sets it.") };
    }
    return { data: { ...data, shareWith: shares.ok } };
  },
};

/** An address book as others see it: they may subscribe to it, and no more (`address-book-set.ts`). */
export const guestBookType = ({ books, floor }: SharedBooks): ObjectType => ({
  ...addressBookType,
  floor,
  sees: (_, id) => books.has(id),
  show: (data, id) => {
    const { mayWrite = false, isSubscribed = true } = books.get(id) ?? {};
    return { ...data, isDefault: false, isSubscribed, shareWith: null, myRights: bookRights(mayWrite) };
  },
});

function isBookValue(name: string, value: unknown): boolean {
  switch (name) {
    case "name":
      return typeof value === "string" && value !== "" && Buffer.byteLength(value) <= 255;
    case "description":
      return value === null || (typeof value === "string" && value.length <= 10_000);
    case "sortOrder":
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case "isSubscribed":
    case "isDefault":
      return typeof value === "boolean";
    default:
      return false;
  }
}

export const cardType: ObjectType = {
  name: "ContactCard",
  capability: contacts,
  guest: { shares: "books", as: ({ books }) => guestCardType(books!) },
  // A card has whatever properties it has: all of them are shown where none are asked for.
  properties: [],
  unique: "uid",
  show: shownMedia,
  accept: async (after, before, call, _id, account) => {
    const data: { [name: string]: JsonObject[string] } = { ...after };
    const books = await readBooks(data["addressBookIds"], call, account);
    if (books === undefined)
      return {
        error: invalidProperties(
          ["addressBookIds"],
          "addressBookIds: a card is in at least one address book that is there.",
        ),
      };
    data["addressBookIds"] = books;
    data["@type"] ??= "Card";
    data["version"] ??= "1.0";
    data["uid"] ??= `urn:uuid:${uuidOf(call.ports.random(16))}`;
    data["kind"] ??= "individual";
    const at = utcDateText(call.ports.now());
    data["created"] ??= at;
    if (before === undefined) data["updated"] ??= at;
    else if (after["updated"] === before["updated"]) data["updated"] = at;
    if (isObject(data["media"])) {
      const media = await keptMedia(data["media"], before ?? {}, call);
      if ("error" in media) return media;
      data["media"] = media.ok;
    }
    const fault = cardFault(data);
    if (fault !== undefined) return { error: invalidProperties([fault.property], fault.why) };
    if (before !== undefined && before["uid"] !== data["uid"])
      return { error: invalidProperties(["uid"], "uid: it cannot be changed.") };
    if (JSON.stringify(data).length > maxCardChars)
      return { error: setError("tooLarge", `A card has at most ${maxCardChars} characters.`) };
    return { data };
  },
};

/** Cards in address books that are shared: seen in these books alone, changed where all of these may be written to. */
export const guestCardType = ({ books, floor }: SharedBooks): ObjectType => {
  const booksOf = (card: JsonObject | undefined): readonly string[] =>
    isObject(card?.["addressBookIds"]) ? Object.keys(card["addressBookIds"]) : [];
  const mayWrite = (ids: readonly string[]): boolean => ids.every((id) => books.get(id)?.mayWrite === true);
  const forbidden = setError("forbidden", "You may read this address book only.");
  return {
    ...cardType,
    floor,
    sees: (card) => booksOf(card).some((id) => books.has(id)),
    show: (card) => ({
      ...shownMedia(card),
      addressBookIds: Object.fromEntries(booksOf(card).flatMap((id) => (books.has(id) ? [[id, true]] : []))),
    }),
    accept: (after, before, call, id, account) => {
      const [wanted, had] = [booksOf(after), booksOf(before)];
      const hidden = had.filter((book) => !books.has(book));
      const seen = had.filter((book) => books.has(book));
      if (!mayWrite(wanted) || !mayWrite(seen)) return { error: forbidden };
      // It stays in the owner's other books, which the caller does not know of.
      const stays = Object.fromEntries([...wanted, ...hidden].map((book) => [book, true]));
      const all = wanted.length === 0 ? after : { ...after, addressBookIds: stays };
      return cardType.accept(all, before, call, id, account);
    },
    keep: (card) => (mayWrite(booksOf(card)) ? undefined : forbidden),
  };
};

async function readBooks(value: unknown, call: Call, account: AccountId): Promise<JsonObject | undefined> {
  if (!isObject(value)) return undefined;
  const { objects } = await allObjects(addressBookType, call, account);
  const known = new Set(objects.map(({ id }) => id));
  const books: { [id: string]: true } = {};
  for (const [key, one] of Object.entries(value)) {
    const id = createdId(call, key);
    if (one !== true || id === undefined || !known.has(id)) return undefined;
    books[id] = true;
  }
  return Object.keys(books).length === 0 ? undefined : books;
}

function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const textConditions: ReadonlySet<string> = new Set([
  "text",
  "name",
  "name/given",
  "name/surname",
  "name/surname2",
  "nickname",
  "organization",
  "email",
  "phone",
  "onlineService",
  "address",
  "note",
]);

/** What was made of cards that a filter is looking at. */
const textsOf = new WeakMap<StoredObject, Map<string, string>>();

/** All texts of a card that a condition looks at, in small letters, a line each. */
function textOf(one: StoredObject, condition: string): string {
  let known = textsOf.get(one);
  if (known === undefined) textsOf.set(one, (known = new Map()));
  let text = known.get(condition);
  if (text === undefined)
    known.set(
      condition,
      (text = cardTexts(one.data as JsonObject, condition)
        .join("\n")
        .toLowerCase()),
    );
  return text;
}

/** RFC 9610 §3.3. */
export const cardRules: QueryRules = {
  // As many words as a filter of emails has.
  weight: (name, value) =>
    textConditions.has(name) && typeof value === "string" ? 10 * Math.max(1, wordsOf(value).length) : 1,
  condition: (name, value) => {
    if (textConditions.has(name)) {
      if (typeof value !== "string") return "wrong";
      const words = wordsOf(value).map((word) => word.toLowerCase());
      return (one) => {
        const text = textOf(one, name);
        return words.every((word) => text.includes(word));
      };
    }
    switch (name) {
      case "inAddressBook":
        return typeof value === "string"
          ? (one) => Object.hasOwn((property(one, "addressBookIds") as object | undefined) ?? {}, value)
          : "wrong";
      case "uid":
      case "kind":
        return typeof value === "string" ? (one) => property(one, name) === value : "wrong";
      case "hasMember":
        return typeof value === "string"
          ? (one) => Object.hasOwn((property(one, "members") as object | undefined) ?? {}, value)
          : "wrong";
      case "createdBefore":
      case "createdAfter":
      case "updatedBefore":
      case "updatedAfter": {
        const date = is.utcDate(value, "");
        if (date instanceof is.Mismatch) return "wrong";
        const bound = Date.parse(date);
        const own = name.startsWith("created") ? "created" : "updated";
        const at = (text: unknown) => Date.parse(String(text));
        return name.endsWith("Before")
          ? (one) => at(property(one, own)) < bound
          : (one) => at(property(one, own)) >= bound;
      }
      default:
        return undefined;
    }
  },
  sortKey: (name) => {
    if (name === "created" || name === "updated") return (one) => String(property(one, name) ?? "");
    if (name === "name/given" || name === "name/surname" || name === "name/surname2")
      return (one) =>
        (
          cardTexts(one.data as JsonObject, name)[0] ??
          cardTexts(one.data as JsonObject, "name")[0] ??
          ""
        ).toLowerCase();
    return undefined;
  },
  defaultSort: [{ property: "name/given", isAscending: true, collation: undefined, keyword: undefined }],
};
