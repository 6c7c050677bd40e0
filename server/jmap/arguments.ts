/** The arguments that the standard methods share (RFC 8620 §5), and pages of lists that are in memory. */
import * as is from "../../protocol/jmap/check.ts";
import { failed, type JsonObject } from "../../protocol/jmap/types.ts";
import type { Answer, Call } from "./call.ts";

export const getArgs = {
  accountId: is.id,
  ids: is.maybe(is.array(is.string)),
  properties: is.maybe(is.array(is.string)),
};

export const changesArgs = is.object({
  accountId: is.id,
  sinceState: is.string,
  maxChanges: is.maybe(is.positive),
});

/** RFC 8620 §5.4. */
export const copyArgs = is.object({
  fromAccountId: is.id,
  ifFromInState: is.maybe(is.string),
  accountId: is.id,
  ifInState: is.maybe(is.string),
  create: is.map(is.id, is.anyObject),
  onSuccessDestroyOriginal: is.optional(is.bool),
  destroyFromIfInState: is.maybe(is.string),
});

export const sameAccount = failed("invalidArguments", "/fromAccountId: expected another account than accountId.", {
  pointer: "/fromAccountId",
});

export const setArgs = {
  accountId: is.id,
  ifInState: is.maybe(is.string),
  create: is.maybe(is.map(creationId(), is.anyObject)),
  update: is.maybe(is.map(is.idOrCreation, is.anyObject)),
  destroy: is.maybe(is.array(is.idOrCreation)),
};

function creationId(): is.Shape<string> {
  return is.id;
}

export const comparator = is.object({
  property: is.string,
  isAscending: is.optional(is.bool),
  collation: is.optional(is.string),
  keyword: is.optional(is.string),
});
export type Comparator = is.Of<typeof comparator>;

export const queryArgs = {
  accountId: is.id,
  filter: is.maybe(is.anyObject),
  sort: is.maybe(is.array(comparator)),
  position: is.optional(is.int),
  anchor: is.maybe(is.id),
  anchorOffset: is.optional(is.int),
  limit: is.maybe(is.uint),
  calculateTotal: is.optional(is.bool),
};

export const queryChangesArgs = {
  accountId: is.id,
  filter: is.maybe(is.anyObject),
  sort: is.maybe(is.array(comparator)),
  sinceQueryState: is.string,
  maxChanges: is.maybe(is.positive),
  upToId: is.maybe(is.id),
  calculateTotal: is.optional(is.bool),
};

/** RFC 4790 collations that a comparator may name; all of them are met by ours, which folds case. */
export const collations: readonly string[] = ["i;ascii-numeric", "i;ascii-casemap", "i;unicode-casemap"];

/** The refusal of a collation, or undefined. */
export function unknownCollation(sort: readonly Comparator[] | undefined): Answer | undefined {
  for (const { collation } of sort ?? [])
    if (collation !== undefined && !collations.includes(collation))
      return failed("unsupportedSort", `The collation "${collation}" is not known here.`);
  return undefined;
}

export function tooManyToGet(ids: readonly string[] | undefined, call: Call): Answer | undefined {
  const { maxObjectsInGet } = call.ports.settings;
  return ids !== undefined && ids.length > maxObjectsInGet
    ? failed("requestTooLarge", `At most ${maxObjectsInGet} ids can be asked for at once; these are ${ids.length}.`)
    : undefined;
}

export type SetArgs = {
  readonly create: { readonly [id: string]: unknown } | undefined;
  readonly update: { readonly [id: string]: unknown } | undefined;
  readonly destroy: readonly string[] | undefined;
};

export function tooManyToSet({ create, update, destroy }: SetArgs, call: Call): Answer | undefined {
  const { maxObjectsInSet } = call.ports.settings;
  const count =
    Object.keys(create ?? {}).length + Object.keys(update ?? {}).length + (destroy === undefined ? 0 : destroy.length);
  return count > maxObjectsInSet
    ? failed("requestTooLarge", `At most ${maxObjectsInSet} objects can be changed at once; these are ${count}.`)
    : undefined;
}

/** The properties that are asked for, with `id`; or the refusal of one that is none. */
export function pickProperties(
  asked: readonly string[] | undefined,
  known: readonly string[],
): readonly string[] | { readonly error: Answer & { readonly error: unknown } } {
  if (asked === undefined) return known;
  for (const name of asked)
    if (!known.includes(name))
      return {
        error: failed("invalidArguments", `/properties: there is no property "${name}".`, { pointer: "/properties" }),
      };
  return asked.includes("id") ? asked : ["id", ...asked];
}

export const pick = (object: JsonObject, properties: readonly string[]): JsonObject =>
  Object.fromEntries(
    properties.flatMap((name) => (Object.hasOwn(object, name) ? [[name, object[name]]] : [])),
  ) as JsonObject;

type Paging = {
  readonly position: number | undefined;
  readonly anchor: string | undefined;
  readonly anchorOffset: number | undefined;
  readonly limit: number | undefined;
  readonly calculateTotal: boolean | undefined;
};

/** The part of a /query answer that is a page of a list (RFC 8620 §5.5). */
export function page(ids: readonly string[], args: Paging, maxLimit: number): Answer {
  let position = args.position ?? 0;
  if (args.anchor !== undefined) {
    const at = ids.indexOf(args.anchor);
    if (at < 0) return failed("anchorNotFound");
    position = Math.max(0, at + (args.anchorOffset ?? 0));
  } else if (position < 0) position = Math.max(0, ids.length + position);
  const limit = Math.min(args.limit ?? maxLimit, maxLimit);
  return {
    ok: {
      position,
      ids: ids.slice(position, position + limit),
      ...(args.calculateTotal === true ? { total: ids.length } : {}),
      ...(args.limit === undefined || args.limit > limit ? { limit } : {}),
    },
  };
}

/** A /queryChanges answer of a list that is in memory: what was touched goes, and comes back where it is now. */
export function listChanges(
  ids: readonly string[],
  touched: {
    readonly created: readonly string[];
    readonly updated: readonly string[];
    readonly destroyed: readonly string[];
  },
  args: { readonly maxChanges: number | undefined; readonly calculateTotal: boolean | undefined },
): Answer {
  const removed = [...touched.updated, ...touched.destroyed];
  const moved = new Set([...touched.created, ...touched.updated]);
  const added = ids.flatMap((id, index) => (moved.has(id) ? [{ id, index }] : []));
  if (args.maxChanges !== undefined && removed.length + added.length > args.maxChanges)
    return failed("tooManyChanges", `There are ${removed.length + added.length} changes.`);
  return { ok: { removed, added, ...(args.calculateTotal === true ? { total: ids.length } : {}) } };
}
