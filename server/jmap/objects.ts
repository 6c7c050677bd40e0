/** /get, /changes and /set of things that the store keeps as JSON (RFC 8620 §5): each type says how one is read and shown. */
import * as is from "../../protocol/jmap/check.ts";
import { applyPatch } from "../../protocol/jmap/patch.ts";
import { failed, invalidProperties, type JsonObject, type SetError, setError } from "../../protocol/jmap/types.ts";
import { breather, breathingFilter, breathingMap } from "../base/breathe.ts";
import type { ObjectEdit, ObjectsChanges } from "../store/jmap.ts";
import type { AccountId } from "../store/store.ts";
import { changesArgs, getArgs, pick, pickProperties, setArgs, tooManyToGet, tooManyToSet } from "./arguments.ts";
import { type Answer, type Call, createdId, type Method, method } from "./call.ts";
import { forCaller, type ObjectType, sharesOf, stateNumber, stateOf } from "./object-type.ts";

export const objectId = (random: (bytes: number) => string): string => `o${random(10)}`;

/** All that the caller sees (and `everything` that there is), with the state that is told (`state`) and the store's own (`kept`). */
async function load(type: ObjectType, call: Call, account: AccountId) {
  const { store } = call.ports;
  let found = await store.objects(account, type.name);
  if (found.state === 0 && type.first !== undefined) {
    await store.objectsPut(account, type.name, type.first(call), 0);
    found = await store.objects(account, type.name);
  }
  const { sees, floor = 0 } = type;
  return {
    objects:
      sees === undefined
        ? found.objects
        : await breathingFilter(found.objects, ({ id, data }) => sees(data as JsonObject, id)),
    everything: found.objects,
    state: Math.max(found.state, floor),
    kept: found.state,
    chars: found.chars,
  };
}

/** Whether all of an account's may still be read in this request: the calls of one together do not read them again and again. */
export const tooMuchRead = (call: Call): Extract<Answer, { error: unknown }> | undefined =>
  call.room.isFull
    ? failed("requestTooLarge", "The calls of this request look through too much together: send them apart.")
    : undefined;

export const allObjects = load;

const shown = (type: ObjectType, id: string, data: JsonObject): JsonObject => ({
  id,
  ...(type.show === undefined ? data : type.show(data, id)),
});

export const getObjects = (own: ObjectType): Method =>
  method(
    own.capability,
    is.object(getArgs),
    async ({ accountId, ids, properties }, call, account): Promise<Answer> => {
      const type = forCaller(own, call);
      const names = pickProperties(properties, type.properties);
      if ("error" in names) return names.error;
      const refusal = tooManyToGet(ids, call);
      if (refusal !== undefined) return refusal;
      const full = tooMuchRead(call);
      if (full !== undefined) return full;
      const { objects, state, chars } = await load(type, call, account);
      call.room.takeBytes(chars);
      const wanted = ids === undefined ? undefined : new Set(ids);
      const list = objects.filter(({ id }) => wanted === undefined || wanted.has(id));
      if (list.length > call.ports.settings.maxObjectsInGet) return failed("requestTooLarge");
      const there = new Set(list.map(({ id }) => id));
      const answered = await breathingMap(list, ({ id, data }) => pick(shown(type, id, data as JsonObject), names));
      if (!call.room.hasFor(answered))
        return failed("requestTooLarge", "They are too large together: ask for fewer at once.");
      return {
        ok: {
          accountId,
          state: stateOf(type, state),
          list: answered,
          notFound: [...(wanted ?? [])].filter((id) => !there.has(id)),
        },
      };
    },
    sharesOf(own),
  );

export const changedObjects = (own: ObjectType): Method =>
  method(
    own.capability,
    changesArgs,
    async ({ accountId, sinceState, maxChanges }, call, account): Promise<Answer> => {
      const type = forCaller(own, call);
      const changes = await changesSince(type, call, account, sinceState, maxChanges ?? 5000);
      if (changes.kind === "cannot") return failed("cannotCalculateChanges");
      const { created, updated, destroyed, state, more } = changes;
      return {
        ok: {
          accountId,
          oldState: sinceState,
          newState: stateOf(type, state),
          hasMoreChanges: more,
          created,
          updated,
          destroyed,
        },
      };
    },
    sharesOf(own),
  );

