/** Files that are saved from the page. */
import { authorization } from "../jmap/credentials.ts";
import type { Id } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";
import { attempt } from "./say.ts";

/** Saves as bytes: nothing of a message is ever run in this page's name. */
export function saveFile(name: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** For a click on a link to a file of the server: links carry cookies, and no Authorization field. */
export function savingBlob(blobId: Id, name: string): (event: MouseEvent) => void {
  return (event) => {
    if (authorization() === undefined) return;
    event.preventDefault();
    void attempt(async () => saveFile(name, await session.client.blob(blobId, "application/octet-stream")));
  };
}
