import * as is from "../../../protocol/jmap/check.ts";
import { failed, invalidProperties, type JsonObject, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { maxScriptsBytes, type ScriptEdit } from "../../store/sieve-store.ts";
import { setArgs, tooManyToSet } from "../arguments.ts";
import { scriptBlobId } from "../blobs.ts";
import { type Answer, createdId, method } from "../call.ts";
import { sieve } from "../capabilities.ts";
import { readScript, scriptId, scriptNumber } from "../sieve-scripts.ts";

const shape = is.object({
  ...setArgs,
  onSuccessActivateScript: is.maybe(is.idOrCreation),
  onSuccessDeactivateScript: is.optional(is.bool),
});

/** RFC 9661 §2.2. */
export const sieveScriptSet = method(sieve, shape, async (args, call, account): Promise<Answer> => {
  const refusal = tooManyToSet(args, call);
  if (refusal !== undefined) return refusal;
  const { store, now, random } = call.ports;
  const before = await store.sieveScripts(account);
  if (args.ifInState !== undefined && args.ifInState !== String(before.revision)) return failed("stateMismatch");
  const created: { [id: string]: JsonObject } = {};
  const updated: { [id: string]: JsonObject | null } = {};
  const destroyed: string[] = [];
  const notCreated: { [id: string]: SetError } = {};
  const notUpdated: { [id: string]: SetError } = {};
  const notDestroyed: { [id: string]: SetError } = {};
  for (const [creation, object] of Object.entries(args.create ?? {})) {
    const { blobId, name = null, ...rest } = object as JsonObject;
    const bad = Object.keys(rest).filter((one) => one !== "isActive" || rest[one] !== false);
    const read =
      bad.length > 0 || (name !== null && typeof name !== "string")
        ? invalidProperties(bad.length > 0 ? bad : ["name"], "These cannot be set, or not to this.")
        : await readScript(blobId, call, account);
    if ("type" in read) {
      notCreated[creation] = read;
      continue;
    }
    const wanted = (name as string | null) ?? `script ${random(4)}`;
    const taken = (await store.sieveScripts(account)).scripts.find((script) => script.name === wanted);
    const edit: ScriptEdit =
      taken === undefined ? await store.putSieveScript(account, wanted, read.content, now()) : { kind: "exists" };
    if (edit.kind !== "done") {
      notCreated[creation] = errorOf(edit.kind, taken?.id);
      continue;
    }
    const id = scriptId(edit.script.id);
    call.created.set(creation, id);
    created[creation] = {
      id,
      isActive: false,
      ...(name === null ? { name: wanted } : {}),
      ...(blobId === scriptBlobId(edit.script) ? {} : { blobId: scriptBlobId(edit.script) }),
    };
  }
  for (const [key, patch] of Object.entries(args.update ?? {})) {
    const number = scriptNumber(createdId(call, key) ?? "");
    const { blobId, name, ...rest } = patch as JsonObject;
    const bad = Object.keys(rest);
    if (name !== undefined && typeof name !== "string") bad.push("name");
    const read =
      number === undefined
        ? setError("notFound")
        : bad.length > 0
          ? invalidProperties(bad, "These cannot be set, or not to this.")
          : blobId === undefined
            ? { content: undefined }
            : await readScript(blobId, call, account);
    if ("type" in read) {
      notUpdated[key] = read;
      continue;
    }
    const change = {
      ...(typeof name === "string" ? { name } : {}),
      ...(read.content === undefined ? {} : { content: read.content }),
    };
    const edit = await store.updateSieveScript(account, number as number, change, now());
    if (edit.kind === "done") updated[key] = blobId === undefined ? null : { blobId: scriptBlobId(edit.script) };
    else notUpdated[key] = errorOf(edit.kind, undefined);
  }
  for (const key of args.destroy ?? []) {
    const id = createdId(call, key) ?? "";
    const done = await store.removeSieveScript(account, scriptNumber(id) ?? 0);
    if (done === "done") destroyed.push(id);
    else notDestroyed[key] = setError(done === "active" ? "sieveIsActive" : "notFound");
  }
  const isFine = Object.keys({ ...notCreated, ...notUpdated, ...notDestroyed }).length === 0;
  const target = args.onSuccessActivateScript === undefined ? undefined : createdId(call, args.onSuccessActivateScript);
  // RFC 9661 §2.2: only where all went well, and last: what is active is not destroyed in the call that ends its use.
  if (isFine && args.onSuccessDeactivateScript === true) await store.activateSieveScript(account, undefined);
  if (isFine && target !== undefined) await store.activateSieveScript(account, scriptNumber(target) ?? 0);
  const after = await store.sieveScripts(account);
  // What is active now, or is it no longer, is told (RFC 8620 §5.3: what has changed otherwise than by the patch).
  const wasActive = new Set(before.scripts.flatMap(({ id, active }) => (active ? [id] : [])));
  const creations = new Map(Object.entries(created).map(([creation, one]) => [one["id"], creation]));
  for (const { id: number, active } of after.scripts) {
    if (active === wasActive.has(number)) continue;
    const id = scriptId(number);
    const creation = creations.get(id);
    if (creation !== undefined) created[creation] = { ...created[creation], isActive: active };
    else {
      const key = Object.keys(updated).find((one) => createdId(call, one) === id) ?? id;
      updated[key] = { ...updated[key], isActive: active };
    }
  }
  return {
    ok: {
      accountId: args.accountId,
      oldState: String(before.revision),
      newState: String(after.revision),
      created,
      updated,
      destroyed,
      notCreated,
      notUpdated,
      notDestroyed,
    },
  };
});

function errorOf(kind: Exclude<ScriptEdit["kind"], "done">, existing: number | undefined): SetError {
  switch (kind) {
    case "exists":
      return setError(
        "alreadyExists",
        "name: another script has it.",
        existing === undefined ? {} : { existingId: scriptId(existing) },
      );
    case "missing":
    case "no-account":
      return setError("notFound");
    case "too-many":
      return setError("overQuota", "There are as many scripts as an account may have.");
    case "too-much":
      return setError("overQuota", `All scripts of an account may have ${maxScriptsBytes} octets together.`);
    case "too-large":
      return setError("tooLarge");
    case "bad-name":
      return invalidProperties(["name"], "name: a name has no control characters and is not empty.");
    default:
      return kind satisfies never;
  }
}
