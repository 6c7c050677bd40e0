/** What is said of a type of things that the store keeps as JSON, and what clients are told of its state. */
import { createHash } from "node:crypto";
import type { JsonObject, SetError } from "../../protocol/jmap/types.ts";
import type { AccountId } from "../store/store.ts";
import type { Call } from "./call.ts";

export type ObjectType = {
  readonly name: string;
  readonly capability: string;
  /** All that /get shows. */
  readonly properties: readonly string[];
  /** Where an account has never had one: what it begins with. */
  readonly first?: (call: Call) => readonly { readonly id: string; readonly data: JsonObject }[];
  /** What a new or changed object is kept as, or what is wrong with it. `before` is undefined for a new one; `after` is what the client wants. */
  readonly accept: (
    after: JsonObject,
    before: JsonObject | undefined,
    call: Call,
    id: string,
    account: AccountId,
  ) => Accepted | Promise<Accepted>;
  /** What a client sees of it; without it, the data. */
  readonly show?: (data: JsonObject, id: string) => JsonObject;
  /** Why it cannot go. */
  readonly keep?: (data: JsonObject, id: string, call: Call) => SetError | undefined | Promise<SetError | undefined>;
  /** How many an account may have, where that is less than the store allows. */
  readonly most?: number;
  /** A property that no two of them have alike. It is not changed. */
  readonly unique?: string;
  /** Properties that the server sets: a client may send them unchanged. */
  readonly serverSet?: readonly string[];
  /** Of another's account: those that the caller sees. */
  readonly sees?: (data: JsonObject, id: string) => boolean;
  /** Of another's account: states before this one say nothing of what is seen now. */
  readonly floor?: number;
  /** Of another's account: what hangs on grants; where these change, states of before say nothing. */
  readonly sight?: string;
  /** Of another's account: what it is for somebody with whom its address books are shared, or who may send from it. */
  readonly guest?: { readonly shares: "books" | "sending"; readonly as: (call: Call) => ObjectType };
};

export const forCaller = (type: ObjectType, call: Call): ObjectType =>
  call.access.own || type.guest === undefined ? type : type.guest.as(call);

/** Whom the methods of a type are for. */
export const sharesOf = ({ guest }: ObjectType): "own" | "books" | "sending" => guest?.shares ?? "own";

const sightMark = (sight: string): string => createHash("sha1").update(sight).digest("hex").slice(0, 8);

/** The state as a client is told it. */
export const stateOf = ({ sight }: ObjectType, state: number): string =>
  sight === undefined ? String(state) : `${state}-${sightMark(sight)}`;

/** The number in a state that a client has been told; undefined where it is none, or one of before what the caller sees now. */
export function stateNumber({ sight }: ObjectType, text: string): number | undefined {
  const [, digits, mark] = /^(\d{1,15})(?:-([0-9a-f]{8}))?$/.exec(text) ?? [];
  return digits === undefined || mark !== (sight === undefined ? undefined : sightMark(sight))
    ? undefined
    : Number(digits);
}

export type Accepted = { readonly data: JsonObject } | { readonly error: SetError };
