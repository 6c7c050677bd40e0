/** What is found out about a message's signature: no more than is so. */
export type Signature =
  | {
      readonly kind: "good";
      /** Whom the key says it belongs to. */
      readonly addresses: readonly string[];
      readonly fingerprint: string;
      readonly checked: boolean;
      /** The sender's address is among these. */
      readonly ofSender: boolean;
      readonly by: "openpgp" | "smime";
      /** Of S/MIME: who has issued the certificate; nobody here has looked whether they can be trusted. */
      readonly issuer: string | undefined;
      /** Of S/MIME: as it was beside the signature. */
      readonly certificate?: Uint8Array;
      readonly at: number | undefined;
    }
  | { readonly kind: "unknown-key"; readonly keyId: string }
  | { readonly kind: "bad"; readonly why: "changed" | "expired" | "malformed" };

export type Opened = {
  /** MIME as it was within; undefined where the message itself is what was signed. */
  readonly mime: Uint8Array | undefined;
  readonly encrypted: boolean;
  readonly signature: Signature | undefined;
};

export type Outcome =
  | { readonly kind: "opened"; readonly opened: Opened }
  | { readonly kind: "locked"; readonly fingerprint: string }
  | { readonly kind: "no-key" }
  /** Encrypted without protection of what it says: not shown (EFAIL). */
  | { readonly kind: "unprotected" }
  | { readonly kind: "broken" }
  | { readonly kind: "not-read" };
