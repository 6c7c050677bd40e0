import * as is from "../../../protocol/jmap/check.ts";
import { idOf, numberOf } from "../../../protocol/jmap/ids.ts";
import { withoutSame } from "../../../protocol/jmap/patch.ts";
import { stateText } from "../../../protocol/jmap/state.ts";
import { failed, invalidProperties, type JsonObject, type SetError, setError } from "../../../protocol/jmap/types.ts";
import type { MailboxFields, MailboxMade } from "../../store/jmap.ts";
import type { AccountId, MailboxId, SpecialUse } from "../../store/store.ts";
import { type Access, accessTo } from "../access.ts";
import { setArgs, tooManyToSet } from "../arguments.ts";
import { type Call, createdId, type Method, method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { runUpdates, type Update } from "../mailbox-updates.ts";
import { type MailboxMemory, mailboxProperties, roles } from "../mailboxes.ts";
import { noShares, type ShareEdit, share, shareEdit } from "../share.ts";

const shape = is.object({ ...setArgs, onDestroyRemoveEmails: is.optional(is.bool) });

/** RFC 8621 §2.5. */
export const mailboxSet = (memory: MailboxMemory): Method =>
  method(
    mail,
    shape,
    async (args, call, account) => {
      const refusal = tooManyToSet(args, call);
      if (refusal !== undefined) return refusal;
      const { store } = call.ports;
      const before = await store.mailState(account);
      if (args.ifInState !== undefined && args.ifInState !== stateText(before)) return failed("stateMismatch");
      const created: { [id: string]: JsonObject } = {};
      const updated: { [id: string]: null } = {};
      const destroyed: string[] = [];
      const [notCreated, notUpdated, notDestroyed]: { [id: string]: SetError }[] = [{}, {}, {}];

      // A parent may be made in the same call, whatever the order.
      const waiting = new Map(Object.entries(args.create ?? {}));
      for (let progress = true; progress && waiting.size > 0; ) {
        progress = false;
        for (const [creation, object] of [...waiting]) {
          const parent = object["parentId"];
          if (typeof parent === "string" && parent.startsWith("#") && waiting.has(parent.slice(1))) continue;
          waiting.delete(creation);
          progress = true;
          const fields = readFields(object, call);
          const refused = "type" in fields ? undefined : mayMake(fields, call.access);
          const made =
            "type" in fields
              ? fields
              : (refused ??
                (await told(await store.mailboxMake(account, withDefaults(fields)), fields, call, account, memory)));
          const error = "type" in made ? made : errorOf(made, object);
          if (error !== undefined) {
            (notCreated as { [id: string]: SetError })[creation] = error;
            continue;
          }
          const id = idOf("F", (made as Extract<MailboxMade, { kind: "done" }>).mailbox);
          call.created.set(creation, id);
          if ("type" in fields) continue;
          const notShared = await share(call, account, numberOf("F", id)!, fields.shareWith);
          if (notShared !== undefined) (notCreated as { [id: string]: SetError })[creation] = notShared;
          // What was made just now is shared as its parent is.
          const access = (await accessTo(store, call.account.id, account)) ?? call.access;
          const { mailboxes } = await memory.list(account, access);
          const [shown] = await memory.show(
            account,
            mailboxes.filter((one) => idOf("F", one.id) === id),
            mailboxProperties.filter((name) => !Object.hasOwn(object, name) || name === "id"),
            access,
          );
          created[creation] = shown ?? { id };
        }
      }
      for (const creation of waiting.keys())
        (notCreated as { [id: string]: SetError })[creation] = invalidProperties(
          ["parentId"],
          "parentId: they are each other's parents.",
        );

      const updates: Update<SetError | undefined>[] = [];
      for (const [key, patch] of Object.entries(args.update ?? {})) {
        const id = createdId(call, key);
        const mailbox = id === undefined ? undefined : numberOf("F", id);
        const now = (await memory.list(account, call.access)).mailboxes.find((one) => one.id === mailbox);
        const fields =
          mailbox === undefined || now === undefined
            ? setError("notFound")
            : readFields(await changesOf(patch as JsonObject, now, call, account, memory), call);
        if (mailbox === undefined || now === undefined || "type" in fields) {
          (notUpdated as { [id: string]: SetError })[key] = fields as SetError;
          continue;
        }
        const run = async () => {
          const made = await change(call, account, mailbox, fields);
          if ("type" in made) return { outcome: made, blocked: false };
          const said = await told(made, { ...now, ...fields }, call, account, memory);
          return { outcome: errorOf(said, patch), blocked: made.kind === "exists" || made.kind === "role-taken" };
        };
        updates.push({ key, mailbox, now, wanted: { ...now, ...fields }, run });
      }
      const outcomes = await runUpdates(
        updates,
        (mailbox, fields) => change(call, account, mailbox, fields),
        () => `between-${call.ports.random(8)}`,
      );
      for (const [key, error] of outcomes)
        if (error === undefined) updated[key] = null;
        else (notUpdated as { [id: string]: SetError })[key] = error;

      // Children go before their parents, whatever the order.
      let doomed = [...(args.destroy ?? [])];
      for (let progress = true; progress && doomed.length > 0; ) {
        progress = false;
        const stay: string[] = [];
        for (const key of doomed) {
          const id = createdId(call, key);
          const mailbox = id === undefined ? undefined : numberOf("F", id);
          const made: Made =
            mailbox === undefined || !call.access.sees(mailbox)
              ? { kind: "no-mailbox" }
              : !call.access.may(mailbox, args.onDestroyRemoveEmails ? "xte" : "x")
                ? { kind: "forbidden" }
                : await store.mailboxRemove(account, mailbox, args.onDestroyRemoveEmails ?? false);
          const error = errorOf(await told(made, { parent: mailbox }, call, account, memory), {});
          if (error === undefined) {
            destroyed.push(id as string);
            progress = true;
          } else {
            (notDestroyed as { [id: string]: SetError })[key] = error;
            if (made.kind === "has-children") stay.push(key);
          }
        }
        doomed = stay;
      }
      for (const id of destroyed) delete (notDestroyed as { [id: string]: SetError })[id];
      return {
        ok: {
          accountId: args.accountId,
          oldState: stateText(before),
          newState: stateText(await store.mailState(account)),
          created,
          updated,
          destroyed,
          notCreated: notCreated as JsonObject,
          notUpdated: notUpdated as JsonObject,
          notDestroyed: notDestroyed as JsonObject,
        },
      };
    },
    "shared",
  );

/** What the patch changes: a client may send the whole mailbox. */
async function changesOf(
  patch: JsonObject,
  now: Listed,
  { access }: Call,
  account: AccountId,
  memory: MailboxMemory,
): Promise<JsonObject> {
  const names = mailboxProperties.filter((name) => Object.hasOwn(patch, name));
  const [current] = await memory.show(account, [now], names, access);
  return current === undefined ? patch : withoutSame(patch, current);
}

/** In another's account a mailbox is made below one that allows it. */
function mayMake(fields: Given, access: Access): Made | undefined {
  if (access.own) return undefined;
  return fields.parent !== undefined && access.may(fields.parent, "k") ? undefined : { kind: "forbidden" };
}

/** What others of the account are in the way of is told as what is not allowed, where they are hidden from who asks (RFC 4314 §6). */
async function told(
  made: Made,
  { parent, name }: { readonly parent?: MailboxId | undefined; readonly name?: string },
  { access }: Call,
  account: AccountId,
  memory: MailboxMemory,
): Promise<Made> {
  if (access.own || (made.kind !== "exists" && made.kind !== "has-children")) return made;
  const { mailboxes } = await memory.list(account, access);
  const isSeen = mailboxes.some((one) => one.parent === parent && (made.kind === "has-children" || one.name === name));
  return isSeen ? made : { kind: "forbidden" };
}

/** The change of one mailbox, as far as the caller may: its subscription is their own, sharing needs "a", the rest "x". */
async function change(
  call: Call,
  account: AccountId,
  mailbox: MailboxId,
  { shareWith, ...fields }: Given,
): Promise<Made | SetError> {
  const { access, ports } = call;
  if (!access.sees(mailbox)) return { kind: "no-mailbox" };
  let made: Made = { kind: "done", mailbox };
  if (access.own) {
    if (Object.keys(fields).length > 0 || shareWith === undefined)
      made = await ports.store.mailboxChange(account, mailbox, fields);
  } else {
    const { subscribed, ...rest } = fields;
    if (subscribed !== undefined) await ports.store.setSharedSubscribed(call.account.id, account, mailbox, subscribed);
    if (Object.keys(rest).length > 0) {
      const parentFits = rest.parent === undefined || access.may(rest.parent, "k");
      if (!access.may(mailbox, "x") || !parentFits || "role" in rest) return { kind: "forbidden" };
      made = await ports.store.mailboxChange(account, mailbox, rest);
    }
  }
  if (made.kind !== "done") return made;
  return (await share(call, account, mailbox, shareWith)) ?? made;
}

type Listed = Awaited<ReturnType<MailboxMemory["list"]>>["mailboxes"][number];
type Given = { -readonly [K in keyof MailboxFields]?: MailboxFields[K] } & { shareWith?: ShareEdit };

const withDefaults = (fields: Given): MailboxFields => ({
  name: fields.name ?? "",
  parent: fields.parent,
  role: fields.role,
  // RFC 8621 §2: true for those that somebody makes themselves.
  subscribed: fields.subscribed ?? true,
  sortOrder: fields.sortOrder ?? 0,
});

function readFields(
  object: { readonly [name: string]: unknown },
  call: Call,
): Given | (SetError & { readonly type: string }) {
  const fields: Given = {};
  const bad: string[] = [];
  for (const [name, value] of Object.entries(object))
    switch (name) {
      case "name":
        if (typeof value === "string" && value !== "") fields.name = value;
        else bad.push(name);
        break;
      case "parentId": {
        const parent = value === null ? undefined : typeof value === "string" ? parentOf(value, call) : "bad";
        if (parent === "bad") bad.push(name);
        else fields.parent = parent;
        break;
      }
      case "role":
        if (value === null) fields.role = undefined;
        else if (typeof value === "string" && (roles as readonly string[]).includes(value))
          fields.role = value as SpecialUse;
        else bad.push(name);
        break;
      case "sortOrder":
        if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31)
          fields.sortOrder = value as number;
        else bad.push(name);
        break;
      case "isSubscribed":
        if (typeof value === "boolean") fields.subscribed = value;
        else bad.push(name);
        break;
      case "shareWith": {
        const edit = shareEdit(value);
        if (edit === undefined) bad.push(name);
        else fields.shareWith = edit;
        break;
      }
      default:
        // "shareWith/P7": one person's rights; null takes them away.
        if (name.startsWith("shareWith/") && (fields.shareWith ?? noShares).kind === "some") {
          const one = shareEdit({ [name.slice(10)]: value ?? {} });
          if (one === undefined) bad.push(name);
          else
            fields.shareWith = { kind: "some", rights: new Map([...(fields.shareWith?.rights ?? []), ...one.rights]) };
          break;
        }
        // Also id, counts and myRights, which are the server's.
        bad.push(name);
    }
  return bad.length === 0 ? fields : invalidProperties(bad, `These cannot be set, or not to this: ${bad.join(", ")}.`);
}

