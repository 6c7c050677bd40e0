/** What can be done to emails: seen at once, sent behind, taken back on failure or by "undo". */
import { toast } from "../../../ui/toasts.svelte.ts";
import { accountOf } from "../jmap/accounts.ts";
import type { Call } from "../jmap/client.ts";
import type { Id, Marked } from "../jmap/types.ts";
import { attempt } from "../shell/say.ts";
import { t } from "../words.ts";
import { copyAcross } from "./across.ts";
import { forget, head, patchHead } from "./heads.svelte.ts";
import { ConversationList } from "./list.svelte.ts";
import { loadMailboxes, mailboxes, mailboxOf } from "./mailboxes.svelte.ts";
import { inverse, type Patch } from "./patch.ts";
import { accountOfEmails, allowed, mayIn, mayWith } from "./rights.ts";
import { session } from "./session.svelte.ts";
import { offerUndo } from "./undo.ts";
import { newestFirst, view } from "./view.svelte.ts";

/** Updates in one request; the server's bound where it is lower. */
const maxAtOnce = 500;
/** So long "undo" is offered for what cannot be taken back afterwards. */
const undoMs = 8_000;

const under = $state({ way: 0 });
/** Changes that are not yet confirmed: what the server tells meanwhile is not the last word. */
export const changesUnderWay = (): number => under.way;

type Patches = ReadonlyMap<Id, Patch>;

async function sendInParts<T>(all: readonly T[], args: (some: readonly T[]) => Call[1]): Promise<void> {
  const atOnce = Math.min(maxAtOnce, session.client.limit("maxObjectsInSet", maxAtOnce));
  for (let i = 0; i < all.length; i += atOnce) await session.client.set("Email/set", args(all.slice(i, i + atOnce)));
}

function send(patches: Patches): Promise<void> {
  const entries = [...patches].filter(([, patch]) => Object.keys(patch).length > 0);
  return sendInParts(entries, (some) => ({ update: Object.fromEntries(some) }));
}

/** @param emails of which some may be in no list: what takes them back is worked out of these */
function show(patches: Patches, emails: readonly Marked[] = []): Patches {
  const unknown = new Map(emails.filter(({ id }) => head(id) === undefined).map((email) => [email.id, email]));
  return new Map(
    [...patches].map(([id, patch]) => {
      const email = unknown.get(id);
      return [id, email === undefined ? patchHead(id, patch) : inverse(email, patch)];
    }),
  );
}

/** Applies patches. Answers the patches that take them back, or undefined where it failed (and has been taken back). */
export async function apply(patches: Patches, emails?: readonly Marked[]): Promise<Patches | undefined> {
  const back = show(patches, emails);
  under.way++;
  const well = await attempt(() => send(patches));
  under.way--;
  if (well) return back;
  show(back);
  return undefined;
}

/** Applies patches that take rows out of the list that is shown; with undo. */
async function applyLeaving({ rows, emails }: Rows, patches: Patches, done: string): Promise<void> {
  const putBack = view.leave(rows);
  const back = show(patches, emails);
  const undo = async () => {
    putBack();
    await apply(back);
    view.refreshSoon();
  };
  const closeNote = offerUndo(done, () => void undo(), { forMs: undoMs });
  under.way++;
  const well = await attempt(() => send(patches));
  under.way--;
  if (well) return;
  closeNote();
  show(back);
  putBack();
  view.refreshSoon();
}

/** Applies patches that leave the list as it is; with undo from the first moment on. @param done undefined where it is seen without words */
async function applySaid(patches: Patches, emails: readonly Marked[], done: string | undefined): Promise<void> {
  if (patches.size === 0) return;
  const back = show(patches, emails);
  const withdraw = offerUndo(done, () => void apply(back).then(() => view.refreshSoon()));
  under.way++;
  const well = await attempt(() => send(patches));
  under.way--;
  if (well) return;
  withdraw();
  show(back);
}

const keywordPatches = (emails: readonly Marked[], keyword: string, on: boolean): Patches =>
  new Map(
    emails
      .filter((one) => (one.keywords[keyword] === true) !== on)
      .map(({ id }) => [id, { [`keywords/${keyword}`]: on ? true : null }]),
  );

/** The newest email of each conversation. */
const newest = (emails: readonly Marked[]): readonly Marked[] => [
  ...new Map(emails.map((email) => [email.threadId, email])).values(),
];

/** Read or unread: whole conversations; unread marks the newest of each only. `quiet`: where it may not be, nothing is said. */
export async function markSeen(emails: readonly Marked[], seen: boolean, quiet = false): Promise<Patches | undefined> {
  if (quiet ? !mayWith(emails, "maySetSeen") : !allowed(emails, "maySetSeen")) return undefined;
  return apply(keywordPatches(seen ? emails : newest(emails), "$seen", seen), emails);
}

/** The same where somebody asks for it: of several conversations it is said, and taken back whatever they were before. */
export async function mark(what: Rows, seen: boolean): Promise<void> {
  const { emails } = what;
  if (!allowed(emails, "maySetSeen")) return;
  const n = countOf(what);
  const done = n < 2 ? undefined : t(seen ? "done.read" : "done.unread", { n });
  await applySaid(keywordPatches(seen ? emails : newest(emails), "$seen", seen), emails, done);
}

