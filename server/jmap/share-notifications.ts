/** ShareNotification (RFC 9670 §3): somebody is told that their rights to another's mailbox have changed. */
import { jmapRights } from "../../protocol/imap/rights.ts";
import { utcDateText } from "../../protocol/jmap/email-header.ts";
import { idOf } from "../../protocol/jmap/ids.ts";
import { setError } from "../../protocol/jmap/types.ts";
import type { Account, AccountId, MailboxId, Store } from "../store/store.ts";
import { principals } from "./capabilities.ts";
import { property, type QueryRules } from "./object-query.ts";
import { type ObjectType, objectId } from "./objects.ts";

/** Notifications that an account keeps: the oldest ones go. */
export const maxShareNotifications = 500;

export const shareNotificationType: ObjectType = {
  name: "ShareNotification",
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

type ShareChange = {
  readonly by: Account;
  readonly owner: AccountId;
  readonly mailbox: MailboxId;
  readonly grantee: AccountId;
  /** Letters of RFC 4314; "" for none. */
  readonly before: string;
  readonly after: string;
};

export type ShareTeller = {
  readonly store: Pick<Store, "mailboxes" | "objects" | "objectsPut">;
  readonly now: () => number;
  readonly random: (bytes: number) => string;
};

export async function tellOfShare(ports: ShareTeller, change: ShareChange): Promise<void> {
  const { by, owner, mailbox, grantee, before, after } = change;
  const { store } = ports;
  const found = (await store.mailboxes(owner)).find(({ id }) => id === mailbox);
  const { objects } = await store.objects(grantee, shareNotificationType.name);
  const created = (one: (typeof objects)[number]) => String(property({ id: one.id, data: one.data }, "created"));
  const old = [...objects]
    .sort((a, b) => (created(a) < created(b) ? -1 : 1))
    .slice(0, Math.max(0, objects.length + 1 - maxShareNotifications));
  const told = (rights: string) => (rights === "" ? null : jmapRights(rights));
  await store.objectsPut(
    grantee,
    shareNotificationType.name,
    [
      ...old.map(({ id }) => ({ id, data: undefined })),
      {
        id: objectId(ports.random),
        data: {
          created: utcDateText(ports.now()),
          changedBy: {
            name: by.displayName === "" ? by.name : by.displayName,
            email: by.name,
            principalId: `P${by.id}`,
          },
          objectType: "Mailbox",
          objectAccountId: idOf("A", owner),
          objectId: idOf("F", mailbox),
          name: found?.name ?? "",
          oldRights: told(before),
          newRights: told(after),
        },
      },
    ],
    undefined,
  );
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
