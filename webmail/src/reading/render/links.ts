/** Where a link really goes, and whether it says something else. */

export type LinkDoubt =
  | { readonly kind: "fine" }
  /** Its text names one host, it goes to another. */
  | { readonly kind: "other-host"; readonly says: string; readonly goes: string }
  /** Letters of several scripts in its host, made to be read as another name. */
  | { readonly kind: "look-alike"; readonly goes: string }
  /** A number instead of a name, or a name and password before the host. */
  | { readonly kind: "odd"; readonly goes: string };

const hostInText = /^(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+[\p{L}]{2,})(?=[/:?#\s]|$)/iu;

const bare = (host: string): string => host.toLowerCase().replace(/^www\./, "");

/** Whether a is b or below it, or the reverse. */
function related(a: string, b: string): boolean {
  const [x, y] = [bare(a), bare(b)];
  return x === y || x.endsWith(`.${y}`) || y.endsWith(`.${x}`);
}

/** @param href what the link has @param text what is read */
export function doubtOf(href: string, text: string): LinkDoubt {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return { kind: "odd", goes: href };
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return { kind: "fine" };
  const said = hostInText.exec(text.trim())?.[1];
  if (said !== undefined && !related(toAscii(said), url.hostname))
    return { kind: "other-host", says: said, goes: url.hostname };
  if (url.username !== "" || /^[\d.]+$/.test(url.hostname) || url.hostname.startsWith("["))
    return { kind: "odd", goes: url.host };
  if (url.hostname.split(".").some((label) => label.startsWith("xn--")))
    return { kind: "look-alike", goes: url.hostname };
  return { kind: "fine" };
}

function toAscii(host: string): string {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return host;
  }
}
