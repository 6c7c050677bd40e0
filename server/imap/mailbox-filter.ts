/** Which mailboxes a client means by "personal", "subtree" and the like: RFC 5465 §6, RFC 7377 §2.2. */
import type { MailboxFilter } from "../../protocol/imap/command.ts";
import { othersRoot } from "./names.ts";

export type Named = { readonly path: string; readonly subscribed: boolean };

/** Is this mailbox, by the name its session knows it by, among those? The selected one is the caller's to know. */
export function matchesFilter(filter: MailboxFilter, { path, subscribed }: Named): boolean {
  switch (filter.kind) {
    case "selected":
    case "selected-delayed":
      return false;
    case "inboxes":
      return path === "INBOX";
    case "personal":
      return !path.startsWith(`${othersRoot}/`);
    case "subscribed":
      return subscribed;
    case "mailboxes":
      return filter.names.includes(path);
    case "subtree":
      return filter.names.some((name) => path === name || path.startsWith(`${name}/`));
    case "subtree-one":
      return filter.names.some(
        (name) => path === name || (path.startsWith(`${name}/`) && !path.includes("/", name.length + 1)),
      );
    default:
      return filter satisfies never;
  }
}
