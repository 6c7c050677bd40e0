/** Posts of public archives as text: strangers ask for them, so that a post is taken apart in another thread, once for many who read it, and few at a time. */
import type { readPost } from "./read-post.ts";

export type OpenPost = ReturnType<typeof readPost>;

/** Larger posts are not opened for strangers. */
export const maxOpenedBytes = 2 * 1024 * 1024;
/** Texts that stay in memory, the last ones asked for (200,000 characters each at most). */
const maxKept = 50;
/** Posts that are taken apart at once; who asks for more is told to come again. */
const maxAtOnce = 4;

/** `read` does its work in another thread; `bytes` answers undefined where the post is gone. Answers "busy" where too many are asked for at once. */
export function openPosts(
  read: (bytes: Uint8Array) => Promise<OpenPost>,
): (id: number, bytes: () => Promise<Uint8Array | undefined>) => Promise<OpenPost | "busy" | undefined> {
  const kept = new Map<number, Promise<OpenPost | undefined>>();
  let open = 0;
  const take = async (bytes: () => Promise<Uint8Array | undefined>): Promise<OpenPost | undefined> => {
    open++;
    try {
      const found = await bytes();
      return found && (await read(found));
    } finally {
      open--;
    }
  };
  return async (id, bytes) => {
    const known = kept.get(id);
    if (known === undefined && open >= maxAtOnce) return "busy";
    const taking = known ?? take(bytes);
    kept.delete(id);
    kept.set(id, taking);
    if (kept.size > maxKept) kept.delete(kept.keys().next().value!);
    try {
      const post = await taking;
      if (post === undefined) kept.delete(id);
      return post;
    } catch (error) {
      kept.delete(id);
      throw error;
    }
  };
}
