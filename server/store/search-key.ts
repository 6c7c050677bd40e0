/** Search and sort as plain values, the same for IMAP SEARCH and JMAP Email/query. Sequence numbers are already UIDs. */
import type { Places } from "../../protocol/words/postings.ts";
import type { AskedWord } from "../../protocol/words/words.ts";
import type { Instant } from "./ids.ts";
import type { FlagBits, UidRange } from "./marks.ts";

/**
 * Text keys match as RFC 9051 §6.4.4 says: case-insensitive substring of the decoded text (encoded words, transfer
 * encodings and charsets undone), never across header fields or parts. `needle` is as the client gave it, decoded to Unicode.
 */
export type SearchKey =
  | { readonly kind: "all" }
  | { readonly kind: "none" }
  | { readonly kind: "and" | "or"; readonly keys: readonly SearchKey[] }
  | { readonly kind: "not"; readonly key: SearchKey }
  | { readonly kind: "uids"; readonly uids: readonly UidRange[] }
  | { readonly kind: "flag"; readonly flag: FlagBits }
  | { readonly kind: "keyword"; readonly keyword: string }
  | { readonly kind: "larger" | "smaller"; readonly bytes: number }
  | { readonly kind: "modseq"; readonly from: number }
  | { readonly kind: "email"; readonly email: number }
  | { readonly kind: "thread"; readonly thread: number }
  /** `from` inclusive, `before` exclusive; INTERNALDATE ("received"), RFC 8514 SAVEDATE ("saved"), or the Date field ("sent"). */
  | {
      readonly kind: "date";
      readonly of: "received" | "saved" | "sent";
      readonly from?: Instant;
      readonly before?: Instant;
    }
  /** Header field `name` holds `needle` ("" matches where the field is there at all). */
  | { readonly kind: "header"; readonly name: string; readonly needle: string }
  | { readonly kind: "body"; readonly needle: string }
  | { readonly kind: "text"; readonly needle: string }
  /** All these words, in one of these places each, as the index of words knows them. */
  | { readonly kind: "words"; readonly words: readonly AskedWord[]; readonly places: Places };

export type SortKey = {
  readonly by: "arrival" | "cc" | "date" | "from" | "size" | "subject" | "to" | "displayfrom" | "displayto";
  readonly reverse: boolean;
};
