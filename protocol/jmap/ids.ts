/** Ids as JMAP and RFC 8474 (IMAP OBJECTID) write them: a letter for the kind and the number. */

export type IdKind = "A" | "F" | "M" | "T";

/** A account, F mailbox, M email, T thread. */
export const idOf = (kind: IdKind, number: number): string => `${kind}${number}`;

/** The number of an id of this kind, or undefined: it can be nobody's. */
export function numberOf(kind: IdKind, id: string): number | undefined {
  if (!id.startsWith(kind) || !/^[1-9]\d{0,14}$/.test(id.slice(1))) return undefined;
  return Number(id.slice(1));
}

/** A blob: an email's message ("B12"), an upload ("U…"), or a part of either, by its place ("B12_2_1"). */
export type BlobId =
  | { readonly kind: "email"; readonly email: number; readonly path: readonly number[] }
  | { readonly kind: "upload"; readonly id: string; readonly path: readonly number[] }
  /** The text of a Sieve script, as long as it is that: its number and a mark of its content. */
  | { readonly kind: "script"; readonly id: string; readonly path: readonly number[] };

export const maxBlobPath = 60;

export function parseBlobId(text: string): BlobId | undefined {
  const [head = "", ...rest] = text.split("_");
  if (rest.length > maxBlobPath || !rest.every((step) => /^[1-9]\d{0,3}$/.test(step))) return undefined;
  const path = rest.map(Number);
  const email = /^B([1-9]\d{0,14})$/.exec(head);
  if (email !== null) return { kind: "email", email: Number(email[1]), path };
  if (/^S[1-9]\d{0,14}x[0-9a-f]{16}$/.test(head) && path.length === 0) return { kind: "script", id: head, path };
  return /^U[0-9a-f]{40}$/.test(head) ? { kind: "upload", id: head, path } : undefined;
}

export const emailBlobId = (email: number): string => `B${email}`;
/** Of a part "2.1" of the blob. */
export const partBlobId = (blobId: string, partId: string): string => `${blobId}_${partId.replaceAll(".", "_")}`;