/** A star on a conversation stands on its newest email. */
export async function star(emails: readonly Marked[]): Promise<void> {
  if (!allowed(emails, "maySetKeywords")) return;
  const on = !emails.some(({ keywords }) => keywords["$flagged"]);
  await applySaid(keywordPatches(on ? newest(emails) : emails, "$flagged", on), emails, undefined);
}

/** Out of the mailboxes of `from` (all of them where undefined) into `to`. */
function moving(emails: readonly Marked[], from: Id | undefined, to: Id, more: Patch = {}): Patches {
  return new Map(
    emails.map((one) => {
      const patch: { [path: string]: true | null } = { ...more };
      for (const id of Object.keys(one.mailboxIds))
        if (id !== to && (from === undefined || id === from)) patch[`mailboxIds/${id}`] = null;
      patch[`mailboxIds/${to}`] = true;
      return [one.id, patch];
    }),
  );
}

export type Rows = {
  /** The emails that stand in the list. */
  readonly rows: ReadonlySet<Id>;
  readonly emails: readonly Marked[];
  /** Rows of which some are not known. */
  readonly count?: number | undefined;
};

const countOf = ({ rows, count }: Rows) => count ?? rows.size;

export async function archive(what: Rows): Promise<void> {
  const here = view.mailbox;
  if (!allowed(what.emails, "mayRemoveItems")) return;
  const account = accountOfEmails(what.emails);
  const to = await target("archive", t("role.archive"), account);
  if (to === undefined) return;
  // Sent and drafts stay what they are; only what is in the list moves.
  const emails =
    here === undefined ? what.emails.filter(inRole("inbox")) : what.emails.filter((one) => one.mailboxIds[here]);
  await applyLeaving(
    what,
    moving(emails, here ?? mailboxes.role("inbox", account)?.id, to),
    t("done.archived", { n: countOf(what) }),
  );
}

const inRole = (role: "inbox" | "trash" | "junk") => (one: Marked) => {
  const id = mailboxes.role(role, accountOf(one.id))?.id;
  return id !== undefined && one.mailboxIds[id] === true;
};

/** Another's mailbox of a role, where mail may be put there. */
function sharedTarget(role: "archive" | "trash" | "junk" | "inbox", account: Id): Id | undefined {
  const found = mailboxes.role(role, account);
  return found !== undefined && mayIn(found, "mayAddItems") ? found.id : undefined;
}

async function target(
  role: "archive" | "trash" | "junk" | "inbox",
  name: string,
  account: Id | undefined,
): Promise<Id | undefined> {
  if (account !== undefined) {
    const found = sharedTarget(role, account);
    if (found === undefined) toast(t("shared.noPlace", { name }), { kind: "problem" });
    return found;
  }
  let id: Id | undefined;
  await attempt(async () => {
    id = (await mailboxOf(role, name)).id;
  });
  return id;
}

/** Only the emails of the conversation that are in the mailbox that is shown. */
const here = (emails: readonly Marked[]): readonly Marked[] => {
  const { mailbox } = view;
  return mailbox === undefined ? emails : emails.filter((one) => one.mailboxIds[mailbox]);
};

/** To the trash; out of the trash for good, as where another shares no trash to put it into. */
export async function remove(what: Rows): Promise<void> {
  const emails = here(what.emails);
  if (!allowed(emails, "mayRemoveItems")) return;
  const account = accountOfEmails(emails);
  const role = view.mailbox === undefined ? undefined : mailboxes.get(view.mailbox)?.role;
  if (role === "trash" || (account !== undefined && sharedTarget("trash", account) === undefined))
    return destroy(what.rows, emails, t("done.destroyed", { n: countOf(what) }));
  const to = await target("trash", t("role.trash"), account);
  if (to === undefined) return;
  await applyLeaving(what, moving(emails, undefined, to), t("done.deleted", { n: countOf(what) }));
}

/** For good, after the time in which it can be taken back. */
export function destroy(rows: ReadonlySet<Id>, emails: readonly Marked[], done: string): void {
  const putBack = view.leave(rows);
  const ids = emails.map(({ id }) => id);
  let taken = false;
  under.way++;
  const finish = async () => {
    if (taken) return;
    taken = true;
    removeEventListener("pagehide", finish);
    const well = await attempt(() => sendInParts(ids, (destroy) => ({ destroy })));
    under.way--;
    if (well) forget(ids);
    else putBack();
  };
  const timer = setTimeout(finish, undoMs);
  addEventListener("pagehide", finish);
  const undo = () => {
    if (taken) return;
    taken = true;
    clearTimeout(timer);
    removeEventListener("pagehide", finish);
    under.way--;
    putBack();
  };
  offerUndo(done, undo, { forMs: undoMs, ends: true });
}

