/** What a command came to: its tagged response, as a value. */

/** `code` is the response code without brackets: "TRYCREATE", "APPENDUID 38505 3955". */
export type Answer = { readonly status: "OK" | "NO" | "BAD"; readonly code: string | undefined; readonly text: string };

export function ok(text: string, code?: string): Answer {
  return { status: "OK", code, text };
}

export function no(code: string | undefined, text: string): Answer {
  return { status: "NO", code, text };
}

export function bad(text: string, code?: string): Answer {
  return { status: "BAD", code, text };
}

export function formatAnswer(tag: string, answer: Answer): string {
  return answer.code === undefined
    ? `${tag} ${answer.status} ${answer.text}`
    : `${tag} ${answer.status} [${answer.code}] ${answer.text}`;
}

/** Answers that several commands give. */
export const noSuchMailbox = no("NONEXISTENT", "No such mailbox");
/** RFC 9051 §6.3.12: the client may create it and try again. */
export const tryCreate = no("TRYCREATE", "No such mailbox");
/** RFC 4314 §4. */
export const notAllowed = no("NOPERM", "You may not do that to this mailbox");
export const overQuota = no("OVERQUOTA", "Not enough storage left");
export const readOnly = no("READ-ONLY", "The mailbox is open read-only");
export const outOfRange = bad("No message has that sequence number");
