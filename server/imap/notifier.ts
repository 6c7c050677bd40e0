/**
 * NOTIFY (RFC 5465): what a client wants to be told of mailboxes without asking. Changes are heard of as they happen (session.ts);
 * what is told is the difference between how one's mailboxes are and how the client was told last.
 */
import type { FetchItem, NotifyEvent, NotifyGroup } from "../../protocol/imap/command.ts";
import { listLine, statusLine } from "../../protocol/imap/response.ts";
import type { Mailbox, MailboxId, StoreReader } from "../store/store.ts";
import { matchesFilter } from "./mailbox-filter.ts";
import type { Session } from "./session.ts";

const none: ReadonlySet<NotifyEvent> = new Set();

export class Notifier {
  readonly #groups: readonly NotifyGroup[];
  /** How each of the account's mailboxes was when the client was told last. */
  #known: ReadonlyMap<MailboxId, Mailbox>;
  /** Something happened in the account since then. */
  pending = false;
  /** How the selected mailbox is to be told of, if at all, and what of each message that arrives in it. */
  readonly selected: "at-once" | "delayed" | undefined;
  readonly items: readonly FetchItem[];
  /** Whether other mailboxes are told of at all. */
  readonly elsewhere: boolean;

  constructor(groups: readonly NotifyGroup[], mailboxes: readonly Mailbox[]) {
    const selected = groups.find(({ filter }) => filter.kind === "selected" || filter.kind === "selected-delayed");
    this.#groups = groups.filter(({ filter }) => filter.kind !== "selected" && filter.kind !== "selected-delayed");
    this.elsewhere = this.#groups.length > 0;
    this.selected =
      selected === undefined || selected.events.size === 0
        ? undefined
        : selected.filter.kind === "selected"
          ? "at-once"
          : "delayed";
    this.items = selected?.items ?? [];
    this.#known = byId(mailboxes);
  }

  /** RFC 5465 §3.1: of groups that name the same mailbox the first counts. */
  eventsOf(mailbox: Mailbox): ReadonlySet<NotifyEvent> {
    return this.#groups.find(({ filter }) => matchesFilter(filter, mailbox))?.events ?? none;
  }

  /** Takes in how the mailboxes are now; answers what there is to tell. */
  learn(mailboxes: readonly Mailbox[]): readonly News[] {
    const news: News[] = [];
    const now = byId(mailboxes);
    for (const before of this.#known.values())
      if (!now.has(before.id) && this.eventsOf(before).has("MailboxName")) news.push({ kind: "gone", mailbox: before });
    for (const mailbox of mailboxes) {
      const before = this.#known.get(mailbox.id);
      const events = this.eventsOf(mailbox);
      if (before === undefined) {
        if (events.has("MailboxName")) news.push({ kind: "name", mailbox, oldName: undefined });
      } else if (before.path !== mailbox.path) {
        if (events.has("MailboxName") || this.eventsOf(before).has("MailboxName"))
          news.push({ kind: "name", mailbox, oldName: before.path });
      } else if (before.subscribed !== mailbox.subscribed && events.has("SubscriptionChange")) {
        news.push({ kind: "subscription", mailbox });
      }
      const event = mailEvent(before, mailbox);
      if (event !== undefined && events.has(event)) news.push({ kind: "mail", mailbox });
    }
    this.#known = now;
    return news;
  }
}

export type News =
  | { readonly kind: "gone" | "subscription" | "mail"; readonly mailbox: Mailbox }
  | { readonly kind: "name"; readonly mailbox: Mailbox; readonly oldName: string | undefined };

/** What has happened to the messages of a mailbox, if anything has. */
function mailEvent(before: Mailbox | undefined, now: Mailbox): NotifyEvent | undefined {
  if (before === undefined) return now.messages > 0 ? "MessageNew" : undefined;
  if (now.uidNext !== before.uidNext) return "MessageNew";
  if (now.messages !== before.messages) return "MessageExpunge";
  return now.highestModseq === before.highestModseq ? undefined : "FlagChange";
}

const byId = (mailboxes: readonly Mailbox[]): ReadonlyMap<MailboxId, Mailbox> =>
  new Map(mailboxes.map((mailbox) => [mailbox.id, mailbox]));

/** Tells of mailboxes that are not open. */
export async function tellElsewhere(session: Session, store: Pick<StoreReader, "mailboxes">): Promise<void> {
  const { notifier } = session;
  if (notifier === undefined || !notifier.pending) return;
  notifier.pending = false;
  for (const news of notifier.learn(await store.mailboxes(session.user.id))) {
    const { mailbox } = news;
    switch (news.kind) {
      case "gone":
        session.out.text(listLine("LIST", ["\\NonExistent"], mailbox.path, session.utf8));
        break;
      case "name":
        session.out.text(
          listLine(
            "LIST",
            mailbox.subscribed ? ["\\Subscribed"] : [],
            mailbox.path,
            session.utf8,
            news.oldName === undefined ? {} : { oldName: news.oldName },
          ),
        );
        break;
      case "subscription":
        session.out.text(listLine("LIST", mailbox.subscribed ? ["\\Subscribed"] : [], mailbox.path, session.utf8));
        break;
      case "mail":
        if (!isOpen(session, mailbox)) tellStatus(session, mailbox);
        break;
      default:
        news satisfies never;
    }
  }
}

export const isOpen = ({ selected, user }: Session, mailbox: Mailbox): boolean =>
  selected?.mailbox === mailbox.id && selected.account === user.id;

/** RFC 5465 §5.1 to §5.4: enough for each kind of event. */
export function tellStatus(session: Session, mailbox: Mailbox): void {
  session.out.text(
    statusLine(mailbox.path, session.utf8, [
      ["MESSAGES", mailbox.messages],
      ["UIDNEXT", mailbox.uidNext],
      ["UIDVALIDITY", mailbox.uidValidity],
      ["UNSEEN", mailbox.unseen],
      ...(session.condstore ? [["HIGHESTMODSEQ", mailbox.highestModseq] as const] : []),
    ]),
  );
}
