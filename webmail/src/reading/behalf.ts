/** Mail that somebody wrote for somebody else (RFC 5322 §3.6.2): pure. */
import type { Email, EmailAddress } from "../jmap/types.ts";

/** Who wrote it for the author; undefined where the author did. What a list sends on names the list as its Sender: it wrote nothing. */
export function writerFor({
  from,
  sender,
  headers,
}: Pick<Email, "from" | "sender" | "headers">): EmailAddress | undefined {
  const [one] = sender ?? [];
  if (one === undefined || !from?.length || headers.some(({ name }) => /^list-(?:id|post)$/i.test(name)))
    return undefined;
  return from.some(({ email }) => email.toLowerCase() === one.email.toLowerCase()) ? undefined : one;
}