function parentOf(value: string, call: Call): MailboxId | "bad" {
  const id = createdId(call, value);
  return (id === undefined ? undefined : numberOf("F", id)) ?? "bad";
}

type Made = MailboxMade | { readonly kind: "forbidden" };

function errorOf(made: Made, object: { readonly [name: string]: unknown }): SetError | undefined {
  switch (made.kind) {
    case "done":
      return undefined;
    case "no-mailbox":
      return setError("notFound");
    case "no-parent":
      return invalidProperties(["parentId"], "parentId: there is no such mailbox.");
    case "loop":
      return invalidProperties(["parentId"], "parentId: a mailbox cannot lie in itself.");
    case "bad-name":
      return invalidProperties(
        ["name"],
        Object.hasOwn(object, "name")
          ? 'name: a name has no "/" and no control characters, at most 255 bytes, and lies at most 20 levels deep.'
          : "name: a name is needed.",
      );
    case "exists":
      return invalidProperties(["name"], "name: there is a mailbox with this name already.");
    case "role-taken":
      return invalidProperties(["role"], "role: another mailbox has this role.");
    case "too-many":
      return setError("overQuota", "There are as many mailboxes as an account may have.");
    case "is-inbox":
      return setError("forbidden", "The inbox keeps its name, place and role, and stays.");
    case "has-children":
      return setError("mailboxHasChild");
    case "has-emails":
      return setError("mailboxHasEmail");
    case "forbidden":
      return setError("forbidden", "The owner of the mailbox has not allowed you this.");
    default:
      return made satisfies never;
  }
}
