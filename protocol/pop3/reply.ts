/** POP3 answers: RFC 1939 §3, response codes RFC 2449 §8 and RFC 3206. */
export type ResponseCode = "IN-USE" | "LOGIN-DELAY" | "SYS/TEMP" | "SYS/PERM" | "AUTH" | "UTF8";

/** One line. What a multi-line answer holds besides is written by who has it, with `endOfLines` behind. */
export type Reply = { readonly ok: boolean; readonly code: ResponseCode | undefined; readonly text: string };

export function ok(text: string): Reply {
  return { ok: true, code: undefined, text };
}

export function err(text: string, code?: ResponseCode): Reply {
  return { ok: false, code, text };
}

/** The line with its CRLF; its text is ours, or shown by `printable`. */
export function formatReply(reply: Reply): string {
  const status = reply.ok ? "+OK" : "-ERR";
  const code = reply.code === undefined ? "" : ` [${reply.code}]`;
  return `${status}${code}${reply.text === "" ? "" : ` ${reply.text}`}\r\n`;
}

export const endOfLines = ".\r\n";
