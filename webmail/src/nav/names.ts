/** Mailboxes with a role are called by the role, in the reader's language, while they bear a usual name. */
import type { IconName } from "../../../ui/components/icons.ts";
import type { Mailbox, Role } from "../jmap/types.ts";
import type { Key } from "../words.ts";
import { t } from "../words.ts";

const words: { readonly [role in Role]?: Key } = {
  inbox: "role.inbox",
  drafts: "role.drafts",
  sent: "role.sent",
  archive: "role.archive",
  junk: "role.junk",
  trash: "role.trash",
};
const usual =
  /^(?:inbox|drafts?|sent(?: (?:mail|messages|items))?|archives?|all mail|junk(?: e-?mail)?|spam|trash|deleted(?: (?:items|messages))?)$/i;

export function mailboxName({ name, role }: Mailbox): string {
  const key = role === null ? undefined : words[role];
  return key !== undefined && usual.test(name) ? t(key) : name;
}

export function mailboxIcon({ role, name, parentId }: Pick<Mailbox, "role" | "name" | "parentId">): IconName {
  // Mailboxes that this page has made for itself.
  if (role === null && parentId === null && name === "Snoozed") return "snooze";
  if (role === null && parentId === null && name === "Templates") return "draft";
  switch (role) {
    case "inbox":
      return "inbox";
    case "drafts":
      return "draft";
    case "sent":
      return "send";
    case "archive":
    case "all":
      return "archive";
    case "junk":
      return "junk";
    case "trash":
      return "trash";
    case "flagged":
    case "important":
      return "star";
    default:
      return "folder";
  }
}
