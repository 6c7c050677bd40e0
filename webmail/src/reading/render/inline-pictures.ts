/** Pictures that a message brings along (RFC 2392), as addresses of blobs: by Content-ID without <>. */
import type { Email } from "../../jmap/types.ts";
import type { Within } from "../../secure/open.ts";
import { isShownWithin } from "../../secure/shown-within.ts";
import { session } from "../../state/session.svelte.ts";
import { isPicture } from "./pictures.ts";

/**
 * @param within what an encrypted or signed message held: its pictures are there, and nowhere else
 * @param held gets every address, to be revoked when the message is shown no more
 */
export async function inlinePictures(
  email: Email,
  html: string,
  within: Within | undefined,
  held: string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const keep = (cid: string, blob: Blob) => {
    const url = URL.createObjectURL(blob);
    held.push(url);
    found.set(cid, url);
  };
  if (within !== undefined) {
    for (const { cid, type, bytes } of within.files)
      if (isShownWithin(within, { cid, type })) keep(cid ?? "", new Blob([bytes.slice()], { type }));
    return found;
  }
  await Promise.all(
    email.attachments
      .concat(email.htmlBody)
      .filter(({ cid, type, blobId }) => cid !== null && blobId !== null && isPicture(type))
      .filter(
        ({ cid }) =>
          html.toLowerCase().includes(`cid:${encodeURI(cid ?? "").toLowerCase()}`) || html.includes(`cid:${cid}`),
      )
      .map(async ({ cid, type, blobId }) => {
        const blob = await session.client.blob(blobId ?? "", type).catch(() => undefined);
        if (blob !== undefined) keep(cid ?? "", blob);
      }),
  );
  return found;
}
