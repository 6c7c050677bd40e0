/**
 * What is worked out about a message once, when it arrives, and kept beside its bytes. Made by `factsOf(raw)` in
 * `protocol/mime/facts-of.ts`; read by the store (threads, search), IMAP (ENVELOPE, BODYSTRUCTURE, SORT) and JMAP.
 *
 * "Byte string": each UTF-16 unit is one byte (latin1); it goes to the wire with encoding "latin1".
 */
export type MessageFacts = {
  /** Length of the header section in bytes, the empty line included. */
  readonly headerBytes: number;
  /** RFC 9051 §7.5.2 ENVELOPE, parentheses included, as FETCH sends it. A byte string (8-bit values are literals). */
  readonly envelope: string;
  /** RFC 9051 §7.5.2 BODYSTRUCTURE (extensible form), parentheses included. A byte string. */
  readonly structure: string;
  /** Decoded Subject: one line, white space collapsed, NFC, at most `maxSubjectChars` UTF-16 units, case kept. */
  readonly subject: string;
  /** The Date field, milliseconds since 1970, or undefined where it is missing or nonsense. */
  readonly sentAt: number | undefined;
  /** Message-ID without its angle brackets, or undefined. */
  readonly messageId: string | undefined;
  /** Ids of References and In-Reply-To without brackets, oldest first, no repeats, bounded by `maxReferences`. */
  readonly references: readonly string[];
  /** True when a part is an attachment as RFC 8621 §4.1.4 `hasAttachment` means it. */
  readonly hasAttachment: boolean;
  /**
   * Trigram signature for substring search (see `protocol/mime/signature.ts`): a Bloom filter over the case-folded
   * decoded text (header fields and text parts). A zero-length array means "may hold anything: look inside".
   */
  readonly signature: Uint8Array;
};
