/** Names of queued messages: "q" and the number of their content in base 32 (Crockford's letters, lower case). */
import type { ContentId, QueueId } from "./store.ts";

const letters = "0123456789abcdefghjkmnpqrstvwxyz";

export function queueIdOf(content: ContentId): QueueId {
  let text = "";
  for (let rest = content; rest > 0 || text.length < 6; rest = Math.floor(rest / 32)) text = letters[rest % 32] + text;
  return `q${text}`;
}

/** The number in a queue id, or undefined where it is none. */
export function contentOfQueueId(id: QueueId): ContentId | undefined {
  if (!/^q[0-9a-hjkmnp-tv-z]{6,10}$/.test(id)) return undefined;
  let content = 0;
  for (const letter of id.slice(1)) content = content * 32 + letters.indexOf(letter);
  return content;
}