/** What has changed, as far as the caller sees it, since a state that they were told. */
export async function changesSince(
  type: ObjectType,
  call: Call,
  account: AccountId,
  sinceState: string,
  max: number,
): Promise<ObjectsChanges> {
  const since = stateNumber(type, sinceState);
  if (since === undefined) return { kind: "cannot" };
  return type.sees === undefined
    ? call.ports.store.objectChanges(account, type.name, since, max)
    : changesSeen(type, call, account, since, max);
}

/** Changes of another's objects: what is not seen any more is gone. */
async function changesSeen(
  type: ObjectType,
  call: Call,
  account: AccountId,
  since: number,
  max: number,
): Promise<ObjectsChanges> {
  const { objects, state, kept } = await load(type, call, account);
  if (since < (type.floor ?? 0) || since > state) return { kind: "cannot" };
  const changes = await call.ports.store.objectChanges(account, type.name, Math.min(since, kept), max);
  if (changes.kind === "cannot") return changes;
  const seen = new Set(objects.map(({ id }) => id));
  return {
    ...changes,
    created: changes.created.filter((id) => seen.has(id)),
    updated: changes.updated.filter((id) => seen.has(id)),
    destroyed: [...changes.destroyed, ...changes.updated.filter((id) => !seen.has(id))],
    state: changes.more ? changes.state : Math.max(changes.state, state),
  };
}

/** What one /set came to, for methods that do more than this. */
export type SetDone = {
  readonly ok: JsonObject;
  readonly created: ReadonlyMap<string, string>;
  readonly updated: readonly string[];
  /** All that there is afterwards, of what the caller sees. */
  readonly all: ReadonlyMap<string, { readonly data: unknown }>;
};

export const setObjects = (own: ObjectType): Method =>
  method(
    own.capability,
    is.object(setArgs),
    async (args, call, account): Promise<Answer> => {
      const done = await setThem(forCaller(own, call), args, call, account);
      return "error" in done ? done : { ok: done.ok };
    },
    sharesOf(own),
  );

type SetArgs = is.Of<ReturnType<typeof is.object<typeof setArgs>>>;

