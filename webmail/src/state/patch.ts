/** `keywords/$seen` and `mailboxIds/F1` of an email: the patches the reader makes (RFC 8620 §5.3). */
import type { EmailHead } from "../jmap/types.ts";

export type Patch = { readonly [path: string]: true | null };
type Marks = Pick<EmailHead, "keywords" | "mailboxIds">;

export function applyPatch(before: Marks, patch: Patch): Marks {
  const keywords = { ...before.keywords };
  const mailboxIds = { ...before.mailboxIds };
  for (const [path, value] of Object.entries(patch)) {
    const where = path.startsWith("keywords/") ? keywords : mailboxIds;
    const name = path.slice(path.indexOf("/") + 1);
    if (value === true) where[name] = true;
    else delete where[name];
  }
  return { keywords, mailboxIds };
}

/** The patch that takes it back. */
export function inverse(before: Marks, patch: Patch): Patch {
  const back: { [path: string]: true | null } = {};
  for (const [path, value] of Object.entries(patch)) {
    const where = path.startsWith("keywords/") ? before.keywords : before.mailboxIds;
    const was = where[path.slice(path.indexOf("/") + 1)] === true;
    if (was !== (value === true)) back[path] = was ? true : null;
  }
  return back;
}
