/** Arguments of NOTIFY (RFC 5465) and of ESEARCH over several mailboxes (RFC 7377), and how both name mailboxes. */
import type { CommandBody, FetchItem, MailboxFilter, NotifyEvent, NotifyGroup } from "./command.ts";
import { fetchItem } from "./command-fetch.ts";
import { searchProgram } from "./command-search.ts";
import type { Cursor } from "./token.ts";

/** Groups of one NOTIFY, and mailboxes named in one group. */
export const maxNotifyGroups = 50;
export const maxFilterMailboxes = 200;
const maxEvents = 16;
const maxItems = 50;

/** RFC 5465 §6 and RFC 7377 §2.2 `filter-mailboxes`. */
function mailboxFilter(cursor: Cursor): MailboxFilter | undefined {
  const kind = cursor.word()?.toLowerCase();
  switch (kind) {
    case "selected":
    case "selected-delayed":
    case "inboxes":
    case "personal":
    case "subscribed":
      return { kind };
    case "subtree":
    case "subtree-one":
    case "mailboxes": {
      if (!cursor.space()) return undefined;
      const names: string[] = [];
      const one = (): boolean => {
        const name = cursor.mailbox();
        if (name !== undefined) names.push(name);
        return name !== undefined;
      };
      const read = cursor.next === 0x28 ? cursor.list(maxFilterMailboxes, one) : one();
      return read ? { kind, names } : undefined;
    }
    default:
      return cursor.fail("Unknown choice of mailboxes");
  }
}

const events = new Map<string, NotifyEvent>(
  (["MessageNew", "MessageExpunge", "FlagChange", "MailboxName", "SubscriptionChange"] as const).map((name) => [
    name.toUpperCase(),
    name,
  ]),
);
/** RFC 5465 §5: these exist, and the answer to them names what there is instead. */
const otherEvents: ReadonlySet<string> = new Set(["ANNOTATIONCHANGE", "MAILBOXMETADATACHANGE", "SERVERMETADATACHANGE"]);
const badEvent = `[BADEVENT (${[...events.values()].join(" ")})] That event is not told of`;

export function notify(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const mode = cursor.word();
  if (mode === "NONE") return { name: "NOTIFY", groups: [], status: false };
  if (mode !== "SET") return cursor.fail("Expected SET or NONE");
  if (!cursor.space()) return undefined;
  const status = cursor.peekWord() === "STATUS";
  if (status) {
    cursor.word();
    if (!cursor.space()) return undefined;
  }
  const groups: NotifyGroup[] = [];
  do {
    if (groups.length === maxNotifyGroups) return cursor.fail("Too many groups of events");
    if ((groups.length > 0 && !cursor.space()) || !cursor.expect("(")) return undefined;
    const filter = mailboxFilter(cursor);
    if (filter === undefined || !cursor.space()) return undefined;
    const group = eventGroup(cursor, filter);
    if (group === undefined || !cursor.expect(")")) return undefined;
    groups.push(group);
  } while (!cursor.done);
  return { name: "NOTIFY", groups, status };
}

function eventGroup(cursor: Cursor, filter: MailboxFilter): NotifyGroup | undefined {
  const asked = new Set<NotifyEvent>();
  const items: FetchItem[] = [];
  if (cursor.next !== 0x28) {
    return cursor.word() === "NONE" ? { filter, events: asked, items } : cursor.fail("Expected events or NONE");
  }
  const read = cursor.list(maxEvents, () => {
    const name = cursor.word();
    const event = events.get(name ?? "");
    if (event === undefined) {
      if (otherEvents.has(name ?? "")) cursor.fail(badEvent, "NO");
      else cursor.fail("Unknown event");
      return false;
    }
    asked.add(event);
    if (event !== "MessageNew" || cursor.text.slice(cursor.at, cursor.at + 2) !== " (") return true;
    // RFC 5465 §5.2: what to tell of each new message, of the mailbox that is open only.
    if (!filter.kind.startsWith("selected")) {
      cursor.fail("Items are for the selected mailbox");
      return false;
    }
    cursor.at++;
    return cursor.list(maxItems, () => fetchItem(cursor, items));
  });
  if (!read) return undefined;
  // RFC 5465 §5: arrivals and expunges come together, changes of flags with both.
  const mail = [asked.has("MessageNew"), asked.has("MessageExpunge")];
  if (mail[0] !== mail[1]) return cursor.fail("MessageNew and MessageExpunge go together");
  if (asked.has("FlagChange") && !mail[0]) return cursor.fail("FlagChange needs MessageNew and MessageExpunge");
  if (filter.kind.startsWith("selected") && (asked.has("MailboxName") || asked.has("SubscriptionChange")))
    return cursor.fail("The selected mailbox has events of messages only");
  return { filter, events: asked, items };
}

/** RFC 7377 §2: `[IN (…)] [RETURN (…)] program`; without IN the selected mailbox. */
export function multiSearch(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const filters: MailboxFilter[] = [];
  if (cursor.peekWord() === "IN") {
    cursor.word();
    const read =
      cursor.space() &&
      cursor.list(maxNotifyGroups, () => {
        const filter = mailboxFilter(cursor);
        if (filter !== undefined) filters.push(filter);
        return filter !== undefined;
      });
    if (!read || !cursor.space()) return undefined;
  } else filters.push({ kind: "selected" });
  const program = searchProgram(cursor);
  return program === undefined ? undefined : { name: "ESEARCH", filters, ...program };
}
