/** A card of an address book (JSContact, RFC 9553), as far as it is shown. */
import type { Id } from "../jmap/types.ts";

type Marks = { readonly [name: string]: boolean };
export type Component = { readonly kind: string; readonly value: string };
export type Contexts = { readonly contexts?: Marks; readonly label?: string; readonly pref?: number };
export type PartialDate = { readonly year?: number; readonly month?: number; readonly day?: number };
export type VcardProperty = readonly [
  name: string,
  params: { readonly [name: string]: string },
  type: string,
  value: string,
];

export type Card = {
  readonly id: Id;
  readonly uid: string;
  readonly kind?: "individual" | "group" | "org" | "location" | "device" | "application";
  readonly addressBookIds: { readonly [id: Id]: boolean };
  readonly name?: {
    readonly full?: string;
    readonly components?: readonly Component[];
  };
  readonly nicknames?: { readonly [key: string]: { readonly name: string } };
  readonly emails?: { readonly [key: string]: Contexts & { readonly address: string } };
  readonly phones?: { readonly [key: string]: Contexts & { readonly number: string; readonly features?: Marks } };
  readonly organizations?: {
    readonly [key: string]: { readonly name?: string; readonly units?: readonly { readonly name: string }[] };
  };
  readonly titles?: { readonly [key: string]: { readonly name: string; readonly kind?: "title" | "role" } };
  readonly addresses?: {
    readonly [key: string]: Contexts & { readonly full?: string; readonly components?: readonly Component[] };
  };
  readonly anniversaries?: {
    readonly [key: string]: { readonly kind: string; readonly date: PartialDate | { readonly utc: string } };
  };
  readonly links?: { readonly [key: string]: Contexts & { readonly uri: string } };
  readonly media?: { readonly [key: string]: { readonly kind: string; readonly uri: string } };
  readonly keywords?: Marks;
  readonly notes?: { readonly [key: string]: { readonly note: string } };
  /** Of a group: uids. */
  readonly members?: { readonly [uid: string]: boolean };
  /** What vCards say that has no property of its own (RFC 9555 §2.15), as jCard has it: name, parameters, type, value. */
  readonly vCardProps?: readonly VcardProperty[];
};
