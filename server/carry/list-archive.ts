/** What a mailing list has archived: out into one file, and in again. */
import { existsSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ListPost } from "../store/lists-store.ts";
import type { Store } from "../store/store.ts";
import { linesOf } from "./lines.ts";
import { CannotCarry, type PutPorts } from "./put.ts";

const folderName = "lists";
/** Posts that are looked at together. */
const pageSize = 200;

const fileOf = (folder: string, list: string): string => join(folder, folderName, `${list}.ndjson`);

const line = z.object({
  messageId: z.string(),
  envelopeFrom: z.string(),
  author: z.string(),
  subject: z.string(),
  at: z.number().int(),
  bytes: z.base64(),
});

/** What is archived, oldest first: a list keeps no more than `maxArchivedPosts`. */
async function archived(list: string, store: Pick<Store, "listPosts">): Promise<readonly ListPost[]> {
  const found: ListPost[] = [];
  for (;;) {
    const last = found.at(-1);
    const page = await store.listPosts({
      list,
      state: "archived",
      limit: pageSize,
      ...(last === undefined ? {} : { before: last.id }),
    });
    found.push(...page);
    if (page.length < pageSize) return found.reverse();
  }
}

/** Answers how many. */
export async function exportArchive(
  list: string,
  folder: string,
  store: Pick<Store, "listPosts" | "content">,
): Promise<number> {
  const posts = await archived(list, store);
  if (posts.length === 0) return 0;
  await mkdir(join(folder, folderName), { recursive: true, mode: 0o700 });
  await using file = await open(fileOf(folder, list), "w", 0o600);
  for (const { messageId, envelopeFrom, author, subject, at, content } of posts) {
    const bytes = await store.content(content);
    if (bytes === undefined) continue;
    const base64 = Buffer.from(bytes).toString("base64");
    const one: z.input<typeof line> = { messageId, envelopeFrom, author, subject, at, bytes: base64 };
    await file.write(`${JSON.stringify(one)}\n`);
  }
  return posts.length;
}

export type ArchivePorts = Pick<PutPorts, "factsOf"> & { readonly store: Pick<Store, "listPosts" | "accept"> };

/** A post is known by its Message-ID and its time: what is here does not come again. */
export async function importArchive(
  list: string,
  folder: string,
  { store, factsOf }: ArchivePorts,
): Promise<{ readonly added: number; readonly known: number }> {
  const path = fileOf(folder, list);
  let [added, known] = [0, 0];
  if (!existsSync(path)) return { added, known };
  const here = new Set((await archived(list, store)).map(({ messageId, at }) => `${at} ${messageId}`));
  for await (const value of linesOf(path)) {
    const read = line.safeParse(value);
    if (!read.success) throw new CannotCarry(`${path} has a line that is no post: it was cut off or changed.`);
    const { bytes: base64, ...post } = read.data;
    if (here.has(`${post.at} ${post.messageId}`)) {
      known++;
      continue;
    }
    const bytes = Buffer.from(base64, "base64");
    const listPosts = [{ ...post, list, state: "archived", why: "" }] as const;
    await store.accept({ message: { bytes, facts: await factsOf(bytes) }, placements: [], listPosts, journey: [] });
    added++;
  }
  return { added, known };
}