export async function setThem(
  type: ObjectType,
  args: SetArgs,
  call: Call,
  account: AccountId,
): Promise<SetDone | Extract<Answer, { error: unknown }>> {
  const refusal = tooManyToSet(args, call);
  if (refusal !== undefined && "error" in refusal) return refusal;
  const full = tooMuchRead(call);
  if (full !== undefined) return full;
  const ifState = args.ifInState === undefined ? undefined : (stateNumber(type, args.ifInState) ?? -1);
  const { objects, everything, state, kept, chars } = await load(type, call, account);
  call.room.takeBytes(chars);
  const { unique, most = Number.POSITIVE_INFINITY } = type;
  let count = everything.length;
  if (ifState !== undefined && ifState !== state) return failed("stateMismatch");
  const taken = new Set(
    unique === undefined ? [] : await breathingMap(everything, ({ data }) => (data as JsonObject)[unique]),
  );
  const known = new Map<string, { readonly data: unknown }>(objects.map((one) => [one.id, one]));
  const pause = breather();
  const edits: ObjectEdit[] = [];
  const created: { [id: string]: JsonObject } = {};
  const updated: { [id: string]: JsonObject | null } = {};
  const destroyed: string[] = [];
  const notCreated: { [id: string]: SetError } = {};
  const notUpdated: { [id: string]: SetError } = {};
  const notDestroyed: { [id: string]: SetError } = {};
  const made = new Map<string, string>();
  for (const [creation, object] of Object.entries(args.create ?? {})) {
    await pause();
    if (count >= most) {
      notCreated[creation] = setError("overQuota", `An account may have ${most} of these: remove one first.`);
      continue;
    }
    const id = objectId(call.ports.random);
    const accepted = await type.accept(object as JsonObject, undefined, call, id, account);
    if ("error" in accepted) {
      notCreated[creation] = accepted.error;
      continue;
    }
    const { data } = accepted;
    if (unique !== undefined && taken.has(data[unique])) {
      notCreated[creation] = invalidProperties([unique], `${unique}: another one has it.`);
      continue;
    }
    if (unique !== undefined) taken.add(data[unique]);
    count++;
    edits.push({ id, data });
    known.set(id, { data });
    made.set(creation, id);
    call.created.set(creation, id);
    const all = shown(type, id, data);
    // RFC 8620 §5.3: what the client has not said, or has said otherwise.
    created[creation] = Object.fromEntries(
      Object.entries(all).filter(
        ([name, value]) => JSON.stringify((object as JsonObject)[name]) !== JSON.stringify(value),
      ),
    );
  }
  for (const [key, patch] of Object.entries(args.update ?? {})) {
    await pause();
    const id = createdId(call, key);
    const before = id === undefined ? undefined : (known.get(id)?.data as JsonObject | undefined);
    if (id === undefined || before === undefined) {
      notUpdated[key] = setError("notFound");
      continue;
    }
    const seen = shown(type, id, before);
    const patched = applyPatch({ ...before, ...seen }, patch as JsonObject);
    if ("why" in patched) {
      notUpdated[key] = setError("invalidPatch", `${patched.path}: ${patched.why}`);
      continue;
    }
    const frozen = ["id", ...(type.serverSet ?? [])].find(
      (name) =>
        Object.hasOwn(patch, name) && JSON.stringify(patched.ok[name] ?? null) !== JSON.stringify(seen[name] ?? null),
    );
    if (frozen !== undefined) {
      notUpdated[key] = setError("invalidProperties", `${frozen}: only the server sets it.`, { properties: [frozen] });
      continue;
    }
    const { id: _, ...wanted } = patched.ok;
    const accepted = await type.accept(wanted, before, call, id, account);
    if ("error" in accepted) {
      notUpdated[key] = accepted.error;
      continue;
    }
    const { data } = accepted;
    known.set(id, { data });
    edits.push({ id, data });
    const after = shown(type, id, data);
    const more = Object.fromEntries(
      Object.entries(after).filter(
        ([name, value]) => JSON.stringify(patched.ok[name]) !== JSON.stringify(value) && name !== "id",
      ),
    );
    updated[key] = Object.keys(more).length === 0 ? null : more;
  }
  for (const key of args.destroy ?? []) {
    const id = createdId(call, key);
    const data = id === undefined ? undefined : (known.get(id)?.data as JsonObject | undefined);
    if (id === undefined || data === undefined) {
      notDestroyed[key] = setError("notFound");
      continue;
    }
    const why = await type.keep?.(data, id, call);
    if (why === undefined) {
      edits.push({ id, data: undefined });
      known.delete(id);
      destroyed.push(id);
    } else notDestroyed[key] = why;
  }
  const put = await call.ports.store.objectsPut(account, type.name, edits, ifState === undefined ? undefined : kept);
  if (put === "state-mismatch") return failed("stateMismatch");
  if (put === "too-many") return failed("requestTooLarge", "There are as many of these as an account may have.");
  if (put === "too-much") return failed("requestTooLarge", "There is no room for it: remove some, or their pictures.");
  return {
    ok: {
      accountId: args.accountId,
      oldState: stateOf(type, Math.max(put.before, type.floor ?? 0)),
      newState: stateOf(type, Math.max(put.state, type.floor ?? 0)),
      created,
      updated,
      destroyed,
      notCreated,
      notUpdated,
      notDestroyed,
    },
    created: made,
    updated: Object.keys(updated).flatMap((key) => createdId(call, key) ?? []),
    all: known,
  };
}
