/** List-Unsubscribe with List-Unsubscribe-Post (RFC 8058): the one address that a POST leaves the list by. */

/** The https address, where the fields say that a POST does it; undefined elsewhere. Values are unfolded. */
export function oneClickUrl(unsubscribe: string, post: string): string | undefined {
  // RFC 8058 §2: the value is exactly this pair.
  if (!/^\s*list-unsubscribe\s*=\s*one-click\s*$/i.test(post)) return undefined;
  for (const [, uri = ""] of unsubscribe.matchAll(/<([^<>]{1,4000})>/g)) {
    const url = URL.parse(uri.replace(/\s/g, ""));
    if (url?.protocol === "https:") return url.href;
  }
  return undefined;
}
