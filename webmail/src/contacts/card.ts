/** A card of an address book (JSContact, RFC 9553), as far as it is shown. */
import type { Id } from "../jmap/types.ts";

export type Card = {
  readonly id: Id;
  readonly uid: string;
  readonly kind?: "individual" | "group" | "org" | "location" | "device" | "application";
  readonly addressBookIds: { readonly [id: Id]: boolean };
  readonly name?: {
    readonly full?: string;
    readonly components?: readonly { readonly kind: string; readonly value: string }[];
  };
  readonly emails?: {
    readonly [key: string]: { readonly address: string; readonly contexts?: { readonly [name: string]: boolean } };
  };
  readonly phones?: { readonly [key: string]: { readonly number: string } };
  readonly organizations?: { readonly [key: string]: { readonly name?: string } };
  readonly notes?: { readonly [key: string]: { readonly note: string } };
  /** Of a group: uids. */
  readonly members?: { readonly [uid: string]: boolean };
};
