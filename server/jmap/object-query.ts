/** /query and /queryChanges of objects that are few enough to be looked at one by one (RFC 8620 §5.5, §5.6). */
import * as is from "../../protocol/jmap/check.ts";
import { failed, isObject, type JsonObject } from "../../protocol/jmap/types.ts";
import { breathingFlatMap } from "../base/breathe.ts";
import type { StoredObject } from "../store/jmap.ts";
import { type Comparator, listChanges, page, queryArgs, queryChangesArgs, unknownCollation } from "./arguments.ts";
import { type Answer, type Method, method } from "./call.ts";
import { forCaller, type ObjectType, sharesOf, stateOf } from "./object-type.ts";
import { allObjects, changesSince, tooMuchRead } from "./objects.ts";

export type QueryRules = {
  /** A test for the value of a condition; "wrong" where it is no value for it; undefined where there is no such condition. */
  readonly condition: (name: string, value: unknown) => ((object: StoredObject) => boolean) | "wrong" | undefined;
  /** How long it takes to look, where that is longer than at one value (1). */
  readonly weight?: (name: string, value: unknown) => number;
  /** What a property is sorted by, or undefined where it cannot be. */
  readonly sortKey: (property: string) => ((object: StoredObject) => string | number) | undefined;
  readonly defaultSort: readonly Comparator[];
};

const maxDepth = 20;
/** What all conditions of a filter may weigh. */
const maxWeight = 500;
const maxSortKeys = 10;
type Test = (object: StoredObject) => boolean;

export function readTest(
  filter: unknown,
  rules: Pick<QueryRules, "condition" | "weight">,
  pointer = "/filter",
  depth = 0,
  room = { weight: maxWeight },
): Test | Extract<Answer, { error: unknown }> {
  if (filter === undefined || filter === null) return () => true;
  if (!isObject(filter)) return failed("invalidArguments", `${pointer}: expected an object.`, { pointer });
  if (depth > maxDepth) return failed("unsupportedFilter", `A filter has at most ${maxDepth} levels.`);
  const tests: Test[] = [];
  if (Object.hasOwn(filter, "operator")) {
    const { operator, conditions } = filter;
    if (!Array.isArray(conditions))
      return failed("invalidArguments", `${pointer}/conditions: expected an array.`, {
        pointer: `${pointer}/conditions`,
      });
    for (const [i, each] of conditions.entries()) {
      const test = readTest(each, rules, `${pointer}/conditions/${i}`, depth + 1, room);
      if (typeof test !== "function") return test;
      tests.push(test);
    }
    if (operator === "AND") return (object) => tests.every((test) => test(object));
    if (operator === "OR") return (object) => tests.some((test) => test(object));
    if (operator === "NOT") return (object) => !tests.some((test) => test(object));
    return failed("invalidArguments", `${pointer}/operator: expected AND, OR or NOT.`, {
      pointer: `${pointer}/operator`,
    });
  }
  for (const [name, value] of Object.entries(filter)) {
    const at = `${pointer}/${is.escapePointer(name)}`;
    if ((room.weight -= rules.weight?.(name, value) ?? 1) < 0)
      return failed("unsupportedFilter", "The filter has too many conditions, or words: use fewer of them.");
    const test = rules.condition(name, value);
    if (test === undefined) return failed("unsupportedFilter", `${at}: there is no such condition.`, { pointer: at });
    if (test === "wrong") return failed("invalidArguments", `${at}: this is no value for it.`, { pointer: at });
    tests.push(test);
  }
  return (object) => tests.every((test) => test(object));
}

/** The ids that match, in order, or the refusal. */
export async function listObjects(
  objects: readonly StoredObject[],
  filter: unknown,
  sort: readonly Comparator[] | undefined,
  rules: QueryRules,
): Promise<readonly string[] | Extract<Answer, { error: unknown }>> {
  const test = readTest(filter, rules);
  if (typeof test !== "function") return test;
  const refusal = unknownCollation(sort);
  if (refusal !== undefined && "error" in refusal) return refusal;
  if (sort !== undefined && sort.length > maxSortKeys)
    return failed("unsupportedSort", `They are sorted by at most ${maxSortKeys} properties.`);
  const keys: { readonly of: (object: StoredObject) => string | number; readonly sign: number }[] = [];
  for (const { property, isAscending } of sort ?? rules.defaultSort) {
    const of = rules.sortKey(property);
    if (of === undefined) return failed("unsupportedSort", `These cannot be sorted by "${property}".`);
    keys.push({ of, sign: isAscending === false ? -1 : 1 });
  }
  const found = await breathingFlatMap(objects, ({ id, data }) => {
    const object = { id, data };
    return test(object) ? [{ id, keys: keys.map(({ of }) => of(object)) }] : [];
  });
  found.sort((a, b) => {
    for (const [i, { sign }] of keys.entries()) {
      const [x, y] = [a.keys[i] as string | number, b.keys[i] as string | number];
      if (x !== y) return (x < y ? -1 : 1) * sign;
    }
    return a.id < b.id ? -1 : 1;
  });
  return found.map(({ id }) => id);
}

export const queryObjects = (own: ObjectType, rules: QueryRules): Method =>
  method(
    own.capability,
    is.object(queryArgs),
    async (args, call, account): Promise<Answer> => {
      const full = tooMuchRead(call);
      if (full !== undefined) return full;
      const type = forCaller(own, call);
      const { objects, state, chars } = await allObjects(type, call, account);
      call.room.takeBytes(chars);
      const ids = await listObjects(objects, args.filter, args.sort, rules);
      if ("error" in ids) return ids;
      const paged = page(ids, args, call.ports.settings.maxObjectsInGet);
      if ("error" in paged) return paged;
      return {
        ok: { accountId: args.accountId, queryState: stateOf(type, state), canCalculateChanges: true, ...paged.ok },
      };
    },
    sharesOf(own),
  );

export const queryChangedObjects = (own: ObjectType, rules: QueryRules): Method =>
  method(
    own.capability,
    is.object(queryChangesArgs),
    async (args, call, account): Promise<Answer> => {
      const full = tooMuchRead(call);
      if (full !== undefined) return full;
      const type = forCaller(own, call);
      const changes = await changesSince(type, call, account, args.sinceQueryState, 100_000);
      if (changes.kind === "cannot") return failed("cannotCalculateChanges");
      const { objects, chars } = await allObjects(type, call, account);
      call.room.takeBytes(chars);
      const ids = await listObjects(objects, args.filter, args.sort, rules);
      if ("error" in ids) return ids;
      const listed = listChanges(ids, changes, args);
      if ("error" in listed) return listed;
      return {
        ok: {
          accountId: args.accountId,
          oldQueryState: args.sinceQueryState,
          newQueryState: stateOf(type, changes.state),
          ...listed.ok,
        },
      };
    },
    sharesOf(own),
  );

/** A property of the kept data, for tests and sort keys. */
export const property = (object: StoredObject, name: string): unknown => (object.data as JsonObject)[name];
