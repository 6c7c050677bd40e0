/** A letter that is being written: plain data, so that it can be kept anywhere. */
import type { EmailAddress, Id } from "../jmap/types.ts";

export type Attached = {
  readonly blobId: Id;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** Of pictures within the text. */
  readonly cid: string | undefined;
};

export type Draft = {
  /** Of this letter on this device. */
  readonly key: string;
  /** The email that holds it on the server. */
  readonly emailId: Id | undefined;
  readonly identityId: Id | undefined;
  /** Of the addresses of an identity that stands for a whole domain, the one that is written as. */
  readonly from: string | undefined;
  readonly to: readonly EmailAddress[];
  readonly cc: readonly EmailAddress[];
  readonly bcc: readonly EmailAddress[];
  readonly subject: string;
  /** Pictures within are named by cid:. */
  readonly html: string;
  readonly plain: boolean;
  readonly attached: readonly Attached[];
  readonly inReplyTo: readonly string[] | undefined;
  readonly references: readonly string[] | undefined;
  /** The email that is answered or forwarded, to be marked so. */
  readonly about: { readonly id: Id; readonly keyword: "$answered" | "$forwarded" } | undefined;
  readonly receipt: boolean;
  readonly sign: boolean;
  /** Also where it is kept until it is sent. */
  readonly encrypt: boolean;
  readonly by: "openpgp" | "smime";
  readonly changedAt: number;
};

export const emptyDraft = (now: number): Draft => ({
  key: crypto.randomUUID(),
  emailId: undefined,
  identityId: undefined,
  from: undefined,
  to: [],
  cc: [],
  bcc: [],
  subject: "",
  html: "",
  plain: false,
  attached: [],
  inReplyTo: undefined,
  references: undefined,
  about: undefined,
  receipt: false,
  sign: false,
  encrypt: false,
  by: "openpgp",
  changedAt: now,
});

const storage = "angarium.draft.";
/** Drafts beyond are not kept on the device: the server has them. */
const maxKept = 20;

/**
 * Keeps it on this device until the server has it: what is written survives a crash. What is to be encrypted is never
 * kept in the clear: it stays in the page until the server (or the queue for it) has it encrypted. Answers whether it is kept.
 */
export function keepHere(owner: string, draft: Draft): boolean {
  if (draft.encrypt) {
    dropHere(draft.key);
    return false;
  }
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(storage));
    if (keys.length >= maxKept && !keys.includes(storage + draft.key)) return false;
    localStorage.setItem(storage + draft.key, JSON.stringify({ owner, draft }));
    return true;
  } catch {
    return false;
  }
}

export function dropHere(key: string): void {
  try {
    localStorage.removeItem(storage + key);
  } catch {
    // There was nothing.
  }
}

/** What was not yet with the server when the page ended. */
export function keptHere(owner: string): readonly Draft[] {
  const found: Draft[] = [];
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(storage)) continue;
      const kept = JSON.parse(localStorage.getItem(key) ?? "{}") as { owner?: string; draft?: Draft };
      if (kept.owner === owner && kept.draft !== undefined) found.push(kept.draft);
    }
  } catch {
    // What cannot be read cannot be recovered.
  }
  return found;
}

/** The lock of the page that has the letter open. */
export const lockOf = (key: string): string => storage + key;

/** Keys of letters that pages have open: they need no recovering. */
export async function writtenElsewhere(): Promise<ReadonlySet<string>> {
  if (!("locks" in navigator)) return new Set();
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name = "" }) => (name.startsWith(storage) ? [name.slice(storage.length)] : [])));
}
