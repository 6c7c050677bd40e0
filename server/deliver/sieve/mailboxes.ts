/** The mailboxes of one account as its scripts name them. */
import { objectId } from "../../../protocol/imap/response.ts";
import type { FileTarget, Surroundings } from "../../../protocol/sieve/actions.ts";
import type { Annotation } from "../../store/sieve-store.ts";
import type { Mailbox, MailboxId, SpecialUse, Target } from "../../store/store.ts";

const roles: ReadonlySet<string> = new Set([
  "archive",
  "drafts",
  "junk",
  "sent",
  "trash",
  "all",
  "flagged",
  "important",
]);

/** RFC 8474 MAILBOXID as IMAP shows it. */
export const mailboxIdText = (id: MailboxId): string => objectId("F", id);

/** "inbox" in any case is INBOX, and so is its first level. */
function pathOf(name: string): string {
  return name.replace(/^inbox(?=\/|$)/i, "INBOX").normalize("NFC");
}

function roleOf(use: string): SpecialUse | undefined {
  const name = use.replace(/^\\/, "").toLowerCase();
  return roles.has(name) ? (name as SpecialUse) : undefined;
}

export class AccountMailboxes {
  readonly #mailboxes: readonly Mailbox[];
  readonly #annotations: readonly Annotation[];

  constructor(mailboxes: readonly Mailbox[], annotations: readonly Annotation[]) {
    this.#mailboxes = mailboxes;
    this.#annotations = annotations;
  }

  #at(name: string): Mailbox | undefined {
    const path = pathOf(name);
    return this.#mailboxes.find((mailbox) => mailbox.path === path);
  }

  /** What the tests of a script ask. */
  tests(): Pick<Surroundings, "mailboxExists" | "mailboxIdExists" | "specialUseExists" | "metadata"> {
    return {
      mailboxExists: (path) => this.#at(path) !== undefined,
      mailboxIdExists: (id) => this.#mailboxes.some((mailbox) => mailboxIdText(mailbox.id) === id),
      specialUseExists: (mailbox, use) => {
        const role = roleOf(use);
        if (role === undefined) return false;
        const among = mailbox === undefined ? this.#mailboxes : [this.#at(mailbox)];
        return among.some((one) => one?.role === role);
      },
      metadata: (mailbox, entry) => {
        const id = mailbox === undefined ? 0 : this.#at(mailbox)?.id;
        const lower = entry.toLowerCase();
        return this.#annotations.find((one) => one.mailbox === id && one.entry === lower)?.value;
      },
    };
  }

  /** Where it goes; undefined where there is no such mailbox and none is to be made. */
  target(wanted: FileTarget): Target | undefined {
    const byId = this.#mailboxes.find((one) => mailboxIdText(one.id) === wanted.mailboxId);
    if (byId !== undefined) return { id: byId.id };
    const role = wanted.specialUse === undefined ? undefined : roleOf(wanted.specialUse);
    const byRole = role === undefined ? undefined : this.#mailboxes.find((one) => one.role === role);
    if (byRole !== undefined) return { id: byRole.id };
    const found = this.#at(wanted.mailbox);
    if (found !== undefined) return { id: found.id };
    const path = pathOf(wanted.mailbox);
    if (!wanted.create || /(?:^|\/)(?:\/|$)/.test(path)) return undefined;
    // RFC 8579 §4.1: what is made for a special use has it.
    return role === undefined ? { path, create: true } : { path, create: true, specialUse: role };
  }
}
