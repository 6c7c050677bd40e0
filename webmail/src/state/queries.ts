/** What each view asks the server for. */
import type { Filter, Id } from "../jmap/types.ts";
import { parseSearch, searchFilter } from "../search/operators.ts";
import type { Query } from "./list.svelte.ts";
import { mailboxes } from "./mailboxes.svelte.ts";
import type { Route } from "./route.svelte.ts";
import { newestFirst, pinnedFirst } from "./view.svelte.ts";

const outOfSight = (): readonly Id[] => (["trash", "junk"] as const).flatMap((role) => mailboxes.role(role)?.id ?? []);

const and = (...conditions: readonly (Filter | undefined)[]): Filter => {
  const real = conditions.filter((one): one is Filter => one !== undefined);
  return real.length === 1 && real[0] !== undefined ? real[0] : { operator: "AND", conditions: real };
};

export function queryOf(
  route: Extract<Route, { view: "mail" }>,
  onlyUnread: boolean,
): Query & { readonly mailbox: Id | undefined } {
  const unread = onlyUnread ? { notKeyword: "$seen" } : undefined;
  if (route.search !== undefined) {
    const { account } = route;
    const filter = searchFilter(parseSearch(route.search), Date.now(), account);
    return {
      filter: and(filter, unread),
      sort: newestFirst,
      collapse: false,
      snippets: true,
      mailbox: undefined,
      account,
    };
  }
  const elsewhere: Filter = { inMailboxOtherThan: outOfSight() };
  switch (route.special) {
    case "starred":
      return {
        filter: and({ hasKeyword: "$flagged" }, elsewhere, unread),
        sort: newestFirst,
        collapse: true,
        snippets: false,
        mailbox: undefined,
      };
    case "unread":
      return {
        filter: and({ notKeyword: "$seen" }, elsewhere),
        sort: newestFirst,
        collapse: true,
        snippets: false,
        mailbox: undefined,
      };
    case "pinned":
      return {
        filter: and({ hasKeyword: "$pinned" }, unread),
        sort: newestFirst,
        collapse: true,
        snippets: false,
        mailbox: undefined,
      };
    default: {
      const mailbox = route.mailbox ?? mailboxes.role("inbox")?.id;
      const role = mailbox === undefined ? null : mailboxes.get(mailbox)?.role;
      // RFC 8621 §4.4.1: a muted conversation does not come back to the inbox; it is found everywhere else.
      const muted = role === "inbox" ? { noneInThreadHaveKeyword: "$muted" } : undefined;
      const within = mailbox === undefined ? undefined : { inMailbox: mailbox };
      return {
        filter: and(within, muted, unread),
        simpler: role === "inbox" ? { filter: and(within, unread), sort: newestFirst } : undefined,
        sort: role === "inbox" ? pinnedFirst : newestFirst,
        collapse: role !== "drafts",
        snippets: false,
        mailbox,
      };
    }
  }
}
