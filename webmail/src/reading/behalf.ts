/** Mail that somebody wrote for somebody else (RFC 5322 §3.6.2): pure. */
import type { EmailAddress, EmailHead } from "../jmap/types.ts";

type Fields = Pick<EmailHead, "from" | "sender" | "header:List-Id" | "header:List-Post">;

/** Who wrote it for the author; undefined where the author did. What a list sends on names the list as its Sender: it wrote nothing. */
export function writerFor(email: Fields): EmailAddress | undefined {
  const { from, sender } = email;
  const [one] = sender ?? [];
  if (one === undefined || !from?.length || email["header:List-Id"] || email["header:List-Post"]) return undefined;
  return from.some(({ email: address }) => address.toLowerCase() === one.email.toLowerCase()) ? undefined : one;
}
