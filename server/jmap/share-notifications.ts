/** ShareNotification (RFC 9670 §3): somebody is told that their rights to another's mailbox have changed. */

import { jmapRights } from "../../protocol/imap/rights.ts";
import { utcDateText } from "../../protocol/jmap/email-header.ts";
import { idOf } from "../../protocol/jmap/ids.ts";
import { type JsonObject, setError } from "../../protocol/jmap/types.ts";
import type { ShareChange } from "../access/share-change.ts";
import type { Account, AccountId, Store } from "../store/store.ts";
import { principals } from "./capabilities.ts";
import { property, type QueryRules } from "./object-query.ts";
import type { ObjectType } from "./object-type.ts";
import { objectId } from "./objects.ts";

/** Notifications that an account keeps: the oldest ones go. */
export const maxShareNotifications = 500;

export const shareNotificationName = "ShareNotification";

export const shareNotificationType: ObjectType = {
  name: shareNotificationName,
  capability: principals,
  properties: [
    "id",
    "created",
    "changedBy",
    "objectType",
    "objectAccountId",
    "objectId",
    "name",
    "oldRights",
    "newRights",
  ],
  // RFC 9670 §3.3: clients only dismiss them.
  accept: () => ({ error: setError("forbidden", "Only the server makes and changes notifications.") }),
};

export type ShareTeller = {
  readonly store: Pick<Store, "mailboxes" | "objects" | "objectsPut" | "accounts" | "hostedDomains" | "noteAudit">;
  readonly now: () => number;
  readonly random: (bytes: number) => string;
};

/** What somebody is told of. */
type Told = {
  readonly by: Account;
  readonly owner: AccountId;
  readonly grantee: AccountId;
  readonly objectType: "Mailbox" | "AddressBook";
  readonly objectId: string;
  readonly name: string;
  readonly oldRights: JsonObject | null;
  readonly newRights: JsonObject | null;
};

export async function notifyOfShare(
  { store, now, random }: Omit<ShareTeller, "store"> & { readonly store: Pick<Store, "objects" | "objectsPut"> },
  { by, owner, grantee, ...told }: Told,
): Promise<void> {
  const { objects } = await store.objects(grantee, shareNotificationType.name);
  const created = (one: (typeof objects)[number]) => String(property({ id: one.id, data: one.data }, "created"));
  const old = [...objects]
    .sort((a, b) => (created(a) < created(b) ? -1 : 1))
    .slice(0, Math.max(0, objects.length + 1 - maxShareNotifications));
  await store.objectsPut(
    grantee,
    shareNotificationType.name,
    [
      ...old.map(({ id }) => ({ id, data: undefined })),
      {
        id: objectId(random),
        data: {
          created: utcDateText(now()),
          changedBy: {
            name: by.displayName === "" ? by.name : by.displayName,
            email: by.name,
            principalId: `P${by.id}`,
          },
          objectAccountId: idOf("A", owner),
          ...told,
        },
      },
    ],
    undefined,
  );
}

/** Tells whom it is shared with, and the audit log. */
export async function tellOfShare(ports: ShareTeller, change: ShareChange): Promise<void> {
  const { by, owner, mailbox, grantee, before, after } = change;
  const found = (await ports.store.mailboxes(owner)).find(({ id }) => id === mailbox);
  const told = (rights: string) => (rights === "" ? null : jmapRights(rights));
  await notifyOfShare(ports, {
    by,
    owner,
    grantee,
    objectType: "Mailbox",
    objectId: idOf("F", mailbox),
    name: found?.name ?? "",
    oldRights: told(before),
    newRights: told(after),
  });
  if (change.via !== undefined) await noteShare(ports, change.via, change, found?.path ?? "");
}

async function noteShare(
  { store, now }: ShareTeller,
  via: "imap" | "jmap",
  { by, owner, grantee, before, after }: ShareChange,
  mailbox: string,
): Promise<void> {
  const named = async (id: AccountId): Promise<string> => (await store.accounts({ id }))[0]?.name ?? "";
  const [whose, whom] = [await named(owner), await named(grantee)];
  const [home] = await store.hostedDomains({ kind: "all" }, { limit: 1, domain: whose.slice(whose.indexOf("@") + 1) });
  const what = { action: "share", target: `${whose} ${whom}`, detail: { mailbox, before, after } };
  await store.noteAudit([{ at: now(), tenant: home?.tenant ?? 0, actor: by.name, via, remote: "", ...what }]);
}

/** RFC 9670 §3.4. */
export const shareNotificationRules: QueryRules = {
  condition: (name, value) => {
    if (typeof value !== "string")
      return ["after", "before", "objectType", "objectAccountId"].includes(name) ? "wrong" : undefined;
    switch (name) {
      case "after":
        return (one) => String(property(one, "created")) >= value;
      case "before":
        return (one) => String(property(one, "created")) < value;
      case "objectType":
      case "objectAccountId":
        return (one) => property(one, name) === value;
      default:
        return undefined;
    }
  },
  sortKey: (name) => (name === "created" ? (one) => String(property(one, "created")) : undefined),
  defaultSort: [{ property: "created", isAscending: false, collation: undefined, keyword: undefined }],
};