export async function junk(what: Rows, is: boolean): Promise<void> {
  if (!allowed(what.emails, "mayRemoveItems")) return;
  const account = accountOfEmails(what.emails);
  const to = is ? await target("junk", t("role.junk"), account) : await target("inbox", t("role.inbox"), account);
  if (to === undefined) return;
  const marks: Patch = is
    ? { "keywords/$junk": true, "keywords/$notjunk": null }
    : { "keywords/$junk": null, "keywords/$notjunk": true };
  const emails = is ? here(what.emails) : what.emails.filter(inRole("junk"));
  await applyLeaving(
    what,
    moving(emails, undefined, to, marks),
    t(is ? "done.junk" : "done.notJunk", { n: countOf(what) }),
  );
}

export async function moveTo(what: Rows, to: Id): Promise<void> {
  const name = mailboxes.get(to)?.name ?? "";
  const emails = here(what.emails);
  if (!mayIn(mailboxes.get(to), "mayAddItems")) return void toast(t("shared.mayNot"), { kind: "problem" });
  if (accountOfEmails(emails) !== accountOf(to)) return moveAcross(what, emails, to, name);
  if (!allowed(emails, "mayRemoveItems")) return;
  await applyLeaving(what, moving(emails, view.mailbox, to), t("done.moved", { n: countOf(what), name }));
}

/** To another's mailbox, or from it; where it may not be removed it stays, and that is said. */
async function moveAcross(what: Rows, emails: readonly Marked[], to: Id, name: string): Promise<void> {
  const leaves = mayWith(emails, "mayRemoveItems");
  const places = new Map(emails.map(({ id, mailboxIds }) => [id, Object.keys(mailboxIds)]));
  under.way++;
  let copies: ReadonlyMap<Id, Id> = new Map();
  const well = await attempt(async () => {
    ({ copies } = await copyAcross(emails, () => [to], leaves));
  });
  under.way--;
  if (!well) return view.refreshSoon();
  const putBack = leaves ? view.leave(what.rows) : () => {};
  const undo = async () => {
    const marks = new Map(emails.map(({ id, keywords }) => [copies.get(id), { keywords, back: places.get(id) ?? [] }]));
    await attempt(async () => {
      const made = [...copies.values()];
      if (leaves)
        await copyAcross(
          made.map((id) => ({ id, keywords: marks.get(id)?.keywords ?? {} })),
          (id) => marks.get(id)?.back ?? [],
          mayIn(mailboxes.get(to), "mayRemoveItems"),
        );
      else await session.client.set("Email/set", { destroy: made });
    });
    putBack();
    view.refreshSoon();
  };
  offerUndo(t(leaves ? "done.moved" : "done.copied", { n: countOf(what), name }), () => void undo(), { forMs: undoMs });
  view.refreshSoon();
}

/** A label is a mailbox that the email is in besides. */
export async function label(emails: readonly Marked[], id: Id, on: boolean): Promise<void> {
  if (accountOfEmails(emails) !== accountOf(id)) return void toast(t("shared.noLabels"), { kind: "problem" });
  if (!mayIn(mailboxes.get(id), on ? "mayAddItems" : "mayRemoveItems"))
    return void toast(t("shared.mayNot"), { kind: "problem" });
  const name = mailboxes.get(id)?.name ?? "";
  await applySaid(
    new Map(emails.map((one) => [one.id, { [`mailboxIds/${id}`]: on ? true : null }])),
    emails,
    t(on ? "done.labelled" : "done.unlabelled", { name }),
  );
}

/** Keywords that lists of people hide behind: pinned on top, muted out of sight. */
export async function toggleKeyword(
  emails: readonly Marked[],
  keyword: string,
  said: { on: string; off: string },
): Promise<void> {
  if (!allowed(emails, "maySetKeywords")) return;
  const on = !emails.some(({ keywords }) => keywords[keyword]);
  await applySaid(keywordPatches(emails, keyword, on), emails, on ? said.on : said.off);
  view.refreshSoon();
}

/** All that is unread in a mailbox; with undo. */
export async function readAll(mailbox: Id): Promise<void> {
  const filter = { inMailbox: mailbox, notKeyword: "$seen" };
  const list = new ConversationList(session.client, { filter, sort: newestFirst, collapse: false, snippets: false });
  let emails: readonly Marked[] | undefined;
  await attempt(async () => {
    ({ emails } = await list.everything());
  });
  if (emails === undefined || !allowed(emails, "maySetSeen")) return;
  const done = t("done.readAll", { n: emails.length });
  if (emails.length === 0) toast(done);
  else await applySaid(keywordPatches(emails, "$seen", true), emails, done);
}

/** Everything in the trash or the junk mailbox, for good; asked before. */
export async function emptyMailbox(id: Id): Promise<void> {
  await attempt(async () => {
    for (;;) {
      const { client } = session;
      const { ids } = (await client.one("Email/query", { filter: { inMailbox: id }, limit: maxAtOnce })) as {
        ids: Id[];
      };
      if (ids.length === 0) break;
      await client.set("Email/set", { destroy: ids });
      forget(ids);
    }
    await loadMailboxes();
    view.refreshSoon();
  });
}

export { head };
