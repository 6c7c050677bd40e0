/** The addresses of a mailing list beside the one that is posted to. */

/** What mail to one of a list's addresses is: a post, mail to those who look after it, a command, the answer to something that was asked, a bounce. */
export type ListPart =
  | "post"
  | "owner"
  | "request"
  | "subscribe"
  | "unsubscribe"
  | "confirm"
  | "accept"
  | "reject"
  | "bounces";

export type ListAddress = {
  /** "team@example.org" */
  readonly list: string;
  readonly part: ListPart;
  /** Behind the plus sign: "team-confirm+TOKEN". */
  readonly token: string;
};

const parts: ReadonlyMap<string, ListPart> = new Map(
  Object.entries({
    owner: "owner",
    admin: "owner",
    request: "request",
    help: "request",
    subscribe: "subscribe",
    join: "subscribe",
    unsubscribe: "unsubscribe",
    leave: "unsubscribe",
    confirm: "confirm",
    accept: "accept",
    reject: "reject",
    bounces: "bounces",
    bounce: "bounces",
  } as const),
);
const form = /^([^+]+)-([a-z]+)(?:\+([a-z0-9-]{1,40}))?$/;

/** The list and what of it an address may be, where it has that form; `local` in lower case. */
export function listPartOf(
  local: string,
): { readonly list: string; readonly part: ListPart; readonly token: string } | undefined {
  const [, list, suffix = "", token = ""] = form.exec(local) ?? [];
  const part = parts.get(suffix);
  return list === undefined || part === undefined ? undefined : { list, part, token };
}
