/** How to leave a list (RFC 2369, RFC 8058). */
import type { Email } from "../jmap/types.ts";
import { headerValues } from "./headers.ts";

export type Unsubscribe =
  /** RFC 8058: a POST does it. Browsers may not send it to other servers: the server has to, or the page is opened. */
  | { readonly kind: "one-click"; readonly url: string }
  | { readonly kind: "mail"; readonly to: string; readonly subject: string; readonly body: string }
  | { readonly kind: "page"; readonly url: string };

export function unsubscribeOf(email: Pick<Email, "headers">): readonly Unsubscribe[] {
  const [field] = headerValues(email, "List-Unsubscribe");
  if (field === undefined) return [];
  const oneClick = headerValues(email, "List-Unsubscribe-Post").some((value) =>
    /list-unsubscribe\s*=\s*one-click/i.test(value),
  );
  const ways: Unsubscribe[] = [];
  for (const [, uri = ""] of field.matchAll(/<([^<>]+)>/g)) {
    const found = uri.replace(/\s/g, "");
    if (/^https:/i.test(found)) ways.push({ kind: oneClick ? "one-click" : "page", url: found });
    else if (/^mailto:/i.test(found)) {
      const url = new URL(found);
      ways.push({
        kind: "mail",
        to: decodeURIComponent(url.pathname),
        subject: url.searchParams.get("subject") ?? "unsubscribe",
        body: url.searchParams.get("body") ?? "",
      });
    }
  }
  return ways.sort((a, b) => rank(a) - rank(b));
}

const rank = ({ kind }: Unsubscribe): number => (kind === "one-click" ? 0 : kind === "mail" ? 1 : 2);
