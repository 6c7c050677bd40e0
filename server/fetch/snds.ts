/** Fetches the data that Microsoft's SNDS gives for a key ("Automated Data Access"). */
import { hostOf } from "./access-token.ts";
import { type Ask, fetchResource } from "./resource.ts";

export const sndsUrl = "https://sendersupport.olc.protection.outlook.com/snds/data.aspx";

const timeoutMs = 60_000;
const maxBytes = 8 * 1024 * 1024;

/** CSV, "" where there is nothing of the day; or why not. Never rejects. */
export async function fetchSnds(
  url: string,
  key: string,
  ask: Ask,
): Promise<{ readonly kind: "said"; readonly value: string } | { readonly kind: "failed"; readonly why: string }> {
  const host = hostOf(url);
  const answer = await fetchResource(
    `${url}${url.includes("?") ? "&" : "?"}key=${encodeURIComponent(key)}`,
    { method: "GET", headers: { "user-agent": "Angarium" }, timeoutMs, maxBytes, maxRedirects: 2 },
    ask,
  );
  const failed = (why: string) => ({ kind: "failed", why }) as const;
  if (answer.kind === "failed") return failed(answer.why);
  if (answer.status === 400 || answer.status === 401 || answer.status === 403 || answer.status === 404)
    return failed(`${host} answered ${answer.status}: is the key right? SNDS shows it under "Automated Data Access".`);
  if (answer.status !== 200) return failed(`${host} answered ${answer.status}; it is asked again later.`);
  const text = answer.body.toString("utf8").replace(/^\uFEFF/, "");
  if (/^\s*<(?:!doctype|html)/i.test(text))
    return failed(
      `${host} answered with a page and no data: is the key right? SNDS shows it under "Automated Data Access".`,
    );
  return { kind: "said", value: text.trim() };
}
