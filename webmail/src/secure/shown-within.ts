/** Pictures of an opened message that its text shows (RFC 2392): they are no files beside it. */
import { isPicture } from "../reading/render/pictures.ts";
import type { Within } from "./open.ts";

export function isShownWithin(
  { html }: Pick<Within, "html">,
  { cid, type }: Pick<Within["files"][number], "cid" | "type">,
): boolean {
  if (cid === undefined || cid === "" || !isPicture(type)) return false;
  return [cid, encodeURI(cid), encodeURIComponent(cid)].some((name) => html.includes(`cid:${name}`));
}
