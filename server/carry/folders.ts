/** What a folder elsewhere is here. */
import type { SpecialUse } from "../store/store.ts";

export type Folder = {
  /** The levels of its path. */
  readonly levels: readonly string[];
  /** RFC 6154: "\\Sent" and the like; undefined where the server does not say. */
  readonly specialUse: string | undefined;
};

/** A view of messages that are in other folders too. */
export type FolderHere = { readonly path: string; readonly role: SpecialUse | undefined; readonly isView: boolean };

const roles: { readonly [use: string]: SpecialUse } = {
  "\\inbox": "inbox",
  "\\sent": "sent",
  "\\drafts": "drafts",
  "\\trash": "trash",
  "\\junk": "junk",
  "\\archive": "archive",
};

/** Names that programs and providers give, where the server does not say what they are; at the top only. */
const names: readonly (readonly [SpecialUse, RegExp])[] = [
  [
    "sent",
    /^(?:sent|sent[ -](?:items|mail|messages|objects)|gesendet(?:e elemente|e objekte)?|envoyés|éléments envoyés|enviados|elementos enviados|posta inviata|verzonden(?: items)?|skickat|отправленные)$/,
  ],
  ["drafts", /^(?:drafts?|entwürfe|brouillons|borradores|bozze|concepten|utkast|черновики)$/],
  [
    "trash",
    /^(?:trash|deleted(?: items| messages)?|bin|papierkorb|gelöschte (?:elemente|objekte)|corbeille|éléments supprimés|papelera|cestino|prullenbak|verwijderde items|papperskorgen|корзина)$/,
  ],
  [
    "junk",
    /^(?:junk|junk[ -]e-?mail|spam|bulk(?: mail)?|spamverdacht|courrier indésirable|correo no deseado|posta indesiderata|ongewenste e-mail|skräppost|спам)$/,
  ],
  ["archive", /^(?:archives?|archiv|archivo|archivio|archief|arkiv|архив)$/],
];

/** Undefined: nothing in it is worth taking (a view of what is starred or important). */
export function folderHere({ levels, specialUse }: Folder): FolderHere | undefined {
  const use = specialUse?.toLowerCase();
  if (use === "\\flagged" || use === "\\important") return undefined;
  // Gmail's "All Mail" is where archived mail lies, beside everything else.
  if (use === "\\all") return { path: "Archive", role: "archive", isView: true };
  // "INBOX.Sent", "INBOX/Sent" on servers that keep everything below the inbox; "[Gmail]/…".
  const within = levels.length > 1 && /^(?:inbox|\[g(?:oogle ?)?mail\])$/i.test(levels[0]!) ? levels.slice(1) : levels;
  if (levels.length === 1 && /^inbox$/i.test(levels[0]!)) return { path: "INBOX", role: "inbox", isView: false };
  const known = use === undefined ? undefined : roles[use];
  const path = within.map(levelHere).join("/");
  if (known !== undefined) return { path, role: known, isView: false };
  const plain = within.length === 1 ? within[0]!.normalize("NFC").toLowerCase() : "";
  const guessed = names.find(([, form]) => form.test(plain))?.[0];
  return { path, role: guessed, isView: false };
}

/** A level as it may be called here: no separator, no controls. */
function levelHere(level: string): string {
  const clean = level
    .normalize("NFC")
    .replace(/[\x00-\x1f\x7f]/g, "")
    .replaceAll("/", "\u2215")
    .trim()
    .slice(0, 200);
  return clean === "" ? "unnamed" : clean;
}

const flagNames: { readonly [flag: string]: number } = {
  "\\seen": 1,
  "\\answered": 2,
  "\\flagged": 4,
  "\\deleted": 8,
  "\\draft": 16,
};
const maxKeywords = 50;

/** IMAP flags as marks. What is marked for deletion elsewhere is taken without that mark: it would be gone with the next EXPUNGE. */
export function marksOf(flags: Iterable<string>): { readonly flags: number; readonly keywords: readonly string[] } {
  let bits = 0;
  const keywords = new Set<string>();
  for (const flag of flags) {
    const bit = flagNames[flag.toLowerCase()];
    if (bit !== undefined) bits |= bit === 8 ? 0 : bit;
    else if (/^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,100}$/.test(flag) && keywords.size < maxKeywords)
      keywords.add(flag);
  }
  return { flags: bits, keywords: [...keywords] };
}
