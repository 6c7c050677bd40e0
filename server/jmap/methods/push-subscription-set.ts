import * as is from "../../../protocol/jmap/check.ts";
import { utcDateText } from "../../../protocol/jmap/email-header.ts";
import { applyPatch } from "../../../protocol/jmap/patch.ts";
import { invalidProperties, type JsonObject, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { setArgs, tooManyToSet } from "../arguments.ts";
import { type Call, createdId, type Method, method } from "../call.ts";
import { core } from "../capabilities.ts";
import { objectId } from "../objects.ts";
import { isAllowedUrl } from "../push-send.ts";
import { maxLifetimeMs, type Subscription, type Subscriptions, subscriptionName } from "../push-subscriptions.ts";

const shape = is.object({ create: setArgs.create, update: setArgs.update, destroy: setArgs.destroy });
const key = is.string;
const createShape = is.object({
  deviceClientId: is.string,
  url: is.string,
  keys: is.maybe(is.object({ p256dh: key, auth: key })),
  verificationCode: is.maybe(is.string),
  expires: is.maybe(is.utcDate),
  types: is.maybe(is.array(is.string)),
});

/** RFC 8620 §7.2.2. */
export const pushSubscriptionSet = (subscriptions: Subscriptions): Method =>
  method(core, shape, async (args, call, account) => {
    const refusal = tooManyToSet(args, call);
    if (refusal !== undefined) return refusal;
    const { store, settings } = call.ports;
    const { objects } = await store.objects(account, subscriptionName);
    const known = new Map(objects.map(({ id, data }) => [id, data as Subscription]));
    const created: { [id: string]: JsonObject } = {};
    const notCreated: { [id: string]: SetError } = {};
    for (const [creation, object] of Object.entries(args.create ?? {})) {
      const made =
        known.size >= settings.maxPushSubscriptions ? tooMany(settings.maxPushSubscriptions) : readNew(object, call);
      if ("type" in made) {
        notCreated[creation] = made;
        continue;
      }
      const id = objectId(call.ports.random);
      await store.objectsPut(account, subscriptionName, [{ id, data: made }], undefined);
      known.set(id, made);
      call.created.set(creation, id);
      await subscriptions.serve(account, id, made);
      subscriptions.verify(id, made);
      created[creation] = { id, keys: null, expires: made.expires };
    }
    const updated: { [id: string]: JsonObject | null } = {};
    const notUpdated: { [id: string]: SetError } = {};
    for (const [name, patch] of Object.entries(args.update ?? {})) {
      const id = createdId(call, name) ?? "";
      const before = known.get(id);
      const after = before === undefined ? setError("notFound") : change(before, patch as JsonObject, call);
      if ("type" in after) {
        notUpdated[name] = after;
        continue;
      }
      await store.objectsPut(account, subscriptionName, [{ id, data: after }], undefined);
      await subscriptions.serve(account, id, after);
      updated[name] =
        Object.hasOwn(patch, "expires") && patch["expires"] !== after.expires ? { expires: after.expires } : null;
    }
    const destroyed: string[] = [];
    const notDestroyed: { [id: string]: SetError } = {};
    for (const name of args.destroy ?? []) {
      const id = createdId(call, name) ?? "";
      if (!known.delete(id)) {
        notDestroyed[name] = setError("notFound");
        continue;
      }
      await store.objectsPut(account, subscriptionName, [{ id, data: undefined }], undefined);
      await subscriptions.serve(account, id, undefined);
      destroyed.push(id);
    }
    return { ok: { created, updated, destroyed, notCreated, notUpdated, notDestroyed } };
  });

const tooMany = (max: number): SetError => setError("overQuota", `An account has at most ${max} push subscriptions.`);

function expiry(asked: string | undefined, now: number): string {
  const latest = now + maxLifetimeMs;
  return utcDateText(asked === undefined ? latest : Math.min(Date.parse(asked), latest));
}

function readNew(object: unknown, call: Call): Subscription | SetError {
  const checked = createShape(object, "");
  if (checked instanceof is.Mismatch) {
    const name = checked.pointer.split("/")[1] ?? "";
    return invalidProperties([name], `${name}: expected ${checked.expected}.`);
  }
  const { deviceClientId, url, keys, verificationCode, expires, types } = checked;
  if (verificationCode !== undefined)
    return invalidProperties(["verificationCode"], "verificationCode: it comes by push first.");
  if (!isAllowedUrl(url, call.ports.pushAnywhere))
    return invalidProperties(["url"], "url: expected an https URL of a public host.");
  if (keys !== undefined && !areKeys(keys))
    return invalidProperties(["keys"], "keys: expected a P-256 key and 16 bytes, in base64url.");
  return {
    deviceClientId,
    url,
    keys: keys ?? null,
    types: types ?? null,
    expires: expiry(expires, call.ports.now()),
    code: call.ports.random(16),
    verified: false,
    ...(call.pass === undefined ? {} : { pass: call.pass }),
  };
}

function areKeys({ p256dh, auth }: { readonly p256dh: string; readonly auth: string }): boolean {
  const point = Buffer.from(p256dh, "base64url");
  return point.length === 65 && point[0] === 4 && Buffer.from(auth, "base64url").length === 16;
}

function change(before: Subscription, patch: JsonObject, call: Call): Subscription | SetError {
  const names = Object.keys(patch).map((path) => path.split("/")[0] as string);
  const frozen = names.filter((name) => !["verificationCode", "expires", "types"].includes(name));
  if (frozen.length > 0) return invalidProperties(frozen, `These cannot be changed: ${frozen.join(", ")}.`);
  const shown: JsonObject = {
    verificationCode: before.verified ? before.code : null,
    expires: before.expires,
    types: before.types,
  };
  const patched = applyPatch(shown, patch);
  if ("why" in patched) return setError("invalidPatch", `${patched.path}: ${patched.why}`);
  const { verificationCode, expires, types = null } = patched.ok;
  if (Object.hasOwn(patch, "verificationCode") && verificationCode !== before.code)
    return invalidProperties(["verificationCode"], "verificationCode: this is not what was sent.");
  const date = expires === undefined || expires === null ? undefined : is.utcDate(expires, "");
  if (date instanceof is.Mismatch) return invalidProperties(["expires"], `expires: expected ${date.expected}.`);
  if (types !== null && !(Array.isArray(types) && types.every((type) => typeof type === "string")))
    return invalidProperties(["types"], "types: expected an array of types or null.");
  return {
    ...before,
    verified: before.verified || Object.hasOwn(patch, "verificationCode"),
    types: types as readonly string[] | null,
    expires: Object.hasOwn(patch, "expires") ? expiry(date, call.ports.now()) : before.expires,
  };
}
