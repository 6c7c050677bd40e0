/**
 * Google Takeout writes the labels of a message as its second field, after X-GM-THRID: what is here mailboxes and marks. Mail that only
 * carries such a field within its own header (anybody can send that) says nothing.
 */
import { decodeWords } from "../../protocol/mime/fields/encoded-word.ts";
import { fieldValue, splitHeader } from "../../protocol/mime/header.ts";
import type { Marks } from "../store/store.ts";
import { folderHere } from "./folders.ts";

export type Labelled = {
  /** Levels of the mailboxes it lies in: one at least. */
  readonly places: readonly (readonly string[])[];
  readonly marks: Marks;
};

/** Takeout says them in the language of the account. */
const inbox =
  /^(?:inbox|posteingang|boîte de réception|recibidos|bandeja de entrada|posta in arrivo|postvak in|inkorg|входящие)$/;
const unread = /^(?:unread|ungelesen|non lus?|no leídos?|da leggere|non letti|ongelezen|oläst|непрочитанные)$/;
const starred =
  /^(?:starred|markiert|suivis|messages suivis|destacados?|speciali|met ster|stjärnmärkt|stjärnmärkta|помеченные)$/;
const important = /^(?:important|wichtig|importants|importantes?|importanti|belangrijk|viktigt|важное)$/;
/** What says nothing about a place. */
const views =
  /^(?:opened|geöffnet|ouverts?|abiertos?|aperti|geopend|öppnade?|открытые|archived|archiviert|archivés?|archivados?|archiviati|gearchiveerd|arkiverade?|архивированные|chats?|(?:category|kategorie|catégorie|categoría|categoria|categorie|kategori|категория)[ :].*)$/;

const seen = 1;
const flagged = 4;
const draft = 16;
const maxPlaces = 30;

/** The labels of a message as Takeout writes it; undefined: it has none. */
export function gmailLabels(bytes: Buffer): Labelled | undefined {
  if (!/^X-GM-THRID:/i.test(bytes.subarray(0, 11).toString("latin1"))) return undefined;
  const header = splitHeader(bytes, 0, bytes.length);
  const field = header.fields[1];
  if (field?.name !== "x-gmail-labels") return undefined;
  const labels = splitLabels(decodeWords(fieldValue(header, field)));
  const known = labels.map((label) => ({ label, plain: label.normalize("NFC").toLowerCase() }));
  const has = (form: RegExp): boolean => known.some(({ plain }) => form.test(plain));
  const found = known.flatMap(({ label, plain }) => {
    if (inbox.test(plain)) return [{ levels: ["INBOX"], role: "inbox" as const }];
    if ([unread, starred, important, views].some((form) => form.test(plain))) return [];
    const levels = label.split("/").filter((level) => level.trim() !== "");
    return levels.length === 0 ? [] : [{ levels, role: folderHere({ levels, specialUse: undefined })?.role }];
  });
  // What was thrown away or is spam lies nowhere else.
  const away = found.find(({ role }) => role === "trash" || role === "junk");
  const places = (away === undefined ? found : [away]).map(({ levels }) => levels).slice(0, maxPlaces);
  return {
    places: places.length === 0 ? [["Archive"]] : places,
    marks: {
      flags:
        (has(unread) ? 0 : seen) |
        (has(starred) ? flagged : 0) |
        (found.some(({ role }) => role === "drafts") ? draft : 0),
      keywords: has(important) ? ["$Important"] : [],
    },
  };
}

/** Labels between commas; those with a comma stand in quotes. */
function splitLabels(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|[^,]+/g)]
    .map(([whole, quoted]) => (quoted?.replace(/\\(.)/g, "$1") ?? whole).trim())
    .filter((label) => label !== "");
}
