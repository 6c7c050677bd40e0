/** Where pictures of other servers would come from: nowhere, unless a proxy is named. */

/** Hosts and paths of pictures that are there to tell the sender who opened what. */
const trackerPath =
  /(?:^|[/._-])(?:open|track|tracking|pixel|beacon|wf\/open|o\.gif|e\/o|ss\/o|trk|1x1|spacer|blank)(?:[/._?=-]|$)/i;

/** Whether a picture is there for the sender and not for the reader: tiny, hidden, or named like one. */
export function isTracker(url: string, width: string | null, height: string | null, style: string): boolean {
  const tiny = (text: string | null) => text !== null && /^\s*[0-3](?:px)?\s*$/.test(text);
  if (tiny(width) && (height === null || tiny(height))) return true;
  if (tiny(height) && width === null) return true;
  if (/(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\D|$))/i.test(style)) return true;
  if (/(?:^|;)\s*(?:max-)?(?:width|height)\s*:\s*[0-3](?:px)?\s*(?:;|!|$)/i.test(style)) return true;
  try {
    return trackerPath.test(new URL(url).pathname);
  } catch {
    return true;
  }
}

/** The address a remote picture is fetched from, once the reader has asked; undefined where there is no proxy: then it stays away. */
export type PictureProxy = (url: string) => string | undefined;
