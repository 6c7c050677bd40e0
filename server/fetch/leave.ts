/** Leaves a mailing list for a reader who has asked for it (RFC 8058): one POST without cookies, from here and not from them. */
import { type Ask, fetchResource } from "./resource.ts";

export type Left = { readonly kind: "left" } | { readonly kind: "failed"; readonly why: string };
/** Never rejects. */
export type Leave = (url: string) => Promise<Left>;

const timeoutMs = 15_000;
const maxBytes = 256 * 1024;

export const makeLeave =
  (ask: Ask): Leave =>
  async (url) => {
    const answer = await fetchResource(
      url,
      {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", "user-agent": "Angarium" },
        // RFC 8058 §3.1: the value of the message's List-Unsubscribe-Post.
        body: "List-Unsubscribe=One-Click",
        timeoutMs,
        maxBytes,
        // RFC 8058 §3.1: the answer is not to be a redirect.
        maxRedirects: 0,
      },
      ask,
    );
    // What the answer says is for nobody to read: a body that is too long is an answer as well.
    if (answer.kind === "failed" && answer.what !== "size") return { kind: "failed", why: answer.why };
    if (answer.kind === "answer" && (answer.status < 200 || answer.status > 299))
      return { kind: "failed", why: `Their server answered ${answer.status}.` };
    return { kind: "left" };
  };
